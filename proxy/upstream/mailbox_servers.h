/* SPDX-License-Identifier: ISC
 * The servers where users read their mail, whatever is spoken to them: which one is next. Each
 * session has a connection of its own, so nothing is pooled. */
#ifndef PROXY_UPSTREAM_MAILBOX_SERVERS_H
#define PROXY_UPSTREAM_MAILBOX_SERVERS_H

#include "proxy/upstream/upstream_server.h"

struct mailbox_servers;

/* All that is given must outlive it; `ca_pem`: whom `tls verify` trusts. NULL: no memory. */
struct mailbox_servers *mailbox_servers_new(const struct config *config, struct slice ca_pem,
                                            struct shared *shared, unsigned row);

/* The best server of the backend for one more connection, by priority, then by the fewest
 * connections; taken (upstream_server_take), given back by whoever gets it. `tried` has a bit for
 * each that was tried in vain for this login; the one that is given is added. NULL: there is none.
 * When all are down those are tried as well: who logs in has nothing to lose. */
struct upstream_server *mailbox_server_take(struct mailbox_servers *all,
                                            const struct backend *backend, enum protocol protocol,
                                            uint64_t *tried);

#endif
