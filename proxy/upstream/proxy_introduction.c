/* SPDX-License-Identifier: ISC */
#include "proxy/upstream/proxy_introduction.h"

#include "base/buf.h"
#include "base/crc32c.h"
#include "proxy/upstream/proxy_protocol.h"

enum { TLV_HEAD = 3, SUM = 4, VERSION_MOST = 64, NAME_MOST = 255 };

static void put16(struct buf *out, size_t number)
{
    buf_char(out, (char)(number >> 8 & 0xff));
    buf_char(out, (char)(number & 0xff));
}

static void put(struct buf *out, unsigned type, struct slice value)
{
    buf_char(out, (char)type);
    put16(out, value.len);
    buf_append(out, value);
}

/* IPv4 among IPv6 is mapped (RFC 4291 2.5.5.2). */
static void put_address(struct buf *out, const struct ip *ip, unsigned family)
{
    static const char mapped[12] = {[10] = (char)0xff, [11] = (char)0xff};
    bool four = ip->family == 4;
    if (four && family == 6)
        buf_append(out, (struct slice){mapped, sizeof mapped});
    buf_append(out, (struct slice){(const char *)ip->bytes, four ? 4 : 16});
}

/* An address that is not known is told as none: "0.0.0.0". */
static void put_ends(struct buf *out, const struct told_client *client, unsigned family)
{
    const struct ip nowhere = {.family = (uint8_t)family};
    put_address(out, &client->ip, family);
    put_address(out, client->reached.family ? &client->reached : &nowhere, family);
    put16(out, client->port);
    put16(out, client->reached_port);
}

/* An octet of bits, then four that are not zero: it has shown no certificate. */
static void put_tls(struct buf *out, struct slice version)
{
    static const char unverified[] = {0, 0, 0, 1};
    version = slice_sub(version, 0, version.len < VERSION_MOST ? version.len : VERSION_MOST);
    buf_char(out, (char)PROXY_TELLS_TLS);
    put16(out, 1 + sizeof unverified + TLV_HEAD + version.len);
    buf_char(out, PROXY_CLIENT_IS_ENCRYPTED);
    buf_append(out, (struct slice){unverified, sizeof unverified});
    put(out, PROXY_TLS_VERSION, version);
}

static void put_length(char *header, size_t len)
{
    size_t behind = len - PROXY_FIXED;
    header[PROXY_FIXED - 2] = (char)(behind >> 8 & 0xff);
    header[PROXY_FIXED - 1] = (char)(behind & 0xff);
}

/* Over all of it, with zeros in its own place. */
static void put_sum(char *header, size_t len)
{
    uint32_t sum = crc32c(0, (struct slice){header, len});
    for (size_t i = 0; i < SUM; i++)
        header[len - SUM + i] = (char)(sum >> (8 * (SUM - 1 - i)) & 0xff);
}

static void begin(struct buf *out, unsigned command, unsigned family)
{
    buf_append(out, (struct slice){PROXY_SIGNATURE, PROXY_SIGNATURE_SIZE});
    buf_char(out, (char)command);
    buf_char(out, (char)family);
    put16(out, 0);
}

size_t proxy_introduction(const struct told_client *client, bool tells_tls,
                          char header[static PROXY_INTRODUCTION_MAX])
{
    struct buf out = buf_over(header, PROXY_INTRODUCTION_MAX);
    if (client->ip.family == 0) {
        begin(&out, PROXY_COMMAND_LOCAL, PROXY_UNSPECIFIED);
        return buf_len(&out);
    }
    bool four = client->ip.family == 4 && client->reached.family != 6;
    begin(&out, PROXY_COMMAND_PROXY, four ? PROXY_TCP_OVER_IPV4 : PROXY_TCP_OVER_IPV6);
    put_ends(&out, client, four ? 4 : 6);
    if (client->server_name.len && client->server_name.len <= NAME_MOST)
        put(&out, PROXY_TELLS_AUTHORITY, client->server_name);
    if (tells_tls && client->tls_version.len)
        put_tls(&out, client->tls_version);
    put(&out, PROXY_TELLS_CRC32C, (struct slice){"\0\0\0", SUM});
    put_length(header, buf_len(&out));
    put_sum(header, buf_len(&out));
    return buf_len(&out);
}
