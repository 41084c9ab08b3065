/* SPDX-License-Identifier: ISC
 * Budgets of which each network has its share. */
#include "common/shares.h"

#include "common/shared_internal.h"

enum { SPOOL_UNIT = 4096, LISTENER_LEAVES = 4 /* the part of the sessions that is others' */ };

/* ---- sessions ---- */

static void hold(struct shared *shared, unsigned row, const struct session_claim *claim)
{
    atomic_fetch_add(&shared->table->rows[row].sessions, 1);
    share_add(shared, row, claim->holder.client, BUDGET_CLIENT, 1);
    share_hold(shared, row, &claim->holder, BUDGET_SESSIONS, 1);
    if (claim->listener)
        share_add(shared, row, claim->listener, BUDGET_LISTENER, 1);
}

void shared_session_give(struct shared *shared, unsigned row, const struct session_claim *claim)
{
    shared_subtract(&shared->table->rows[row].sessions, 1);
    share_subtract(shared, row, claim->holder.client, BUDGET_CLIENT, 1);
    share_release(shared, row, &claim->holder, BUDGET_SESSIONS, 1);
    if (claim->listener)
        share_subtract(shared, row, claim->listener, BUDGET_LISTENER, 1);
}

static bool listener_has_room(const struct shared *shared, const struct session_claim *claim,
                              uint64_t used)
{
    uint64_t most = (uint64_t)claim->limit - claim->limit / LISTENER_LEAVES;
    return !claim->listener || used <= most ||
           share_count(shared, claim->listener, BUDGET_LISTENER) <= most;
}

static enum shared_session judge(const struct shared *shared, const struct session_claim *claim)
{
    struct allotment sessions = {BUDGET_SESSIONS, shared_sessions(shared), claim->limit, 1};
    if (sessions.used > claim->limit || !listener_has_room(shared, claim, sessions.used))
        return SHARED_SESSION_TOO_MANY;
    if (share_count(shared, claim->holder.client, BUDGET_CLIENT) > claim->limit_per_client)
        return SHARED_SESSION_TOO_MANY_OF_CLIENT;
    return share_is_kept(shared, &claim->holder, &sessions) ? SHARED_SESSION_TAKEN
                                                            : SHARED_SESSION_TOO_MANY_OF_NETWORK;
}

enum shared_session shared_session_take(struct shared *shared, unsigned row,
                                        const struct session_claim *claim)
{
    hold(shared, row, claim);
    enum shared_session result = judge(shared, claim);
    if (result != SHARED_SESSION_TAKEN)
        shared_session_give(shared, row, claim);
    return result;
}

/* ---- bodies ---- */

static uint64_t units(uint64_t octets)
{
    return (octets + SPOOL_UNIT - 1) / SPOOL_UNIT;
}

void shared_spool_give(struct shared *shared, unsigned row, const struct holder *holder,
                       uint64_t octets)
{
    shared_subtract(&shared->table->rows[row].spool, octets);
    share_release(shared, row, holder, BUDGET_SPOOL, units(octets));
}

bool shared_spool_take(struct shared *shared, unsigned row, const struct holder *holder,
                       uint64_t octets, const struct spool_limit *limit)
{
    atomic_fetch_add(&shared->table->rows[row].spool, octets);
    uint64_t used = shared_spool(shared);
    struct allotment of = {BUDGET_SPOOL, units(used), units(limit->limit), units(limit->least)};
    share_hold(shared, row, holder, BUDGET_SPOOL, units(octets));
    if (used <= limit->limit && share_is_kept(shared, holder, &of))
        return true;
    shared_spool_give(shared, row, holder, octets);
    return false;
}

/* ---- logins ---- */

static uint64_t logins(const struct shared *shared)
{
    SHARED_SUM_OF(shared, logins);
}

void shared_login_give(struct shared *shared, unsigned row, const struct holder *holder)
{
    shared_subtract(&shared->table->rows[row].logins, 1);
    share_release(shared, row, holder, BUDGET_LOGINS, 1);
}

bool shared_login_take(struct shared *shared, unsigned row, const struct holder *holder,
                       unsigned limit)
{
    atomic_fetch_add(&shared->table->rows[row].logins, 1);
    share_hold(shared, row, holder, BUDGET_LOGINS, 1);
    struct allotment of = {BUDGET_LOGINS, logins(shared), limit, 1};
    if (of.used <= limit && share_is_kept(shared, holder, &of))
        return true;
    shared_login_give(shared, row, holder);
    return false;
}

/* ---- connections that work for somebody ---- */

enum { ALL = 1 /* stands for all holders of workers of one server */ };

void shared_worker_give(struct shared *shared, unsigned row, const struct holder *holder,
                        unsigned server)
{
    share_subtract(shared, row, ALL, BUDGET_WORKERS + server, 1);
    share_release(shared, row, holder, BUDGET_WORKERS + server, 1);
}

bool shared_worker_take(struct shared *shared, unsigned row, const struct holder *holder,
                        unsigned server, unsigned limit)
{
    unsigned budget = BUDGET_WORKERS + server;
    share_add(shared, row, ALL, budget, 1);
    share_hold(shared, row, holder, budget, 1);
    struct allotment of = {budget, share_count(shared, ALL, budget), limit, 1};
    if (share_is_kept(shared, holder, &of))
        return true;
    shared_worker_give(shared, row, holder, server);
    return false;
}
