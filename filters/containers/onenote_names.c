/* SPDX-License-Identifier: ISC */
#include "filters/containers/onenote_names.h"

#include "filters/containers/mapi.h"
#include "filters/containers/onenote_properties.h"
#include "filters/cpu_budget.h"
#include "filters/mime/bytes.h"

#include <string.h>

/* What a piece of a list of nodes begins with (2.4.1). */
#define FRAGMENT SLICE("\xc4\xf4\xf7\xf5\xb1\x7a\x56\xa4")
/* A file in the same section: its GUID follows, in braces. "<ifndf>{" in UTF-16. */
#define IN_FILE SLICE("<\0i\0f\0n\0d\0f\0>\0{\0")

enum {
    FRAGMENT_HEADER = 16,
    STEPS_FACTOR = 4,
    OBJECT_DECLARED = 0x2d,
    OBJECT_DECLARED_2 = 0x2e,
    OBJECT_REVISED = 0x41,
    OBJECT_REVISED_2 = 0x42,
    FILE_DECLARED = 0x72,
    FILE_DECLARED_LARGE = 0x73,
    FILE_REFERENCE = 0x94,
    OBJECT_NAMED = 0xa4,
    OBJECT_NAMED_LARGE = 0xa5,
    OBJECT_FIXED = 0xc4,
    OBJECT_FIXED_LARGE = 0xc5,
    LAST_NODE = 0xff,   /* of a piece; from here on there are no nodes */
    NAME_OCTETS = 4096, /* of which the end is kept: it decides */
};

struct walk {
    struct arena *arena;
    struct slice content;
    struct onenote_told *told;
    uint32_t list; /* that the nodes are of */
};

struct node {
    unsigned id;
    struct slice octets;
    size_t body;           /* where what follows the reference stands */
    struct slice referred; /* to, as far as it is there; empty without */
    uint64_t at;
};

bool onenote_step(struct onenote_told *told, uint64_t octets)
{
    if (octets > told->steps || cpu_budget_spent((size_t)octets)) {
        told->steps = 0;
        told->broken = true;
        return false;
    }
    told->steps -= octets;
    return true;
}

/* A place and a length in one of four forms each (2.2.4). */
static uint64_t take_number(struct node *n, size_t octets, unsigned shift)
{
    uint64_t value = 0;
    for (size_t i = 0; i < octets; i++)
        value |= (uint64_t)bytes_u8(n->octets, n->body + i) << (8 * i);
    n->body += octets;
    return value << shift;
}

static struct node node_at(struct slice content, size_t at)
{
    static const struct {
        uint8_t octets, shift;
    } places[] = {{8, 0}, {4, 0}, {2, 3}, {4, 3}}, lengths[] = {{4, 0}, {8, 0}, {1, 3}, {2, 3}};
    uint32_t head = bytes_le32(content, at);
    size_t size = head >> 10 & 0x1fff;
    struct node n = {.id = head & 0x3ff, .octets = slice_sub(content, at, at + size), .body = 4};
    unsigned place = head >> 23 & 3, length = head >> 25 & 3;
    if ((head >> 27 & 0xf) == 0)
        return n;
    n.at = take_number(&n, places[place].octets, places[place].shift);
    uint64_t len = take_number(&n, lengths[length].octets, lengths[length].shift);
    if (n.at < content.len)
        n.referred = slice_sub(slice_from(content, (size_t)n.at), 0,
                               len < content.len ? (size_t)len : content.len);
    return n;
}

static void add_reference(struct walk *w, const struct node *n)
{
    struct onenote_told *t = w->told;
    if (!bytes_has(n->octets, n->body, 16))
        return;
    struct onenote_reference *list =
        arena_grow(w->arena, t->references, t->n_references, &t->references_room, sizeof *list);
    if (!list)
        return;
    t->references = list;
    list[t->n_references].at = n->at;
    memcpy(list[t->n_references++].guid, n->octets.ptr + n->body, 16);
}

/* The digits of a GUID in UTF-16, whose first three numbers are stored the other way round. */
static bool read_guid(struct slice text, char guid[16])
{
    static const uint8_t order[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    size_t digits = 0;
    for (size_t i = 0; i + 1 < text.len && digits < 32; i += 2) {
        int digit = hex_digit(text.ptr[i]);
        if (digit < 0 && text.ptr[i] != '-')
            return false;
        if (digit < 0)
            continue;
        char *octet = &guid[order[digits / 2]];
        *octet = (char)(digits % 2 ? (*octet | digit) : digit << 4);
        digits++;
    }
    return digits == 32;
}

/* A number of characters, then those, in UTF-16 (2.2.3). */
static struct slice take_text(const struct node *n, size_t *at)
{
    uint64_t len = (uint64_t)bytes_le32(n->octets, *at) * 2;
    struct slice text = slice_from(n->octets, *at + 4);
    text = slice_sub(text, 0, len < text.len ? (size_t)len : text.len);
    *at += 4 + text.len;
    return text;
}

static void add_declaration(struct walk *w, const struct node *n)
{
    struct onenote_told *t = w->told;
    struct onenote_declaration *list = arena_grow(w->arena, t->declarations, t->n_declarations,
                                                  &t->declarations_room, sizeof *list);
    if (!list)
        return;
    t->declarations = list;
    struct onenote_declaration *d = &list[t->n_declarations];
    d->object = (struct onenote_object){w->list, bytes_le32(n->octets, n->body)};
    size_t at = n->body + 8 + (n->id == FILE_DECLARED ? 1 : 4);
    struct slice file = take_text(n, &at);
    if (!slice_starts(file, IN_FILE) || !read_guid(slice_from(file, IN_FILE.len), d->guid))
        return; /* not in this section */
    d->extension = mapi_text(w->arena, take_text(n, &at), MAPI_UNICODE);
    t->n_declarations++;
}

static void add_name(struct walk *w, uint32_t container, struct slice raw)
{
    struct onenote_told *t = w->told;
    size_t over = raw.len > NAME_OCTETS ? (raw.len - NAME_OCTETS + 1) & ~(size_t)1 : 0;
    struct slice name = mapi_text(w->arena, slice_from(raw, over), MAPI_UNICODE);
    struct onenote_name *list =
        name.len ? arena_grow(w->arena, t->names, t->n_names, &t->names_room, sizeof *list) : NULL;
    if (!list)
        return;
    t->names = list;
    list[t->n_names++] = (struct onenote_name){.object = {w->list, container}, .name = name};
}

/* What cannot be read, and holds no name, is another program's matter. */
static void read_object(struct walk *w, const struct node *n)
{
    struct onenote_properties properties;
    struct slice set = n->referred;
    if (set.len == 0 || !onenote_step(w->told, set.len))
        return;
    if (!onenote_read_properties(set, &properties) &&
        slice_search(set, ONENOTE_FILE_NAME) < set.len)
        w->told->broken = true;
    for (size_t i = 0; i < properties.n_names; i++)
        add_name(w, properties.container, properties.names[i]);
}

static void take_node(struct walk *w, const struct node *n)
{
    switch (n->id) {
    case FILE_REFERENCE:
        add_reference(w, n);
        break;
    case FILE_DECLARED:
    case FILE_DECLARED_LARGE:
        add_declaration(w, n);
        break;
    case OBJECT_DECLARED:
    case OBJECT_DECLARED_2:
    case OBJECT_REVISED:
    case OBJECT_REVISED_2:
    case OBJECT_NAMED:
    case OBJECT_NAMED_LARGE:
    case OBJECT_FIXED:
    case OBJECT_FIXED_LARGE:
        read_object(w, n);
        break;
    default:
        break;
    }
}

/* Up to what is no node: where a piece ends is told elsewhere. */
static void walk_fragment(struct walk *w, size_t at)
{
    w->list = bytes_le32(w->content, at + 8);
    for (at += FRAGMENT_HEADER; bytes_has(w->content, at, 4);) {
        struct node n = node_at(w->content, at);
        if (n.id == 0 || n.id >= LAST_NODE || n.octets.len < 4 ||
            !onenote_step(w->told, n.octets.len))
            return;
        take_node(w, &n);
        at += n.octets.len;
    }
}

bool onenote_read_names(struct arena *arena, struct slice content, struct onenote_told *out)
{
    struct walk w = {.arena = arena, .content = content, .told = out};
    *out = (struct onenote_told){.steps = STEPS_FACTOR * (uint64_t)content.len};
    for (size_t at = slice_search(content, FRAGMENT); at < content.len && !out->broken;
         at += 1 + slice_search(slice_from(content, at + 1), FRAGMENT))
        walk_fragment(&w, at);
    return !arena_failed(arena);
}
