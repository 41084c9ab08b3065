/* SPDX-License-Identifier: ISC */
#include "proxy/session/session_stress.h"

#include "base/clock.h"
#include "base/log.h"

enum {
    LOOK_MS = 1000,
    MISSED_MS = 3000,   /* without a look */
    SLOW_OCTETS = 4096, /* of a body, a second: less is slow */
    BARREN = 6,         /* times as long as the silence: without a message */
    LEFT = 4,           /* the part of all that is little */
    AT_EASE = 3,        /* and the part that is enough again */
    SLOW_PART = 8,      /* of those whose bodies come, so many go at one look */
};

/* Times timeouts.stressed, in rounds: those who were waited for longest go first. */
static const int64_t rounds[] = {6, 3, 1};

enum { ROUNDS = sizeof rounds / sizeof *rounds };

/* Some of it must come free before a proxy is at ease again. */
static bool nearly_all(const struct proxy *proxy, uint64_t used, uint64_t limit)
{
    return used > limit - (proxy->stressed ? limit / AT_EASE : limit / LEFT);
}

static bool few_sessions(const struct proxy *proxy)
{
    return nearly_all(proxy, shared_sessions(proxy->shared),
                      proxy->config->settings.limits_sessions);
}

static bool little_memory(const struct proxy *proxy)
{
    return nearly_all(proxy, shared_spool(proxy->shared), proxy->config->settings.limits_spool);
}

static bool is_stressed(const struct proxy *proxy)
{
    return few_sessions(proxy) || little_memory(proxy);
}

/* ---- who has to go ---- */

/* Whom we had wait before was not silent. */
static int64_t silent_since(const struct session *s)
{
    return s->heard > s->since ? s->heard : s->since;
}

static bool is_idle(const struct session *s, int64_t now, int64_t silence)
{
    return now - silent_since(s) >= silence || now - s->useful >= silence * BARREN;
}

static bool is_slow(const struct session *s, int64_t now, int64_t silence)
{
    return now - s->pace.brisk >= silence;
}

/* From look to look, since who begins fast may go on slowly. */
static void look_at_pace(struct session *s, int64_t now)
{
    struct pace *pace = &s->pace;
    int64_t took = now - pace->looked;
    bool is_other = took > MISSED_MS || s->came < pace->came || s->state != SESSION_BULK;
    if (is_other || (s->came - pace->came) * 1000 >= (uint64_t)took * SLOW_OCTETS)
        pace->brisk = now;
    pace->looked = now;
    pace->came = s->came;
}

/* How many may be sent away at one look: what they hold comes free only when they have gone. */
struct quota {
    size_t idle, slow;
};

static size_t *counts_against(const struct session *s, struct quota *quota, int64_t now,
                              int64_t silence)
{
    if (s->protocol->is_known && s->protocol->is_known(s))
        return NULL;
    bool waits = s->state == SESSION_CONNECTED || s->state == SESSION_OPEN || s->passage;
    if (waits && is_idle(s, now, silence))
        return &quota->idle;
    return s->state == SESSION_BULK && is_slow(s, now, silence) ? &quota->slow : NULL;
}

static void send_away(struct session *s)
{
    session_count(s, COUNTER_HURRIED);
    if (session_is_securing(s))
        session_fail(s, "the handshake takes too long");
    else if (s->passage)
        session_end(s);
    else
        session_farewell(s, BYE_HURRIED);
}

/* ---- looking ---- */

/* This proxy's part of the sessions that are too many, but for those that are on their way out. */
static size_t too_many(const struct proxy *proxy, size_t closing)
{
    uint64_t all = shared_sessions(proxy->shared), limit = proxy->config->settings.limits_sessions;
    uint64_t most = limit - limit / AT_EASE;
    if (!few_sessions(proxy) || all <= most)
        return 0;
    size_t its = (size_t)(((all - most) * proxy->session_count + all - 1) / all);
    return its > closing ? its - closing : 0;
}

static struct quota quota_of(struct proxy *proxy, int64_t now)
{
    size_t closing = 0, bulk = 0;
    struct session *s;
    TAILQ_FOREACH(s, &proxy->sessions, link) {
        closing += s->state == SESSION_CLOSING;
        bulk += s->state == SESSION_BULK;
        look_at_pace(s, now);
    }
    return (struct quota){too_many(proxy, closing), (bulk + SLOW_PART - 1) / SLOW_PART};
}

static void sweep(struct proxy *proxy, struct quota *quota, int64_t now, int64_t silence)
{
    struct session *s, *next;
    for (s = TAILQ_FIRST(&proxy->sessions); s && quota->idle + quota->slow; s = next) {
        next = TAILQ_NEXT(s, link);
        size_t *left = counts_against(s, quota, now, silence);
        if (!left || *left == 0)
            continue;
        --*left;
        send_away(s);
    }
}

static void tell(struct proxy *proxy, bool stressed)
{
    if (proxy->stressed == stressed)
        return;
    proxy->stressed = stressed;
    log_at(stressed ? LEVEL_WARNING : LEVEL_INFO, "",
           stressed ? "little room is left, who is slow or silent has to go"
                    : "there is room again",
           field_num("sessions", (int64_t)shared_sessions(proxy->shared)),
           field_num("spool", (int64_t)shared_spool(proxy->shared)));
}

static void on_clock(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct proxy *proxy = arg;
    int64_t now = clock_ms();
    struct quota quota = quota_of(proxy, now);
    for (int round = 0; round < ROUNDS && is_stressed(proxy); round++)
        sweep(proxy, &quota, now, proxy->config->settings.timeouts_stressed * rounds[round]);
    tell(proxy, is_stressed(proxy));
    session_stress_look(proxy);
}

void session_stress_look(struct proxy *proxy)
{
    static const struct timeval second = {LOOK_MS / 1000, 0};
    if (!proxy->stressed && !is_stressed(proxy))
        return;
    if (!proxy->stress_clock)
        proxy->stress_clock = evtimer_new(proxy->base, on_clock, proxy);
    if (!proxy->stress_clock || evtimer_pending(proxy->stress_clock, NULL))
        return;
    tell(proxy, true);
    event_add(proxy->stress_clock, &second);
}
