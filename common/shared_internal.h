/* SPDX-License-Identifier: ISC
 * The table itself, for the files of shared.h alone. */
#ifndef COMMON_SHARED_INTERNAL_H
#define COMMON_SHARED_INTERNAL_H

#include "common/shared.h"

#include <stdatomic.h>

enum {
    ROW_WORDS = SHARED_ROWS / 64,
    BUCKETS = 2048,
    BUCKET_CELLS = 16, /* a holder has its place in one bucket, so nothing must be probed past it */
    DOUBTS = 128,
    COUNT_BITS = 24, /* a cell: the holder's tag above, its count below */
};

#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)

/* Written by one process alone, read by all. */
struct shared_row {
    _Atomic uint64_t sessions, spool, scans, logins;
    _Atomic int64_t oldest_scan, first_in_line;
    _Atomic uint64_t counters[COUNTER_COUNT];
    _Atomic bool doubtful[DOUBTS]; /* apart, so that clearing a row touches no page of the texts */
    struct doubt doubts[DOUBTS];
    _Atomic uint32_t backends[SHARED_SERVERS];
    _Atomic int64_t down[SHARED_SERVERS];
    _Atomic uint64_t shares[BUCKETS][BUCKET_CELLS];
};

struct shared_table {
    uint64_t key[2]; /* of the hash of clients, so that none can aim at a bucket */
    _Atomic uint64_t used[ROW_WORDS];
    _Atomic uint64_t servers[SHARED_SERVERS];    /* hashes of addresses; the place is the number */
    _Atomic uint64_t counted[COUNTER_COUNT];     /* by rows that have been cleared */
    _Atomic uint64_t recipients[SHARED_SERVERS]; /* a time, and below it COUNT_BITS of a number */
    _Atomic uint64_t offers[SHARED_SERVERS];
    _Atomic uint64_t lists, suspended;
    char why_down[SHARED_SERVERS][SHARED_WHY_MAX]; /* any process', perhaps of two at once */
    struct shared_row rows[SHARED_ROWS];
    /* the notes follow, and the sessions */
};

struct shared {
    struct shared_table *table;
};

/* The next used row from `from` on; SHARED_ROWS at the end. */
unsigned shared_next_row(const struct shared *shared, unsigned from);

#define SHARED_EACH_ROW(shared, r)                                                                 \
    for (unsigned r = shared_next_row(shared, 0); r < SHARED_ROWS;                                 \
         r = shared_next_row(shared, r + 1))

#define SHARED_SUM_OF(shared, member)                                                              \
    uint64_t sum = 0;                                                                              \
    SHARED_EACH_ROW(shared, r)                                                                     \
        sum += atomic_load(&(shared)->table->rows[r].member);                                      \
    return sum

/* A row's only writer is its process, so that load and store need not be one step. Giving more than
 * was taken stops at zero. */
void shared_subtract(_Atomic uint64_t *counter, uint64_t n);

#endif
