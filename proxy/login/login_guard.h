/* SPDX-License-Identifier: ISC
 * What is known of those who try to log in, for the rules (login.failures ...), and what became of
 * them. The same for every protocol with a login. */
#ifndef PROXY_LOGIN_LOGIN_GUARD_H
#define PROXY_LOGIN_LOGIN_GUARD_H

#include "proxy/login/sasl.h"
#include "proxy/process/proxy.h"

struct login_guard {
    struct proxy *proxy;
    struct state_inquiry *state; /* NULL: no rule asks, or there is no Redis */
    struct state_login who;
    bool under_way;
};

/* Asks about this one; his name lives as long as the arena. `done` comes when the facts are there,
 * never from inside; with login_guard_waits false they are there at once. */
void login_guard_begin(struct login_guard *guard, struct proxy *proxy, struct arena *arena,
                       const struct ip *client, struct slice user, struct facts *facts,
                       void (*done)(void *ctx), void *ctx);
bool login_guard_waits(const struct login_guard *guard);
/* Waits no longer: what has not come is unknown. */
void login_guard_hurry(struct login_guard *guard);

/* What became of it, once; `credentials` are those that were tried. */
void login_guard_over(struct login_guard *guard, enum login_end end,
                      const struct credentials *credentials);

#endif
