/* SPDX-License-Identifier: ISC
 * Files of mail: an mbox gives the same messages whole and octet by octet, and holds nothing back for
 * long. */
#include "console/learn/mbox.h"
#include "tests/fuzz/target.h"

enum { ROOM = 4 << 20 };

static struct buf split(struct slice text, size_t step)
{
    struct buf out = buf_init(ROOM);
    struct mbox mbox = {0};
    while (text.len) {
        struct slice piece = slice_sub(text, 0, step);
        text = slice_from(text, piece.len);
        size_t given = piece.len, before = buf_len(&out), ends = 0;
        for (; mbox_take(&mbox, &piece, &out); ends++)
            buf_char(&out, '|');
        require(piece.len == 0 && buf_len(&out) - before <= given + ends + MBOX_HELD);
    }
    mbox_end(&mbox, &out);
    return out;
}

FUZZ(text)
{
    struct buf whole = split(text, text.len), octets = split(text, 1);
    require(slice_eq(buf_slice(&whole), buf_slice(&octets)));
    buf_release(&whole);
    buf_release(&octets);
}
