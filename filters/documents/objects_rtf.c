/* SPDX-License-Identifier: ISC */
#include "filters/documents/objects_internal.h"
#include "filters/documents/ole1.h"
#include "filters/documents/rtf.h"

#define OLE SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

/* Lengths are forged so that readers give up: then the data is found by what it begins with. */
static void give_damaged(struct object_search *s, struct slice octets)
{
    size_t at = slice_search(octets, OLE);
    objects_note(s, "corrupt");
    objects_give(s, SLICE("object"), at < octets.len ? slice_from(octets, at) : octets);
}

static bool give_object(void *ctx, struct slice octets)
{
    struct object_search *s = ctx;
    struct ole1 object;
    bool sound = ole1_read(octets, &object);
    bool package = object.format == OLE1_EMBEDDED && slice_istarts(object.class, SLICE("Package"));
    if (!sound && slice_starts(octets, OLE))
        objects_give(s, SLICE("object"), octets);
    else if (package && objects_give_package(s, object.data))
        objects_note(s, sound ? NULL : "corrupt");
    else if (!sound)
        give_damaged(s, octets);
    else
        objects_give(s, SLICE("object"), object.data);
    return !s->stopped;
}

void objects_search_rtf(struct object_search *s, struct slice content)
{
    struct rtf_visitor visitor = {.ctx = s, .object = give_object};
    objects_note(s, rtf_read(s->scratch, content, &visitor));
}
