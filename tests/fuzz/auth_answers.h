/* SPDX-License-Identifier: ISC
 * DNS for fuzzers: every name has a key, of the example of RFC 8463, or what the input says. */
#ifndef TESTS_FUZZ_AUTH_ANSWERS_H
#define TESTS_FUZZ_AUTH_ANSWERS_H

#include "filters/dkim_example.h"

enum { FUZZ_ROUNDS = 8, FUZZ_TIME = DKIM_EXAMPLE_TIME };

/* The input up to the first NUL is a key record for every name that is not the example's. */
static inline void fuzz_answer(struct arena *arena, struct dns_answers *dns, struct slice record)
{
    size_t count;
    const struct dns_wanted *wanted = dns_wanted(dns, &count);
    for (size_t i = 0; i < count; i++) {
        struct dns_record *text = arena_alloc(arena, sizeof *text);
        if (!text)
            break;
        text->text = record;
        struct dns_answer answer = {.status = DNS_FOUND, .records = text, .count = 1};
        dns_answers_add(dns, wanted[i].name, wanted[i].type, &answer);
    }
    dns_answers_restart(dns);
}

#endif
