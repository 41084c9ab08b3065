/* SPDX-License-Identifier: ISC
 * A connection that one session has to a server: users who send log in there themselves, and what they send goes
 * over it; or the server is to see whose it is (smtp_own.h). It is never shared. */
#ifndef PROXY_SMTP_SMTP_PRIVATE_H
#define PROXY_SMTP_SMTP_PRIVATE_H

#include "proxy/smtp/smtp_pool.h"
#include "proxy/upstream/upstream_way.h"

struct smtp_private;

struct smtp_private_owner {
    void (*ready)(
        void *owner); /* a login may begin, or, where it has no job, one; NULL: nobody waits */
    void (*replied)(void *owner,
                    const struct smtp_reply *reply); /* to a line of it; 235: he is in */
    /* It has ended, and must not be named any more; `early`: it never became ready. Its job is answered
     * behind that. */
    void (*over)(void *owner, bool early, const char *trouble);
    /* Behind that, of a job that the server cannot have: it is taken on again, elsewhere or (`same`) by the same
     * server, which may do better on a fresh connection. False, or NULL: it is not. */
    bool (*again)(void *owner, struct smtp_job *job, bool same);
    struct told_client (*whose)(void *owner); /* that his server is told */
};

struct smtp_private_wish {
    const struct backend *backend;
    bool logs_in; /* he does so himself, at its servers for that; else jobs alone are given to it */
    struct upstream_client client;
    const struct smtp_private_owner *hears; /* ready, replied: only where he logs in */
    void *owner;
};

/* Begins to connect to the best server of the backend, by priority, then by the fewest connections;
 * `tried` has a bit for each that was tried in vain, to which that one is added. When all are down
 * those are tried as well: who waits for it has nothing to lose. Nothing is told from inside. NULL: no
 * server is left, *reason says why. */
struct smtp_private *smtp_private_open(struct smtp_pools *all, const struct smtp_private_wish *wish,
                                       uint64_t *tried, const char **reason);
/* One for this job alone, which nobody gives up: it is answered from the loop, JOB_UNREACHABLE where there is no
 * way to a server. */
void smtp_private_once(struct smtp_pools *all, const struct upstream_client *client,
                       struct smtp_job *job);
/* Ends it, without a word to its owner. */
void smtp_private_close(struct smtp_private *private);

/* Says a line of a login; see smtp_upstream_say_login. */
void smtp_private_say(struct smtp_private *private, struct slice line, bool secret);

/* Once he is in, or at any time where nobody logs in: starts a job; `done` never comes from inside. */
void smtp_private_submit(struct smtp_private *private, struct smtp_job *job);
/* Gives up the job and the connection: `done` will not be called, nor anything told. True: a delivery
 * whose final dot is out goes on alone, and ends its doubt itself. */
bool smtp_private_cancel(struct smtp_private *private);

/* What its server can do, and was found out about it. */
struct smtp_capabilities smtp_private_capabilities(const struct smtp_private *private);
struct slice smtp_private_address(const struct smtp_private *private);

#endif
