/* SPDX-License-Identifier: ISC */
#include "proxy/state/sender_fold.h"

#include <string.h>

enum { NUMBER_MIN = 4 };

/* Ways to sign a sender: fields between '=' after the prefix, of which `signature` vary. */
static const struct scheme {
    struct slice prefix;
    unsigned fields;    /* that belong to the scheme; what follows is a local part */
    unsigned signature; /* bit for each of them */
    bool forwarded;     /* what follows is another address, as domain=local */
} schemes[] = {
    {{"srs0=", 5}, 2, 0x03, true},     {{"srs0+", 5}, 2, 0x03, true},
    {{"srs0-", 5}, 2, 0x03, true},     {{"srs1=", 5}, 5, 0x19, true},
    {{"srs1+", 5}, 5, 0x19, true},     {{"srs1-", 5}, 5, 0x19, true},
    {{"prvs=", 5}, 1, 0x01, false},    {{"btv1=", 5}, 3, 0x02, false},
    {{"msprvs1=", 8}, 1, 0x01, false},
};

static void append_lower(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        buf_char(out, ascii_lower(s.ptr[i]));
}

static bool alphanumeric(char c)
{
    return ascii_alpha(c) || ascii_digit(c);
}

static size_t run(struct slice s, bool (*in)(char c))
{
    size_t n = 0;
    while (n < s.len && in(s.ptr[n]))
        n++;
    return n;
}

static bool is_hex(char c)
{
    return hex_digit(c) >= 0;
}

/* Hexadecimal letters alone (feed, face) are a word, except behind a number: 12ab-cafe. */
static bool is_number(struct slice token, bool after_number)
{
    bool digit = after_number;
    for (size_t i = 0; i < token.len; i++)
        digit |= ascii_digit(token.ptr[i]);
    return digit && token.len >= NUMBER_MIN && run(token, is_hex) == token.len;
}

static void append_token(struct buf *out, struct slice token)
{
    for (size_t i = 0; i < token.len;) {
        size_t digits = run(slice_from(token, i), ascii_digit);
        size_t n = digits ? digits : 1;
        if (digits >= NUMBER_MIN)
            buf_char(out, '#');
        else
            append_lower(out, slice_sub(token, i, i + n));
        i += n;
    }
}

static void append_numbers_folded(struct buf *out, struct slice s)
{
    bool number = false;
    for (size_t i = 0; i < s.len;) {
        struct slice token = slice_sub(s, i, i + run(slice_from(s, i), alphanumeric));
        if (token.len == 0) {
            buf_char(out, s.ptr[i++]);
            continue;
        }
        number = is_number(token, number);
        if (number)
            buf_char(out, '#');
        else
            append_token(out, token);
        i += token.len;
    }
}

/* A domain behind '=': user=example.org. */
static bool holds_recipient(struct slice local)
{
    size_t equals = slice_rfind(local, '=');
    struct slice domain = slice_from(local, equals + 1);
    return equals < local.len && slice_find(domain, '.') < domain.len;
}

static size_t first_separator(struct slice local)
{
    size_t minus = slice_find(local, '-'), plus = slice_find(local, '+');
    return minus < plus ? minus : plus;
}

static void append_local(struct buf *out, struct slice local)
{
    bool recipient = holds_recipient(local);
    size_t cut = recipient ? first_separator(local) : slice_find(local, '+');
    append_numbers_folded(out, slice_sub(local, 0, recipient && cut == local.len ? 0 : cut + 1));
    if (recipient || cut < local.len)
        buf_char(out, '#');
}

/* Takes the fields of the scheme off `s`, which begins behind the prefix. */
static struct slice append_fields(struct buf *out, const struct scheme *scheme, struct slice s)
{
    struct slice rest = s;
    for (unsigned i = 0; i < scheme->fields; i++) {
        struct slice field;
        if (!slice_cut(rest, '=', &field, &rest))
            return field;
        if (scheme->signature & 1u << i)
            buf_char(out, '#');
        else
            append_lower(out, field);
        buf_char(out, '=');
    }
    return rest;
}

static const struct scheme *scheme_of(struct slice local)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (slice_istarts(local, schemes[i].prefix))
            return &schemes[i];
    return NULL;
}

bool sender_fold(struct buf *out, struct slice sender)
{
    if (sender.len > SENDER_FOLD_MAX) {
        append_lower(out, sender);
        return !out->failed;
    }
    size_t at = slice_rfind(sender, '@');
    struct slice local = slice_sub(sender, 0, at);
    const struct scheme *scheme = scheme_of(local);
    if (scheme) {
        append_lower(out, scheme->prefix);
        local = append_fields(out, scheme, slice_from(local, scheme->prefix.len));
    }
    if (scheme && scheme->forwarded)
        append_numbers_folded(out, local);
    else
        append_local(out, local);
    append_lower(out, slice_from(sender, at));
    return !out->failed;
}
