/* SPDX-License-Identifier: ISC
 * A banner as lines of text. Part of it may be what the sender wrote: so no line of it begins as
 * boundaries, quotes, files in texts or the marks of mail boxes do. None ends in a blank, and those that
 * could be taken for quotes are stuffed with one (RFC 3676 4.4), so it is right where lines flow,
 * too. */
#include "filters/banner/banner_internal.h"

#include "base/utf8.h"
#include "filters/mime/charset_encode.h"

enum { COLUMNS = 75 /* and one for a blank in front */, WIDE_FROM = 0x1100 };

static bool needs_stuffing(struct slice line)
{
    static const struct slice beginnings[] = {SLICE("-"),     SLICE(">"), SLICE("From "),
                                              SLICE("begin"), SLICE("="), SLICE("(This file")};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (slice_istarts(line, beginnings[i]))
            return true;
    return false;
}

/* The next line off *rest: broken at the last blank that fits, or else where it has to be. */
static struct slice take_line(struct slice *rest)
{
    size_t at = 0, columns = 0, blank = 0;
    while (at < rest->len) {
        uint32_t code = 0;
        size_t n = utf8_next(slice_from(*rest, at), &code);
        columns += code >= WIDE_FROM ? 2 : 1;
        if (rest->ptr[at] == ' ')
            blank = at;
        if (columns > COLUMNS)
            break;
        at += n ? n : 1;
    }
    size_t end = at < rest->len && blank ? blank : at;
    struct slice line = slice_trim(slice_sub(*rest, 0, end));
    *rest = slice_trim(slice_from(*rest, end));
    return line;
}

struct tally {
    size_t lost, all;
};

static void put_text(struct buf *out, unsigned charset, struct slice text, struct tally *tally)
{
    text = slice_trim(text);
    while (text.len > 0) {
        struct slice line = take_line(&text);
        if (needs_stuffing(line))
            charset_encode(out, (int)charset, SLICE(" "), &tally->lost, &tally->all);
        charset_encode(out, (int)charset, line, &tally->lost, &tally->all);
        buf_cstr(out, "\r\n");
    }
}

bool banner_plain(struct buf *out, unsigned charset, const struct banner_texts *texts)
{
    struct tally tally = {0, 0};
    buf_cstr(out, texts->spot == BANNER_BOTTOM ? "\r\n" : "");
    for (size_t i = 0; i < texts->count; i++)
        put_text(out, charset, texts->items[i], &tally);
    buf_cstr(out, texts->spot == BANNER_TOP ? "\r\n" : "");
    return !out->failed && tally.lost * 4 <= tally.all;
}
