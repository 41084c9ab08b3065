/* SPDX-License-Identifier: ISC */
#include "proxy/examine/scan_times.h"

#include <stdlib.h>
#include <string.h>

enum {
    PLACES = 1024,
    PROBES = 8,
    HALF_LIFE_MS = 30000, /* by then half of what was taken is forgotten */
    FORGOTTEN = 32,       /* so many of those leave nothing */
    LONG_MS = 100,        /* that a message takes, of all of late */
    SLOW_MS = 1000,       /* that all take together */
    /* What fades is 43 s for each worker that did nothing else: half of that. */
    MOST_MS = 20000,
    JOBS = 4, /* on the queue for each worker, of one network */
    JOBS_LEAST = 8,
};

/* Jobs, faded, by which it is known what they take. */
static const double KNOWN = 0.2;

struct taken {
    double ms, jobs; /* faded as of `at` */
    unsigned under_way;
};

struct taker {
    uint64_t who; /* 0: a free place */
    int64_t at;
    struct taken by[SCANNER_KINDS];
};

struct scan_times {
    struct taker places[PLACES];
};

struct scan_times *scan_times_new(void)
{
    return calloc(1, sizeof(struct scan_times));
}

/* What is left after so many milliseconds. */
static double faded(double value, int64_t ms)
{
    if (ms >= (int64_t)HALF_LIFE_MS * FORGOTTEN)
        return 0;
    for (; ms >= HALF_LIFE_MS; ms -= HALF_LIFE_MS)
        value /= 2;
    return value * (1 - (double)ms / (2 * HALF_LIFE_MS));
}

/* The number of its place; PLACES: it has none. */
static uint64_t find(const struct scan_times *times, uint64_t who)
{
    for (uint64_t i = 0; who && i < PROBES; i++)
        if (times->places[(who + i) % PLACES].who == who)
            return (who + i) % PLACES;
    return PLACES;
}

static double weight(const struct taker *taker, int64_t now)
{
    double ms = 0;
    for (int kind = 0; kind < SCANNER_KINDS; kind++) {
        if (taker->by[kind].under_way)
            return -1;
        ms += taker->by[kind].ms;
    }
    return faded(ms, now - taker->at);
}

/* The place of whom least is to be remembered, but of nobody who has jobs under way. */
static struct taker *make_place(struct scan_times *times, uint64_t who, int64_t now)
{
    struct taker *place = NULL;
    double least = 0;
    for (uint64_t i = 0; i < PROBES; i++) {
        struct taker *taker = &times->places[(who + i) % PLACES];
        double has = weight(taker, now);
        if (has >= 0 && (!place || has < least)) {
            place = taker;
            least = has;
        }
    }
    if (place)
        *place = (struct taker){.who = who, .at = now};
    return place;
}

static void fade(struct taker *taker, int64_t now)
{
    for (int kind = 0; kind < SCANNER_KINDS; kind++) {
        struct taken *taken = &taker->by[kind];
        taken->ms = faded(taken->ms, now - taker->at);
        taken->jobs = faded(taken->jobs, now - taker->at);
    }
    taker->at = now;
}

static bool takes_long(const struct taken *taken)
{
    return taken->ms > LONG_MS * taken->jobs;
}

bool scan_times_is_slow(const struct scan_times *times, uint64_t who,
                        const struct scan_family *family, int64_t now)
{
    uint64_t place = find(times, who);
    if (place == PLACES)
        return false;
    const struct taker *taker = &times->places[place];
    const struct taken *taken = &taker->by[family->kind];
    double ms = faded(taken->ms, now - taker->at);
    return (ms > SLOW_MS && takes_long(taken)) || ms > (double)MOST_MS * family->workers;
}

static unsigned most(const struct taken *taken, unsigned workers)
{
    if (taken->jobs < KNOWN || takes_long(taken))
        return workers > 1 ? workers / 2 : 1;
    return JOBS * workers > JOBS_LEAST ? JOBS * workers : JOBS_LEAST;
}

bool scan_times_begin(struct scan_times *times, uint64_t who, const struct scan_family *family,
                      int64_t now)
{
    uint64_t place = find(times, who);
    struct taker *taker = place < PLACES ? &times->places[place]
                          : who          ? make_place(times, who, now)
                                         : NULL;
    if (!taker)
        return true;
    fade(taker, now);
    struct taken *taken = &taker->by[family->kind];
    if (taken->under_way >= most(taken, family->workers))
        return false;
    taken->under_way++;
    return true;
}

void scan_times_end(struct scan_times *times, uint64_t who, enum scanner_kind kind, double ms,
                    int64_t now)
{
    uint64_t place = find(times, who);
    if (place == PLACES)
        return;
    struct taker *taker = &times->places[place];
    fade(taker, now);
    struct taken *taken = &taker->by[kind];
    taken->under_way -= taken->under_way > 0;
    taken->ms += ms;
    taken->jobs += ms > 0;
}
