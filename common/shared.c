/* SPDX-License-Identifier: ISC */
#include "common/shared.h"

#include "common/client_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    ROW_WORDS = SHARED_ROWS / 64,
    BUCKETS = 2048,
    BUCKET_CELLS = 16, /* a client has its place in one bucket, so nothing must be probed past it */
    DOUBTS = 128,
    COUNT_BITS = 20, /* a cell: the client's tag above, its count below */
    SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW,
};

static const uint64_t count_mask = (UINT64_C(1) << COUNT_BITS) - 1;

/* Written by one process alone, read by all. */
struct shared_row {
    _Atomic uint64_t sessions, spool, scans;
    _Atomic int64_t oldest_scan, first_in_line;
    _Atomic uint64_t counters[COUNTER_COUNT];
    _Atomic bool doubtful[DOUBTS]; /* apart, so that clearing a row touches no page of the texts */
    struct doubt doubts[DOUBTS];
    _Atomic uint32_t backends[SHARED_SERVERS];
    _Atomic int64_t down[SHARED_SERVERS];
    _Atomic uint64_t clients[BUCKETS][BUCKET_CELLS];
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
            atomic_store_explicit(&r->clients[b][c], 0, memory_order_relaxed);
    live_sessions_clear(shared_live(shared), row);
    atomic_fetch_and(&shared->table->used[row / 64], ~(UINT64_C(1) << row % 64));
}

/* The next used row from `from` on; SHARED_ROWS at the end. */
static unsigned next_row(const struct shared *shared, unsigned from)
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

#define FOR_EACH_ROW(shared, r)                                                                    \
    for (unsigned r = next_row(shared, 0); r < SHARED_ROWS; r = next_row(shared, r + 1))

#define SUM_OF(shared, member)                                                                     \
    uint64_t sum = 0;                                                                              \
    FOR_EACH_ROW(shared, r)                                                                        \
        sum += atomic_load(&(shared)->table->rows[r].member);                                      \
    return sum

uint64_t shared_sessions(const struct shared *shared)
{
    SUM_OF(shared, sessions);
}

uint64_t shared_spool(const struct shared *shared)
{
    SUM_OF(shared, spool);
}

uint64_t shared_scans(const struct shared *shared)
{
    SUM_OF(shared, scans);
}

uint64_t shared_backend(const struct shared *shared, unsigned server)
{
    SUM_OF(shared, backends[server]);
}

/* A row's only writer is its process, so that load and store need not be one step. Giving more than
 * was taken stops at zero. */
static void subtract(_Atomic uint64_t *counter, uint64_t n)
{
    uint64_t have = atomic_load(counter);
    atomic_store(counter, have > n ? have - n : 0);
}

bool shared_spool_take(struct shared *shared, unsigned row, uint64_t bytes, uint64_t limit)
{
    _Atomic uint64_t *counter = &shared->table->rows[row].spool;
    atomic_fetch_add(counter, bytes);
    if (shared_spool(shared) <= limit)
        return true;
    subtract(counter, bytes);
    return false;
}

void shared_spool_give(struct shared *shared, unsigned row, uint64_t bytes)
{
    subtract(&shared->table->rows[row].spool, bytes);
}

static bool is_its_turn(const struct shared *shared, unsigned row, const struct scan_claim *claim)
{
    FOR_EACH_ROW(shared, r) {
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
    subtract(counter, claim->octets);
    return false;
}

void shared_scan_give(struct shared *shared, unsigned row, uint64_t octets)
{
    subtract(&shared->table->rows[row].scans, octets);
}

void shared_scan_oldest(struct shared *shared, unsigned row, int64_t given)
{
    atomic_store(&shared->table->rows[row].oldest_scan, given);
}

void shared_scan_first(struct shared *shared, unsigned row, int64_t since)
{
    atomic_store(&shared->table->rows[row].first_in_line, since);
}

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
    uint64_t tag = hash & ~count_mask;
    return (struct client){(unsigned)(hash & (BUCKETS - 1)), tag ? tag : count_mask + 1};
}

static _Atomic uint64_t *cell_of(const struct shared *shared, unsigned row, struct client client)
{
    _Atomic uint64_t *cells = shared->table->rows[row].clients[client.bucket];
    for (size_t c = 0; c < BUCKET_CELLS; c++) {
        uint64_t cell = atomic_load_explicit(&cells[c], memory_order_relaxed);
        if ((cell & ~count_mask) == client.tag)
            return &cells[c];
    }
    return NULL;
}

static uint64_t sessions_of(const struct shared *shared, struct client client)
{
    uint64_t sum = 0;
    FOR_EACH_ROW(shared, r) {
        const _Atomic uint64_t *cell = cell_of(shared, r, client);
        sum += cell ? atomic_load(cell) & count_mask : 0;
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
        if ((atomic_load(cell) & count_mask) < count_mask)
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
    uint64_t left = (atomic_load(cell) & count_mask) - 1;
    atomic_store(cell, left ? client.tag | left : 0);
}

enum shared_session shared_session_take(struct shared *shared, unsigned row, const struct ip *ip,
                                        unsigned limit, unsigned limit_per_client)
{
    _Atomic uint64_t *counter = &shared->table->rows[row].sessions;
    atomic_fetch_add(counter, 1);
    if (shared_sessions(shared) > limit) {
        subtract(counter, 1);
        return SHARED_SESSION_TOO_MANY;
    }
    struct client client = client_of(shared, ip);
    bool counted = count_client(shared, row, client);
    if (sessions_of(shared, client) <= limit_per_client)
        return SHARED_SESSION_TAKEN;
    if (counted)
        uncount_client(shared, row, client);
    subtract(counter, 1);
    return SHARED_SESSION_TOO_MANY_OF_CLIENT;
}

void shared_session_give(struct shared *shared, unsigned row, const struct ip *client)
{
    subtract(&shared->table->rows[row].sessions, 1);
    uncount_client(shared, row, client_of(shared, client));
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

void shared_server_down(struct shared *shared, unsigned row, unsigned server, int64_t since,
                        const char *why)
{
    snprintf(shared->table->why_down[server], SHARED_WHY_MAX, "%s", why);
    atomic_store(&shared->table->rows[row].down[server], since);
}

void shared_server_up(struct shared *shared, unsigned server)
{
    for (unsigned row = next_row(shared, 0); row < SHARED_ROWS; row = next_row(shared, row + 1))
        atomic_store(&shared->table->rows[row].down[server], 0);
}

bool shared_server_is_down(const struct shared *shared, unsigned server, int64_t *since,
                           char why[static SHARED_WHY_MAX])
{
    *since = 0;
    for (unsigned row = next_row(shared, 0); row < SHARED_ROWS; row = next_row(shared, row + 1)) {
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
    uint64_t number = most < count_mask ? most : count_mask;
    atomic_store(&shared->table->recipients[server], (uint64_t)until << COUNT_BITS | number);
}

unsigned shared_server_recipients_most(const struct shared *shared, unsigned server, int64_t now)
{
    uint64_t known = atomic_load(&shared->table->recipients[server]);
    return (int64_t)(known >> COUNT_BITS) > now ? (unsigned)(known & count_mask) : 0;
}

void shared_server_offers(struct shared *shared, unsigned server, uint64_t what)
{
    atomic_store(&shared->table->offers[server], what);
}

uint64_t shared_server_offered(const struct shared *shared, unsigned server)
{
    return atomic_load(&shared->table->offers[server]);
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
    FOR_EACH_ROW(shared, r)
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
