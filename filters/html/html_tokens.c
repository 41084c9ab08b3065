/* SPDX-License-Identifier: ISC */
#include "filters/html/html_tokens.h"

static char peek(const struct html_tokens *t, size_t ahead)
{
    return t->at + ahead < t->text.len ? t->text.ptr[t->at + ahead] : '\0';
}

static bool more(const struct html_tokens *t)
{
    return t->at < t->text.len;
}

static struct slice rest(const struct html_tokens *t)
{
    return slice_from(t->text, t->at);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool at_name_end(const struct html_tokens *t)
{
    return !more(t) || is_space(peek(t, 0)) || peek(t, 0) == '/' || peek(t, 0) == '>';
}

static void skip_spaces(struct html_tokens *t)
{
    while (more(t) && is_space(peek(t, 0)))
        t->at++;
}

/* What stands before `end`, which is passed. Without one, all. */
static struct slice take_until(struct html_tokens *t, struct slice end)
{
    struct slice left = rest(t);
    size_t at = slice_search(left, end);
    t->open_end = t->open_end || at == left.len;
    t->at += at < left.len ? at + end.len : left.len;
    return slice_sub(left, 0, at);
}

static struct slice take_name(struct html_tokens *t)
{
    size_t from = t->at;
    while (!at_name_end(t))
        t->at++;
    return slice_sub(t->text, from, t->at);
}

/* ---- tags */

static struct slice take_value(struct html_tokens *t)
{
    char quote = peek(t, 0);
    size_t from = t->at;
    if (quote == '"' || quote == '\'') {
        t->at++;
        return take_until(t, quote == '"' ? SLICE("\"") : SLICE("'"));
    }
    while (more(t) && !is_space(peek(t, 0)) && peek(t, 0) != '>')
        t->at++;
    return slice_sub(t->text, from, t->at);
}

static void take_attribute(struct html_tokens *t, struct html_token *out)
{
    size_t from = t->at++; /* a name may begin with '=' */
    while (!at_name_end(t) && peek(t, 0) != '=')
        t->at++;
    out->kind = HTML_ATTRIBUTE;
    out->name = slice_sub(t->text, from, t->at);
    out->value = (struct slice){"", 0};
    size_t end = t->at;
    skip_spaces(t);
    if (peek(t, 0) != '=') {
        t->at = end;
        return;
    }
    t->at++;
    skip_spaces(t);
    out->value = take_value(t);
}

static bool holds_text(const struct html_tokens *t)
{
    static const struct slice names[] = {SLICE("script"),  SLICE("style"),    SLICE("title"),
                                         SLICE("iframe"),  SLICE("textarea"), SLICE("xmp"),
                                         SLICE("noembed"), SLICE("noframes"), SLICE("noscript")};
    for (size_t i = 0; t->syntax == HTML_PAGE && i < sizeof names / sizeof *names; i++)
        if (slice_ieq(t->element, names[i]))
            return true;
    return false;
}

/* An attribute, or the end of the tag. */
static void take_in_tag(struct html_tokens *t, struct html_token *out)
{
    while (more(t) && (is_space(peek(t, 0)) || peek(t, 0) == '/'))
        t->at++;
    if (more(t) && peek(t, 0) != '>') {
        take_attribute(t, out);
        return;
    }
    t->open_end = t->open_end || !more(t);
    t->at += more(t);
    t->in_tag = false;
    t->raw_due = holds_text(t);
    *out = (struct html_token){.kind = HTML_TAG_END, .name = t->element};
}

static void take_closing(struct html_tokens *t, struct html_token *out)
{
    struct html_token ignored;
    t->at += 2;
    *out = (struct html_token){.kind = HTML_CLOSING, .name = take_name(t)};
    t->element = (struct slice){"", 0};
    for (t->in_tag = true; t->in_tag;)
        take_in_tag(t, &ignored);
}

static bool ends_raw(const struct html_tokens *t, size_t at)
{
    struct slice tag = slice_from(t->text, at + 2);
    if (!slice_istarts(tag, t->element))
        return false;
    char after = tag.len > t->element.len ? tag.ptr[t->element.len] : '\0';
    return tag.len == t->element.len || is_space(after) || after == '/' || after == '>';
}

static void take_raw(struct html_tokens *t, struct html_token *out)
{
    size_t from = t->at;
    t->raw_due = false;
    while (more(t)) {
        size_t found = slice_search(rest(t), SLICE("</"));
        t->at += found;
        if (!more(t) || ends_raw(t, t->at))
            break;
        t->at += 2;
    }
    *out = (struct html_token){
        .kind = HTML_RAW, .name = t->element, .value = slice_sub(t->text, from, t->at)};
}

/* ---- what else begins with '<' */

/* "-->" and "--!>" end a comment, and "<!-->" and "<!--->" are whole. */
static struct slice take_comment(struct html_tokens *t)
{
    size_t from = t->at + 4;
    for (t->at += 2; more(t); t->at++) {
        t->at += slice_find(rest(t), '-');
        bool ends = slice_starts(rest(t), SLICE("-->"));
        if (!ends && !slice_starts(rest(t), SLICE("--!>")))
            continue;
        struct slice comment = slice_sub(t->text, from, t->at > from ? t->at : from);
        t->at += ends ? 3 : 4;
        return comment;
    }
    t->at = t->text.len;
    t->open_end = true;
    return slice_from(t->text, from);
}

/* The end of a declaration of XML that may have others within, and '>' in quotes. */
static struct slice take_nested(struct html_tokens *t)
{
    size_t from = t->at, depth = 0;
    while (more(t)) {
        char c = peek(t, 0);
        if (slice_starts(rest(t), SLICE("<!--"))) {
            take_comment(t);
            continue;
        }
        if (slice_starts(rest(t), SLICE("<?"))) {
            take_until(t, SLICE("?>"));
            continue;
        }
        t->at++;
        if (c == '"' || c == '\'')
            take_until(t, c == '"' ? SLICE("\"") : SLICE("'"));
        else if (c == '<')
            depth++;
        else if (c == '>' && depth-- == 0)
            return slice_sub(t->text, from, t->at - 1);
    }
    t->open_end = true;
    return slice_from(t->text, from);
}

static struct slice take_declaration(struct html_tokens *t)
{
    t->at++;
    if (t->syntax != HTML_XML)
        return take_until(t, SLICE(">"));
    if (peek(t, 0) == '?')
        return take_until(t, SLICE("?>"));
    return take_nested(t);
}

/* False when no section begins here. */
static bool take_section(struct html_tokens *t, struct html_token *out)
{
    static const struct slice beginning = SLICE("<![CDATA["), end = SLICE("]]>");
    if (t->no_sections || !slice_starts(rest(t), beginning))
        return false;
    struct slice within = slice_from(rest(t), beginning.len);
    size_t len = slice_search(within, end);
    t->no_sections = len == within.len;
    if (t->no_sections)
        return false;
    t->at += beginning.len + len + end.len;
    *out = (struct html_token){.kind = HTML_CDATA, .value = slice_sub(within, 0, len)};
    return true;
}

static void take_markup(struct html_tokens *t, struct html_token *out)
{
    char next = peek(t, 1);
    if (slice_starts(rest(t), SLICE("<!--"))) {
        *out = (struct html_token){.kind = HTML_COMMENT, .value = take_comment(t)};
    } else if (next == '/' && (ascii_alpha(peek(t, 2)) || t->syntax == HTML_XML)) {
        take_closing(t, out);
    } else if (next == '!' || next == '?' || next == '/') {
        if (!take_section(t, out))
            *out = (struct html_token){.kind = HTML_DECLARATION, .value = take_declaration(t)};
    } else {
        t->at++;
        t->element = take_name(t);
        t->in_tag = true;
        *out = (struct html_token){.kind = HTML_TAG, .name = t->element};
    }
}

static bool begins_markup(const struct html_tokens *t)
{
    char next = peek(t, 1);
    bool names = ascii_alpha(next) || (t->syntax == HTML_XML && (next & 0x80 || next == '_'));
    return peek(t, 0) == '<' && (names || next == '!' || next == '?' || next == '/');
}

static void take_text(struct html_tokens *t, struct html_token *out)
{
    size_t from = t->at++;
    t->at += slice_find(rest(t), '<');
    *out = (struct html_token){.kind = HTML_TEXT, .value = slice_sub(t->text, from, t->at)};
}

struct html_tokens html_tokens_of(struct slice text, enum html_syntax syntax)
{
    return (struct html_tokens){.text = text, .syntax = syntax};
}

bool html_next(struct html_tokens *t, struct html_token *out)
{
    if (t->in_tag) {
        take_in_tag(t, out);
        return true;
    }
    if (t->raw_due) {
        take_raw(t, out);
        return true;
    }
    if (!more(t))
        return false;
    if (begins_markup(t))
        take_markup(t, out);
    else
        take_text(t, out);
    return true;
}
