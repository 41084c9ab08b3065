/* SPDX-License-Identifier: ISC */
#include "filters/scanner/av_text.h"

#include "filters/mime/headers.h"

#include <stdlib.h>
#include <string.h>

/* libclamav cuts lines at 1000 octets. */
enum { LINE_OCTETS_MAX = 900 };

/* ---- the header ---- */

static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_alpha(name.ptr[i]) && !ascii_digit(name.ptr[i]) && name.ptr[i] != '-' &&
            name.ptr[i] != '_')
            return false;
    return name.len > 0;
}

/* No comments, escapes, encoded words and controls, and as many quotes as are needed. */
static bool is_plain_value(struct slice value)
{
    size_t quotes = 0;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') || c > '~' || strchr("()\\?", c))
            return false;
        quotes += c == '"';
    }
    value = slice_trim(value);
    return quotes % 2 == 0 && value.len && value.ptr[value.len - 1] != ';';
}

static bool is_one_of(struct slice word, const struct slice *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_ieq(word, words[i]))
            return true;
    return false;
}

static bool is_plain_type(struct slice value)
{
    struct slice type, rest;
    slice_cut(value, ';', &type, &rest);
    return slice_ieq(slice_trim(type), SLICE("text/plain"));
}

static bool is_known_encoding(struct slice value)
{
    static const struct slice words[] = {SLICE("7bit"), SLICE("8bit"), SLICE("binary"),
                                         SLICE("base64")};
    return is_one_of(slice_trim(value), words, sizeof words / sizeof *words);
}

static bool is_inline(struct slice value)
{
    return slice_ieq(slice_trim(value), SLICE("inline"));
}

static bool is_anything(struct slice value)
{
    (void)value;
    return true;
}

/* What is said of the content, each at most once. */
static bool is_sound_content_field(const struct header *field, unsigned *seen)
{
    static const struct {
        struct slice name;
        bool (*holds)(struct slice value);
    } known[] = {
        {SLICE("Content-Type"), is_plain_type},
        {SLICE("Content-Transfer-Encoding"), is_known_encoding},
        {SLICE("Content-Disposition"), is_inline},
        {SLICE("Content-Language"), is_anything},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!slice_ieq(field->name, known[i].name))
            continue;
        bool again = *seen & 1u << i;
        *seen |= 1u << i;
        return !again && is_plain_value(field->value) && known[i].holds(field->value);
    }
    return false;
}

static bool is_sound_header(struct slice block)
{
    struct header field;
    unsigned seen = 0;
    while (headers_next(&block, &field)) {
        if (!field.has_colon || field.odd_name || !is_name(field.name))
            return false;
        if (slice_istarts(field.name, SLICE("Content")) && !is_sound_content_field(&field, &seen))
            return false;
    }
    return true;
}

/* ---- the lines ---- */

/* Case does not matter, for all that it does to the parser. */
static bool begins_something(struct slice line)
{
    static const struct slice beginnings[] = {
        SLICE("begin"), SLICE("=y"),       SLICE("(This"),      SLICE("From "), SLICE(">From "),
        SLICE("MIME-"), SLICE("Received"), SLICE("Message-ID"), SLICE("Date:"), SLICE("Content-"),
    };
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (slice_istarts(line, beginnings[i]))
            return true;
    return false;
}

static bool are_short_lines(struct slice text)
{
    struct line line;
    for (size_t at = 0; line_at(text, at, &line); at = line.next)
        if (line.text.len > LINE_OCTETS_MAX)
            return false;
    return true;
}

static bool begins_nothing(struct slice text)
{
    struct line line;
    for (size_t at = 0; line_at(text, at, &line); at = line.next)
        if (begins_something(line.text))
            return false;
    return true;
}

static bool holds_binhex(struct slice text)
{
    for (size_t at = 0; at < text.len; at++) {
        at += slice_find(slice_from(text, at), 'H');
        if (at >= 3 && at < text.len && slice_istarts(slice_from(text, at - 3), SLICE("BinHex")))
            return true;
    }
    return false;
}

static bool ends_line(struct slice text)
{
    return text.len >= 2 && text.ptr[text.len - 2] == '\r' && text.ptr[text.len - 1] == '\n';
}

/* Empty lines at the end are kept as they are, blanks in the last of the others are not. */
static bool has_words_at_its_end(struct slice text)
{
    while (ends_line(text))
        text.len -= 2;
    size_t end = slice_rfind(text, '\n');
    return slice_trim(end < text.len ? slice_from(text, end + 1) : text).len > 0;
}

static bool is_sound_body(struct slice body)
{
    struct line first;
    return ends_line(body) && has_words_at_its_end(body) && line_at(body, 0, &first) &&
           slice_trim(first.text).len && are_short_lines(body) && begins_nothing(body) &&
           !holds_binhex(body);
}

/* ---- all of it ---- */

static bool is_sound_form(const struct mime_message *message)
{
    static const enum malformation allowed[] = {
        MALFORMATION_NO_MIME_VERSION, MALFORMATION_EIGHT_BIT_UNDECLARED,
        MALFORMATION_EIGHT_BIT_HEADER, MALFORMATION_CHARSET_MISSING};
    static const struct malformations none;
    struct malformations found = message->malformations;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        malformations_remove(&found, allowed[i]);
    return memcmp(&found, &none, sizeof found) == 0;
}

static bool is_one_text(const struct mime_message *message)
{
    const struct mime_part *only = &message->parts[0];
    return message->n == 1 && only->kind == MIME_LEAF && only->in_message &&
           only->header.from == 0 && !only->attachment && only->n_names == 0 &&
           slice_eq(only->type, SLICE("text/plain")) &&
           (only->encoding == MIME_IDENTITY || only->encoding == MIME_BASE64);
}

bool av_text_is_sound(const struct mime_message *message)
{
    const struct mime_part *only = &message->parts[0];
    return is_one_text(message) && is_sound_form(message) && is_sound_header(only->headers) &&
           are_short_lines(only->headers) && is_sound_body(only->content) &&
           (only->encoding == MIME_BASE64 || av_text_is_words(only->content));
}

/* What is behind a '<'. The parser leaves out blanks there. */
static bool is_tag(struct slice after)
{
    size_t at = 0;
    while (after.len && (unsigned char)after.ptr[0] <= ' ')
        after = slice_from(after, 1);
    if (after.len == 0)
        return false;
    if (after.ptr[0] == '/' || after.ptr[0] == '!' || after.ptr[0] == '?')
        return true;
    while (at < after.len && (ascii_alpha(after.ptr[at]) || ascii_digit(after.ptr[at])))
        at++;
    return at == after.len || (unsigned char)after.ptr[at] <= ' ' || after.ptr[at] == '/' ||
           after.ptr[at] == '>';
}

bool av_text_is_words(struct slice text)
{
    for (size_t at = slice_find(text, '<'); at < text.len;
         at += slice_find(slice_from(text, at), '<')) {
        at++;
        if (is_tag(slice_from(text, at)))
            return false;
    }
    return true;
}

struct slice av_text_with_lf(struct slice text)
{
    char *out = malloc(text.len + 1);
    size_t n = 0;
    struct line line;
    if (!out)
        return (struct slice){NULL, 0};
    for (size_t at = 0; at < text.len; at = line.next) {
        line_at(text, at, &line);
        memcpy(out + n, line.text.ptr, line.text.len);
        n += line.text.len;
        out[n++] = '\n';
    }
    return (struct slice){out, n};
}
