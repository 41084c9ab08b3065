/* SPDX-License-Identifier: ISC */
#include "proxy/examine/own_words.h"

#include "filters/mime/headers.h"

struct reading {
    size_t letters;    /* before the last paragraph, */
    size_t last;       /* and in it */
    bool blank;        /* a line was, since then */
    bool ends_it;      /* it ends with ':' */
    bool in_preamble;  /* for programs that know no parts */
    bool in_part_head; /* of a part of the message */
};

static size_t letters_of(struct slice line)
{
    size_t n = 0;
    for (size_t i = 0; i < line.len; i++)
        n += ascii_alpha(line.ptr[i]) || (line.ptr[i] & 0x80);
    return n;
}

static void take_text(struct reading *r, struct slice line)
{
    if (r->blank) {
        r->letters += r->last;
        r->last = 0;
    }
    r->blank = false;
    r->last += letters_of(line);
    r->ends_it = line.ptr[line.len - 1] == ':';
}

static bool is_of_parts(struct slice type)
{
    return slice_istarts(slice_trim(type), SLICE("multipart/"));
}

/* A line of a part's header. */
static bool says_parts(struct slice line)
{
    struct slice name = SLICE("Content-Type:");
    return slice_istarts(line, name) && is_of_parts(slice_from(line, name.len));
}

static bool has_parts(struct slice block)
{
    struct header type;
    return headers_find(block, SLICE("Content-Type"), 0, &type) && is_of_parts(type.value);
}

/* A part begins: its header is nobody's words. */
static bool begins_part(const struct reading *r, struct slice line)
{
    return slice_starts(line, SLICE("--")) && line.len > 2 && r->letters + r->last == 0;
}

/* False: what follows is not his. */
static bool take_line(struct reading *r, struct slice line)
{
    if (r->in_part_head) {
        r->in_part_head = line.len > 0;
        r->in_preamble |= says_parts(line);
        return true;
    }
    if (begins_part(r, line)) {
        r->in_part_head = true;
        r->in_preamble = false;
        return true;
    }
    if (r->in_preamble)
        return true;
    if (slice_starts(line, SLICE("--")))
        return false;
    if (slice_starts(line, SLICE(">"))) {
        r->last = r->ends_it ? 0 : r->last;
        return false;
    }
    if (line.len)
        take_text(r, line);
    else
        r->blank = true;
    return true;
}

size_t own_words(struct slice message)
{
    size_t body;
    struct slice block = headers_block(message, &body);
    struct reading reading = {.blank = true, .in_preamble = has_parts(block)};
    struct slice line, rest = slice_sub(message, body, body + OWN_WORDS_MAX);
    bool goes_on = true;
    while (goes_on && rest.len) {
        slice_cut(rest, '\n', &line, &rest);
        goes_on = take_line(&reading, slice_trim(line));
    }
    return reading.letters + reading.last;
}
