/* SPDX-License-Identifier: ISC */
#include "filters/links/link_host.h"

#include "filters/dns/org_domain.h"
#include "filters/links/shorteners.h"
#include "policy/value.h"

enum { HOST_MAX = 1024, NUMBERS_MAX = 4, OCTET_BITS = 8, OCTET_MAX = 255 };

/* ---- addresses ---- */

static bool read_number(struct slice text, uint64_t *out)
{
    int base = 10;
    if (slice_istarts(text, SLICE("0x"))) {
        base = 16;
        text = slice_from(text, 2);
    } else if (text.len > 1 && text.ptr[0] == '0') {
        base = 8;
        text = slice_from(text, 1);
    } else if (text.len == 0) {
        return false;
    }
    *out = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_digit(text.ptr[i]);
        if (digit < 0 || digit >= base)
            return false;
        *out = *out > UINT32_MAX ? *out : *out * (uint64_t)base + (uint64_t)digit;
    }
    return true;
}

bool link_host_numbers(struct slice host, uint32_t *address)
{
    uint64_t number = 0;
    uint32_t high = 0;
    for (unsigned count = 0; count < NUMBERS_MAX; count++) {
        struct slice one;
        bool more = slice_cut(host, '.', &one, &host);
        if (!read_number(one, &number))
            return false;
        unsigned low_bits = OCTET_BITS * (NUMBERS_MAX - count);
        if (!more) { /* the last takes what octets are left */
            *address = high | (uint32_t)number;
            return number < UINT64_C(1) << low_bits;
        }
        if (number > OCTET_MAX || low_bits == OCTET_BITS)
            return false;
        high |= (uint32_t)number << (low_bits - OCTET_BITS);
    }
    return false;
}

static bool ends_in_number(struct slice host)
{
    uint64_t number;
    size_t dot = slice_rfind(host, '.');
    struct slice last = slice_from(host, dot < host.len ? dot + 1 : 0);
    bool digits = last.len > 0;
    for (size_t i = 0; i < last.len; i++)
        digits = digits && ascii_digit(last.ptr[i]);
    return digits || (slice_istarts(last, SLICE("0x")) && read_number(last, &number));
}

static bool read_numbers(struct arena *arena, struct slice host, struct link_host *out)
{
    uint32_t a;
    if (!link_host_numbers(host, &a))
        return false;
    out->ip = true;
    out->text = arena_printf(arena, "%u.%u.%u.%u", a >> 24, a >> 16 & OCTET_MAX, a >> 8 & OCTET_MAX,
                             a & OCTET_MAX);
    return out->text.ptr;
}

static bool read_brackets(struct arena *arena, struct slice host, struct link_host *out)
{
    char text[46];
    struct ip ip;
    struct slice within = slice_sub(host, 1, slice_find(host, ']'));
    if (slice_find(within, ':') == within.len || !ip_parse(within, &ip))
        return false;
    ip_text(&ip, text);
    out->ip = true;
    out->ip6 = ip.family == 6;
    out->text = arena_copy(arena, slice_of(text));
    return out->text.ptr;
}

/* ---- names ---- */

static struct slice decoded(struct slice host, char room[static HOST_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < host.len; i++) {
        int high = host.ptr[i] == '%' && i + 2 < host.len ? hex_digit(host.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(host.ptr[i + 2]) : -1;
        room[n++] = low >= 0 ? (char)(high * 16 + low) : host.ptr[i];
        i += low >= 0 ? 2 : 0;
    }
    return (struct slice){room, n};
}

bool link_host_read(struct arena *arena, struct slice host, struct link_host *out)
{
    char room[HOST_MAX];
    *out = (struct link_host){0};
    if (host.len == 0 || host.len > HOST_MAX)
        return false;
    if (host.ptr[0] == '[')
        return read_brackets(arena, host, out);
    if (!domain_normalise(arena, decoded(host, room), &out->text))
        return false;
    if (ends_in_number(out->text))
        return read_numbers(arena, out->text, out);
    out->domain = slice_find(out->text, '.') < out->text.len ? org_domain(out->text) : SLICE("");
    out->shortened = link_is_shortened(out->text);
    return true;
}
