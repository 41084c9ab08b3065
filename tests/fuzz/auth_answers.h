/* SPDX-License-Identifier: ISC
 * DNS for fuzzers: every name has a key, of the example of RFC 8463, or what the input says. */
#ifndef TESTS_FUZZ_AUTH_ANSWERS_H
#define TESTS_FUZZ_AUTH_ANSWERS_H

#include "filters/sender/dkim_example.h"
#include "tests/fuzz/target.h"

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

typedef bool fuzz_look(struct arena *arena, struct dns_answers *dns, struct slice message,
                       void *out);

/* A key record, NUL, a message: `look` until it has all answers, which takes few rounds. */
static inline bool fuzz_rounds(struct arena *arena, struct slice input, fuzz_look *look, void *out)
{
    struct slice record, message;
    struct dns_answers *dns = dns_answers_new(arena);
    if (!slice_cut(input, '\0', &record, &message)) {
        message = record;
        record = SLICE("v=DKIM1; p=");
    }
    bool ready = dns && dkim_example_keys(dns);
    for (int i = 0; ready && i < FUZZ_ROUNDS; i++) {
        if (look(arena, dns, message, out))
            return true;
        fuzz_answer(arena, dns, record);
    }
    require(arena_failed(arena) || input.len >= 4096);
    return false;
}

#endif
