/* SPDX-License-Identifier: ISC */
#include "proxy/examine/scan_places.h"

#include "base/clock.h"
#include "filters/cpu_budget.h"
#include "proxy/examine/scan_times.h"

enum { US_IN_MS = 1000 };

/* Whoever is given a /48 has as many /64 as he likes. Without a message little can be asked of a
 * scanner. */
static uint64_t network_of(const struct examination *e)
{
    uint64_t wider = e->holder->wider;
    return e->whole && e->proxy->scan_times ? (wider ? wider : e->holder->network) : 0;
}

static struct scan_family family_of(const struct proxy *proxy, enum scanner_kind kind)
{
    return (struct scan_family){kind, proxy->workers[kind]};
}

bool scan_place_is_slow(const struct examination *e, enum scanner_kind kind, int64_t now)
{
    uint64_t who = network_of(e);
    struct scan_family family = family_of(e->proxy, kind);
    return who && scan_times_is_slow(e->proxy->scan_times, who, &family, now);
}

/* What is charged until a scanner tells better. */
static double all_that_it_may_take(const struct examination *e)
{
    const struct scan_limits *limits = &e->proxy->job.limits;
    return (double)cpu_budget_for(spool_size(e->spool), limits->cpu, limits->cpu_per_mib);
}

void scan_place_took(struct scan_place *place, uint32_t cpu, int64_t began, int64_t now)
{
    double ms = (cpu + 1.0) / US_IN_MS, most = (double)(now - began) + 1;
    place->ms = ms < most ? ms : most;
}

void scan_place_give(struct proxy *proxy, struct scan_place *place)
{
    if (place->who)
        scan_times_end(proxy->scan_times, place->who, place->kind, place->ms, clock_ms());
    if (place->slow)
        shared_slow_scan_give(proxy->shared, proxy->row, place->kind);
    *place = (struct scan_place){0};
}

void scan_place_give_back(struct proxy *proxy, struct scan_place *place)
{
    place->ms = 0;
    scan_place_give(proxy, place);
}

static bool take_slow(const struct proxy *proxy, enum scanner_kind kind)
{
    unsigned half = proxy->workers[kind] / 2;
    return shared_slow_scan_take(proxy->shared, proxy->row, kind, half ? half : 1);
}

enum scan_placing scan_place_take(const struct examination *e, enum scanner_kind kind, bool slow,
                                  int64_t now, struct scan_place *out)
{
    struct proxy *proxy = e->proxy;
    uint64_t who = network_of(e);
    struct scan_family family = family_of(proxy, kind);
    *out = (struct scan_place){.kind = kind};
    if (!who)
        return SCAN_PLACED;
    if (!scan_times_begin(proxy->scan_times, who, &family, now))
        return SCAN_BEYOND_ITS_OWN;
    out->who = who;
    out->ms = all_that_it_may_take(e);
    out->slow = slow && take_slow(proxy, kind);
    if (slow == out->slow)
        return SCAN_PLACED;
    scan_place_give_back(proxy, out);
    return SCAN_BEYOND_THE_SLOW;
}
