/* SPDX-License-Identifier: ISC */
#include "policy/value.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_mapped(const uint8_t bytes[16])
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(bytes, prefix, sizeof prefix) == 0;
}

bool ip_parse(struct slice text, struct ip *out)
{
    char cstr[46];
    uint8_t bytes[16] = {0};
    *out = (struct ip){0};
    if (text.len == 0 || text.len >= sizeof cstr || memchr(text.ptr, '\0', text.len))
        return false;
    memcpy(cstr, text.ptr, text.len);
    cstr[text.len] = '\0';
    if (inet_pton(AF_INET, cstr, out->bytes) == 1) {
        out->family = 4;
        return true;
    }
    if (inet_pton(AF_INET6, cstr, bytes) != 1)
        return false;
    out->family = is_mapped(bytes) ? 4 : 6;
    if (out->family == 4)
        memcpy(out->bytes, bytes + 12, 4);
    else
        memcpy(out->bytes, bytes, 16);
    return true;
}

void ip_text(const struct ip *ip, char out[static 46])
{
    out[0] = '\0';
    if (ip->family)
        inet_ntop(ip->family == 4 ? AF_INET : AF_INET6, ip->bytes, out, 46);
}

static char *put_number(char *out, unsigned n)
{
    if (n >= 100)
        *out++ = (char)('0' + n / 100);
    if (n >= 10)
        *out++ = (char)('0' + n / 10 % 10);
    *out++ = (char)('0' + n % 10);
    return out;
}

void ip_reversed(const struct ip *ip, char out[static IP_REVERSED_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    size_t bytes = ip->family == 4 ? 4 : ip->family == 6 ? 16 : 0;
    char *at = out;
    for (size_t i = bytes; i-- > 0;) {
        if (ip->family == 4) {
            at = put_number(at, ip->bytes[i]);
        } else {
            *at++ = digits[ip->bytes[i] & 15];
            *at++ = '.';
            *at++ = digits[ip->bytes[i] >> 4];
        }
        if (i > 0)
            *at++ = '.';
    }
    *at = '\0';
}

bool network_parse(struct slice text, struct network *out)
{
    struct slice base, length;
    bool cut = slice_cut(text, '/', &base, &length);
    *out = (struct network){0};
    struct ip ip;
    if (!ip_parse(base, &ip))
        return false;
    bool mapped = ip.family == 4 && slice_find(base, ':') < base.len;
    uint64_t bits = ip.family == 4 ? 32 : 128;
    if (cut && !slice_to_u64(length, mapped ? 128 : bits, &bits))
        return false;
    if (cut && mapped) {
        if (bits < 96)
            return false;
        bits -= 96;
    }
    *out = (struct network){.base = ip, .length = (uint8_t)bits};
    return true;
}

bool network_holds(const struct network *network, const struct ip *ip)
{
    if (network->base.family != ip->family || ip->family == 0)
        return false;
    size_t whole = network->length / 8;
    unsigned rest = network->length % 8;
    if (memcmp(network->base.bytes, ip->bytes, whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return rest == 0 || ((network->base.bytes[whole] ^ ip->bytes[whole]) & mask) == 0;
}

bool ip_is_private(const struct ip *ip)
{
    static const struct network networks[] = {
        {{4, {10}}, 8},   {{4, {172, 16}}, 12},    {{4, {192, 168}}, 16},
        {{4, {127}}, 8},  {{4, {169, 254}}, 16},   {{4, {100, 64}}, 10},
        {{6, {0xfc}}, 7}, {{6, {0xfe, 0x80}}, 10}, {{6, {[15] = 1}}, 128},
    };
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        if (network_holds(&networks[i], ip))
            return true;
    return false;
}

bool endpoint_parse(struct slice text, uint16_t standard, struct ip *ip, uint16_t *port)
{
    uint64_t number = standard;
    struct slice host = text, after = {NULL, 0};
    if (text.len > 0 && text.ptr[0] == '[') {
        size_t end = slice_find(text, ']');
        host = slice_sub(text, 1, end);
        after = slice_from(text, end + 1);
        if (end == text.len || slice_find(host, ':') == host.len)
            return false;
    } else if (slice_find(text, ':') == slice_rfind(text, ':')) {
        host = slice_sub(text, 0, slice_find(text, ':'));
        after = slice_from(text, host.len);
    }
    if (after.len > 0 &&
        (after.ptr[0] != ':' || !slice_to_u64(slice_from(after, 1), UINT16_MAX, &number)))
        return false;
    *port = (uint16_t)number;
    return number > 0 && ip_parse(host, ip);
}
