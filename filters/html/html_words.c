/* SPDX-License-Identifier: ISC */
#include "filters/html/html_words.h"

#include "base/utf8.h"
#include "filters/html/html_reference.h"
#include "filters/html/html_tokens.h"
#include "filters/mime/charset.h"

struct words {
    struct buf *out;
    bool blank, line; /* due before what is shown next */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\n';
}

static void show(struct words *words, struct slice text)
{
    if (buf_len(words->out) && words->line)
        buf_char(words->out, '\n');
    else if (buf_len(words->out) && words->blank)
        buf_char(words->out, ' ');
    words->line = words->blank = false;
    buf_append(words->out, text);
}

static void show_code(struct words *words, uint32_t code)
{
    char coded[8], shown[8];
    struct buf from = buf_over(coded, sizeof coded), to = buf_over(shown, sizeof shown);
    utf8_append(&from, code);
    text_append(&to, buf_slice(&from));
    show(words, buf_slice(&to));
}

/* Answers with how long it is. */
static size_t take_reference(struct words *words, struct slice text)
{
    uint32_t code;
    size_t n = html_reference(text, &code);
    if (n == 0)
        show(words, SLICE("&"));
    else if (code == ' ' || code == '\t' || code == '\n' || code == '\r' || code == 0xa0)
        words->blank = true;
    else
        show_code(words, code);
    return n ? n : 1;
}

static size_t take_run(struct words *words, struct slice text)
{
    size_t n = 0;
    while (n < text.len && !is_space(text.ptr[n]) && text.ptr[n] != '&')
        n++;
    show(words, slice_sub(text, 0, n));
    return n;
}

static void take_text(struct words *words, struct slice text)
{
    while (text.len) {
        size_t n = 1;
        if (is_space(text.ptr[0]))
            words->blank = true;
        else if (text.ptr[0] == '&')
            n = take_reference(words, text);
        else
            n = take_run(words, text);
        text = slice_from(text, n);
    }
}

static bool breaks_line(struct slice tag)
{
    static const char *const names[] = {"br",    "p",          "div", "tr", "li", "ul", "ol",
                                        "table", "h1",         "h2",  "h3", "h4", "h5", "h6",
                                        "hr",    "blockquote", "dt",  "dd", "pre"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_ieq(tag, slice_of(names[i])))
            return true;
    return false;
}

/* Answers whether it holds HTML of its own. */
static bool take_token(struct words *words, const struct html_token *token)
{
    if (token->kind == HTML_TEXT)
        take_text(words, token->value);
    if (token->kind == HTML_TAG || token->kind == HTML_CLOSING) {
        words->line |= breaks_line(token->name);
        words->blank |= slice_ieq(token->name, SLICE("td")) || slice_ieq(token->name, SLICE("th"));
    }
    return token->kind == HTML_CDATA ||
           (token->kind == HTML_RAW && !slice_ieq(token->name, SLICE("style")) &&
            !slice_ieq(token->name, SLICE("script")));
}

static void take_within(struct words *words, struct slice html)
{
    struct html_tokens tokens = html_tokens_of(html, HTML_FLAT);
    struct html_token token;
    while (html_next(&tokens, &token))
        take_token(words, &token);
}

void html_words(struct buf *out, struct slice html)
{
    struct words words = {.out = out};
    struct html_tokens tokens = html_tokens_of(html, HTML_PAGE);
    struct html_token token;
    while (html_next(&tokens, &token))
        if (take_token(&words, &token))
            take_within(&words, token.value);
}
