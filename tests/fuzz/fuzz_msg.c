/* SPDX-License-Identifier: ISC
 * Outlook's messages: all attachments of all messages within are listed once, and all streams end. */
#include "filters/containers/lzfu.h"
#include "filters/containers/msg.h"
#include "tests/fuzz/target.h"

enum { ARENA = 16 << 20, ATTACHMENTS_MAX = 1000 };

static size_t list_all(struct arena *arena, const struct msg *msg, uint32_t within)
{
    struct msg_attachments list;
    size_t count = 0;
    const struct ole_entry *rtf = msg_rtf(msg, within);
    if (rtf) {
        struct buf out = buf_init(1 << 20);
        struct slice packed = ole_read(arena, &msg->ole, rtf, msg->ole.content.len);
        lzfu_unpack(packed, &out);
        require(buf_len(&out) <= 9 * packed.len);
        buf_release(&out);
    }
    if (!msg_list(arena, msg, within, ATTACHMENTS_MAX, &list))
        return 0;
    for (size_t i = 0; i < list.count; i++) {
        const struct msg_attachment *a = &list.items[i];
        require(a->kind == MSG_LINK || a->kind == MSG_NOTHING || a->entry < msg->ole.count);
        if (a->kind == MSG_MESSAGE)
            count += list_all(arena, msg, a->entry);
        else if (a->kind == MSG_DATA)
            require(ole_read(arena, &msg->ole, &msg->ole.entries[a->entry], SIZE_MAX).len <=
                    msg->ole.content.len);
    }
    return count + list.count;
}

FUZZ_WITH_ARENA(raw, ARENA)
{
    struct msg msg;
    if (msg_open(arena, raw, &msg))
        require(list_all(arena, &msg, OLE_NOWHERE) <= msg.ole.count);
}
