/* SPDX-License-Identifier: ISC */
#include "filters/links/link_list.h"

#include "filters/links/link_url.h"
#include "policy/types.h"

#include <stdlib.h>

enum { PLACES = 1024, SCRATCH_MAX = 64 * 1024 };

struct link_list {
    struct arena *arena, *scratch; /* scratch: of one link */
    struct value *items;
    size_t count, room, octets, tried;
    bool cut, failed;
    uint16_t places[PLACES]; /* index + 1 of a link with this digest */
};

struct link_list *link_list_new(struct arena *arena)
{
    struct link_list *list = calloc(1, sizeof *list);
    if (!list)
        return NULL;
    list->arena = arena;
    list->scratch = arena_new(SCRATCH_MAX);
    if (!list->scratch)
        link_list_free(&list);
    return list;
}

void link_list_free(struct link_list **list)
{
    if (*list)
        arena_free(&(*list)->scratch);
    free(*list);
    *list = NULL;
}

void link_list_cut(struct link_list *list)
{
    list->cut = true;
}

bool link_list_is_cut(const struct link_list *list)
{
    return list->cut || list->failed;
}

/* ---- each once ---- */

static uint32_t digest_of(struct slice text, uint32_t digest)
{
    for (size_t i = 0; i < text.len; i++)
        digest = (digest ^ (unsigned char)text.ptr[i]) * 16777619u;
    return digest;
}

static bool is_same(const struct value *link, struct slice url, struct slice text,
                    enum link_source source)
{
    const struct value *shown = &link->fields[link_text];
    struct slice words = shown->state == VALUE_KNOWN ? shown->text : SLICE("");
    return link->fields[link_source].integer == (int64_t)source &&
           slice_eq(link->fields[link_url].text, url) && slice_eq(words, text);
}

/* NULL: it is there. There are more places than links. */
static uint16_t *place_for(struct link_list *list, struct slice url, struct slice text,
                           enum link_source source)
{
    size_t at = digest_of(text, digest_of(url, 2166136261u + source)) % PLACES;
    for (; list->places[at]; at = (at + 1) % PLACES)
        if (is_same(&list->items[list->places[at] - 1], url, text, source))
            return NULL;
    return &list->places[at];
}

/* ---- records ---- */

static struct value kept(struct link_list *list, struct slice text)
{
    struct slice copy = text.len ? arena_copy(list->arena, text) : SLICE("");
    list->failed |= !copy.ptr;
    return copy.len ? value_text(copy) : value_absent();
}

static bool has_room(const struct link_list *list, const struct link_url *url, struct slice text)
{
    return list->count < LINKS_MAX && list->octets + url->url.len + text.len <= LINKS_OCTETS_MAX;
}

static bool fill(struct link_list *list, const struct link_url *url, struct slice text,
                 struct slice shown, enum link_source source)
{
    struct value *items =
        arena_grow(list->arena, list->items, list->count, &list->room, sizeof *items);
    struct value *fields =
        arena_array(list->arena, record_types[RECORD_link].count, sizeof *fields);
    list->failed |= !items || !fields;
    if (list->failed)
        return false;
    fields[link_url] = kept(list, url->url);
    fields[link_host] = kept(list, url->host.text);
    fields[link_domain] = kept(list, url->host.domain);
    fields[link_path] = kept(list, url->path);
    fields[link_text] = kept(list, text);
    fields[link_text_domain] = kept(list, shown);
    fields[link_source] = value_integer(source);
    fields[link_ip] = value_bool(url->host.ip);
    fields[link_shortened] = value_bool(url->host.shortened);
    list->octets += url->url.len + text.len;
    list->items = items;
    list->items[list->count++] = (struct value){.state = VALUE_KNOWN, .fields = fields};
    return true;
}

void link_list_add(struct link_list *list, struct slice url, struct slice text,
                   enum link_source source)
{
    struct link_url read;
    if (link_list_is_cut(list))
        return;
    if (list->tried++ == LINKS_TRIED_MAX) {
        list->cut = true;
        return;
    }
    arena_reset(list->scratch);
    if (!link_url_read(list->scratch, url, &read)) {
        list->failed |= arena_failed(list->scratch);
        return;
    }
    if (!text.ptr)
        text = SLICE("");
    uint16_t *place = place_for(list, read.url, text, source);
    struct slice shown = place ? link_domain_shown(list->scratch, text) : SLICE("");
    if (!place)
        return;
    list->cut = !has_room(list, &read, text);
    if (!list->cut && fill(list, &read, text, shown, source))
        *place = (uint16_t)list->count;
}

struct value link_list_value(const struct link_list *list)
{
    if (list->failed)
        return value_unknown();
    return (struct value){.state = VALUE_KNOWN,
                          .list = {.items = list->items, .count = list->count, .cut = list->cut}};
}
