/* SPDX-License-Identifier: ISC */
#include "keeper/recording.h"

#include "base/clock.h"
#include "base/ipc.h"
#include "base/log.h"
#include "common/redis_breaker.h"

#include <stdlib.h>

enum {
    ARENA_MAX = 8 * 1024 * 1024,
    COMMIT_MS = 250, /* until what was added counts */
    COMMIT_MOST = 2000,
    COMMIT_OCTETS = 8 * 1024 * 1024,
    LATE_MS = 3600000, /* how long a record may have waited for a keeper */
    PRUNE_SHARE = 20, /* that part of the most it may hold was added: look whether it is too much */
    PRUNE_MS = 60000,
    PRUNE_AGAIN_MS = 50, /* while there is more to take out */
    INDEX_MS = 200,      /* between two looks whether there is time for it */
    INDEX_QUIET = 100,   /* records in that time: no more is quiet */
    BACKLOG_MOST = 200000,
};

struct recording {
    struct history *history; /* NULL: none is kept */
    struct lines lines;
    struct arena *arena;
    struct event *commit, *prune, *index;
    size_t uncommitted, octets;  /* since the last commit */
    struct personal personal;    /* what is kept of people from the beginning */
    uint64_t since_pruned, size; /* octets; size: of the history at most */
    size_t since_indexed;        /* records */
    struct complaint too_large;
};

static void after(struct event *event, int64_t ms)
{
    struct timeval wait = {ms / 1000, (ms % 1000) * 1000};
    event_add(event, &wait);
}

/* ---- committing ---- */

void recording_commit(struct recording *r)
{
    if (r->history && r->uncommitted)
        history_commit(r->history);
    r->uncommitted = r->octets = 0;
}

void recording_commit_soon(struct recording *r)
{
    if (r->uncommitted && !event_pending(r->commit, EV_TIMEOUT, NULL))
        after(r->commit, COMMIT_MS);
    if (r->history && r->since_pruned > r->size / PRUNE_SHARE)
        after(r->prune, 0);
}

static void on_commit(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    recording_commit(arg);
}

/* ---- taking in ---- */

/* A proxy's clock is ours: a time that is far from it is none. */
static void mend_time(struct record *record, char *octets, size_t len)
{
    int64_t now = clock_wall_ms();
    if (record->time <= now && record->time > now - LATE_MS)
        return;
    record->time = now;
    record_set_time(octets, len, now);
}

static void keep(struct recording *r, const struct record *record, struct slice octets)
{
    history_add(r->history, record, octets);
    r->uncommitted++;
    r->since_indexed++;
    r->octets += octets.len;
    r->since_pruned += octets.len;
    if (r->uncommitted >= COMMIT_MOST || r->octets >= COMMIT_OCTETS)
        recording_commit(r);
}

/* Only who writes lines, or keeps less, needs to know the facts. */
static bool read_record(const struct recording *r, struct slice octets, struct record *record)
{
    if (lines_wanted(&r->lines) || r->personal.how != PERSONAL_KEEP)
        return record_decode(octets, r->arena, record);
    return record_decode_words(octets, r->arena, record);
}

static void lost(struct recording *r)
{
    uint64_t count;
    if (r->history)
        history_lose(r->history);
    if (complaint_due(&r->too_large, clock_ms(), &count))
        log_at(LEVEL_ERROR, "", "records too large to keep less of them are lost",
               field_num("count", (int64_t)count));
}

/* Without what is not to be kept of people. */
static void add_less(struct recording *r, struct record *record)
{
    static char room[RECORD_OCTETS_MAX];
    struct buf octets = buf_over(room, sizeof room);
    if (!personal_veil(&r->personal, record, r->arena) || !record_encode(&octets, record)) {
        lost(r);
        return;
    }
    lines_add(&r->lines, record);
    if (r->history)
        keep(r, record, buf_slice(&octets));
}

static void take_one(struct recording *r, char *octets, size_t len)
{
    struct record record;
    struct slice whole = {octets, len};
    arena_reset(r->arena);
    if (len > RECORD_OCTETS_MAX || !read_record(r, whole, &record)) {
        log_at(LEVEL_PANIC, "", "a record cannot be read", field_num("octets", (int64_t)len));
        return;
    }
    mend_time(&record, octets, len);
    if (r->personal.how != PERSONAL_KEEP) {
        add_less(r, &record);
        return;
    }
    lines_add(&r->lines, &record);
    if (r->history)
        keep(r, &record, whole);
}

void recording_take(struct recording *r, char *octets, size_t len)
{
    struct unpack in = {.left = {octets, len}};
    while (in.left.len) {
        struct slice record = unpack_slice(&in);
        if (in.bad) {
            log_at(LEVEL_PANIC, "", "records cannot be read", field_num("octets", (int64_t)len));
            return;
        }
        take_one(r, octets + (record.ptr - octets), record.len);
    }
}

void recording_add(struct recording *r, const struct record *record)
{
    static char room[RECORD_OCTETS_MAX];
    struct buf octets = buf_over(room, sizeof room);
    struct record less = *record;
    arena_reset(r->arena);
    if (r->personal.how != PERSONAL_KEEP) {
        add_less(r, &less);
    } else {
        lines_add(&r->lines, record);
        if (r->history && record_encode(&octets, record))
            keep(r, record, buf_slice(&octets));
    }
    recording_commit_soon(r);
}

/* ---- from time to time ---- */

static void on_prune(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct recording *r = arg;
    bool more = history_prune(r->history, clock_wall());
    more = history_veil(r->history, clock_wall()) || more;
    r->uncommitted = r->octets = r->since_pruned = 0;
    after(r->prune, more ? PRUNE_AGAIN_MS : PRUNE_MS);
}

/* What records are found by is written when little else is to do: mail comes first. */
static void on_index(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct recording *r = arg;
    bool quiet = r->since_indexed <= INDEX_QUIET;
    if (quiet || history_backlog(r->history) > BACKLOG_MOST) {
        recording_commit(r);
        history_index(r->history);
    }
    history_tidy(r->history, quiet);
    r->since_indexed = 0;
    after(r->index, INDEX_MS);
}

/* ---- */

static bool make(struct recording *r, struct event_base *base)
{
    r->arena = arena_new(ARENA_MAX);
    r->commit = evtimer_new(base, on_commit, r);
    r->prune = evtimer_new(base, on_prune, r);
    r->index = evtimer_new(base, on_index, r);
    return r->arena && r->commit && r->prune && r->index;
}

struct recording *recording_new(struct event_base *base, const struct recording_options *options,
                                const char **reason)
{
    struct recording *r = calloc(1, sizeof *r);
    *reason = "out of memory";
    if (!r)
        return NULL;
    lines_begin(&r->lines);
    if (options->syslog)
        lines_to_syslog(&r->lines, options->syslog_socket);
    r->size = options->bounds.size;
    if (options->bounds.personal_age == 0)
        r->personal = options->bounds.personal;
    if (!make(r, base) || (options->history &&
                           !(r->history = history_open("history.db", &options->bounds, reason)))) {
        recording_free(&r);
        return NULL;
    }
    if (r->history) {
        after(r->prune, PRUNE_MS);
        after(r->index, INDEX_MS);
    }
    return r;
}

void recording_free(struct recording **recording)
{
    struct recording *r = *recording;
    struct event *const events[] = {r->commit, r->prune, r->index};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (events[i])
            event_free(events[i]);
    history_close(&r->history);
    lines_end(&r->lines);
    arena_free(&r->arena);
    free(r);
    *recording = NULL;
}

struct history *recording_history(struct recording *r)
{
    return r->history;
}

struct lines *recording_lines(struct recording *r)
{
    return &r->lines;
}
