/* SPDX-License-Identifier: ISC
 * Where a connection to a server behind leads, and from where: as configured, or as its client has it. */
#ifndef PROXY_UPSTREAM_UPSTREAM_WAY_H
#define PROXY_UPSTREAM_UPSTREAM_WAY_H

#include "policy/config.h"

/* For whom it is made; all of it for sessions that came in where listeners are transparent. */
struct upstream_client {
    struct ip destination; /* where he wanted to go: what a server `original` is */
    uint16_t destination_port;
    int connection; /* his, whose address ours is to bear (`source client`); -1: he has none */
    uint8_t family; /* of that address */
    int queue;      /* of gatepost-source; -1: there is none */
};

/* Where it leads, and from where. */
struct upstream_way {
    struct ip ip;
    uint16_t port;
    const struct ip *source; /* the local address; NULL: any */
    int connection, queue;   /* as above; -1: from an address of our own */
    bool original; /* it is where a client wanted to go, who may have wanted to come to us */
};

enum { UPSTREAM_PLACE_MAX = 56 };
/* "192.0.2.1:25", "[2001:db8::1]:25" */
void upstream_place(const struct ip *ip, uint16_t port, char out[static UPSTREAM_PLACE_MAX]);

/* The way to a server of that backend, for that client (NULL: for nobody, as what we deliver ourselves).
 * False: it has none for him, whatever it has for others; *reason says why. */
bool upstream_way(const struct backend *backend, const struct server *server,
                  const struct upstream_client *client, struct upstream_way *out,
                  const char **reason);

#endif
