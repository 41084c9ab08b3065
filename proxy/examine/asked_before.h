/* SPDX-License-Identifier: ISC
 * What SPF asked the DNS about a sender the last time, so that it is asked all at once the next
 * time: a scanner then judges in one round what took one for each "include". A guess: what has
 * changed since is asked in vain, what is new is asked later. */
#ifndef PROXY_EXAMINE_ASKED_BEFORE_H
#define PROXY_EXAMINE_ASKED_BEFORE_H

#include "filters/dns/dns_answers.h"

enum {
    ASKED_BEFORE_SENDERS = 1024, /* a newer one takes the place of an older */
    ASKED_BEFORE_NAMES = 12,     /* of one sender; with more of them it begins anew */
    ASKED_BEFORE_MS = 3600000,   /* life time, from the first name on */
};

struct asked_before;

/* Who brings it, and for whom; addresses occur in names ("exists:%{i}..."), so they are part of it. */
struct asked_sender {
    struct ip client;
    struct slice helo, domain;
};

/* NULL: no memory. */
struct asked_before *asked_before_new(void);
void asked_before_free(struct asked_before **memory);

/* Adds names that were wanted at `now` (clock_ms). When memory runs out it forgets nothing, and
 * remembers nothing more. */
void asked_before_note(struct asked_before *memory, const struct asked_sender *sender, int64_t now,
                       const struct dns_wanted *names, size_t count);

/* How many there are; *names are good until the next note. */
size_t asked_before_find(const struct asked_before *memory, const struct asked_sender *sender,
                         int64_t now, const struct dns_wanted **names);

#endif
