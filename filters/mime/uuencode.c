/* SPDX-License-Identifier: ISC */
#include "filters/mime/transfer.h"

#include "filters/mime/headers.h"

#define PLAIN SLICE("begin ")
#define BASE64 SLICE("begin-base64 ")

enum { LINE_MAX_OCTETS = 63 };

bool uu_begin_line(struct slice line, struct slice *name)
{
    struct slice rest = slice_from(line, slice_starts(line, BASE64) ? BASE64.len : PLAIN.len);
    if (!slice_starts(line, BASE64) && !slice_starts(line, PLAIN))
        return false;
    while (rest.len && ascii_blank(rest.ptr[0]))
        rest = slice_from(rest, 1);
    size_t digits = 0;
    while (digits < rest.len && rest.ptr[digits] >= '0' && rest.ptr[digits] <= '7')
        digits++;
    if (digits < 3 || digits > 6 || digits == rest.len || !ascii_blank(rest.ptr[digits]))
        return false;
    *name = slice_trim(slice_from(rest, digits));
    return name->len > 0;
}

static unsigned six(char c)
{
    return ((unsigned char)c - 32u) & 63u;
}

int uu_decode_line(struct slice line, char *out, bool *broken)
{
    if (line.len == 0 || line.ptr[0] < ' ' || line.ptr[0] > '`')
        return -1;
    unsigned want = six(line.ptr[0]);
    size_t letters = ((size_t)want + 2) / 3 * 4;
    struct slice data = slice_from(line, 1);
    /* trailing blanks, which encode zero, may have been cut; a checksum letter may follow */
    *broken = data.len > letters + 2 || data.len + 3 < letters;
    for (size_t i = 0; i < data.len; i++)
        if (data.ptr[i] < ' ' || data.ptr[i] > '`')
            return -1;
    for (unsigned i = 0; i < want; i++) {
        size_t at = i / 3 * 4 + i % 3;
        unsigned a = at < data.len ? six(data.ptr[at]) : 0;
        unsigned b = at + 1 < data.len ? six(data.ptr[at + 1]) : 0;
        unsigned shift = i % 3 * 2;
        out[i] = (char)(a << (2 + shift) | b >> (4 - shift));
    }
    return (int)want;
}

static bool take_line(struct slice *rest, struct slice *line)
{
    if (rest->len == 0)
        return false;
    slice_cut(*rest, '\n', line, rest);
    if (line->len && line->ptr[line->len - 1] == '\r')
        line->len--;
    return true;
}

struct slice uu_body(struct slice in)
{
    struct slice rest = in, line, name;
    while (take_line(&rest, &line))
        if (uu_begin_line(line, &name))
            return rest;
    return in;
}

size_t uu_decode(struct slice in, char *out, unsigned *found, bool *ended)
{
    struct slice line;
    size_t n = 0;
    while (take_line(&in, &line) && !*ended) {
        char octets[LINE_MAX_OCTETS] = {0};
        bool broken = false;
        *ended = slice_eq(slice_trim(line), SLICE("end"));
        if (*ended || line.len == 0)
            continue;
        int got = uu_decode_line(line, octets, &broken);
        /* a line may promise more octets than it holds; what it holds bounds the output */
        size_t keep = got < 0 ? 0 : (size_t)got;
        if (keep > line.len)
            keep = line.len;
        if (got < 0 || broken)
            *found |= UU_BROKEN;
        for (size_t i = 0; i < keep; i++)
            out[n++] = octets[i];
    }
    return n;
}

static bool is_uu_line(struct slice line)
{
    char octets[LINE_MAX_OCTETS];
    bool broken = false;
    return uu_decode_line(line, octets, &broken) >= 0 && !broken;
}

static bool is_base64_line(struct slice line)
{
    line = slice_trim(line);
    for (size_t i = 0; i < line.len; i++)
        if (!base64_letter(line.ptr[i]) && line.ptr[i] != '=')
            return false;
    return line.len > 0;
}

static bool is_end(const struct uu_block *block, struct slice line)
{
    return slice_eq(slice_trim(line), block->base64 ? SLICE("====") : SLICE("end"));
}

/* The line of no octets before the end is a blank, which may have been cut. */
static bool is_last_line(const struct uu_block *block, struct slice text, const struct line *line)
{
    struct line next;
    return slice_trim(line->text).len == 0 && line_at(text, line->next, &next) &&
           is_end(block, next.text);
}

/* Reads on from the line behind the first. */
static void find_end(struct slice text, size_t at, struct uu_block *out)
{
    struct line line;
    size_t end = at;
    out->body = slice_sub(text, at, at);
    while (!out->ended && line_at(text, end, &line)) {
        out->ended = is_end(out, line.text);
        bool data = out->base64 ? is_base64_line(line.text) : is_uu_line(line.text);
        if (!out->ended && !data && !is_last_line(out, text, &line))
            break;
        if (!out->ended)
            out->body = slice_sub(text, at, line.next);
        end = line.next;
    }
    out->to = end;
}

bool uu_find(struct slice text, size_t at, struct uu_block *out)
{
    struct line line;
    while ((at = line_find(text, at, SLICE("begin"))) < text.len && line_at(text, at, &line)) {
        *out = (struct uu_block){.from = at, .base64 = slice_starts(line.text, BASE64)};
        if (uu_begin_line(line.text, &out->name))
            find_end(text, line.next, out);
        if (out->to > line.next)
            return true;
        at = line.next;
    }
    return false;
}
