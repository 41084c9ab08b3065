/* SPDX-License-Identifier: ISC */
#include "filters/html/html_words.h"

#include "filters/html/html_reference.h"
#include "filters/mime/charset.h"

/* ---- what there is to tell ---- */

struct reading {
    const struct html_listener *listener;
    struct buf room;
};

static void tell_text(struct reading *reading, struct slice text)
{
    const struct html_listener *listener = reading->listener;
    listener->text(listener->ctx, html_decode(text, &reading->room));
}

/* What some programs take for HTML and others for text. */
static void tell_within(struct reading *reading, struct slice html)
{
    struct html_tokens tokens = html_tokens_of(html, HTML_FLAT);
    struct html_token token;
    while (html_next(&tokens, &token))
        if (token.kind == HTML_TEXT)
            tell_text(reading, token.value);
}

static bool is_told(const struct html_page *page, const struct html_token *token,
                    const struct html_listener *listener)
{
    if (token->kind == HTML_RAW && listener->all)
        return !slice_ieq(token->name, SLICE("style")) && !slice_ieq(token->name, SLICE("script"));
    return listener->all || !page->hidden;
}

static void tell(struct reading *reading, const struct html_page *page,
                 const struct html_token *token)
{
    const struct html_listener *listener = reading->listener;
    if (page->gap != HTML_NO_GAP)
        listener->gap(listener->ctx, page->gap);
    if (!is_told(page, token, listener))
        return;
    if (token->kind == HTML_TEXT)
        tell_text(reading, token->value);
    else if (token->kind == HTML_RAW || token->kind == HTML_CDATA)
        tell_within(reading, token->value);
}

bool html_listen(struct slice html, const struct html_listener *listener)
{
    struct html_page page;
    struct html_token token;
    struct reading reading = {.listener = listener, .room = buf_init(2 * html.len + 1)};
    html_page_open(&page, html);
    while (html_page_next(&page, &token))
        tell(&reading, &page, &token);
    html_page_close(&page);
    bool enough = !reading.room.failed;
    buf_release(&reading.room);
    return enough;
}

/* ---- lines of words ---- */

struct words {
    struct buf *out;
    bool blank, line; /* due before what is shown next */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static void show(struct words *words, struct slice text)
{
    if (buf_len(words->out) && words->line)
        buf_char(words->out, '\n');
    else if (buf_len(words->out) && words->blank)
        buf_char(words->out, ' ');
    words->line = words->blank = false;
    text_append(words->out, text);
}

static void show_text(void *ctx, struct slice text)
{
    static const struct slice hard_blank = SLICE("\xc2\xa0");
    struct words *words = ctx;
    while (text.len > 0) {
        size_t n = 0;
        bool blank = is_space(text.ptr[0]) || slice_starts(text, hard_blank);
        if (blank)
            n = is_space(text.ptr[0]) ? 1 : hard_blank.len;
        while (!blank && n < text.len && !is_space(text.ptr[n]) &&
               (text.ptr[n] != hard_blank.ptr[0] || !slice_starts(slice_from(text, n), hard_blank)))
            n++;
        if (blank)
            words->blank = true;
        else
            show(words, slice_sub(text, 0, n));
        text = slice_from(text, n);
    }
}

static void show_gap(void *ctx, enum html_gap gap)
{
    struct words *words = ctx;
    words->line |= gap >= HTML_LINE;
    words->blank = true;
}

void html_words(struct buf *out, struct slice html)
{
    struct words words = {.out = out};
    const struct html_listener listener = {
        .ctx = &words, .text = show_text, .gap = show_gap, .all = true};
    if (!html_listen(html, &listener))
        out->failed = true;
}
