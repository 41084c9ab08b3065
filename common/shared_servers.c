/* SPDX-License-Identifier: ISC */
#include "common/shared_internal.h"

#include "base/clock.h"
#include "common/client_hash.h"

#include <stdio.h>
#include <string.h>

/* ---- which, and their connections ---- */

unsigned shared_server(struct shared *shared, const struct ip *ip, uint16_t port)
{
    _Atomic uint64_t *servers = shared->table->parents.servers;
    uint64_t hash = client_hash(shared_key(shared), ip, port) | 1;
    unsigned first = (unsigned)(hash >> 32) % SHARED_SERVERS;
    for (unsigned i = 0; i < SHARED_SERVERS; i++) {
        unsigned place = (first + i) % SHARED_SERVERS;
        uint64_t there = atomic_load(&servers[place]);
        if (there == 0 && shared->is_parents)
            atomic_store(&servers[place], there = hash);
        if (there == hash)
            return place;
        if (there == 0)
            break;
    }
    /* Shared with another server: their limits add up, which only errs on the safe side. */
    return first;
}

uint64_t shared_backend(const struct shared *shared, unsigned server)
{
    SHARED_SUM_OF(shared, backends[server]);
}

bool shared_backend_take(struct shared *shared, unsigned row, unsigned server, unsigned limit)
{
    _Atomic uint32_t *counter = &shared->table->rows[row].backends[server];
    atomic_fetch_add(counter, 1);
    if (shared_backend(shared, server) <= limit)
        return true;
    atomic_fetch_sub(counter, 1);
    return false;
}

void shared_backend_give(struct shared *shared, unsigned row, unsigned server)
{
    _Atomic uint32_t *counter = &shared->table->rows[row].backends[server];
    uint32_t have = atomic_load(counter);
    if (have > 0)
        atomic_store(counter, have - 1);
}

/* ---- how they do ---- */

void shared_server_down(struct shared *shared, unsigned row, unsigned server, int64_t since,
                        const char *why)
{
    struct fate *fate = &shared->table->rows[row].fates[server];
    snprintf(fate->why, sizeof fate->why, "%s", why);
    atomic_store(&fate->up_at, 0);
    atomic_store(&fate->down_at, clock_ms());
    atomic_store(&fate->down_since, since);
}

void shared_server_up(struct shared *shared, unsigned row, unsigned server)
{
    struct fate *fate = &shared->table->rows[row].fates[server];
    atomic_store(&fate->down_since, 0);
    atomic_store(&fate->up_at, clock_ms());
}

/* A time to come is none. */
static int64_t time_of(const _Atomic int64_t *told, int64_t now)
{
    int64_t at = atomic_load(told);
    return at <= now ? at : 0;
}

int64_t shared_server_last_up(const struct shared *shared, unsigned server)
{
    int64_t now = clock_ms(), last = 0;
    SHARED_EACH_ROW(shared, r) {
        int64_t up = time_of(&shared->table->rows[r].fates[server].up_at, now);
        last = up > last ? up : last;
    }
    return last;
}

bool shared_server_is_down(const struct shared *shared, unsigned server, int64_t *since,
                           char why[static SHARED_WHY_MAX])
{
    int64_t now = clock_ms(), up = shared_server_last_up(shared, server), last = 0;
    *since = 0;
    why[0] = '\0';
    SHARED_EACH_ROW(shared, r) {
        const struct fate *fate = &shared->table->rows[r].fates[server];
        int64_t one = atomic_load(&fate->down_since), at = time_of(&fate->down_at, now);
        if (one <= 0 || at <= up)
            continue;
        if (!*since || one < *since)
            *since = one;
        if (at >= last)
            memcpy(why, fate->why, SHARED_WHY_MAX);
        last = at > last ? at : last;
    }
    why[SHARED_WHY_MAX - 1] = '\0';
    return *since != 0;
}

/* ---- what they take ---- */

void shared_server_recipients(struct shared *shared, unsigned row, unsigned server, unsigned most,
                              int64_t until)
{
    uint64_t number = most < COUNT_MASK ? most : COUNT_MASK;
    atomic_store(&shared->table->rows[row].recipients[server],
                 (uint64_t)until << COUNT_BITS | number);
}

/* The lesser, of those that count now. */
static uint64_t fewer(uint64_t known, uint64_t other, int64_t now)
{
    int64_t until = (int64_t)(other >> COUNT_BITS);
    bool counts = until > now && until <= now + SHARED_KNOWN_MS && (other & COUNT_MASK) > 0;
    return counts && (!known || (other & COUNT_MASK) < (known & COUNT_MASK)) ? other : known;
}

unsigned shared_server_recipients_most(const struct shared *shared, unsigned server, int64_t now)
{
    uint64_t known = fewer(0, atomic_load(&shared->table->parents.recipients[server]), now);
    SHARED_EACH_ROW(shared, r)
        known = fewer(known, atomic_load(&shared->table->rows[r].recipients[server]), now);
    return (unsigned)(known & COUNT_MASK);
}

void shared_server_offers(struct shared *shared, unsigned row, unsigned server, uint64_t what)
{
    struct offer *offer = &shared->table->rows[row].offers[server];
    atomic_store(&offer->what, what);
    atomic_store(&offer->at, clock_ms());
}

static const struct offer *last_offer(const struct shared *shared, unsigned server)
{
    const struct offer *last = &shared->table->parents.offers[server];
    int64_t now = clock_ms();
    SHARED_EACH_ROW(shared, r) {
        const struct offer *one = &shared->table->rows[r].offers[server];
        int64_t at = time_of(&one->at, now);
        if (at > 0 && at >= atomic_load(&last->at))
            last = one;
    }
    return last;
}

uint64_t shared_server_offered(const struct shared *shared, unsigned server)
{
    return atomic_load(&last_offer(shared, server)->what);
}

/* ---- when a row is cleared ---- */

static void keep(struct shared *shared, unsigned row, unsigned server, int64_t now)
{
    struct shared_parents *parents = &shared->table->parents;
    const struct shared_row *r = &shared->table->rows[row];
    struct offer *offer = &parents->offers[server];
    int64_t at = time_of(&r->offers[server].at, now);
    atomic_store(&parents->recipients[server],
                 fewer(fewer(0, atomic_load(&parents->recipients[server]), now),
                       atomic_load(&r->recipients[server]), now));
    if (at <= 0 || at < atomic_load(&offer->at))
        return;
    atomic_store(&offer->what, atomic_load(&r->offers[server].what));
    atomic_store(&offer->at, at);
}

void shared_servers_keep(struct shared *shared, unsigned row)
{
    int64_t now = clock_ms();
    for (unsigned server = 0; server < SHARED_SERVERS; server++)
        if (atomic_load(&shared->table->parents.servers[server]))
            keep(shared, row, server, now);
}

void shared_servers_forget(struct shared *shared, unsigned row)
{
    struct shared_row *r = &shared->table->rows[row];
    for (unsigned server = 0; server < SHARED_SERVERS; server++) {
        atomic_store(&r->recipients[server], 0);
        atomic_store(&r->offers[server].at, 0);
    }
}
