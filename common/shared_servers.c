/* SPDX-License-Identifier: ISC */
#include "common/shared_internal.h"

#include "common/client_hash.h"

#include <stdio.h>
#include <string.h>

/* ---- which, and their connections ---- */

unsigned shared_server(struct shared *shared, const struct ip *ip, uint16_t port)
{
    uint64_t hash = client_hash(shared->table->key, ip, port) | 1;
    unsigned first = (unsigned)(hash >> 32) % SHARED_SERVERS;
    for (unsigned i = 0; i < SHARED_SERVERS; i++) {
        unsigned place = (first + i) % SHARED_SERVERS;
        uint64_t there = 0;
        if (atomic_compare_exchange_strong(&shared->table->servers[place], &there, hash) ||
            there == hash)
            return place;
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
    snprintf(shared->table->why_down[server], SHARED_WHY_MAX, "%s", why);
    atomic_store(&shared->table->rows[row].down[server], since);
}

void shared_server_up(struct shared *shared, unsigned server)
{
    for (unsigned row = shared_next_row(shared, 0); row < SHARED_ROWS;
         row = shared_next_row(shared, row + 1))
        atomic_store(&shared->table->rows[row].down[server], 0);
}

bool shared_server_is_down(const struct shared *shared, unsigned server, int64_t *since,
                           char why[static SHARED_WHY_MAX])
{
    *since = 0;
    for (unsigned row = shared_next_row(shared, 0); row < SHARED_ROWS;
         row = shared_next_row(shared, row + 1)) {
        int64_t one = atomic_load(&shared->table->rows[row].down[server]);
        if (one && (!*since || one < *since))
            *since = one;
    }
    memcpy(why, shared->table->why_down[server], SHARED_WHY_MAX);
    why[SHARED_WHY_MAX - 1] = '\0';
    return *since != 0;
}

void shared_server_recipients(struct shared *shared, unsigned server, unsigned most, int64_t until)
{
    uint64_t number = most < COUNT_MASK ? most : COUNT_MASK;
    atomic_store(&shared->table->recipients[server], (uint64_t)until << COUNT_BITS | number);
}

unsigned shared_server_recipients_most(const struct shared *shared, unsigned server, int64_t now)
{
    uint64_t known = atomic_load(&shared->table->recipients[server]);
    return (int64_t)(known >> COUNT_BITS) > now ? (unsigned)(known & COUNT_MASK) : 0;
}

void shared_server_offers(struct shared *shared, unsigned server, uint64_t what)
{
    atomic_store(&shared->table->offers[server], what);
}

uint64_t shared_server_offered(const struct shared *shared, unsigned server)
{
    return atomic_load(&shared->table->offers[server]);
}
