/* SPDX-License-Identifier: ISC */
#include "proxy/reader/turns.h"

#include "proxy/reader/fetched.h"

#include <event2/event.h>
#include <string.h>

/* Whom the server alone knows is known by his address. */
static bool is_same_user(const struct reader *a, const struct reader *b)
{
    char address[2][46];
    if (a->mailbox.len || b->mailbox.len)
        return slice_ieq(a->mailbox, b->mailbox);
    ip_text(&a->base.client, address[0]);
    ip_text(&b->base.client, address[1]);
    return strcmp(address[0], address[1]) == 0;
}

static bool may_begin(const struct proxy *proxy, const struct fetched *f)
{
    const struct fetched *other;
    uint64_t taken = 0;
    TAILQ_FOREACH(other, &proxy->turns, turns)
        taken += other->turn == TURN_TAKEN && is_same_user(other->reader, f->reader);
    return taken < proxy->config->settings.limits_scans_per_user;
}

static struct fetched *next_of(const struct proxy *proxy)
{
    struct fetched *f;
    TAILQ_FOREACH(f, &proxy->turns, turns)
        if (f->turn == TURN_AWAITED && may_begin(proxy, f))
            return f;
    return NULL;
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct proxy *proxy = arg;
    (void)fd, (void)what;
    for (struct fetched *f; (f = next_of(proxy));) {
        f->turn = TURN_TAKEN;
        f->begin(f);
    }
}

/* False: out of memory. */
static bool can_wait(struct proxy *proxy)
{
    if (!proxy->turn)
        proxy->turn = event_new(proxy->base, -1, 0, on_turn, proxy);
    return proxy->turn;
}

bool turn_take(struct fetched *f, void (*begin)(struct fetched *f))
{
    struct proxy *proxy = f->reader->base.proxy;
    if (f->turn == TURN_TAKEN)
        return true;
    f->turn = may_begin(proxy, f) || !can_wait(proxy) ? TURN_TAKEN : TURN_AWAITED;
    f->begin = begin;
    TAILQ_INSERT_TAIL(&proxy->turns, f, turns);
    return f->turn == TURN_TAKEN;
}

void turn_end(struct fetched *f)
{
    struct proxy *proxy = f->reader->base.proxy;
    if (f->turn == TURN_NOT_ASKED)
        return;
    f->turn = TURN_NOT_ASKED;
    TAILQ_REMOVE(&proxy->turns, f, turns);
    if (proxy->turn) /* not at once: whoever ends is in the middle of something */
        event_active(proxy->turn, EV_TIMEOUT, 0);
}
