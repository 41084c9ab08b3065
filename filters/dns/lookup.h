/* SPDX-License-Identifier: ISC
 * One inquiry's wait for the answer to a question (question.h). An answer goes into the tables of all
 * lookups of its question at once; each is *answered* then, and stays in its inquiry until the loop
 * comes round and calls `done`, so that owners may do there what they like. */
#ifndef FILTERS_DNS_LOOKUP_H
#define FILTERS_DNS_LOOKUP_H

#include "filters/dns/inquiry.h"

#include <event2/util.h>
#include <sys/queue.h>

struct question;

struct lookup {
    struct lookup *next, **place;  /* in its inquiry */
    TAILQ_ENTRY(lookup) waiting;   /* for its question; or, answered, for `done` */
    TAILQ_ENTRY(lookup) deadlines; /* until answered */
    struct inquiry *inquiry;
    struct question *question; /* NULL: answered */
    struct slice name;         /* in the inquiry's arena */
    enum dns_type type;
    int64_t deadline;
};
TAILQ_HEAD(lookup_list, lookup);

/* What is told to all lookups of a question. */
struct reply {
    enum dns_status status; /* DNS_FOUND: look into the packet */
    struct slice packet;
    bool authenticated;
};

/* The inquiry waits for one thing more. NULL: out of memory. */
struct lookup *lookup_new(struct inquiry *inquiry, const struct dns_wanted *wanted);

/* It waits for the question of that name, a new one if nobody has asked it yet. False: it cannot be
 * asked, and the lookup waits for nothing. */
bool lookup_join(struct lookup *lookup, const char *name, bool reserved);

void lookup_answer(struct lookup *lookup, const struct reply *reply);
void lookup_time_out(struct lookup *lookup);

/* It leaves its inquiry, which counts the time when it was the last, and ends: one that waits for
 * nothing more; and wherever it is. */
void lookup_drop(struct lookup *lookup);
void lookup_leave(struct lookup *lookup);

/* The resolver's timer: the first deadline has come. */
void lookups_on_timer(evutil_socket_t fd, short what, void *ctx);

#endif
