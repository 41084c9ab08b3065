/* SPDX-License-Identifier: ISC
 * The messages of an mbox file: each begins behind a line "From ...", at the beginning or after an empty
 * line, which is no part of the message before. Lines that begin with ">From ", or more of ">", have one
 * ">" less in the message (mboxrd). The file may be anything. */
#ifndef CONSOLE_LEARN_MBOX_H
#define CONSOLE_LEARN_MBOX_H

#include "base/buf.h"

enum { MBOX_HELD = 16 }; /* octets that are held back at most, until it is known what they are */

enum mbox_at { MBOX_LINE_BEGINS, MBOX_LINE, MBOX_SEPARATOR };

struct mbox {
    enum mbox_at at;
    bool begun; /* a line "From ..." was there */
    /* What is held back at the beginning of a line: */
    unsigned blank;   /* octets of an empty line before it */
    bool cr, quote;   /* one CR; one of its ">" */
    unsigned matched; /* letters of "From " */
};

/* All zero at the beginning of a file. Takes octets from the front of *input, and appends to `out` what
 * is of a message: at most as many, and MBOX_HELD. True: that message is complete, and what is left in
 * *input is behind it. False: all was taken. */
bool mbox_take(struct mbox *mbox, struct slice *input, struct buf *out);

/* The file has ended, and the last message with it. */
void mbox_end(struct mbox *mbox, struct buf *out);

#endif
