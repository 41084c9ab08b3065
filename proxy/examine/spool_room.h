/* SPDX-License-Identifier: ISC
 * Room in memory for message bodies: a budget of all proxies, of which each network of clients has
 * its share (common/shares.h). */
#ifndef PROXY_EXAMINE_SPOOL_ROOM_H
#define PROXY_EXAMINE_SPOOL_ROOM_H

#include "proxy/process/proxy.h"

/* So many octets more, for that client; and their return. */
bool spool_room_take(const struct proxy *proxy, const struct holder *holder, uint64_t octets);
void spool_room_give(const struct proxy *proxy, const struct holder *holder, uint64_t octets);

#endif
