/* SPDX-License-Identifier: ISC */
#include "filters/text/paragraphs.h"

#include "base/utf8.h"

#include <string.h>

enum { STEP = 1024 };

struct range {
    uint32_t from, to;
};

static bool is_among(uint32_t code, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i].from && code <= ranges[i].to)
            return true;
    return false;
}

bool text_is_unseen(uint32_t code)
{
    static const struct range ranges[] = {
        {0, 8},           {0x0e, 0x1f},     {0x7f, 0x84},     {0x86, 0x9f},       {0xad, 0xad},
        {0x34f, 0x34f},   {0x61c, 0x61c},   {0x115f, 0x1160}, {0x17b4, 0x17b5},   {0x180b, 0x180f},
        {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},   {0xfe00, 0xfe0f},
        {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
    };
    return is_among(code, ranges, sizeof ranges / sizeof *ranges);
}

bool text_is_blank(uint32_t code)
{
    static const struct range ranges[] = {
        {'\t', '\r'},     {' ', ' '},       {0x85, 0x85},     {0xa0, 0xa0},
        {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f},
        {0x205f, 0x205f}, {0x2800, 0x2800}, {0x3000, 0x3000},
    };
    return is_among(code, ranges, sizeof ranges / sizeof *ranges);
}

/* ---- pieces ---- */

static bool begins_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

/* Where a piece of what is in the room ends: at a blank, or else at a character. */
static size_t end_of_piece(const struct paragraphs *p)
{
    size_t least = p->repeat > PARAGRAPH_MAX / 2 ? p->repeat : PARAGRAPH_MAX / 2, at = p->len;
    while (at > least && p->room[at - 1] != ' ')
        at--;
    return at > least ? at - 1 : p->len;
}

/* Where the next begins: at a word that leaves enough before it, or in the midst of one. */
static size_t begin_of_next(const struct paragraphs *p, size_t end)
{
    size_t wanted = end > PARAGRAPH_OVERLAP ? end - PARAGRAPH_OVERLAP : 0, at = wanted;
    size_t least = wanted > PARAGRAPH_OVERLAP ? wanted - PARAGRAPH_OVERLAP : 0;
    while (at > least && p->room[at - 1] != ' ')
        at--;
    if (at > least)
        return at;
    for (at = wanted; at > 0 && !begins_character(p->room[at]);)
        at--;
    return at;
}

static void put_piece(struct paragraphs *p)
{
    size_t end = end_of_piece(p), next = begin_of_next(p, end);
    p->take(p->ctx, (struct slice){p->room, end});
    memmove(p->room, p->room + next, p->len - next);
    p->len -= next;
    p->repeat = end - next;
}

static void put(struct paragraphs *p, struct slice visible)
{
    size_t blank = p->blank && p->len > 0;
    if (p->len + blank + visible.len > PARAGRAPH_MAX)
        put_piece(p);
    if (blank)
        p->room[p->len++] = ' ';
    memcpy(p->room + p->len, visible.ptr, visible.len);
    p->len += visible.len;
    p->blank = false;
}

/* ---- text ---- */

static size_t plain_run(struct slice text)
{
    size_t n = 0, most = text.len < STEP ? text.len : STEP;
    while (n < most && text.ptr[n] > ' ' && text.ptr[n] < 0x7f)
        n++;
    return n;
}

static void put_code(struct paragraphs *p, uint32_t code)
{
    char room[8];
    struct buf coded = buf_over(room, sizeof room);
    if (text_is_blank(code)) {
        p->blank = true;
    } else if (!text_is_unseen(code)) {
        utf8_append(&coded, code);
        put(p, buf_slice(&coded));
    }
}

void paragraphs_add(struct paragraphs *p, struct slice text)
{
    while (text.len > 0) {
        uint32_t code = 0;
        size_t n = plain_run(text);
        if (n > 0) {
            put(p, slice_sub(text, 0, n));
        } else if (text.ptr[0] == ' ' || text.ptr[0] == '\n') {
            p->blank = true;
        } else {
            n = utf8_next(text, &code);
            put_code(p, n ? code : (unsigned char)text.ptr[0]);
        }
        text = slice_from(text, n ? n : 1);
    }
}

void paragraphs_blank(struct paragraphs *p)
{
    p->blank = true;
}

void paragraphs_end(struct paragraphs *p)
{
    if (p->len > p->repeat)
        p->take(p->ctx, (struct slice){p->room, p->len});
    p->len = p->repeat = 0;
    p->blank = false;
}
