/* SPDX-License-Identifier: ISC
 * What one owner asks the DNS (resolver.h), within the budget that each has. */
#ifndef FILTERS_DNS_INQUIRY_H
#define FILTERS_DNS_INQUIRY_H

#include "filters/dns/dns_answers.h"
#include "filters/dns/question_room.h"

struct resolver;

/* The questions of one owner (a transaction, a check of lists), whose answers go into one table.
 * What it cost stays in it. */
struct inquiry {
    struct resolver *resolver;
    struct arena *arena;         /* answers are copied into it */
    struct dns_answers *answers; /* the table */
    void (*done)(void *ctx); /* the last answer has come; never called from inside inquiry_ask */
    void *ctx;
    uint64_t number;        /* of all of its resolver's */
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
