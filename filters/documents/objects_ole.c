/* SPDX-License-Identifier: ISC */
#include "filters/archive/unpack.h"
#include "filters/documents/objects_internal.h"
#include "filters/documents/ole.h"
#include "filters/mime/bytes.h"

enum { UNPACKED_MAX = 16 << 20, PPT_OBJECT = 0x1011, PPT_DEFLATED = 0x10 };

static void give_stream(struct object_search *s, const struct ole *ole, const struct ole_entry *e)
{
    struct slice data = ole_read(s->scratch, ole, e, ole->content.len);
    if (e->size > 0 && !data.ptr) {
        objects_note(s, "memory");
        s->stopped = true; /* or streams that share their sectors would be walked again and again */
    }
    if (slice_iends(e->name, SLICE("Ole10Native"))) {
        struct slice sized = slice_from(data, 4);
        if (!objects_give_package(s, sized))
            objects_give(s, e->name, sized);
    } else
        objects_give(s, e->name, data);
}

/* Objects of presentations: OLE2 files, deflated behind their size when the record's
 * instance is 1. */
static void give_slides(struct object_search *s, struct slice records)
{
    for (size_t at = 0; bytes_has(records, at, 8) && !s->stopped;) {
        uint16_t head = bytes_le16(records, at), type = bytes_le16(records, at + 2);
        size_t len = bytes_le32(records, at + 4);
        struct slice body = slice_sub(records, at + 8, at + 8 + len);
        if (type == PPT_OBJECT && (head & 0xfff0) == PPT_DEFLATED) {
            struct buf unpacked = buf_init(UNPACKED_MAX);
            bool whole;
            if (unpack_zlib(slice_from(body, 4), &unpacked, &whole))
                objects_give(s, SLICE("object"), buf_slice(&unpacked));
            objects_note(s, unpacked.failed ? "limit: objects" : NULL);
            buf_release(&unpacked);
        } else if (type == PPT_OBJECT)
            objects_give(s, SLICE("object"), body);
        at += 8 + ((head & 0xf) == 0xf ? 0 : len);
    }
}

void objects_search_ole(struct object_search *s, struct slice content)
{
    static const struct slice files[] = {SLICE("\1Ole10Native"), SLICE("Ole10Native"),
                                         SLICE("Package"), SLICE("CONTENTS")};
    struct ole ole;
    if (!ole_open(s->scratch, content, &ole))
        return;
    for (size_t i = 0; i < ole.count && !s->stopped; i++)
        for (size_t f = 0; f < sizeof files / sizeof *files; f++)
            if (ole.entries[i].kind == OLE_STREAM && slice_ieq(ole.entries[i].name, files[f]))
                give_stream(s, &ole, &ole.entries[i]);
    const struct ole_entry *slides = ole_find(&ole, SLICE("PowerPoint Document"));
    if (slides)
        give_slides(s, ole_read(s->scratch, &ole, slides, content.len));
}
