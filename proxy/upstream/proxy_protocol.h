/* SPDX-License-Identifier: ISC
 * The numbers of the PROXY protocol, version 2 (haproxy.org, proxy-protocol.txt, 2.2), for who reads and who
 * writes it. */
#ifndef PROXY_UPSTREAM_PROXY_PROTOCOL_H
#define PROXY_UPSTREAM_PROXY_PROTOCOL_H

#define PROXY_SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

enum {
    PROXY_SIGNATURE_SIZE = sizeof PROXY_SIGNATURE - 1,
    PROXY_FIXED = 16, /* signature, version and command, family, octets behind */
    PROXY_COMMAND_LOCAL = 0x20,
    PROXY_COMMAND_PROXY = 0x21,
    PROXY_UNSPECIFIED = 0x00,
    PROXY_TCP_OVER_IPV4 = 0x11,
    PROXY_TCP_OVER_IPV6 = 0x21,
};

/* What else it tells: type, length, value. */
enum {
    PROXY_TELLS_AUTHORITY = 0x02,
    PROXY_TELLS_CRC32C = 0x03,
    PROXY_TELLS_TLS = 0x20,
    PROXY_TLS_VERSION = 0x21,
    PROXY_TLS_CIPHER = 0x23,
    PROXY_CLIENT_IS_ENCRYPTED = 0x01, /* a bit of PROXY_TELLS_TLS */
};

#endif
