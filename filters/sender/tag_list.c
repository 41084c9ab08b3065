/* SPDX-License-Identifier: ISC */
#include "filters/sender/tag_list.h"

static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!ascii_alpha(c) && (i == 0 || (!ascii_digit(c) && c != '_')))
            return false;
    }
    return name.len > 0;
}

/* Octets above 127 are let pass: internationalised addresses (RFC 8616). */
static bool is_value(struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 127)
            return false;
    }
    return true;
}

static bool add(struct tag_list *out, struct slice spec)
{
    struct slice name, raw;
    if (out->count == TAGS_MAX || !slice_cut(spec, '=', &name, &raw))
        return false;
    name = slice_trim(name);
    if (!is_name(name) || !is_value(raw) || tag_find(out, name))
        return false;
    out->tags[out->count++] = (struct tag){name, slice_trim(raw), raw};
    return true;
}

bool tag_list_parse(struct slice text, struct tag_list *out)
{
    struct slice spec;
    bool more = true;
    out->count = 0;
    while (more) {
        more = slice_cut(text, ';', &spec, &text);
        if (!more && slice_trim(spec).len == 0)
            break;
        if (!add(out, spec))
            return false;
    }
    return out->count > 0;
}

const struct tag *tag_find(const struct tag_list *list, struct slice name)
{
    for (size_t i = 0; i < list->count; i++)
        if (slice_eq(list->tags[i].name, name))
            return &list->tags[i];
    return NULL;
}

struct slice tag_value(const struct tag_list *list, struct slice name)
{
    const struct tag *tag = tag_find(list, name);
    return tag ? tag->value : SLICE("");
}

bool tag_items_next(struct slice *items, struct slice *item)
{
    if (!items->ptr)
        return false;
    if (!slice_cut(*items, ':', item, items))
        *items = (struct slice){NULL, 0};
    *item = slice_trim(*item);
    return true;
}

bool tag_items_have(struct slice items, struct slice wanted)
{
    struct slice item;
    while (tag_items_next(&items, &item))
        if (slice_ieq(item, wanted))
            return true;
    return false;
}
