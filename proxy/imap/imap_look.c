/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "proxy/imap/imap_opine.h"

#include <stdio.h>

enum {
    OCTETS_MOST = 32 * 1024 * 1024,
    PATIENCE_MS = 10000,
};

/* False: there are more than are looked at, or it cannot be said how many. */
static bool number(struct slice set, struct imap_opinions *o)
{
    uint32_t from, to;
    while (set.len) {
        if (!imap_range(&set, &from, &to) || from == UINT32_MAX || to == UINT32_MAX)
            return false;
        for (uint32_t n = from < to ? from : to; n <= (from < to ? to : from); n++) {
            if (o->looks == IMAP_OPINIONS_MOST)
                return false;
            o->numbers[o->looks++] = n;
        }
    }
    return true;
}

static bool is_worth_it(const struct imap_opinions *o)
{
    return o->at < o->looks && o->octets < OCTETS_MOST && clock_ms() < o->until;
}

static void next(struct imap_session *s);

static void read_one(struct imap_session *s, const struct imap_response *response,
                     struct slice line)
{
    (void)response, (void)line; /* one that is not there is nobody's */
    s->opinions->at++;
    next(s);
}

static const struct imap_exchange reading = {.done = read_one};

static void next(struct imap_session *s)
{
    const struct imap_opinions *o = s->opinions;
    char text[64];
    if (!is_worth_it(o)) {
        imap_opine_over(s);
        return;
    }
    snprintf(text, sizeof text, "%sFETCH %u (UID BODY.PEEK[])", o->uid ? "UID " : "",
             o->numbers[o->at]);
    imap_ask(s, imap_own_tag(s), slice_of(text), &reading);
}

void imap_look(struct imap_session *s, bool uid, struct slice set)
{
    struct imap_opinions *o = s->opinions;
    o->uid = uid;
    o->until = clock_ms() + PATIENCE_MS;
    if (!number(set, o))
        o->looks = 0;
    next(s);
}

bool imap_looks_at(const struct imap_session *s, uint32_t number, uint32_t uid)
{
    const struct imap_opinions *o = s->opinions;
    return o && s->exchange == &reading &&
           (o->uid ? uid == 0 || uid == o->numbers[o->at] : number == o->numbers[o->at]);
}

void imap_looked_at(struct imap_session *s, struct slice message)
{
    s->opinions->octets += message.len;
    imap_opine_of(s, message);
}
