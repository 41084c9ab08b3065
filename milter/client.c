/* SPDX-License-Identifier: ISC */
#include "milter/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static void set_v6(struct milter_client *client, const struct sockaddr_in6 *v6)
{
    bool mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
    client->port = ntohs(v6->sin6_port);
    client->ip.family = mapped ? 4 : 6;
    memcpy(client->ip.bytes, v6->sin6_addr.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
}

void client_set(struct milter_client *client, const struct sockaddr *address)
{
    client->ip = (struct ip){.family = 4, .bytes = {127, 0, 0, 1}};
    client->port = 0;
    if (address && address->sa_family == AF_INET6) {
        set_v6(client, (const struct sockaddr_in6 *)(const void *)address);
    } else if (address && address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        client->port = ntohs(v4->sin_port);
        memcpy(client->ip.bytes, &v4->sin_addr, 4);
    }
}
