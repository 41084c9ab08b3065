/* SPDX-License-Identifier: ISC
 * HTML, read only as far as it can point somewhere: text, and the values of attributes, with their
 * character references. What a reader's program may or may not show (conditional comments, styles,
 * scripts) counts as shown. */
#include "base/utf8.h"
#include "filters/links/html_reference.h"
#include "filters/links/links_internal.h"

struct html {
    struct links *links;
    struct slice text;
    size_t at;
    struct buf decoded;
};

/* Itself when there is nothing to decode; else valid until the next call. */
static struct slice decode(struct html *html, struct slice s)
{
    if (slice_find(s, '&') == s.len)
        return s;
    buf_clear(&html->decoded);
    while (s.len > 0) {
        uint32_t code;
        size_t plain = slice_find(s, '&');
        buf_append(&html->decoded, slice_sub(s, 0, plain));
        s = slice_from(s, plain);
        size_t n = s.len > 0 ? html_reference(s, &code) : 0;
        if (n > 0)
            utf8_append(&html->decoded, code);
        else if (s.len > 0)
            buf_char(&html->decoded, '&');
        s = slice_from(s, n > 0 ? n : 1);
    }
    return buf_slice(&html->decoded);
}

static char peek(const struct html *html, size_t ahead)
{
    return html->at + ahead < html->text.len ? html->text.ptr[html->at + ahead] : '\0';
}

static bool more(const struct html *html)
{
    return html->at < html->text.len;
}

static bool at_space(const struct html *html)
{
    char c = peek(html, 0);
    return more(html) && (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f');
}

static void skip_past(struct html *html, char c)
{
    html->at += slice_find(slice_from(html->text, html->at), c) + 1;
}

/* "-->" and "--!>" end a comment, and "<!-->" is one. */
static void skip_comment(struct html *html)
{
    for (html->at += 2; more(html); html->at++) {
        html->at += slice_find(slice_from(html->text, html->at), '-');
        struct slice rest = slice_from(html->text, html->at);
        if (slice_starts(rest, SLICE("-->")) || slice_starts(rest, SLICE("--!>"))) {
            skip_past(html, '>');
            return;
        }
    }
}

static struct slice attribute_value(struct html *html)
{
    char quote = peek(html, 0);
    size_t from = html->at;
    if (quote == '"' || quote == '\'') {
        html->at++;
        skip_past(html, quote);
        return slice_sub(html->text, from + 1, html->at - 1);
    }
    while (more(html) && !at_space(html) && peek(html, 0) != '>')
        html->at++;
    return slice_sub(html->text, from, html->at);
}

static bool holds_reference(struct slice name)
{
    static const char *const names[] = {"href",       "src",    "action", "formaction",
                                        "background", "poster", "data",   "xlink:href",
                                        "lowsrc",     "dynsrc", "cite",   "longdesc"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_ieq(name, slice_of(names[i])))
            return true;
    return false;
}

static void take_attribute(struct html *html)
{
    size_t from = html->at++; /* a name may begin with '=' */
    while (more(html) && !at_space(html) && peek(html, 0) != '/' && peek(html, 0) != '>' &&
           peek(html, 0) != '=')
        html->at++;
    struct slice name = slice_sub(html->text, from, html->at);
    while (at_space(html))
        html->at++;
    if (peek(html, 0) != '=')
        return;
    html->at++;
    while (at_space(html))
        html->at++;
    struct slice value = decode(html, attribute_value(html));
    if (holds_reference(name))
        links_in_reference(html->links, value);
    else if (!slice_istarts(name, SLICE("xmlns"))) /* which names, and points nowhere */
        links_in_text(html->links, value);
}

/* Up to the end tag of an element that holds no tags. */
static void take_raw(struct html *html, struct slice name)
{
    size_t from = html->at;
    for (; more(html); html->at++) {
        html->at += slice_find(slice_from(html->text, html->at), '<');
        if (peek(html, 1) == '/' && slice_istarts(slice_from(html->text, html->at + 2), name))
            break;
    }
    links_in_text(html->links, slice_sub(html->text, from, html->at));
}

static void take_tag(struct html *html)
{
    size_t from = ++html->at;
    while (more(html) && !at_space(html) && peek(html, 0) != '/' && peek(html, 0) != '>')
        html->at++;
    struct slice name = slice_sub(html->text, from, html->at);
    while (more(html) && peek(html, 0) != '>' && !html->links->cut) {
        if (at_space(html) || peek(html, 0) == '/')
            html->at++;
        else
            take_attribute(html);
    }
    html->at++;
    if (slice_ieq(name, SLICE("style")) || slice_ieq(name, SLICE("script")))
        take_raw(html, name);
}

static void take_markup(struct html *html)
{
    struct slice rest = slice_from(html->text, html->at);
    if (slice_istarts(rest, SLICE("<!--[if")))
        html->at += 4;
    else if (slice_starts(rest, SLICE("<!--")))
        skip_comment(html);
    else if (peek(html, 1) == '!' || peek(html, 1) == '?' || peek(html, 1) == '/')
        skip_past(html, '>');
    else if (ascii_alpha(peek(html, 1)))
        take_tag(html);
    else
        html->at++;
}

bool links_in_html(struct links *links, struct slice text)
{
    struct html html = {.links = links, .text = text, .decoded = buf_init(2 * text.len + 1)};
    while (more(&html) && !links->cut) {
        size_t plain = slice_find(slice_from(text, html.at), '<');
        if (plain > 0)
            links_in_text(links, decode(&html, slice_sub(text, html.at, html.at + plain)));
        html.at += plain;
        if (more(&html))
            take_markup(&html);
    }
    bool room = !html.decoded.failed;
    buf_release(&html.decoded);
    return room;
}
