/* SPDX-License-Identifier: ISC */
#include "proxy/session/session_stress.h"

#include "base/clock.h"
#include "base/log.h"

enum {
    LOOK_MS = 1000,
    SLOW_OCTETS = 4096, /* of a body, a second: less is slow */
    BARREN = 6,         /* times as long as the silence: without a message */
};

/* Times timeouts.stressed, in rounds: those who were waited for longest go first. */
static const int64_t rounds[] = {6, 3, 1};

enum { ROUNDS = sizeof rounds / sizeof *rounds };

static bool nearly_all(uint64_t used, uint64_t limit)
{
    return used > limit - limit / 4;
}

static bool few_sessions(const struct proxy *proxy)
{
    return nearly_all(shared_sessions(proxy->shared), proxy->config->settings.limits_sessions);
}

static bool little_memory(const struct proxy *proxy)
{
    return nearly_all(shared_spool(proxy->shared), proxy->config->settings.limits_spool);
}

/* ---- who has to go ---- */

static bool is_idle(const struct session *s, int64_t now, int64_t silence)
{
    return now - s->heard >= silence || now - s->useful >= silence * BARREN;
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
    bool is_other = took > 3 * LOOK_MS || s->came < pace->came || s->state != SESSION_BULK;
    if (is_other || (s->came - pace->came) * 1000 >= (uint64_t)took * SLOW_OCTETS)
        pace->brisk = now;
    pace->looked = now;
    pace->came = s->came;
}

static bool has_to_go(const struct session *s, int64_t now, int64_t silence)
{
    if (s->protocol->is_known && s->protocol->is_known(s))
        return false;
    switch (s->state) {
    case SESSION_CONNECTED:
    case SESSION_OPEN:
        return few_sessions(s->proxy) && is_idle(s, now, silence);
    case SESSION_BULK:
        return is_slow(s, now, silence);
    case SESSION_BUSY:
    case SESSION_CLOSING:
        break;
    }
    return false;
}

static void send_away(struct session *s)
{
    session_count(s, COUNTER_HURRIED);
    if (session_is_securing(s))
        session_fail_to_secure(s);
    else
        session_farewell(s, BYE_HURRIED);
}

/* ---- looking ---- */

static bool is_stressed(const struct proxy *proxy)
{
    return few_sessions(proxy) || little_memory(proxy);
}

static void sweep(struct proxy *proxy, int64_t silence)
{
    int64_t now = clock_ms();
    struct session *s, *next;
    for (s = TAILQ_FIRST(&proxy->sessions); s && is_stressed(proxy); s = next) {
        next = TAILQ_NEXT(s, link);
        if (has_to_go(s, now, silence))
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
    struct session *s;
    TAILQ_FOREACH(s, &proxy->sessions, link)
        look_at_pace(s, now);
    for (int round = 0; round < ROUNDS; round++)
        sweep(proxy, proxy->config->settings.timeouts_stressed * rounds[round]);
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
