/* SPDX-License-Identifier: ISC */
#include "filters/mime/address.h"
#include "filters/mime/headers.h"
#include "filters/mime/words.h"
#include "filters/protected_header.h"
#include "policy/spelling.h"

enum { SAME_MAX = 16, ADDRESSES_MAX = 256 };

enum kind { TEXT, ADDRESSES, NAMED_ADDRESSES };

static const struct {
    const char *name;
    enum kind kind;
} fields[SHOWN_COUNT] = {
    [SHOWN_FROM] = {"from", NAMED_ADDRESSES},
    [SHOWN_SENDER] = {"sender", NAMED_ADDRESSES},
    [SHOWN_REPLY_TO] = {"reply-to", NAMED_ADDRESSES},
    [SHOWN_TO] = {"to", ADDRESSES},
    [SHOWN_CC] = {"cc", ADDRESSES},
    [SHOWN_FOLLOWUP_TO] = {"followup-to", TEXT},
    [SHOWN_SUBJECT] = {"subject", TEXT},
    [SHOWN_DATE] = {"date", TEXT},
    [SHOWN_MESSAGE_ID] = {"message-id", TEXT},
};

const char *shown_field_name(enum shown_field field)
{
    return fields[field].name;
}

/* ---- what a header has */

/* The values of one field; those beyond SAME_MAX are only counted. */
struct values {
    struct slice list[SAME_MAX];
    size_t count;
};

struct shown {
    struct values of[SHOWN_COUNT];
};

static void add_value(struct shown *shown, struct slice name, struct slice value)
{
    for (int f = 0; f < SHOWN_COUNT; f++) {
        struct values *values = &shown->of[f];
        if (!slice_ieq(name, slice_of(fields[f].name)))
            continue;
        if (values->count < SAME_MAX)
            values->list[values->count] = value;
        values->count++;
    }
}

/* *told becomes what HP-Outer fields say was outside; returns whether there are any. */
static bool collect(struct slice block, struct shown *shown, struct shown *told)
{
    struct slice name, value;
    struct header field;
    bool any = false;
    while (headers_next(&block, &field)) {
        if (!field.has_colon)
            continue;
        add_value(shown, field.name, field.value);
        if (told && slice_ieq(field.name, SLICE("hp-outer")) &&
            slice_cut(field.value, ':', &name, &value)) {
            add_value(told, slice_trim(name), value);
            any = true;
        }
    }
    return any;
}

/* ---- texts */

static struct slice as_read(struct arena *arena, struct slice value)
{
    struct malformations odd = {{0}};
    struct slice text = header_unfold(arena, value);
    if (text.ptr)
        text = words_decode(arena, text, &odd);
    char *out = text.ptr ? arena_cstr(arena, text) : NULL;
    size_t len = 0;
    if (!out)
        return (struct slice){NULL, 0};
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_blank(text.ptr[i]))
            out[len++] = text.ptr[i];
        else if (len && out[len - 1] != ' ')
            out[len++] = ' ';
    return slice_trim((struct slice){out, len});
}

static bool texts_equal(struct arena *arena, const struct values *a, const struct values *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count && i < SAME_MAX; i++)
        if (!slice_eq(as_read(arena, a->list[i]), as_read(arena, b->list[i])))
            return false;
    return true;
}

/* ---- addresses */

struct mailbox {
    struct slice address, name;
};

struct mailboxes {
    struct mailbox *items;
    size_t count;
    bool whole; /* all that there are */
};

static void add_addresses(struct arena *arena, struct slice value, struct mailboxes *out)
{
    struct addresses list;
    if (!addresses_parse(arena, value, ADDRESSES_MAX, &list))
        return;
    out->whole = out->whole && !(list.flags & ADDRESS_TOO_MANY);
    for (size_t i = 0; i < list.n; i++) {
        const struct address *address = &list.items[i];
        if (out->count == ADDRESSES_MAX) {
            out->whole = false;
            return;
        }
        out->items[out->count++] = (struct mailbox){
            value_mailbox(arena, address->local, address->domain).text,
            as_read(arena, address->name),
        };
    }
}

static struct mailboxes mailboxes_of(struct arena *arena, const struct values *values)
{
    struct mailboxes out = {.whole = values->count <= SAME_MAX};
    out.items = arena_array(arena, ADDRESSES_MAX, sizeof *out.items);
    for (size_t i = 0; out.items && i < values->count && i < SAME_MAX; i++)
        add_addresses(arena, values->list[i], &out);
    return out;
}

/* Each of `these` is among `those`, with their names, if they show one. */
static bool all_among(const struct mailboxes *these, const struct mailboxes *those, bool named)
{
    for (size_t i = 0; i < these->count; i++) {
        const struct mailbox *it = &these->items[i];
        bool found = false;
        for (size_t k = 0; k < those->count && !found; k++)
            found = slice_eq(it->address, those->items[k].address) &&
                    (!named || !it->name.len || slice_eq(it->name, those->items[k].name));
        if (!found)
            return false;
    }
    return true;
}

static bool addresses_equal(struct arena *arena, const struct values *seen,
                            const struct values *meant, bool named)
{
    struct mailboxes outer = mailboxes_of(arena, seen), inner = mailboxes_of(arena, meant);
    return outer.count && outer.whole && inner.whole && all_among(&outer, &inner, named) &&
           all_among(&inner, &outer, false);
}

/* ---- */

static bool equal(struct arena *arena, enum shown_field field, const struct values *seen,
                  const struct values *meant)
{
    enum kind kind = fields[field].kind;
    if (texts_equal(arena, seen, meant))
        return true;
    return kind != TEXT && seen->count == meant->count &&
           addresses_equal(arena, seen, meant, kind == NAMED_ADDRESSES);
}

static bool is_hidden(struct arena *arena, const struct values *seen)
{
    struct slice text = seen->count == 1 ? as_read(arena, seen->list[0]) : (struct slice){NULL, 0};
    return slice_eq(text, SLICE("[...]")) || slice_eq(text, SLICE("..."));
}

struct comparison {
    enum header_protection protection;
    struct shown seen, meant, told; /* outside, inside, and outside as the inside tells */
    bool tells;
};

static bool field_differs(struct arena *arena, const struct comparison *c, enum shown_field field)
{
    const struct values *seen = &c->seen.of[field], *meant = &c->meant.of[field];
    if (meant->count == 0 && c->protection == HEADER_SOME)
        return false;
    if (equal(arena, field, seen, meant))
        return false;
    if (c->protection == HEADER_CIPHER && c->tells && equal(arena, field, seen, &c->told.of[field]))
        return false;
    bool may_hide = field == SHOWN_SUBJECT && c->protection != HEADER_PROTECTED;
    return !(may_hide && is_hidden(arena, seen));
}

bool protected_header_differs(struct arena *arena, struct slice outer,
                              const struct protected_header *inner, unsigned *differs)
{
    struct comparison *c = arena_alloc(arena, sizeof *c);
    *differs = 0;
    if (!c)
        return false;
    c->protection = inner->protection;
    collect(outer, &c->seen, NULL);
    c->tells = collect(inner->block, &c->meant, &c->told);
    for (int field = 0; field < SHOWN_COUNT; field++)
        if (field_differs(arena, c, field))
            *differs |= 1U << field;
    return !arena_failed(arena);
}
