/* SPDX-License-Identifier: ISC
 * The first octets of a connection to a server that is to be told whose it is by the PROXY protocol (`client_by
 * proxy_protocol`): a header of version 2, which proxy/session/proxy_header.h reads. */
#ifndef PROXY_UPSTREAM_PROXY_INTRODUCTION_H
#define PROXY_UPSTREAM_PROXY_INTRODUCTION_H

#include "proxy/upstream/told_client.h"

enum { PROXY_INTRODUCTION_MAX = 512 };

/* Writes it (proxy-protocol.txt 2.2), and returns how many octets it has. `tells_tls`: whether it may say that the
 * client came by TLS: a server may take that for TLS that has ended already, so not where it is spoken behind the header.
 * Of a connection that is nobody's: LOCAL. A client of IPv4 that reached an address of IPv6, or the other way, is told
 * with both as IPv6. */
size_t proxy_introduction(const struct told_client *client, bool tells_tls,
                          char out[static PROXY_INTRODUCTION_MAX]);

#endif
