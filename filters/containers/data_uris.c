/* SPDX-License-Identifier: ISC */
#include "filters/containers/data_uris.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "filters/containers/data_uri.h"
#include "filters/cpu_budget.h"
#include "filters/html/html_reference.h"
#include "filters/mime/transfer.h"

#include <string.h>

enum { ELEMENT_MAX = 1024, SLACK = 16, OCTETS = 256 };

bool data_uris_open(struct arena *arena, struct slice text, struct data_uris *out)
{
    out->text = text;
    out->at = 0;
    out->room = arena_alloc(arena, text.len + SLACK);
    return out->room != NULL;
}

/* What stands at `at` with its references resolved; answers with its length. */
static size_t code_at(struct slice text, size_t at, uint32_t *code)
{
    size_t n = text.ptr[at] == '&' ? html_reference(slice_from(text, at), code) : 0;
    if (n == 0)
        *code = (unsigned char)text.ptr[at];
    return n ? n : 1;
}

/* Those that URIs are read without (WHATWG URL, 4.4). */
static bool is_dropped(uint32_t code)
{
    return code == '\t' || code == '\r' || code == '\n';
}

/* Behind the scheme, when it stands at `at`; else 0. */
static size_t scheme_end(struct slice text, size_t at)
{
    struct slice scheme = SLICE("data:");
    for (size_t i = 0; i < scheme.len && at < text.len;) {
        uint32_t code;
        size_t n = code_at(text, at, &code);
        bool fits = code < 0x80 && ascii_lower((char)code) == scheme.ptr[i];
        if (!fits && (i == 0 || !is_dropped(code)))
            return 0;
        at += n;
        i += fits;
        if (i == scheme.len)
            return at;
    }
    return 0;
}

static bool is_word(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '_' || c == '-';
}

/* Few letters d are of a scheme. */
static bool may_begin(struct slice text, size_t at)
{
    char next = at + 1 < text.len ? text.ptr[at + 1] : ' ';
    return text.ptr[at] == '&' || next == 'a' || next == 'A' || next == '&' ||
           is_dropped((unsigned char)next);
}

/* Behind the next scheme, which is at *at; 0: there is none. */
static size_t next_scheme(struct slice text, size_t *at)
{
    static const bool first[OCTETS] = {['d'] = true, ['D'] = true, ['&'] = true};
    for (size_t i = *at; i < text.len; i++) {
        if (!first[(unsigned char)text.ptr[i]] || !may_begin(text, i))
            continue;
        size_t behind = scheme_end(text, i);
        if (behind && (i == 0 || !is_word(text.ptr[i - 1]))) {
            *at = i;
            return behind;
        }
    }
    *at = text.len;
    return 0;
}

/* The quote that the URI stands in, or a blank. */
static char quote_before(struct slice text, size_t at)
{
    for (size_t back = 1; back <= at && back <= SLACK; back++) {
        char c = text.ptr[at - back];
        if (c == '"' || c == '\'' || c == '`')
            return c;
        if (c != ' ' && !is_dropped((unsigned char)c))
            break;
    }
    return ' ';
}

static bool ends(char c, char quote)
{
    static const char marks[] = " \t\r\n\f\"'`<>";
    return quote == ' ' ? memchr(marks, c, sizeof marks) != NULL : c == quote;
}

/* Up to the comma, decoded; answers with where the payload begins, 0 when there is none. */
static size_t read_head(struct data_uris *uris, size_t at, char quote, struct data_uri *uri)
{
    struct slice text = uris->text;
    for (size_t n = 0; at < text.len && n < DATA_HEAD_MAX;) {
        uint32_t code;
        if (quote != ' ' && text.ptr[at] == quote)
            return 0;
        at += code_at(text, at, &code);
        if (code == ':' || code == '<' || code == '>' || code == '(' || code == '{')
            return 0;
        if (is_dropped(code))
            continue;
        uris->head[n++] = code < 0x80 ? (char)code : '?';
        if (code == ',')
            return data_uri_parse((struct slice){uris->head, n}, uri) ? at : 0;
    }
    return 0;
}

/* A quote that never comes ends nothing. */
static char certain_quote(struct slice text, size_t at, char quote)
{
    return quote != ' ' && slice_find(slice_from(text, at), quote) == text.len - at ? ' ' : quote;
}

static bool is_payload(const struct data_uri *uri, uint32_t code)
{
    return !uri->base64 || is_dropped(code) || code == ' ' || code == '=' || code == '%' ||
           code == '\\' || (code < 0x80 && base64_letter((char)code));
}

/* Up to its end, with its references resolved; answers with where that is. */
static size_t read_payload(struct data_uris *uris, size_t at, char quote, struct data_uri *uri)
{
    struct slice text = uris->text;
    struct buf room = buf_over(uris->room, text.len + SLACK);
    quote = certain_quote(text, at, quote);
    while (at < text.len && !ends(text.ptr[at], quote)) {
        uint32_t code;
        size_t n = code_at(text, at, &code);
        if (!is_payload(uri, code))
            break;
        if (n > 1 && code >= 0x80)
            utf8_append(&room, code);
        else if (!is_dropped(code) && !(uri->base64 && code == '\\'))
            buf_char(&room, (char)code);
        at += n;
    }
    uri->payload = buf_slice(&room);
    return at;
}

bool data_uris_next(struct data_uris *uris, struct data_file *out)
{
    struct data_uri uri;
    size_t began = uris->at, behind;
    while ((behind = next_scheme(uris->text, &uris->at)) > 0) {
        size_t from = uris->at;
        char quote = quote_before(uris->text, from);
        size_t payload = read_head(uris, behind, quote, &uri);
        uris->at = from + 1;
        if (cpu_budget_spent(uris->at - began))
            return false;
        began = uris->at;
        if (payload == 0)
            continue;
        uris->at = read_payload(uris, payload, quote, &uri);
        *out = (struct data_file){.type = uri.type, .from = from, .to = uris->at};
        out->content = (struct slice){uris->room, data_uri_decode(&uri, uris->room)};
        return !cpu_budget_spent(uris->at - began);
    }
    return false;
}

/* ---- names */

/* What is called so in an element, without its quotes. */
static struct slice attribute(struct slice element, struct slice name)
{
    for (size_t at = 0; at + name.len < element.len; at++) {
        struct slice rest = slice_from(element, at);
        if (ascii_lower(rest.ptr[0]) != name.ptr[0] || !slice_istarts(rest, name))
            continue;
        rest = slice_trim(slice_from(rest, name.len));
        if (!slice_starts(rest, SLICE("=")))
            continue;
        rest = slice_trim(slice_from(rest, 1));
        char quote = rest.len ? rest.ptr[0] : ' ';
        if (quote == '"' || quote == '\'')
            return slice_sub(rest, 1, 1 + slice_find(slice_from(rest, 1), quote));
        size_t end = 0;
        while (end < rest.len && !ends(rest.ptr[end], ' '))
            end++;
        return slice_sub(rest, 0, end);
    }
    return (struct slice){"", 0};
}

struct slice data_uris_name(const struct data_uris *uris, const struct data_file *file,
                            char name[DATA_NAME_MAX])
{
    struct slice before = slice_sub(uris->text, 0, file->from);
    if (before.len > ELEMENT_MAX)
        before = slice_from(before, before.len - ELEMENT_MAX);
    struct slice behind = slice_sub(uris->text, file->to, file->to + ELEMENT_MAX);
    size_t begin = slice_rfind(before, '<');
    struct slice value = attribute(slice_from(before, begin), SLICE("download"));
    if (value.len == 0 && begin < before.len)
        value = attribute(slice_sub(behind, 0, slice_find(behind, '>')), SLICE("download"));
    struct buf out = buf_over(name, DATA_NAME_MAX);
    for (size_t at = 0; at < value.len && !out.failed;) {
        uint32_t code;
        size_t n = code_at(value, at, &code);
        if (n > 1)
            utf8_append(&out, code);
        else
            buf_char(&out, value.ptr[at]);
        at += n;
    }
    return buf_slice(&out);
}
