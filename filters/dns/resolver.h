/* SPDX-License-Identifier: ISC
 * The DNS, asked through libunbound in an event loop; never blocks, never stalls. One question for
 * a name and type is on its way at a time, whoever asks. */
#ifndef FILTERS_DNS_RESOLVER_H
#define FILTERS_DNS_RESOLVER_H

#include "filters/dns/dns_answers.h"
#include "filters/dns/question_room.h"
#include "policy/config.h"

#include <event2/event.h>

struct resolver;

/* Makes one for this process; call before the chroot and the jail: it opens what it will need
 * (resolv.conf, trust anchor). NULL with *reason. */
struct resolver *resolver_new(struct event_base *base, const struct config *config,
                              const char **reason);
void resolver_free(struct resolver **resolver); /* after all inquiries have ended, not in `done` */

/* How it fares: questions sent, failures and time-outs since the start, questions on their way. */
struct resolver_counts {
    uint64_t asked, failed, timed_out;
    unsigned pending;
};
struct resolver_counts resolver_counts(const struct resolver *resolver);

/* Whether whoever asks has all that he may have on its way, so that he should come again later:
 * what he asked now would not be asked. */
bool resolver_is_busy_for(const struct resolver *resolver, const struct asker *asker);

/* The questions of one owner (a transaction, a check of lists), whose answers go into one table.
 * What it cost stays in it. */
struct inquiry {
    struct resolver *resolver;
    struct arena *arena;         /* answers are copied into it */
    struct dns_answers *answers; /* the table */
    void (*done)(void *ctx); /* the last answer has come; never called from inside inquiry_ask */
    void *ctx;
    struct asker asker;     /* the cause of its questions, set after inquiry_begin */
    unsigned queries;       /* asked so far, of at most settings.resolver_queries */
    unsigned reserved;      /* and beside them, of those that may be asked all the same */
    unsigned pending;       /* on their way */
    bool hurried;           /* nothing is waited for */
    bool withheld;          /* the asker's share kept some from being asked */
    int64_t began, ms;      /* clock_ms of the present round; time spent waiting in all */
    struct lookup *lookups; /* the resolver's */
};

/* *inquiry must stay where it is until it is idle (pending 0) or cancelled. */
void inquiry_begin(struct inquiry *inquiry, struct resolver *resolver, struct arena *arena,
                   struct dns_answers *answers, void (*done)(void *ctx), void *ctx);

/* Asks for these; what the table has, or is on its way for this inquiry, is left out. Answers that
 * are at hand (cached) go into the table at once. What gets no answer in settings.resolver_timeout
 * is DNS_TIMED_OUT; DNS_UNASKED, what the budget forbids, the resolver has no room for, is more than
 * the asker's share of that, or had to wait for room most of its time. What is reserved has a budget
 * and room of its own beside these. Returns how many are on their way now: with 0 everything is in
 * the table (unless an arena is full) and `done` is not called. */
unsigned inquiry_ask(struct inquiry *inquiry, const struct dns_wanted *wanted, size_t count);

/* Gives up what is on its way; `done` is not called. */
void inquiry_cancel(struct inquiry *inquiry);

/* With `hurry` what is on its way is DNS_TIMED_OUT (or DNS_UNASKED, as above), and so
 * will be what is asked and not at hand, until it is called without; `done` is not called. */
void inquiry_hurry(struct inquiry *inquiry, bool hurry);

#endif
