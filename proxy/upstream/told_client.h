/* SPDX-License-Identifier: ISC
 * Whose connection it is, as servers behind are told (`client_by`, gatepost.conf(5)). */
#ifndef PROXY_UPSTREAM_TOLD_CLIENT_H
#define PROXY_UPSTREAM_TOLD_CLIENT_H

#include "base/slice.h"
#include "policy/value.h"

/* Texts are of whoever tells. An `ip` of family 0: it is nobody's, but the gateway's own. */
struct told_client {
    struct ip ip, reached; /* its own address, and ours that it has come to; family 0: not known */
    uint16_t port, reached_port;
    struct slice name;  /* of its address, confirmed both ways; empty: none */
    struct slice helo;  /* empty: it has not said it */
    struct slice login; /* who has logged in; empty: nobody */
    bool esmtp;
    struct slice tls_version; /* empty: it came without */
    struct slice server_name; /* that it asked for (SNI); empty: none */
};

#endif
