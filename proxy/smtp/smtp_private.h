/* SPDX-License-Identifier: ISC
 * A connection that one session has to a server for users who send: they log in there themselves, and
 * what they send goes over it. It is never shared. */
#ifndef PROXY_SMTP_SMTP_PRIVATE_H
#define PROXY_SMTP_SMTP_PRIVATE_H

#include "proxy/smtp/smtp_pool.h"

struct smtp_private;

struct smtp_private_owner {
    void (*ready)(void *owner); /* a login may begin */
    void (*replied)(void *owner,
                    const struct smtp_reply *reply); /* to a line of it; 235: he is in */
    /* It has ended, and must not be named any more; `early`: it never became ready. Its job is answered
     * behind that. */
    void (*over)(void *owner, bool early, const char *trouble);
};

/* Begins to connect to the best server of the backend, by priority, then by the fewest connections;
 * `tried` has a bit for each that was tried in vain, to which that one is added. When all are down
 * those are tried as well: who logs in has nothing to lose. Nothing is told from inside. NULL: no
 * server is left, *reason says why. */
struct smtp_private *smtp_private_open(struct smtp_pools *all, const struct backend *backend,
                                       uint64_t *tried, const struct smtp_private_owner *hears,
                                       void *owner, const char **reason);
/* Ends it, without a word to its owner. */
void smtp_private_close(struct smtp_private *private);

/* Says a line of a login; see smtp_upstream_say_login. */
void smtp_private_say(struct smtp_private *private, struct slice line, bool secret);

/* Once he is in: starts a job; `done` never comes from inside. It is not tried anywhere else. */
void smtp_private_submit(struct smtp_private *private, struct smtp_job *job);
/* Gives up the job and the connection: `done` will not be called, nor anything told. True: a delivery
 * whose final dot is out goes on alone, and ends its doubt itself. */
bool smtp_private_cancel(struct smtp_private *private);

/* What its server can do, and was found out about it. */
struct smtp_capabilities smtp_private_capabilities(const struct smtp_private *private);
struct slice smtp_private_address(const struct smtp_private *private);

#endif
