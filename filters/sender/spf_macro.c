/* SPDX-License-Identifier: ISC
 * Macros of SPF (RFC 7208 section 7). */
#include "filters/sender/spf_internal.h"

#include <string.h>

enum { IP_TEXT_MAX = 64 };

struct macro {
    char letter; /* lower case */
    bool escape; /* was upper case: its value is escaped as in a URL */
    bool reverse;
    size_t parts; /* right-hand ones kept; 0: all */
    struct slice delimiters;
};

static bool is_delimiter(char c)
{
    return c != '\0' && strchr(".-+,/_=", c);
}

/* *at stands behind "%{" and is moved behind "}". */
static bool parse_macro(struct slice text, size_t *at, struct macro *out)
{
    size_t i = *at;
    *out = (struct macro){0};
    if (i >= text.len || !ascii_alpha(text.ptr[i]))
        return false;
    out->letter = ascii_lower(text.ptr[i]);
    out->escape = out->letter != text.ptr[i];
    size_t digits = ++i;
    for (; i < text.len && ascii_digit(text.ptr[i]); i++)
        if (out->parts < SPF_EXPANDED_MAX)
            out->parts = out->parts * 10 + (size_t)(text.ptr[i] - '0');
    if (i > digits && out->parts == 0)
        return false;
    if (i < text.len && ascii_lower(text.ptr[i]) == 'r') {
        out->reverse = true;
        i++;
    }
    size_t from = i;
    while (i < text.len && is_delimiter(text.ptr[i]))
        i++;
    out->delimiters = from == i ? SLICE(".") : slice_sub(text, from, i);
    *at = i + 1;
    return i < text.len && text.ptr[i] == '}' && strchr("slodiphcrtv", out->letter);
}

static bool is_allowed(char letter, enum spf_macro_use use)
{
    return use == SPF_IN_EXPLANATION || (letter != 'c' && letter != 'r' && letter != 't');
}

bool spf_macro_check(struct slice text, enum spf_macro_use use, bool *ends_in_macro)
{
    struct macro macro;
    *ends_in_macro = false;
    for (size_t i = 0; i < text.len;) {
        char c = text.ptr[i++];
        if (c < ' ' || c > '~' || (c == ' ' && use != SPF_IN_EXPLANATION))
            return false;
        *ends_in_macro = c == '%';
        if (c != '%')
            continue;
        char kind = i < text.len ? text.ptr[i++] : '\0';
        if (kind == '{') {
            if (!parse_macro(text, &i, &macro) || !is_allowed(macro.letter, use))
                return false;
        } else if (kind != '%' && kind != '_' && kind != '-') {
            return false;
        }
    }
    return true;
}

bool spf_macro_undefined(const struct spf_evaluation *e, struct slice text)
{
    struct macro macro;
    if (slice_is_ascii(e->local))
        return false;
    for (size_t i = 0; i + 1 < text.len; i++) {
        size_t at = i + 2;
        if (text.ptr[i] != '%')
            continue;
        if (text.ptr[++i] == '{' && parse_macro(text, &at, &macro) &&
            (macro.letter == 's' || macro.letter == 'l'))
            return true;
    }
    return false;
}

/* ---- values of letters */

/* Nibbles with dots between, as in ip6.arpa but not reversed;
 * the dotted quad of IPv4 is that already. */
static struct slice dotted_ip(const struct ip *ip, char out[static IP_TEXT_MAX])
{
    static const char hex[] = "0123456789ABCDEF";
    if (ip->family == 4) {
        ip_text(ip, out);
        return slice_of(out);
    }
    for (size_t i = 0; i < 16; i++) {
        out[4 * i] = hex[ip->bytes[i] >> 4];
        out[4 * i + 1] = '.';
        out[4 * i + 2] = hex[ip->bytes[i] & 15];
        out[4 * i + 3] = '.';
    }
    return (struct slice){out, IP_TEXT_MAX - 1};
}

/* The validated name that is the domain, else one below it, else any, else "unknown". */
static struct slice validated_name(struct spf_evaluation *e, struct slice domain)
{
    struct slice best = SLICE("unknown");
    int rank = 0;
    spf_validate_names(e);
    for (size_t i = 0; i < e->validated_count; i++) {
        struct slice name = e->validated[i];
        int its = slice_ieq(name, domain) ? 3 : spf_is_within(name, domain) ? 2 : 1;
        if (its > rank) {
            rank = its;
            best = name;
        }
    }
    return best;
}

static struct slice printed(struct spf_evaluation *e, struct slice text)
{
    e->abandoned |= !text.ptr;
    return text.ptr ? text : SLICE("");
}

static struct slice value_of(struct spf_evaluation *e, char letter, struct slice domain)
{
    char text[IP_TEXT_MAX];
    switch (letter) {
    case 's':
        return e->sender;
    case 'l':
        return e->local;
    case 'o':
        return e->sender_domain;
    case 'd':
        return domain;
    case 'i':
        return printed(e, arena_copy(e->arena, dotted_ip(&e->client, text)));
    case 'p':
        return validated_name(e, domain);
    case 'v':
        return e->client.family == 4 ? SLICE("in-addr") : SLICE("ip6");
    case 'h':
        return e->helo;
    case 'c':
        ip_text(&e->client, text);
        return printed(e, arena_copy(e->arena, slice_of(text)));
    case 'r':
        return e->input->receiver.len ? e->input->receiver : SLICE("unknown");
    default:
        return printed(e, arena_printf(e->arena, "%lld", (long long)e->input->now));
    }
}

/* ---- transformers: the value is cut at delimiters, and its parts are joined with dots */

static void put(struct buf *out, char c, bool escape)
{
    static const char hex[] = "0123456789ABCDEF";
    unsigned char octet = (unsigned char)c;
    if (!escape || ascii_alpha(c) || ascii_digit(c) || (c && strchr("-._~", c))) {
        buf_char(out, c);
        return;
    }
    buf_char(out, '%');
    buf_char(out, hex[octet >> 4]);
    buf_char(out, hex[octet & 15]);
}

static bool splits(const struct macro *macro, char c)
{
    return slice_find(macro->delimiters, c) < macro->delimiters.len;
}

static void put_forward(struct buf *out, const struct macro *macro, struct slice value)
{
    size_t from = value.len;
    for (size_t parts = 1; from > 0; from--)
        if (splits(macro, value.ptr[from - 1]) && parts++ == macro->parts)
            break;
    for (size_t i = from; i < value.len; i++)
        put(out, splits(macro, value.ptr[i]) ? '.' : value.ptr[i], macro->escape);
}

/* The last parts of the reversed value are the first of the value. */
static void put_reversed(struct buf *out, const struct macro *macro, struct slice value)
{
    size_t to = 0;
    for (size_t parts = 1; to < value.len; to++)
        if (splits(macro, value.ptr[to]) && parts++ == macro->parts)
            break;
    for (bool first = true;; first = false) {
        size_t from = to;
        while (from > 0 && !splits(macro, value.ptr[from - 1]))
            from--;
        if (!first)
            put(out, '.', macro->escape);
        for (size_t i = from; i < to; i++)
            put(out, value.ptr[i], macro->escape);
        if (from == 0)
            return;
        to = from - 1;
    }
}

static bool put_macro(struct spf_evaluation *e, struct buf *out, const struct macro *macro,
                      struct slice domain, enum spf_macro_use use)
{
    if (macro->letter == 'p' && !e->validated_known && use == SPF_IN_RECORD && !spf_count_lookup(e))
        return false;
    struct slice value = value_of(e, macro->letter, domain);
    if (macro->reverse)
        put_reversed(out, macro, value);
    else
        put_forward(out, macro, value);
    return true;
}

static enum spf_expansion expand_into(struct spf_evaluation *e, struct buf *out, struct slice text,
                                      struct slice domain, enum spf_macro_use use)
{
    struct macro macro;
    for (size_t i = 0; i < text.len && !out->failed && !e->abandoned;) {
        char c = text.ptr[i++];
        if (c != '%' || i == text.len) {
            buf_char(out, c);
            continue;
        }
        char kind = text.ptr[i++];
        if (kind == '{') {
            if (!parse_macro(text, &i, &macro))
                return SPF_TOO_LONG;
            if (!put_macro(e, out, &macro, domain, use))
                return SPF_TOO_MANY_LOOKUPS;
        } else {
            buf_append(out, kind == '%' ? SLICE("%") : kind == '_' ? SLICE(" ") : SLICE("%20"));
        }
    }
    return out->failed ? SPF_TOO_LONG : SPF_EXPANDED;
}

enum spf_expansion spf_macro_expand(struct spf_evaluation *e, struct slice text,
                                    struct slice domain, enum spf_macro_use use, struct slice *out)
{
    struct buf expanded = buf_init(SPF_EXPANDED_MAX);
    enum spf_expansion result = expand_into(e, &expanded, text, domain, use);
    *out = printed(e, arena_copy(e->arena, buf_slice(&expanded)));
    buf_release(&expanded);
    return result;
}

enum spf_expansion spf_target(struct spf_evaluation *e, struct slice spec, struct slice domain,
                              enum spf_macro_use use, struct slice *out)
{
    enum spf_expansion result = SPF_EXPANDED;
    *out = domain;
    if (spec.ptr)
        result = spf_macro_expand(e, spec, domain, use, out);
    *out = spf_without_dot(*out);
    while (out->len > SPF_DOMAIN_MAX)
        *out = slice_from(*out, slice_find(*out, '.') + 1);
    return result;
}
