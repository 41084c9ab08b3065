/* SPDX-License-Identifier: ISC
 * Pages: tokens are parts of the text, in its order, and end; what is active stays so in UTF-16. */
#include "base/utf8.h"
#include "filters/documents/page.h"
#include "filters/html/html_tokens.h"
#include "tests/fuzz/target.h"

enum { ARENA = 16 << 20, TEXT_MAX = 64 << 10 };

static void walk(struct slice text, enum html_syntax syntax)
{
    struct html_tokens tokens = html_tokens_of(text, syntax);
    struct html_token token;
    size_t before = 0;
    for (size_t count = 0; html_next(&tokens, &token); count++) {
        require(tokens.at >= before && tokens.at <= text.len);
        require(count <= 4 * text.len + 4);
        if (token.value.len)
            require(token.value.ptr >= text.ptr &&
                    token.value.ptr + token.value.len <= text.ptr + text.len);
        before = tokens.at;
    }
}

/* As UTF-16 with a mark; empty where it is not ASCII. */
static struct slice widened(struct arena *arena, struct slice text)
{
    char *wide = arena_alloc(arena, 2 * text.len + 2);
    struct buf out = buf_over(wide, 2 * text.len + 2);
    buf_append(&out, SLICE("\xff\xfe"));
    for (size_t i = 0; i < text.len; i++) {
        buf_char(&out, text.ptr[i]);
        buf_char(&out, '\0');
    }
    return slice_is_ascii(text) ? buf_slice(&out) : (struct slice){"", 0};
}

FUZZ_WITH_ARENA(raw, ARENA)
{
    raw = slice_sub(raw, 0, TEXT_MAX);
    for (int syntax = HTML_PAGE; syntax <= HTML_XML; syntax++)
        walk(raw, (enum html_syntax)syntax);
    for (unsigned readings = PAGE_HTML; readings <= PAGE_XML; readings++) {
        bool active = page_is_active(arena, raw, readings);
        struct slice wide = widened(arena, raw);
        bool plain = slice_find(raw, '\0') == raw.len && slice_find(raw, '\x1b') == raw.len;
        if (wide.len > 2 && plain)
            require(page_is_active(arena, wide, readings) == active);
    }
}
