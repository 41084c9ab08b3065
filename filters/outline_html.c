/* SPDX-License-Identifier: ISC
 * The simplest reading of HTML that shows no tag: nothing is laid out, and what a style hides is
 * shown. */
#include "base/utf8.h"
#include "filters/html/html_reference.h"
#include "filters/mime/charset.h"
#include "filters/outline_internal.h"

struct html {
    struct slice left;
    struct buf *out;
    bool blank, line; /* due before what is shown next */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\n';
}

static void show(struct html *html, struct slice text)
{
    if (buf_len(html->out) && html->line)
        buf_char(html->out, '\n');
    else if (buf_len(html->out) && html->blank)
        buf_char(html->out, ' ');
    html->line = html->blank = false;
    buf_append(html->out, text);
}

static void show_code(struct html *html, uint32_t code)
{
    char coded[8], shown[8];
    struct buf from = buf_over(coded, sizeof coded), to = buf_over(shown, sizeof shown);
    utf8_append(&from, code);
    text_append(&to, buf_slice(&from));
    show(html, buf_slice(&to));
}

static void take_reference(struct html *html)
{
    uint32_t code;
    size_t n = html_reference(html->left, &code);
    if (n == 0)
        show(html, SLICE("&"));
    else if (code == ' ' || code == '\t' || code == '\n' || code == '\r' || code == 0xa0)
        html->blank = true;
    else
        show_code(html, code);
    html->left = slice_from(html->left, n ? n : 1);
}

/* All when it does not occur, as browsers do. */
static void skip_past(struct html *html, struct slice what)
{
    size_t at = slice_search(html->left, what);
    html->left = slice_from(html->left, at < html->left.len ? at + what.len : at);
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

/* Past the '>' of a tag; one within a quoted value ends no tag. */
static void skip_attributes(struct html *html)
{
    bool value = false; /* an '=' was the last that is no blank */
    while (html->left.len) {
        char c = html->left.ptr[0];
        html->left = slice_from(html->left, 1);
        if (c == '>')
            return;
        if (value && c == '"')
            skip_past(html, SLICE("\""));
        else if (value && c == '\'')
            skip_past(html, SLICE("'"));
        value = c == '=' || (value && is_space(c));
    }
}

/* Up to the end tag of an element that holds no text. */
static void skip_raw(struct html *html, struct slice name)
{
    while (html->left.len) {
        html->left = slice_from(html->left, slice_find(html->left, '<'));
        if (slice_starts(html->left, SLICE("</")) && slice_istarts(slice_from(html->left, 2), name))
            return;
        html->left = slice_from(html->left, 1);
    }
}

static void take_tag(struct html *html)
{
    struct slice rest = slice_from(html->left, 1);
    bool closes = rest.len && rest.ptr[0] == '/';
    rest = slice_from(rest, closes);
    size_t n = 0;
    while (n < rest.len && (ascii_alpha(rest.ptr[n]) || ascii_digit(rest.ptr[n])))
        n++;
    struct slice name = slice_sub(rest, 0, n);
    html->left = slice_from(rest, n);
    skip_attributes(html);
    html->line |= breaks_line(name);
    html->blank |= slice_ieq(name, SLICE("td")) || slice_ieq(name, SLICE("th"));
    if (!closes && (slice_ieq(name, SLICE("style")) || slice_ieq(name, SLICE("script"))))
        skip_raw(html, name);
}

static void take_markup(struct html *html)
{
    char next = html->left.len > 1 ? html->left.ptr[1] : '\0';
    if (slice_starts(html->left, SLICE("<!--")))
        skip_past(html, SLICE("-->"));
    else if (next == '!' || next == '?')
        skip_past(html, SLICE(">"));
    else if (next == '/' || ascii_alpha(next))
        take_tag(html);
    else {
        show(html, SLICE("<"));
        html->left = slice_from(html->left, 1);
    }
}

static void take_text(struct html *html)
{
    size_t n = 0;
    while (n < html->left.len && !is_space(html->left.ptr[n]) && html->left.ptr[n] != '<' &&
           html->left.ptr[n] != '&')
        n++;
    show(html, slice_sub(html->left, 0, n));
    html->left = slice_from(html->left, n);
}

void outline_strip_tags(struct buf *out, struct slice text)
{
    struct html html = {.left = text, .out = out};
    while (html.left.len) {
        char c = html.left.ptr[0];
        if (is_space(c)) {
            html.blank = true;
            html.left = slice_from(html.left, 1);
        } else if (c == '<')
            take_markup(&html);
        else if (c == '&')
            take_reference(&html);
        else
            take_text(&html);
    }
}
