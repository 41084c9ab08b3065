/* SPDX-License-Identifier: ISC */
#include "common/shared_internal.h"

#include "common/client_hash.h"

#include <string.h>

uint64_t shared_sessions(const struct shared *shared)
{
    SHARED_SUM_OF(shared, sessions);
}

struct client {
    unsigned bucket;
    uint64_t tag; /* in the upper bits, never zero */
};

static struct client client_of(const struct shared *shared, const struct ip *ip)
{
    struct ip network = *ip;
    if (network.family == 6)
        memset(network.bytes + 8, 0, 8);
    uint64_t hash = client_hash(shared->table->key, &network, 0);
    uint64_t tag = hash & ~COUNT_MASK;
    return (struct client){(unsigned)(hash & (BUCKETS - 1)), tag ? tag : COUNT_MASK + 1};
}

static _Atomic uint64_t *cell_of(const struct shared *shared, unsigned row, struct client client)
{
    _Atomic uint64_t *cells = shared->table->rows[row].clients[client.bucket];
    for (size_t c = 0; c < BUCKET_CELLS; c++) {
        uint64_t cell = atomic_load_explicit(&cells[c], memory_order_relaxed);
        if ((cell & ~COUNT_MASK) == client.tag)
            return &cells[c];
    }
    return NULL;
}

static uint64_t sessions_of(const struct shared *shared, struct client client)
{
    uint64_t sum = 0;
    SHARED_EACH_ROW(shared, r) {
        const _Atomic uint64_t *cell = cell_of(shared, r, client);
        sum += cell ? atomic_load(cell) & COUNT_MASK : 0;
    }
    return sum;
}

uint64_t shared_sessions_of(const struct shared *shared, const struct ip *client)
{
    return sessions_of(shared, client_of(shared, client));
}

/* False when the bucket is full of other clients: this one is then not counted in this row. */
static bool count_client(const struct shared *shared, unsigned row, struct client client)
{
    _Atomic uint64_t *cell = cell_of(shared, row, client);
    if (cell) {
        if ((atomic_load(cell) & COUNT_MASK) < COUNT_MASK)
            atomic_fetch_add(cell, 1);
        return true;
    }
    _Atomic uint64_t *cells = shared->table->rows[row].clients[client.bucket];
    for (size_t c = 0; c < BUCKET_CELLS; c++) {
        if (atomic_load(&cells[c]) == 0) {
            atomic_store(&cells[c], client.tag | 1);
            return true;
        }
    }
    return false;
}

static void uncount_client(const struct shared *shared, unsigned row, struct client client)
{
    _Atomic uint64_t *cell = cell_of(shared, row, client);
    if (!cell)
        return;
    uint64_t left = (atomic_load(cell) & COUNT_MASK) - 1;
    atomic_store(cell, left ? client.tag | left : 0);
}

enum shared_session shared_session_take(struct shared *shared, unsigned row, const struct ip *ip,
                                        unsigned limit, unsigned limit_per_client)
{
    _Atomic uint64_t *counter = &shared->table->rows[row].sessions;
    atomic_fetch_add(counter, 1);
    if (shared_sessions(shared) > limit) {
        shared_subtract(counter, 1);
        return SHARED_SESSION_TOO_MANY;
    }
    struct client client = client_of(shared, ip);
    bool counted = count_client(shared, row, client);
    if (sessions_of(shared, client) <= limit_per_client)
        return SHARED_SESSION_TAKEN;
    if (counted)
        uncount_client(shared, row, client);
    shared_subtract(counter, 1);
    return SHARED_SESSION_TOO_MANY_OF_CLIENT;
}

void shared_session_give(struct shared *shared, unsigned row, const struct ip *client)
{
    shared_subtract(&shared->table->rows[row].sessions, 1);
    uncount_client(shared, row, client_of(shared, client));
}
