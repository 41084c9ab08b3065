/* SPDX-License-Identifier: ISC */
#include "common/shared_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

/* What JSON can tell exactly. */
#define COUNTED_MOST (UINT64_C(1) << 53)

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW };

static size_t size_of_notes(void)
{
    return (notes_size() + PAGE_MOST - 1) / PAGE_MOST * PAGE_MOST;
}

static size_t size_of_all(void)
{
    return sizeof(struct shared_table) + size_of_notes();
}

/* In the place of what is mapped there already; MAP_FAILED, or that place. */
static void *map_writable(struct shared *shared, size_t from, size_t size, int fd)
{
    return mmap((char *)shared->table + from, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                fd, (off_t)from);
}

static struct shared *map(int fd, int protection)
{
    struct shared *shared = calloc(1, sizeof *shared);
    if (!shared)
        return NULL;
    if (lseek(fd, 0, SEEK_END) != (off_t)size_of_all()) {
        errno = EINVAL;
        free(shared);
        return NULL;
    }
    shared->table = mmap(NULL, size_of_all(), protection, MAP_SHARED, fd, 0);
    if (shared->table == MAP_FAILED) {
        free(shared);
        return NULL;
    }
    return shared;
}

struct shared *shared_map(int reader, int fd, unsigned row)
{
    if (row >= SHARED_ROWS) {
        errno = EINVAL;
        return NULL;
    }
    size_t its_own = offsetof(struct shared_table, rows) + row * sizeof(struct shared_row);
    struct shared *shared = map(reader, PROT_READ);
    if (!shared)
        return NULL;
    void *row_there = map_writable(shared, its_own, sizeof(struct shared_row), fd);
    void *notes_there = map_writable(shared, sizeof(struct shared_table), size_of_notes(), fd);
    if (row_there != MAP_FAILED && notes_there != MAP_FAILED)
        return shared;
    shared_free(&shared);
    return NULL;
}

int shared_reader(int fd)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY | O_CLOEXEC);
}

struct shared *shared_new(int *fd)
{
    *fd = memfd_create("shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd < 0)
        return NULL;
    struct shared *shared = NULL;
    if (ftruncate(*fd, (off_t)size_of_all()) == 0 && fcntl(*fd, F_ADD_SEALS, SEALS) == 0)
        shared = map(*fd, PROT_READ | PROT_WRITE);
    if (shared && getrandom(shared->table->parents.key, sizeof shared->table->parents.key, 0) < 0)
        shared_free(&shared);
    if (!shared) {
        int error = errno;
        close(*fd);
        *fd = -1;
        errno = error;
        return NULL;
    }
    shared->is_parents = true;
    return shared;
}

void shared_free(struct shared **shared)
{
    if (!*shared)
        return;
    int error = errno;
    munmap((*shared)->table, size_of_all());
    free(*shared);
    *shared = NULL;
    errno = error;
}

/* ---- rows ---- */

int shared_row_claim(struct shared *shared)
{
    for (unsigned row = 0; row < SHARED_ROWS; row++) {
        _Atomic uint64_t *word = &shared->table->parents.used[row / 64];
        uint64_t bit = UINT64_C(1) << row % 64;
        if (!(atomic_fetch_or(word, bit) & bit))
            return (int)row;
    }
    return -1;
}

/* Gives the pages back as well: what was never used stays without any. */
static void empty(void *pages, size_t size)
{
    if (madvise(pages, size, MADV_REMOVE) != 0)
        memset(pages, 0, size);
}

static void keep_counts(struct shared *shared, unsigned row)
{
    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        _Atomic uint64_t *counted = &shared->table->parents.counted[i];
        uint64_t before = atomic_load(counted);
        uint64_t more = shared_bounded(atomic_load(&shared->table->rows[row].counters[i]));
        atomic_store(counted, more < COUNTED_MOST - before ? before + more : COUNTED_MOST);
    }
}

void shared_row_distrust(struct shared *shared, unsigned row)
{
    shared_suspend(shared, row, 0);
    shared_servers_forget(shared, row);
    empty(shared_notes(shared), size_of_notes());
}

void shared_row_clear(struct shared *shared, unsigned row)
{
    keep_counts(shared, row);
    shared_lists_keep(shared, row);
    shared_servers_keep(shared, row);
    empty(&shared->table->rows[row], sizeof(struct shared_row));
    atomic_fetch_and(&shared->table->parents.used[row / 64], ~(UINT64_C(1) << row % 64));
}

unsigned shared_next_row(const struct shared *shared, unsigned from)
{
    for (unsigned word = from / 64; word < ROW_WORDS; word++) {
        uint64_t bits =
            atomic_load_explicit(&shared->table->parents.used[word], memory_order_relaxed);
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

int shared_doubt_begin(struct shared *shared, unsigned row, const struct doubt *doubt)
{
    struct shared_row *r = &shared->table->rows[row];
    for (int i = 0; i < DOUBTS; i++) {
        if (atomic_load_explicit(&r->doubtful[i], memory_order_relaxed))
            continue;
        r->doubts[i] = *doubt;
        atomic_store(&r->doubtful[i], 1);
        return i;
    }
    return -1;
}

void shared_doubt_end(struct shared *shared, unsigned row, int place)
{
    if (place >= 0)
        atomic_store(&shared->table->rows[row].doubtful[place], 0);
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

struct live_sessions *shared_live(struct shared *shared, unsigned row)
{
    return (struct live_sessions *)shared->table->rows[row].live;
}

const uint64_t *shared_key(const struct shared *shared)
{
    return shared->table->parents.key;
}

void shared_count(struct shared *shared, unsigned row, enum counter counter, uint64_t n)
{
    atomic_fetch_add_explicit(&shared->table->rows[row].counters[counter], n, memory_order_relaxed);
}

uint64_t shared_counter(const struct shared *shared, enum counter counter)
{
    uint64_t sum = atomic_load(&shared->table->parents.counted[counter]);
    SHARED_EACH_ROW(shared, r)
        sum += shared_bounded(atomic_load(&shared->table->rows[r].counters[counter]));
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

void shared_family_changed(struct shared *shared, unsigned family)
{
    atomic_fetch_add(&shared->table->parents.families[family], 1);
}

uint64_t shared_family_changes(const struct shared *shared, unsigned family)
{
    return atomic_load(&shared->table->parents.families[family]);
}

void shared_pulse(struct shared *shared, unsigned row)
{
    atomic_fetch_add(&shared->table->rows[row].pulses, 1);
}

uint64_t shared_pulses(const struct shared *shared, unsigned row)
{
    return atomic_load(&shared->table->rows[row].pulses);
}
