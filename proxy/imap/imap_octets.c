/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_held.h"

#include "proxy/examine/spool_room.h"

#include <stdlib.h>

enum { STEP = 64 * 1024 /* the shared budget is asked for in steps of this */ };

struct imap_octets *imap_octets_new(char *text, size_t len)
{
    struct imap_octets *octets = text ? malloc(sizeof *octets) : NULL;
    if (octets)
        *octets = (struct imap_octets){.holders = 1, .text = text, .len = len};
    else
        free(text);
    return octets;
}

struct imap_octets *imap_octets_hold(struct imap_octets *octets)
{
    octets->holders++;
    return octets;
}

void imap_octets_leave(struct imap_session *s, struct imap_octets **octets)
{
    struct imap_octets *left = *octets;
    *octets = NULL;
    if (!left || --left->holders)
        return;
    spool_room_give(s->reader.base.proxy, &s->reader.base.claim.holder, left->taken);
    free(left->text);
    free(left);
}

bool imap_octets_take_room(struct imap_session *s, uint64_t *taken, uint64_t need)
{
    const struct proxy *proxy = s->reader.base.proxy;
    uint64_t more = need > *taken ? (need - *taken + STEP - 1) / STEP * STEP : 0;
    if (more && !spool_room_take(proxy, &s->reader.base.claim.holder, more))
        return false;
    *taken += more;
    return true;
}
