/* SPDX-License-Identifier: ISC */
#include "common/shares.h"

#include "common/client_hash.h"
#include "common/shared_internal.h"

#include <string.h>

/* Beyond a half of a budget a network has a quarter of it, and a wider one a half. */
enum { PRESSED = 2, NETWORK_PART = 4, WIDER_PART = 2 };

static uint64_t hash_of(const struct shared *shared, const struct ip *ip, size_t octets)
{
    struct ip network = *ip;
    memset(network.bytes + octets, 0, sizeof network.bytes - octets);
    uint64_t hash = client_hash(shared_key(shared), &network, (uint16_t)octets);
    return hash ? hash : 1;
}

struct holder holder_of(const struct shared *shared, const struct ip *client, bool unshared)
{
    bool v6 = client->family == 6;
    struct holder holder = {.client = hash_of(shared, client, v6 ? 8 : 4)};
    if (unshared)
        return holder;
    holder.network = v6 ? holder.client : hash_of(shared, client, 3);
    holder.wider = v6 ? hash_of(shared, client, 6) : 0;
    return holder;
}

/* ---- cells ---- */

struct cell {
    unsigned bucket;
    uint64_t tag; /* in the upper bits, never zero */
};

static struct cell cell_for(uint64_t who, unsigned budget)
{
    uint64_t hash =
        (who ^ (uint64_t)budget * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xbf58476d1ce4e5b9);
    hash ^= hash >> 31;
    uint64_t tag = hash & ~COUNT_MASK;
    return (struct cell){(unsigned)(hash & (BUCKETS - 1)), tag ? tag : COUNT_MASK + 1};
}

static _Atomic uint64_t *find(const struct shared *shared, unsigned row, struct cell cell)
{
    _Atomic uint64_t *cells = shared->table->rows[row].shares[cell.bucket];
    for (size_t c = 0; c < BUCKET_CELLS; c++) {
        uint64_t value = atomic_load_explicit(&cells[c], memory_order_relaxed);
        if ((value & ~COUNT_MASK) == cell.tag)
            return &cells[c];
    }
    return NULL;
}

static _Atomic uint64_t *find_empty(const struct shared *shared, unsigned row, struct cell cell)
{
    _Atomic uint64_t *cells = shared->table->rows[row].shares[cell.bucket];
    for (size_t c = 0; c < BUCKET_CELLS; c++)
        if (atomic_load(&cells[c]) == 0)
            return &cells[c];
    return NULL;
}

uint64_t share_count(const struct shared *shared, uint64_t who, unsigned budget)
{
    struct cell cell = cell_for(who, budget);
    uint64_t sum = 0;
    SHARED_EACH_ROW(shared, r) {
        const _Atomic uint64_t *place = find(shared, r, cell);
        sum += place ? atomic_load(place) & COUNT_MASK : 0;
    }
    return sum;
}

/* In a bucket that is full of others these are not counted. */
void share_add(struct shared *shared, unsigned row, uint64_t who, unsigned budget, uint64_t units)
{
    struct cell cell = cell_for(who, budget);
    _Atomic uint64_t *place = find(shared, row, cell);
    if (!place)
        place = find_empty(shared, row, cell);
    if (!place || units == 0)
        return;
    uint64_t have = atomic_load(place) & COUNT_MASK;
    uint64_t sum = units < COUNT_MASK - have ? have + units : COUNT_MASK;
    atomic_store(place, cell.tag | sum);
}

void share_subtract(struct shared *shared, unsigned row, uint64_t who, unsigned budget,
                    uint64_t units)
{
    struct cell cell = cell_for(who, budget);
    _Atomic uint64_t *place = find(shared, row, cell);
    if (!place)
        return;
    uint64_t have = atomic_load(place) & COUNT_MASK;
    atomic_store(place, have > units ? cell.tag | (have - units) : 0);
}

/* ---- shares ---- */

static uint64_t part(const struct allotment *of, uint64_t parts)
{
    uint64_t part = of->limit / parts;
    return part > of->least ? part : of->least;
}

bool share_is_fair(uint64_t used, uint64_t limit, uint64_t its)
{
    const struct allotment of = {.limit = limit, .least = 1};
    return used <= limit / PRESSED || its <= part(&of, NETWORK_PART);
}

bool share_is_kept(const struct shared *shared, const struct holder *holder,
                   const struct allotment *of)
{
    if (holder->network == 0 || of->used <= of->limit / PRESSED)
        return true;
    if (share_count(shared, holder->network, of->budget) > part(of, NETWORK_PART))
        return false;
    return holder->wider == 0 ||
           share_count(shared, holder->wider, of->budget) <= part(of, WIDER_PART);
}

void share_hold(struct shared *shared, unsigned row, const struct holder *holder, unsigned budget,
                uint64_t units)
{
    if (holder->network)
        share_add(shared, row, holder->network, budget, units);
    if (holder->wider)
        share_add(shared, row, holder->wider, budget, units);
}

void share_release(struct shared *shared, unsigned row, const struct holder *holder,
                   unsigned budget, uint64_t units)
{
    if (holder->network)
        share_subtract(shared, row, holder->network, budget, units);
    if (holder->wider)
        share_subtract(shared, row, holder->wider, budget, units);
}
