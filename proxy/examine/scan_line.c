/* SPDX-License-Identifier: ISC */
#include "proxy/examine/scan_line.h"

#include "base/clock.h"

enum {
    LOOK_MS = 20,             /* between two looks for room that others gave back */
    LEAST_OCTETS = 16 * 1024, /* that a message counts: a small one costs time as well */
    LEAST_MS = 1000,          /* that a scanner gets, however long the line was */
};

static const char too_many[] = "too many messages wait to be scanned";

static const struct settings *settings_of(const struct proxy *proxy)
{
    return &proxy->config->settings;
}

/* A scanner that hangs is killed by its head, which ends our wait. This bounds the wait for one
 * that is free; the other half of the deadline is the delivery's. */
int64_t scan_line_patience(const struct settings *settings)
{
    int64_t half = settings->timeouts_verdict / 2;
    return half > settings->timeouts_scan ? half : settings->timeouts_scan;
}

/* ---- what the other proxies are told ---- */

/* A job about a sender alone is small and quick, and needs no room; what is to be redacted had it.
 * Pictures take their time, and nobody else's mail is to wait for that. */
static bool needs_room(const struct scan_wait *wait)
{
    return wait->slot <= SCAN_ANTIVIRUS && !wait->of->scan_taken;
}

static int64_t first_since(const struct proxy *proxy)
{
    const struct scan_wait *wait;
    TAILQ_FOREACH(wait, &proxy->line, link)
        if (needs_room(wait))
            return wait->since;
    return 0;
}

/* When the oldest job that others wait for was put on the queue; 0: there is none. */
static int64_t oldest_began(const struct proxy *proxy)
{
    const struct scan_wait *wait;
    TAILQ_FOREACH(wait, &proxy->under_way, link)
        if (wait->slot != SCAN_QR)
            return wait->began;
    return 0;
}

static void tell(const struct proxy *proxy)
{
    shared_scan_oldest(proxy->shared, proxy->row, oldest_began(proxy));
    shared_scan_first(proxy->shared, proxy->row, first_since(proxy));
}

/* ---- one job ---- */

static bool take_room(struct examination *e, int64_t since, int64_t now)
{
    struct proxy *proxy = e->proxy;
    const struct settings *settings = settings_of(proxy);
    uint64_t size = spool_size(e->spool);
    struct scan_claim claim = {.octets = size > LEAST_OCTETS ? size : LEAST_OCTETS,
                               .limit = settings->limits_scan_queue,
                               .since = since,
                               .now = now,
                               .age = settings->timeouts_scan,
                               .patience = scan_line_patience(settings)};
    if (!shared_scan_take(proxy->shared, proxy->row, &claim))
        return false;
    e->scan_taken = claim.octets;
    return true;
}

static void unlink_wait(struct scan_wait *wait)
{
    struct proxy *proxy = wait->of->proxy;
    if (wait->step == SCAN_IN_LINE)
        TAILQ_REMOVE(&proxy->line, wait, link);
    else if (wait->step == SCAN_UNDER_WAY)
        TAILQ_REMOVE(&proxy->under_way, wait, link);
    wait->step = SCAN_NOT_ASKED;
}

static enum submission submit(struct scan_wait *wait, int64_t now, const char **why)
{
    struct proxy *proxy = wait->of->proxy;
    int64_t left = wait->since + scan_line_patience(settings_of(proxy)) - now;
    enum submission result =
        examination_scan_submit(wait->of, wait->slot, left > LEAST_MS ? left : LEAST_MS, why);
    if (result != SUBMITTED)
        return result;
    unlink_wait(wait);
    wait->began = now;
    wait->step = SCAN_UNDER_WAY;
    TAILQ_INSERT_TAIL(&proxy->under_way, wait, link);
    return result;
}

void scan_line_leave(struct scan_wait *wait)
{
    if (wait->step == SCAN_NOT_ASKED)
        return;
    unlink_wait(wait);
    tell(wait->of->proxy);
}

/* ---- the line ---- */

static void on_clock(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    scan_line_move(arg);
}

/* False: out of memory. */
static bool start_clock(struct proxy *proxy)
{
    struct timeval soon = {0, LOOK_MS * 1000L};
    if (!proxy->line_clock)
        proxy->line_clock = evtimer_new(proxy->base, on_clock, proxy);
    return proxy->line_clock && event_add(proxy->line_clock, &soon) == 0;
}

static const char *down_reason(const struct scan_wait *wait)
{
    const char *reason = wait->of->proxy->down[examination_scan_kind(wait->slot)];
    return *reason ? reason : NULL;
}

/* Whether nobody stands before it for what it needs. */
static bool may_try(const struct scan_wait *wait, int64_t now)
{
    struct examination *e = wait->of;
    if (e->proxy->queue_full[examination_scan_kind(wait->slot)])
        return false;
    return !needs_room(wait) || (!first_since(e->proxy) && take_room(e, wait->since, now));
}

static void fail(struct scan_wait *wait, const char *why)
{
    unlink_wait(wait);
    examination_scan_failed(wait->of, wait->slot, why);
}

void scan_line_join(struct examination *e, enum scan_slot slot)
{
    struct proxy *proxy = e->proxy;
    struct scan_wait *wait = &e->scans[slot];
    int64_t now = clock_ms();
    *wait = (struct scan_wait){.of = e, .slot = slot, .since = now};
    const char *why = down_reason(wait);
    enum submission result = SUBMIT_FULL;
    if (why)
        result = SUBMIT_FAILED;
    else if (may_try(wait, now))
        result = submit(wait, now, &why);
    if (result == SUBMIT_FULL && start_clock(proxy)) {
        wait->step = SCAN_IN_LINE;
        TAILQ_INSERT_TAIL(&proxy->line, wait, link);
    } else if (result != SUBMITTED) {
        fail(wait, why ? why : too_many);
        examination_give_scan_room(e);
    }
    tell(proxy);
}

/* What has come to its end without an answer. The examination may be gone afterwards. */
static void fail_and_go_on(struct scan_wait *wait, const char *why)
{
    struct examination *e = wait->of;
    enum scan_slot slot = wait->slot;
    fail(wait, why);
    examination_scan_over(e, slot);
}

static void give_up(struct scan_wait *wait)
{
    if (wait->slot == SCAN_SENDER || wait->slot == SCAN_QR)
        fail_and_go_on(wait, too_many);
    else
        wait->of->owner->no_room(wait->of->ctx);
}

/* One look along the line. */
struct look {
    int64_t now;
    bool full[SCANNER_KINDS], no_room;
};

/* True when the line may be another now. */
static bool advance(struct look *look, struct scan_wait *wait)
{
    struct proxy *proxy = wait->of->proxy;
    const char *why = down_reason(wait);
    enum scanner_kind kind = examination_scan_kind(wait->slot);
    if (why) {
        fail_and_go_on(wait, why);
        return true;
    }
    if (look->now - wait->since > scan_line_patience(settings_of(proxy))) {
        give_up(wait);
        return true;
    }
    if (look->full[kind] || (needs_room(wait) && look->no_room))
        return false;
    if (needs_room(wait) && !take_room(wait->of, wait->since, look->now)) {
        look->no_room = true;
        return false;
    }
    enum submission result = submit(wait, look->now, &why);
    look->full[kind] = result == SUBMIT_FULL;
    if (result == SUBMIT_FAILED)
        fail_and_go_on(wait, why);
    return result == SUBMIT_FAILED;
}

void scan_line_move(struct proxy *proxy)
{
    struct look look = {.now = clock_ms()};
    if (TAILQ_EMPTY(&proxy->line))
        return;
    for (struct scan_wait *wait = TAILQ_FIRST(&proxy->line), *next; wait; wait = next) {
        next = TAILQ_NEXT(wait, link);
        if (advance(&look, wait))
            next = TAILQ_FIRST(&proxy->line);
    }
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        proxy->queue_full[kind] = look.full[kind];
    tell(proxy);
    if (!TAILQ_EMPTY(&proxy->line))
        start_clock(proxy);
}

void scan_line_down(struct proxy *proxy, enum scanner_kind kind)
{
    struct scan_wait *wait = proxy->down[kind][0] ? TAILQ_FIRST(&proxy->under_way) : NULL;
    while (wait) {
        bool its = examination_scan_kind(wait->slot) == kind;
        if (its)
            fail_and_go_on(wait, proxy->down[kind]);
        wait = its ? TAILQ_FIRST(&proxy->under_way) : TAILQ_NEXT(wait, link);
    }
    scan_line_move(proxy);
    if (proxy->shared)
        tell(proxy);
}
