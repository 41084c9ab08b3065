/* SPDX-License-Identifier: ISC */
#include "proxy/session/proxy_header.h"

#include "base/crc32c.h"
#include "proxy/upstream/proxy_protocol.h"

#include <string.h>

static bool begins(struct slice bytes, const char *text, size_t len)
{
    return memcmp(bytes.ptr, text, bytes.len < len ? bytes.len : len) == 0;
}

static bool begins_version_1(struct slice bytes)
{
    return begins(bytes, "PROXY ", 6);
}

static bool begins_version_2(struct slice bytes)
{
    return begins(bytes, PROXY_SIGNATURE, PROXY_SIGNATURE_SIZE);
}

static unsigned number16(const char *at)
{
    return (unsigned)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

/* Octets of a header of version 2 whose fixed part is there. */
static size_t size_of(struct slice bytes)
{
    return PROXY_FIXED + number16(bytes.ptr + PROXY_FIXED - 2);
}

/* Up to the LF, wherever it will be: what stands before it is the header's in any case. */
static size_t reach_of_line(struct slice bytes)
{
    size_t end = slice_find(bytes, '\n');
    return end < bytes.len ? end + 1 : bytes.len;
}

size_t proxy_header_reach(struct slice bytes)
{
    if (bytes.len == 0)
        return 0;
    if (begins_version_1(bytes))
        return reach_of_line(bytes);
    if (!begins_version_2(bytes))
        return 0;
    size_t end = bytes.len < PROXY_FIXED ? PROXY_FIXED : size_of(bytes);
    return bytes.len < end ? bytes.len : end;
}

static enum proxy_header_state broken(const char **why, const char *what)
{
    *why = what;
    return PROXY_HEADER_BROKEN;
}

/* ---- version 1 ---- */

static struct slice next_word(struct slice *line)
{
    size_t end = slice_find(*line, ' ');
    struct slice word = slice_sub(*line, 0, end);
    *line = slice_from(*line, end < line->len ? end + 1 : end);
    return word;
}

static bool read_address(struct slice word, unsigned family, struct ip *out)
{
    bool is_ipv6 = slice_find(word, ':') < word.len;
    return is_ipv6 == (family == 6) && ip_parse(word, out);
}

static bool read_port(struct slice word, uint16_t *out)
{
    uint64_t port = 0;
    bool leads = word.len > 1 && word.ptr[0] == '0';
    bool is_one = !leads && slice_to_u64(word, UINT16_MAX, &port);
    *out = (uint16_t)port;
    return is_one;
}

static enum proxy_header_state read_line(struct slice line, struct proxy_header *out,
                                         const char **why)
{
    next_word(&line); /* PROXY */
    struct slice protocol = next_word(&line);
    if (slice_eq(protocol, SLICE("UNKNOWN"))) {
        out->local = true;
        return PROXY_HEADER_READ;
    }
    unsigned family = slice_eq(protocol, SLICE("TCP4"))   ? 4
                      : slice_eq(protocol, SLICE("TCP6")) ? 6
                                                          : 0;
    struct slice from = next_word(&line), to = next_word(&line), from_port = next_word(&line);
    bool fits = family && read_address(from, family, &out->client) &&
                read_address(to, family, &out->server) && read_port(from_port, &out->client_port) &&
                read_port(line, &out->server_port);
    return fits ? PROXY_HEADER_READ
                : broken(why, "expected 'PROXY TCP4|TCP6 address address port port', or UNKNOWN");
}

static enum proxy_header_state read_version_1(struct slice bytes, struct proxy_header *out,
                                              const char **why)
{
    size_t end = slice_find(bytes, '\n');
    if (end == bytes.len && bytes.len < PROXY_HEADER_V1_MAX)
        return PROXY_HEADER_UNFINISHED;
    if (end >= PROXY_HEADER_V1_MAX)
        return broken(why, "a line of more than 107 octets");
    if (end + 1 != bytes.len || bytes.ptr[end - 1] != '\r')
        return broken(why, "a line that does not end with CRLF");
    return read_line(slice_sub(bytes, 0, end - 1), out, why);
}

/* ---- version 2 ---- */

/* The next of what it tells; false: nothing more, or (left->len > 0) nonsense. */
static bool next_told(struct slice *left, unsigned *type, struct slice *value)
{
    if (left->len < 3 || left->len - 3 < number16(left->ptr + 1))
        return false;
    size_t len = number16(left->ptr + 1);
    *type = (unsigned char)left->ptr[0];
    *value = slice_sub(*left, 3, 3 + len);
    *left = slice_from(*left, 3 + len);
    return true;
}

/* An octet of bits, four of the certificate's verification, then again type, length, value. */
static bool read_tls(struct slice value, struct proxy_header *out)
{
    if (value.len < 5)
        return false;
    out->tls = value.ptr[0] & PROXY_CLIENT_IS_ENCRYPTED;
    struct slice left = slice_from(value, 5), text;
    for (unsigned type; next_told(&left, &type, &text);) {
        if (type == PROXY_TLS_VERSION)
            out->tls_version = text;
        if (type == PROXY_TLS_CIPHER)
            out->tls_cipher = text;
    }
    return left.len == 0;
}

/* Over the whole header with zeros in the place of the sum. */
static bool sum_is_right(struct slice header, struct slice sum)
{
    static const char zeros[4];
    if (sum.len != sizeof zeros)
        return false;
    size_t at = (size_t)(sum.ptr - header.ptr);
    uint32_t crc = crc32c(0, slice_sub(header, 0, at));
    crc = crc32c(crc, (struct slice){zeros, sizeof zeros});
    crc = crc32c(crc, slice_from(header, at + sizeof zeros));
    return crc == ((uint32_t)number16(sum.ptr) << 16 | number16(sum.ptr + 2));
}

static enum proxy_header_state read_told(struct slice header, struct slice left,
                                         struct proxy_header *out, const char **why)
{
    struct slice value;
    for (unsigned type; next_told(&left, &type, &value);) {
        if (type == PROXY_TELLS_CRC32C && !sum_is_right(header, value))
            return broken(why, "its CRC32C is wrong");
        if (type == PROXY_TELLS_TLS && !read_tls(value, out))
            return broken(why, "what it tells of TLS is malformed");
        if (type == PROXY_TELLS_AUTHORITY)
            out->server_name = value;
    }
    return left.len == 0 ? PROXY_HEADER_READ : broken(why, "what it tells is malformed");
}

static void take_addresses(const char *at, unsigned family, struct proxy_header *out)
{
    size_t len = family == 4 ? 4 : 16;
    out->client = out->server = (struct ip){.family = (uint8_t)family};
    memcpy(out->client.bytes, at, len);
    memcpy(out->server.bytes, at + len, len);
    out->client_port = (uint16_t)number16(at + 2 * len);
    out->server_port = (uint16_t)number16(at + 2 * len + 2);
}

static enum proxy_header_state read_version_2(struct slice bytes, struct proxy_header *out,
                                              const char **why)
{
    if (bytes.len < PROXY_FIXED)
        return PROXY_HEADER_UNFINISHED;
    unsigned command = (unsigned char)bytes.ptr[PROXY_SIGNATURE_SIZE];
    unsigned family = (unsigned char)bytes.ptr[PROXY_SIGNATURE_SIZE + 1];
    size_t addresses = family == PROXY_TCP_OVER_IPV4 ? 12 : family == PROXY_TCP_OVER_IPV6 ? 36 : 0;
    if (command != PROXY_COMMAND_LOCAL && command != PROXY_COMMAND_PROXY)
        return broken(why, "neither LOCAL nor PROXY of version 2");
    if (size_of(bytes) > PROXY_HEADER_MAX)
        return broken(why, "more than 4096 octets");
    if (bytes.len < size_of(bytes))
        return PROXY_HEADER_UNFINISHED;
    if (bytes.len > size_of(bytes))
        return broken(why, "more behind it");
    out->local = command == PROXY_COMMAND_LOCAL || family == PROXY_UNSPECIFIED;
    if (out->local)
        return PROXY_HEADER_READ;
    if (!addresses)
        return broken(why, "neither TCP over IPv4 nor over IPv6");
    if (bytes.len < PROXY_FIXED + addresses)
        return broken(why, "too short for its addresses");
    take_addresses(bytes.ptr + PROXY_FIXED, family == PROXY_TCP_OVER_IPV4 ? 4 : 6, out);
    return read_told(bytes, slice_from(bytes, PROXY_FIXED + addresses), out, why);
}

/* An IPv4 client of a balancer that speaks IPv6. */
static void unmap(struct ip *ip)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (ip->family != 6 || memcmp(ip->bytes, mapped, sizeof mapped) != 0)
        return;
    memmove(ip->bytes, ip->bytes + sizeof mapped, 4);
    memset(ip->bytes + 4, 0, sizeof ip->bytes - 4);
    ip->family = 4;
}

enum proxy_header_state proxy_header_read(struct slice bytes, struct proxy_header *out,
                                          const char **why)
{
    enum proxy_header_state state = PROXY_HEADER_UNFINISHED;
    *out = (struct proxy_header){.local = false};
    if (bytes.len == 0)
        return state;
    if (begins_version_1(bytes))
        state = read_version_1(bytes, out, why);
    else if (begins_version_2(bytes))
        state = read_version_2(bytes, out, why);
    else
        state = broken(why, "none");
    unmap(&out->client);
    unmap(&out->server);
    return state;
}
