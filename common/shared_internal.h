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
    COUNT_BITS = 24,       /* a cell: the holder's tag above, its count below */
    PAGE_MOST = 64 * 1024, /* a multiple of every machine's page */
    PARENTS_ROOM = PAGE_MOST,
    ROW_ROOM = 34 * PAGE_MOST,
};

#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)

/* No row has more of anything: whatever a process writes into its own, a sum neither overflows nor
 * becomes negative. */
#define ROW_MOST (UINT64_C(1) << 48)

/* What a server was heard to offer, and clock_ms when. */
struct offer {
    _Atomic uint64_t what;
    _Atomic int64_t at;
};

/* How one process fares with a server. */
struct fate {
    _Atomic int64_t down_since;     /* seconds since 1970; 0: it is up, or was never tried */
    _Atomic int64_t down_at, up_at; /* clock_ms, when that was found out */
    char why[SHARED_WHY_MAX];
};

/* Bits of blocklists, and which lists they stand for. */
struct suspension {
    _Atomic uint64_t lists, bits;
};

/* Pages that one process alone can write, and all can read. A number of others is believed only
 * within its bounds. */
struct shared_row {
    union {
        struct {
            _Atomic uint64_t sessions, spool, scans, logins, pulses;
            _Atomic int64_t oldest_scan, first_in_line;
            struct suspension suspended;
            _Atomic uint64_t counters[COUNTER_COUNT];
            _Atomic uint8_t doubtful[DOUBTS];
            _Atomic uint32_t backends[SHARED_SERVERS];
            _Atomic uint64_t shares[BUCKETS][BUCKET_CELLS];
            _Atomic uint64_t recipients[SHARED_SERVERS]; /* a time, and COUNT_BITS of a number */
            struct offer offers[SHARED_SERVERS];
            struct fate fates[SHARED_FATES];
            struct doubt doubts[DOUBTS];
            uint64_t live[LIVE_SESSIONS_ROOM / sizeof(uint64_t)];
        };
        char room[ROW_ROOM];
    };
};

/* Pages that the parent alone can write. */
struct shared_parents {
    union {
        struct {
            uint64_t key[2]; /* of the hash of clients, so that none can aim at a bucket */
            _Atomic uint64_t used[ROW_WORDS];
            _Atomic uint64_t
                servers[SHARED_SERVERS]; /* hashes of addresses; the place is the number */
            _Atomic uint32_t watcher;    /* the row and one more; 0: there is none */
            _Atomic uint64_t families[SHARED_FAMILIES]; /* how often each was another */
            /* Of rows that have been cleared: */
            _Atomic uint64_t counted[COUNTER_COUNT];
            _Atomic uint64_t recipients[SHARED_SERVERS];
            struct offer offers[SHARED_SERVERS];
            struct suspension suspended;
        };
        char room[PARENTS_ROOM];
    };
};

struct shared_table {
    struct shared_parents parents;
    struct shared_row rows[SHARED_ROWS];
    /* the notes follow, which all can write */
};

_Static_assert(sizeof(struct shared_row) == ROW_ROOM, "a row has room for all that is in it");
_Static_assert(sizeof(struct shared_parents) == PARENTS_ROOM, "and the parent's part");

struct shared {
    struct shared_table *table;
    bool is_parents;
};

#define SHARED_EACH_ROW(shared, r)                                                                 \
    for (unsigned r = shared_next_row(shared, 0); r < SHARED_ROWS;                                 \
         r = shared_next_row(shared, r + 1))

#define SHARED_SUM_OF(shared, member)                                                              \
    uint64_t sum = 0;                                                                              \
    SHARED_EACH_ROW(shared, r)                                                                     \
        sum += shared_bounded(atomic_load(&(shared)->table->rows[r].member));                      \
    return sum

static inline uint64_t shared_bounded(uint64_t of_a_row)
{
    return of_a_row < ROW_MOST ? of_a_row : ROW_MOST;
}

/* What the parent keeps of a row that is being cleared, and that it is not to. */
void shared_lists_keep(struct shared *shared, unsigned row);
void shared_servers_keep(struct shared *shared, unsigned row);
void shared_servers_forget(struct shared *shared, unsigned row);

/* A row's only writer is its process, so that load and store need not be one step. Giving more than
 * was taken stops at zero. */
void shared_subtract(_Atomic uint64_t *counter, uint64_t n);

#endif
