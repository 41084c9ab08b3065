/* SPDX-License-Identifier: ISC */
#include "filters/documents/ole1.h"

#include "filters/mime/bytes.h"

struct rest {
    struct slice octets;
    bool sound;
};

static struct slice take(struct rest *r, uint64_t len)
{
    r->sound = r->sound && bytes_has(r->octets, 0, len);
    size_t there = len < r->octets.len ? (size_t)len : r->octets.len;
    struct slice taken = slice_sub(r->octets, 0, there);
    r->octets = slice_from(r->octets, there);
    return taken;
}

static uint32_t take_number(struct rest *r)
{
    return bytes_le32(take(r, 4), 0);
}

static struct slice take_sized(struct rest *r)
{
    return take(r, take_number(r));
}

/* Its length counts a NUL. */
static struct slice take_name(struct rest *r)
{
    struct slice name = take_sized(r);
    return slice_sub(name, 0, slice_find(name, '\0'));
}

bool ole1_read(struct slice object, struct ole1 *out)
{
    struct rest r = {object, true};
    *out = (struct ole1){0};
    take_number(&r); /* a version, that nobody looks at */
    out->format = take_number(&r);
    if (out->format == OLE1_NOTHING)
        return r.sound;
    out->class = take_name(&r);
    if (out->format == OLE1_PICTURE) {
        take(&r, 8); /* width and height */
        out->data = take_sized(&r);
        return r.sound;
    }
    out->topic = take_name(&r);
    out->item = take_name(&r);
    if (out->format == OLE1_LINKED)
        return r.sound;
    out->data = take_sized(&r);
    return r.sound && out->format == OLE1_EMBEDDED;
}

static struct slice take_text(struct slice *s)
{
    size_t len = slice_find(*s, '\0');
    struct slice text = slice_sub(*s, 0, len);
    *s = slice_from(*s, len + 1);
    return text;
}

/* 2, label, original path, two numbers, temporary path, data. */
bool ole_package_read(struct slice content, struct ole_package *out)
{
    struct rest r = {slice_from(content, 2), true};
    *out = (struct ole_package){0};
    if (bytes_le16(content, 0) != 2)
        return false;
    out->label = take_text(&r.octets);
    out->path = take_text(&r.octets);
    take(&r, 4);
    take_sized(&r);
    out->data = take_sized(&r);
    return out->data.len > 0;
}
