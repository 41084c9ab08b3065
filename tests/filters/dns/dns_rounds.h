/* SPDX-License-Identifier: ISC
 * What asks a table of DNS answers, run as live: again and again, until a zone (as in spf_zone.h)
 * has answered all that it wants. */
#ifndef TESTS_FILTERS_DNS_DNS_ROUNDS_H
#define TESTS_FILTERS_DNS_DNS_ROUNDS_H

#include "tests/harness/spf_zone.h"

enum { DNS_ROUNDS_MAX = 20 };

struct dns_rounds {
    unsigned rounds;  /* in which something was asked */
    size_t questions; /* in all */
    bool ended;
};

static inline struct dns_rounds dns_rounds(struct arena *arena, const char *zone,
                                           void (*run)(void *ctx, struct dns_answers *answers),
                                           void *ctx)
{
    struct dns_answers *answers = dns_answers_new(arena);
    struct dns_rounds seen = {0};
    while (answers && seen.rounds < DNS_ROUNDS_MAX) {
        size_t count = 0;
        dns_answers_restart(answers);
        run(ctx, answers);
        const struct dns_wanted *wanted = dns_wanted(answers, &count);
        if (!dns_missed(answers)) {
            seen.ended = true;
            break;
        }
        seen.rounds++;
        seen.questions += count;
        for (size_t i = 0; i < count; i++) {
            struct dns_answer answer =
                spf_zone_answer(arena, slice_of(zone), wanted[i].name, wanted[i].type);
            dns_answers_add(answers, wanted[i].name, wanted[i].type, &answer);
        }
    }
    return seen;
}

#endif
