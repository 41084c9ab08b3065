/* SPDX-License-Identifier: ISC */
#include "proxy/upstream/upstream_way.h"

#include <stdio.h>

bool upstream_way(const struct backend *backend, const struct server *server,
                  const struct upstream_client *client, struct upstream_way *out,
                  const char **reason)
{
    *out = (struct upstream_way){.ip = server->ip,
                                 .port = server->port,
                                 .source = backend->has_source ? &backend->source : NULL,
                                 .connection = -1,
                                 .queue = -1};
    *reason = "nobody knows where the client wanted to go";
    if (server->original && (!client || client->destination.family == 0))
        return false;
    out->original = server->original;
    if (server->original) {
        out->ip = client->destination;
        out->port = client->destination_port;
    }
    if (backend->source_client && client && client->connection >= 0) {
        *reason = "the server's address is of another family than the client's";
        if (out->ip.family != client->family)
            return false;
        out->connection = client->connection;
        out->queue = client->queue;
    }
    return true;
}

void upstream_place(const struct ip *ip, uint16_t port, char out[static UPSTREAM_PLACE_MAX])
{
    char address[46];
    ip_text(ip, address);
    snprintf(out, UPSTREAM_PLACE_MAX, ip->family == 4 ? "%s:%u" : "[%s]:%u", address, port);
}
