/* SPDX-License-Identifier: ISC */
#include "filters/sender/auth_results.h"

#include <string.h>

enum { COLUMNS = 78, VALUE_MAX = 384, WORD_MAX = 2 * VALUE_MAX + 128 };

/* ---- folding ---- */

struct line_folder {
    struct buf *out;
    size_t column;
};

static void fold(struct line_folder *f)
{
    buf_cstr(f->out, "\r\n\t");
    f->column = 8;
}

/* A word after a blank, or on a line of its own when this one is full. */
static void put_word(struct line_folder *f, struct slice word)
{
    if (f->column + 1 + word.len >= COLUMNS && f->column > 8) {
        fold(f);
    } else if (f->column > 8) {
        buf_char(f->out, ' ');
        f->column++;
    }
    buf_append(f->out, word);
    f->column += word.len;
}

/* ---- values ---- */

static bool plain(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || (c && strchr("-._+", c));
}

static bool is_plain(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!plain(s.ptr[i]))
            return false;
    return s.len > 0;
}

/* Without what a careless reader could take for the end of the value, even in quotes. */
static char harmless(char c)
{
    return c > ' ' && c <= '~' && !strchr(";\"\\()<>", c) ? c : '?';
}

static char of_domain(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || (c && strchr("-._", c)) ? c : '?';
}

static void put_quoted(struct buf *out, struct slice text)
{
    buf_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '"' || c == '\\')
            buf_char(out, '\\');
        buf_char(out, c >= ' ' && c <= '~' ? c : '?');
    }
    buf_char(out, '"');
}

static void put_text(struct buf *out, struct slice text)
{
    if (is_plain(text))
        buf_append(out, text);
    else
        put_quoted(out, text);
}

/* A value that is too long says nothing rather than half of itself. */
static struct slice clean_value(const struct auth_property *property, char copy[VALUE_MAX])
{
    struct slice value = property->value;
    if (value.len > VALUE_MAX)
        return SLICE("?");
    size_t domain = value.len;
    if (property->kind == AUTH_DOMAIN)
        domain = 0;
    else if (property->kind == AUTH_ADDRESS)
        domain = slice_rfind(value, '@') < value.len ? slice_rfind(value, '@') + 1 : 0;
    for (size_t i = 0; i < value.len; i++)
        copy[i] = i < domain ? harmless(value.ptr[i]) : of_domain(value.ptr[i]);
    return (struct slice){copy, value.len};
}

/* An address whose both sides are plain stands bare (RFC 8601 2.2, pvalue). */
static void put_value(struct buf *out, const struct auth_property *property)
{
    char copy[VALUE_MAX];
    struct slice value = clean_value(property, copy), local, domain;
    bool address = property->kind == AUTH_ADDRESS && slice_cut(value, '@', &local, &domain) &&
                   (local.len == 0 || is_plain(local)) && is_plain(domain);
    if (address)
        buf_append(out, value);
    else
        put_text(out, value);
}

static void put_property(struct line_folder *f, const struct auth_property *property,
                         bool semicolon)
{
    struct buf word = buf_init(WORD_MAX);
    buf_cstr(&word, property->name);
    buf_char(&word, '=');
    put_value(&word, property);
    if (semicolon)
        buf_char(&word, ';');
    put_word(f, buf_slice(&word));
    if (word.failed)
        f->out->failed = true;
    buf_release(&word);
}

/* ---- fields ---- */

static struct slice name_of_us(struct slice id)
{
    return id.len && id.len <= VALUE_MAX ? id : SLICE("?");
}

static size_t last_of(const struct auth_property *properties, size_t count)
{
    while (count && properties[count - 1].value.len == 0)
        count--;
    return count;
}

static void put_method(struct line_folder *f, const struct auth_method *method, bool more)
{
    size_t count = last_of(method->properties, method->property_count);
    struct buf word = buf_init(WORD_MAX);
    buf_printf(&word, "%s=%s", method->method, method->result);
    if (method->reason) {
        buf_cstr(&word, " reason=");
        put_quoted(&word, slice_of(method->reason));
    }
    if (more && count == 0)
        buf_char(&word, ';');
    fold(f);
    put_word(f, buf_slice(&word));
    if (word.failed)
        f->out->failed = true;
    buf_release(&word);
    for (size_t i = 0; i < count; i++)
        if (method->properties[i].value.len)
            put_property(f, &method->properties[i], more && i + 1 == count);
}

bool auth_results_render(struct buf *out, struct slice id, const struct auth_method *methods,
                         size_t count)
{
    struct line_folder f = {.out = out, .column = COLUMNS};
    buf_cstr(out, "Authentication-Results: ");
    put_text(out, name_of_us(id));
    buf_cstr(out, count ? ";" : "; none");
    for (size_t i = 0; i < count; i++)
        put_method(&f, &methods[i], i + 1 < count);
    buf_cstr(out, "\r\n");
    return !out->failed;
}

bool received_spf_render(struct buf *out, struct slice id, const char *result,
                         const struct auth_property *properties, size_t count)
{
    struct line_folder f = {.out = out};
    struct auth_property receiver = {"receiver", name_of_us(id), AUTH_DOMAIN};
    size_t before = buf_len(out);
    count = last_of(properties, count);
    buf_cstr(out, "Received-SPF: ");
    buf_cstr(out, result);
    f.column = buf_len(out) - before;
    put_property(&f, &receiver, count > 0);
    for (size_t i = 0; i < count; i++)
        if (properties[i].value.len)
            put_property(&f, &properties[i], i + 1 < count);
    buf_cstr(out, "\r\n");
    return !out->failed;
}
