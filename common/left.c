/* SPDX-License-Identifier: ISC */
#include "common/left.h"

void left_read_pack(struct buf *out, const struct left_read *read)
{
    struct buf label = buf_init(IPC_PAYLOAD_MAX);
    label_pack(&label, &read->label);
    pack_slice(out, buf_slice(&label));
    pack_slice(out, read->mailbox);
    pack_u32(out, read->uid);
    out->failed |= label.failed;
    buf_release(&label);
}

bool left_read_unpack(struct slice octets, struct left_read *read)
{
    struct unpack in = {.left = octets};
    struct slice label = unpack_slice(&in);
    read->mailbox = unpack_slice(&in);
    read->uid = unpack_u32(&in);
    return unpack_done(&in) && read->mailbox.len > 0 && read->mailbox.len <= LEFT_MAILBOX_MOST &&
           label_unpack(label, &read->label) && read->label.account.len > 0 &&
           read->label.class == LABEL_GOOD && read->label.how == LABEL_LEFT;
}

void left_gone_pack(struct buf *out, const struct left_gone *gone)
{
    pack_slice(out, gone->account);
    pack_slice(out, gone->mailbox);
    pack_u32(out, (uint32_t)gone->count);
    for (size_t i = 0; i < gone->count; i++) {
        pack_u32(out, gone->ranges[i].from);
        pack_u32(out, gone->ranges[i].to);
    }
}

bool left_gone_unpack(struct slice octets, struct left_gone *gone)
{
    struct unpack in = {.left = octets};
    gone->account = unpack_slice(&in);
    gone->mailbox = unpack_slice(&in);
    gone->count = unpack_u32(&in);
    if (in.bad || gone->count > LEFT_RANGES_MOST || gone->account.len > LABEL_TEXT_MOST ||
        gone->mailbox.len > LEFT_MAILBOX_MOST)
        return false;
    for (size_t i = 0; i < gone->count; i++) {
        gone->ranges[i].from = unpack_u32(&in);
        gone->ranges[i].to = unpack_u32(&in);
    }
    return unpack_done(&in);
}
