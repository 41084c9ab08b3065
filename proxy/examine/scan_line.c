/* SPDX-License-Identifier: ISC */
#include "proxy/examine/scan_line.h"

#include "base/clock.h"
#include "proxy/examine/scan_leftover.h"
#include "proxy/examine/scan_places.h"

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

/* Who stands back for what his own network has keeps nobody else waiting. */
static int64_t first_since(const struct proxy *proxy)
{
    const struct scan_wait *wait;
    TAILQ_FOREACH(wait, &proxy->line, link)
        if (needs_room(wait) && !wait->stands_back)
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

/* Whose network is slow comes after all who wait now. */
static enum shared_scan take_room(struct examination *e, int64_t since, int64_t now)
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
    enum shared_scan taken = shared_scan_take(proxy->shared, proxy->row, e->holder, &claim);
    if (taken == SHARED_SCAN_TAKEN)
        e->scan_taken = claim.octets;
    return taken;
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
    bool goes_on = wait->step == SCAN_UNDER_WAY && !wait->over && scan_leftover_keep(wait);
    if (!goes_on)
        scan_place_give(wait->of->proxy, &wait->place);
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

/* One look along the line: what was found to be used up. */
struct look {
    int64_t now;
    bool full[SCANNER_KINDS], no_room, none_for_slow[SCANNER_KINDS];
};

static bool take_its_room(struct look *look, struct scan_wait *wait)
{
    bool slow = wait->place.slow;
    if (!needs_room(wait))
        return true;
    enum shared_scan taken = take_room(wait->of, slow ? look->now : wait->since, look->now);
    wait->stands_back = slow || taken == SHARED_SCAN_TOO_MANY_OF_NETWORK;
    look->no_room |= taken == SHARED_SCAN_NO_ROOM && !slow;
    return taken == SHARED_SCAN_TAKEN;
}

/* With a place among its network's, and room. */
static enum submission try_with_place(struct look *look, struct scan_wait *wait, const char **why)
{
    enum scanner_kind kind = examination_scan_kind(wait->slot);
    enum submission result = take_its_room(look, wait) ? submit(wait, look->now, why) : SUBMIT_FULL;
    if (result != SUBMITTED)
        scan_place_give_back(wait->of->proxy, &wait->place);
    else
        wait->stands_back = false;
    look->full[kind] |= result == SUBMIT_FULL && !needs_room(wait);
    return result;
}

/* SUBMIT_FULL: it waits. */
static enum submission try(struct look *look, struct scan_wait *wait, const char **why)
{
    enum scanner_kind kind = examination_scan_kind(wait->slot);
    if (look->full[kind] || (needs_room(wait) && look->no_room))
        return SUBMIT_FULL;
    bool slow = scan_place_is_slow(wait->of, kind, look->now);
    wait->stands_back = slow;
    if (slow && look->none_for_slow[kind])
        return SUBMIT_FULL;
    enum scan_placing placing = scan_place_take(wait->of, kind, slow, look->now, &wait->place);
    if (placing == SCAN_PLACED)
        return try_with_place(look, wait, why);
    look->none_for_slow[kind] |= placing == SCAN_BEYOND_THE_SLOW;
    wait->stands_back = true;
    return SUBMIT_FULL;
}

static struct look look_now(const struct proxy *proxy)
{
    struct look look = {.now = clock_ms(), .no_room = first_since(proxy) != 0};
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        look.full[kind] = proxy->queue_full[kind];
    return look;
}

static void fail(struct scan_wait *wait, const char *why)
{
    unlink_wait(wait);
    examination_scan_failed(wait->of, wait->slot, &(struct scan_failure){.reason = why});
}

void scan_line_join(struct examination *e, enum scan_slot slot)
{
    struct proxy *proxy = e->proxy;
    struct scan_wait *wait = &e->scans[slot];
    struct look look = look_now(proxy);
    *wait = (struct scan_wait){.of = e, .slot = slot, .since = look.now};
    if (examination_is_deadly(e, slot))
        return;
    const char *why = down_reason(wait);
    enum submission result = why ? SUBMIT_FAILED : try(&look, wait, &why);
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
    scan_place_give(e->proxy, &wait->place);
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

/* True when the line may be another now. */
static bool advance(struct look *look, struct scan_wait *wait)
{
    const char *why = down_reason(wait);
    if (why) {
        fail_and_go_on(wait, why);
        return true;
    }
    if (look->now - wait->since > scan_line_patience(settings_of(wait->of->proxy))) {
        give_up(wait);
        return true;
    }
    bool failed = try(look, wait, &why) == SUBMIT_FAILED;
    if (failed)
        fail_and_go_on(wait, why ? why : too_many);
    return failed;
}

/* Those of slow networks, or the others before them. */
static void advance_all(struct proxy *proxy, struct look *look, bool slow)
{
    for (struct scan_wait *wait = TAILQ_FIRST(&proxy->line), *next; wait; wait = next) {
        next = TAILQ_NEXT(wait, link);
        bool is_slow = scan_place_is_slow(wait->of, examination_scan_kind(wait->slot), look->now);
        if (is_slow == slow && advance(look, wait))
            next = TAILQ_FIRST(&proxy->line);
    }
}

void scan_line_move(struct proxy *proxy)
{
    struct look look = {.now = clock_ms()};
    if (TAILQ_EMPTY(&proxy->line))
        return;
    advance_all(proxy, &look, false);
    advance_all(proxy, &look, true);
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
