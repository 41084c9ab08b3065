/* SPDX-License-Identifier: ISC
 * What resolver.c, inquiry.c, lookup.c and question.c know of a resolver. */
#ifndef FILTERS_DNS_RESOLVER_INTERNAL_H
#define FILTERS_DNS_RESOLVER_INTERNAL_H

#include "filters/dns/lookup.h"
#include "filters/dns/question.h"
#include "filters/dns/resolver.h"

#include <unbound.h>

enum { QUESTION_BUCKETS = 4096 };

struct resolver {
    struct ub_ctx *context;
    struct event *timer;  /* of the first deadline */
    struct event *settle; /* answered lookups and queued questions wait for the loop */
    int64_t timeout;
    unsigned queries_max;
    uint64_t inquiries; /* begun so far */
    bool closing;
    bool asking; /* what is told now was cached */
    struct resolver_counts counts;
    struct lookup_list answered, deadlines;
    struct question_lines lines;
    struct question_list buckets[QUESTION_BUCKETS];
    uint32_t seed;
};

#endif
