/* SPDX-License-Identifier: ISC */
#include "filters/containers/lzfu.h"

#include "filters/cpu_budget.h"
#include "filters/mime/bytes.h"

#include <string.h>

enum {
    HEADER = 16,
    PACKED = 0x75465a4c, /* "LZFu" */
    STORED = 0x414c454d, /* "MELA" */
    WINDOW = 4096,
    SHORTEST = 2,
};

/* What the window holds at first (2.1.2.1). */
static const char dictionary[] =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    "\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    "\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

struct window {
    char octets[WINDOW];
    size_t at;
    struct buf *out;
};

static bool give(struct window *w, char octet)
{
    w->octets[w->at] = octet;
    w->at = (w->at + 1) % WINDOW;
    return buf_char(w->out, octet);
}

/* A place in the window and a length; the place of the next octet ends all (2.2.2.3). */
static bool give_again(struct window *w, struct slice reference, bool *end)
{
    size_t from = (size_t)bytes_u8(reference, 0) << 4 | bytes_u8(reference, 1) >> 4;
    size_t len = (bytes_u8(reference, 1) & 15) + SHORTEST;
    *end = from == w->at;
    for (size_t i = 0; i < len && !*end; i++)
        if (!give(w, w->octets[(from + i) % WINDOW]))
            return false;
    return true;
}

/* Of eight tokens, those whose bit is set are references. */
static bool give_run(struct window *w, struct slice *in, bool *end)
{
    unsigned flags = bytes_u8(*in, 0);
    *in = slice_from(*in, 1);
    for (unsigned bit = 0; bit < 8 && !*end; bit++) {
        size_t len = flags >> bit & 1 ? 2 : 1;
        if (in->len < len)
            return false;
        if (len == 2 ? !give_again(w, *in, end) : !give(w, in->ptr[0]))
            return false;
        *in = slice_from(*in, len);
    }
    return true;
}

bool lzfu_unpack(struct slice packed, struct buf *out)
{
    struct slice in = slice_from(packed, HEADER);
    uint32_t kind = bytes_le32(packed, 8);
    if (kind == STORED)
        return buf_append(out, slice_sub(in, 0, bytes_le32(packed, 4)));
    struct window w = {.at = sizeof dictionary - 1, .out = out};
    memcpy(w.octets, dictionary, sizeof dictionary - 1);
    bool end = false;
    while (kind == PACKED && in.len && !end)
        if (cpu_budget_spent(8) || !give_run(&w, &in, &end))
            return false;
    return kind == PACKED && end;
}
