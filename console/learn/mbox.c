/* SPDX-License-Identifier: ISC */
#include "console/learn/mbox.h"

static const char from[] = "From ";
enum { FROM_LETTERS = sizeof from - 1 };

/* ---- what is held back ---- */

static void release_blank(struct mbox *mbox, struct buf *out)
{
    if (mbox->blank)
        buf_cstr(out, mbox->blank == 2 ? "\r\n" : "\n");
    mbox->blank = 0;
}

static void release(struct mbox *mbox, struct buf *out)
{
    release_blank(mbox, out);
    if (mbox->cr)
        buf_char(out, '\r');
    if (mbox->quote)
        buf_char(out, '>');
    buf_append(out, (struct slice){from, mbox->matched});
    mbox->cr = mbox->quote = false;
    mbox->matched = 0;
    mbox->at = MBOX_LINE;
}

/* ---- the beginning of a line ---- */

/* True: a message is complete. */
static bool is_from(struct mbox *mbox, struct buf *out)
{
    bool separates = !mbox->quote && (mbox->blank || !mbox->begun), complete = mbox->begun;
    mbox->quote = false;
    if (!separates) {
        release(mbox, out);
        return false;
    }
    mbox->blank = mbox->matched = 0;
    mbox->begun = true;
    mbox->at = MBOX_SEPARATOR;
    return complete;
}

/* All ">" are the same, so it does not matter which one is held back. */
static void take_quote(struct mbox *mbox, struct buf *out)
{
    release_blank(mbox, out);
    if (mbox->quote)
        buf_char(out, '>');
    mbox->quote = true;
}

static void take_empty_line(struct mbox *mbox, struct buf *out)
{
    release_blank(mbox, out);
    mbox->blank = mbox->cr ? 2 : 1;
    mbox->cr = false;
}

/* What `c` is once it is clear that the line is like any other. */
static void take_ordinary(struct mbox *mbox, char c, struct buf *out)
{
    release(mbox, out);
    buf_char(out, c);
    if (c == '\n')
        mbox->at = MBOX_LINE_BEGINS;
}

static bool take_beginning(struct mbox *mbox, char c, struct buf *out)
{
    bool untouched = !mbox->cr && !mbox->quote && !mbox->matched;
    if (!mbox->cr && c == from[mbox->matched])
        return ++mbox->matched == FROM_LETTERS && is_from(mbox, out);
    if (c == '>' && !mbox->cr && !mbox->matched)
        take_quote(mbox, out);
    else if (c == '\n' && (untouched || mbox->cr))
        take_empty_line(mbox, out);
    else if (c == '\r' && untouched)
        mbox->cr = true;
    else
        take_ordinary(mbox, c, out);
    return false;
}

/* ---- the rest of it ---- */

static void take_rest_of_line(struct mbox *mbox, struct slice *input, struct buf *out)
{
    size_t end = slice_find(*input, '\n');
    struct slice line = slice_sub(*input, 0, end + 1);
    if (mbox->at == MBOX_LINE)
        buf_append(out, line);
    if (end < input->len)
        mbox->at = MBOX_LINE_BEGINS;
    *input = slice_from(*input, line.len);
}

bool mbox_take(struct mbox *mbox, struct slice *input, struct buf *out)
{
    while (input->len) {
        if (mbox->at != MBOX_LINE_BEGINS) {
            take_rest_of_line(mbox, input, out);
            continue;
        }
        char c = input->ptr[0];
        *input = slice_from(*input, 1);
        if (take_beginning(mbox, c, out))
            return true;
    }
    return false;
}

void mbox_end(struct mbox *mbox, struct buf *out)
{
    if (mbox->at != MBOX_LINE_BEGINS)
        return;
    if (!mbox->cr && !mbox->quote && !mbox->matched)
        mbox->blank = 0;
    release(mbox, out);
}
