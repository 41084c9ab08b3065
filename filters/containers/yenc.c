/* SPDX-License-Identifier: ISC */
#include "filters/containers/yenc.h"

#include "filters/mime/headers.h"

#define BEGIN SLICE("=ybegin ")
#define PART SLICE("=ypart ")
#define END SLICE("=yend")

enum { SHIFT = 42, ESCAPED_SHIFT = 64 };

static struct slice word_of(struct slice line, struct slice key)
{
    struct slice rest = slice_from(line, slice_search(line, key) + key.len);
    return slice_sub(rest, 0, slice_find(rest, ' '));
}

bool yenc_find(struct slice text, size_t at, struct yenc *out)
{
    struct line line;
    if (!line_at(text, line_find(text, at, BEGIN), &line))
        return false;
    struct slice name = SLICE(" name=");
    *out = (struct yenc){
        .name = slice_trim(slice_from(line.text, slice_search(line.text, name) + name.len)),
        .piece = slice_search(line.text, SLICE(" part=")) < line.text.len};
    if (!slice_to_u64(word_of(line.text, SLICE(" size=")), UINT64_MAX, &out->size))
        out->size = UINT64_MAX;
    size_t from = line.next;
    if (line_at(text, from, &line) && slice_starts(line.text, PART)) {
        out->piece = true;
        from = line.next;
    }
    size_t end = line_find(text, from, END);
    out->ended = line_at(text, end, &line);
    out->body = slice_sub(text, from, end);
    out->to = out->ended ? line.next : text.len;
    return true;
}

size_t yenc_decode(struct slice body, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < body.len; i++) {
        char c = body.ptr[i];
        if (c == '\r' || c == '\n')
            continue;
        unsigned shift = SHIFT;
        if (c == '=' && i + 1 < body.len) {
            c = body.ptr[++i];
            shift += ESCAPED_SHIFT;
        }
        out[n++] = (char)((unsigned char)c - shift);
    }
    return n;
}
