/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "proxy/session/session.h"
#include "proxy/session/session_facts.h"

#include <event2/event.h>

/* Most of what a session does is over before anybody could see it: it is written where it lasts, and
 * there is memory to be given back only then. */
enum { SHOWN_AFTER_US = 20 * 1000 };

static struct slice doing(const struct session *s)
{
    static const char *const words[] = {
        [SESSION_CONNECTED] = "connected", [SESSION_OPEN] = "idle",
        [SESSION_BULK] = "receiving",      [SESSION_BUSY] = "waiting",
        [SESSION_PASSING] = "passing",     [SESSION_CLOSING] = "closing",
    };
    if (s->starting_tls || (s->state == SESSION_CONNECTED && s->listener->implicit_tls))
        return SLICE("handshake");
    return slice_of(words[s->state]);
}

static struct live_sessions *live_of(const struct session *s)
{
    return shared_live(s->proxy->shared, s->proxy->row);
}

static void write_shown(struct session *s)
{
    struct live_session shown = {.client = s->client,
                                 .port = s->client_port,
                                 .secured = session_tls_version(s) != NULL,
                                 .began = s->began,
                                 .since = s->since,
                                 .commands = s->commands,
                                 .errors = s->errors};
    live_text(shown.id, sizeof shown.id, slice_of(s->id));
    live_text(shown.listener, sizeof shown.listener, s->listener->name);
    live_text(shown.protocol, sizeof shown.protocol, slice_of(s->protocol->alpn));
    live_text(shown.doing, sizeof shown.doing, doing(s));
    s->protocol->show(s, &shown);
    if (s->passage)
        shown.octets = session_passed(s);
    live_session_put(live_of(s), s->live, &shown);
}

static void shown(struct session *s)
{
    TAILQ_REMOVE(&s->proxy->unshown, s, unshown);
    s->is_unshown = false;
}

static void on_clock(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct proxy *proxy = arg;
    struct session *s;
    while ((s = TAILQ_FIRST(&proxy->unshown))) {
        if (s->live >= 0)
            write_shown(s);
        shown(s);
        if (s->protocol->rest)
            s->protocol->rest(s);
    }
}

/* False: out of memory. */
static bool wind_clock(struct proxy *proxy)
{
    static const struct timeval soon = {0, SHOWN_AFTER_US};
    if (!proxy->show_clock)
        proxy->show_clock = evtimer_new(proxy->base, on_clock, proxy);
    return proxy->show_clock && event_add(proxy->show_clock, &soon) == 0;
}

void session_show(struct session *s)
{
    struct proxy *proxy = s->proxy;
    if ((s->live < 0 && !s->protocol->rest) || s->is_unshown ||
        (TAILQ_EMPTY(&proxy->unshown) && !wind_clock(proxy)))
        return;
    TAILQ_INSERT_TAIL(&proxy->unshown, s, unshown);
    s->is_unshown = true;
}

void session_appear(struct session *s)
{
    s->live = live_session_begin(live_of(s));
    session_show(s);
}

void session_disappear(struct session *s)
{
    if (s->is_unshown)
        shown(s);
    live_session_end(live_of(s), s->live);
}

void session_does(struct session *s)
{
    s->since = clock_ms();
    s->came = 0;
    session_show(s);
}
