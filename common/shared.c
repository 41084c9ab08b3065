/* SPDX-License-Identifier: ISC */
#include "common/shared_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW };

static size_t size_of_all(void)
{
    return sizeof(struct shared_table) + notes_size() + live_sessions_size();
}

struct shared *shared_map(int fd)
{
    struct shared *shared = calloc(1, sizeof *shared);
    if (!shared)
        return NULL;
    if (lseek(fd, 0, SEEK_END) != (off_t)size_of_all()) {
        errno = EINVAL;
        free(shared);
        return NULL;
    }
    shared->table = mmap(NULL, size_of_all(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared->table == MAP_FAILED) {
        free(shared);
        return NULL;
    }
    return shared;
}

struct shared *shared_new(int *fd)
{
    *fd = memfd_create("shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd < 0)
        return NULL;
    struct shared *shared = NULL;
    if (ftruncate(*fd, (off_t)size_of_all()) == 0 && fcntl(*fd, F_ADD_SEALS, SEALS) == 0)
        shared = shared_map(*fd);
    if (shared && getrandom(shared->table->key, sizeof shared->table->key, 0) < 0)
        shared_free(&shared);
    if (!shared) {
        int error = errno;
        close(*fd);
        *fd = -1;
        errno = error;
    }
    return shared;
}

void shared_free(struct shared **shared)
{
    if (!*shared)
        return;
    munmap((*shared)->table, size_of_all());
    free(*shared);
    *shared = NULL;
}

int shared_row_claim(struct shared *shared)
{
    for (unsigned row = 0; row < SHARED_ROWS; row++) {
        _Atomic uint64_t *word = &shared->table->used[row / 64];
        uint64_t bit = UINT64_C(1) << row % 64;
        if (!(atomic_fetch_or(word, bit) & bit))
            return (int)row;
    }
    return -1;
}

void shared_row_clear(struct shared *shared, unsigned row)
{
    struct shared_row *r = &shared->table->rows[row];
    atomic_store(&r->sessions, 0);
    atomic_store(&r->spool, 0);
    atomic_store(&r->scans, 0);
    atomic_store(&r->logins, 0);
    atomic_store(&r->oldest_scan, 0);
    atomic_store(&r->first_in_line, 0);
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        atomic_fetch_add(&shared->table->counted[i], atomic_exchange(&r->counters[i], 0));
    for (size_t i = 0; i < DOUBTS; i++)
        atomic_store(&r->doubtful[i], false);
    for (size_t i = 0; i < SHARED_SERVERS; i++)
        atomic_store_explicit(&r->backends[i], 0, memory_order_relaxed);
    for (size_t i = 0; i < SHARED_SERVERS; i++)
        atomic_store_explicit(&r->down[i], 0, memory_order_relaxed);
    for (size_t b = 0; b < BUCKETS; b++)
        for (size_t c = 0; c < BUCKET_CELLS; c++)
            atomic_store_explicit(&r->shares[b][c], 0, memory_order_relaxed);
    live_sessions_clear(shared_live(shared), row);
    atomic_fetch_and(&shared->table->used[row / 64], ~(UINT64_C(1) << row % 64));
}

unsigned shared_next_row(const struct shared *shared, unsigned from)
{
    for (unsigned word = from / 64; word < ROW_WORDS; word++) {
        uint64_t bits = atomic_load_explicit(&shared->table->used[word], memory_order_relaxed);
        if (word == from / 64)
            bits &= ~UINT64_C(0) << from % 64;
        if (bits)
            return word * 64 + (unsigned)__builtin_ctzll(bits);
    }
    return SHARED_ROWS;
}

uint64_t shared_sessions(const struct shared *shared)
{
    SHARED_SUM_OF(shared, sessions);
}

uint64_t shared_spool(const struct shared *shared)
{
    SHARED_SUM_OF(shared, spool);
}

uint64_t shared_scans(const struct shared *shared)
{
    SHARED_SUM_OF(shared, scans);
}

void shared_subtract(_Atomic uint64_t *counter, uint64_t n)
{
    uint64_t have = atomic_load(counter);
    atomic_store(counter, have > n ? have - n : 0);
}

static bool is_its_turn(const struct shared *shared, unsigned row, const struct scan_claim *claim)
{
    SHARED_EACH_ROW(shared, r) {
        int64_t oldest = atomic_load(&shared->table->rows[r].oldest_scan);
        int64_t first = atomic_load(&shared->table->rows[r].first_in_line);
        if (oldest && claim->now - oldest > claim->age)
            return false;
        if (r != row && first && first < claim->since && claim->now - first <= claim->patience)
            return false;
    }
    return true;
}

bool shared_scan_take(struct shared *shared, unsigned row, const struct scan_claim *claim)
{
    _Atomic uint64_t *counter = &shared->table->rows[row].scans;
    if (!is_its_turn(shared, row, claim))
        return false;
    atomic_fetch_add(counter, claim->octets);
    uint64_t all = shared_scans(shared);
    if (all <= claim->limit || all == claim->octets)
        return true;
    shared_subtract(counter, claim->octets);
    return false;
}

void shared_scan_give(struct shared *shared, unsigned row, uint64_t octets)
{
    shared_subtract(&shared->table->rows[row].scans, octets);
}

void shared_scan_oldest(struct shared *shared, unsigned row, int64_t given)
{
    atomic_store(&shared->table->rows[row].oldest_scan, given);
}

void shared_scan_first(struct shared *shared, unsigned row, int64_t since)
{
    atomic_store(&shared->table->rows[row].first_in_line, since);
}

int shared_doubt_begin(struct shared *shared, unsigned row, const struct doubt *doubt)
{
    struct shared_row *r = &shared->table->rows[row];
    for (int i = 0; i < DOUBTS; i++) {
        if (atomic_load_explicit(&r->doubtful[i], memory_order_relaxed))
            continue;
        r->doubts[i] = *doubt;
        atomic_store(&r->doubtful[i], true);
        return i;
    }
    return -1;
}

void shared_doubt_end(struct shared *shared, unsigned row, int place)
{
    if (place >= 0)
        atomic_store(&shared->table->rows[row].doubtful[place], false);
}

bool shared_doubt_next(const struct shared *shared, unsigned row, unsigned *at, struct doubt *doubt)
{
    const struct shared_row *r = &shared->table->rows[row];
    while (*at < DOUBTS) {
        unsigned place = (*at)++;
        if (!atomic_load(&r->doubtful[place]))
            continue;
        *doubt = r->doubts[place];
        return true;
    }
    return false;
}

struct notes *shared_notes(struct shared *shared)
{
    return (struct notes *)(shared->table + 1);
}

struct live_sessions *shared_live(struct shared *shared)
{
    return (struct live_sessions *)((char *)shared_notes(shared) + notes_size());
}

const uint64_t *shared_key(const struct shared *shared)
{
    return shared->table->key;
}

void shared_count(struct shared *shared, unsigned row, enum counter counter, uint64_t n)
{
    atomic_fetch_add_explicit(&shared->table->rows[row].counters[counter], n, memory_order_relaxed);
}

uint64_t shared_counter(const struct shared *shared, enum counter counter)
{
    uint64_t sum = atomic_load(&shared->table->counted[counter]);
    SHARED_EACH_ROW(shared, r)
        sum += atomic_load(&shared->table->rows[r].counters[counter]);
    return sum;
}

const char *shared_counter_name(enum counter counter)
{
    static const char *const names[COUNTER_COUNT] = {
#define COUNTER(id, name, doc) name,
#include "common/counters.def"
#undef COUNTER
    };
    return names[counter];
}

uint64_t shared_lists(struct shared *shared, uint64_t lists)
{
    if (atomic_exchange(&shared->table->lists, lists) != lists)
        shared_suspend(shared, 0);
    return shared_suspended(shared);
}

uint64_t shared_suspended(const struct shared *shared)
{
    return atomic_load(&shared->table->suspended);
}

void shared_suspend(struct shared *shared, uint64_t bits)
{
    atomic_store(&shared->table->suspended, bits);
}
