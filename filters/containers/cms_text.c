/* SPDX-License-Identifier: ISC */
#include "filters/containers/cms_text.h"

#include "filters/mime/transfer.h"

#define BEGIN SLICE("-----BEGIN ")
#define END SLICE("-----END ")

/* Blanks and junk may stand between the letters. */
enum { LABEL_MAX = 128, HEAD_TEXT = 1024, STEP = 4 };

/* The base64 of the text; empty when it begins otherwise. A sequence begins with an M. */
static struct slice body_of(struct slice text)
{
    if (slice_starts(text, SLICE("\xef\xbb\xbf")))
        text = slice_from(text, 3);
    while (text.len && (ascii_blank(text.ptr[0]) || text.ptr[0] == '\r' || text.ptr[0] == '\n'))
        text = slice_from(text, 1);
    if (slice_starts(text, BEGIN)) {
        struct slice line = slice_sub(text, 0, LABEL_MAX);
        size_t end = slice_find(line, '\n');
        if (end == line.len)
            end = slice_find(line, '\r');
        return slice_from(text, end);
    }
    return slice_starts(text, SLICE("M")) ? text : (struct slice){"", 0};
}

/* Its first `max` octets, up to where it ends. */
static struct slice first_of(struct slice body, size_t max)
{
    struct slice ahead = max < body.len ? slice_sub(body, 0, max + END.len) : body;
    size_t end = slice_search(ahead, END);
    return slice_sub(body, 0, end < max ? end : max);
}

struct slice cms_text_head(struct slice text, char *head)
{
    struct base64 state = {0};
    struct slice letters = first_of(body_of(text), HEAD_TEXT);
    size_t len = 0;
    for (; letters.len && len + transfer_bound(STEP) <= CMS_TEXT_HEAD;
         letters = slice_from(letters, STEP))
        len += base64_decode(&state, slice_sub(letters, 0, STEP), head + len);
    return (struct slice){head, len};
}

struct slice cms_text_decode(struct arena *arena, struct slice text)
{
    struct base64 state = {0};
    struct slice body = first_of(body_of(text), text.len);
    char *out = arena_alloc(arena, transfer_bound(body.len));
    if (!out)
        return (struct slice){0};
    size_t len = base64_decode(&state, body, out);
    return (struct slice){out, len + base64_finish(&state, out + len)};
}
