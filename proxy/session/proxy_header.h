/* SPDX-License-Identifier: ISC
 * The PROXY protocol (haproxy.org, proxy-protocol.txt, versions 1 and 2): what a load balancer says, before
 * anything else, about the client whose connection it passes on. */
#ifndef PROXY_SESSION_PROXY_HEADER_H
#define PROXY_SESSION_PROXY_HEADER_H

#include "base/slice.h"
#include "policy/value.h"

/* Octets of the longest that is read: version 1 has 107 at most, version 2 its addresses and what
 * else the balancer tells. */
enum { PROXY_HEADER_MAX = 4096, PROXY_HEADER_V1_MAX = 107 };

struct proxy_header {
    /* LOCAL or UNKNOWN: the balancer speaks for itself, as when it looks whether we live. */
    bool local;
    struct ip client, server; /* of the client's own connection */
    uint16_t client_port, server_port;
    /* That connection is encrypted up to the balancer; the texts point into the header. */
    bool tls;
    struct slice tls_version, tls_cipher;
    struct slice server_name; /* that the client asked for (SNI); empty: it is not told */
};

/* How many of these octets, the first of a connection, may be taken off it now without taking what
 * is behind the header: all that has come of it, or its rest. 0: no header begins so. */
size_t proxy_header_reach(struct slice bytes);

enum proxy_header_state { PROXY_HEADER_UNFINISHED, PROXY_HEADER_READ, PROXY_HEADER_BROKEN };

/* Reads a header, of which nothing else is behind it. *why says what is wrong with one that is
 * broken. */
enum proxy_header_state proxy_header_read(struct slice bytes, struct proxy_header *out,
                                          const char **why);

#endif
