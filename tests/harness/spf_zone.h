/* SPDX-License-Identifier: ISC
 * A zone as text, "name TYPE value" a line (types A, AAAA, MX, PTR, TXT, TIMEOUT, SERVFAIL), and
 * SPF evaluated on it as in a live run: a look-up is answered only after it was missed. */
#ifndef TESTS_HARNESS_SPF_ZONE_H
#define TESTS_HARNESS_SPF_ZONE_H

#include "filters/sender/spf.h"

enum { SPF_ZONE_RUNS_MAX = 500, SPF_ZONE_RECORDS_MAX = 64 };

struct spf_zone_run {
    unsigned runs;    /* 0: it came to no end */
    size_t questions; /* names and types that were asked */
};

static inline enum dns_type spf_zone_type(struct slice word)
{
    return slice_eq(word, SLICE("A"))      ? DNS_A
           : slice_eq(word, SLICE("AAAA")) ? DNS_AAAA
           : slice_eq(word, SLICE("MX"))   ? DNS_MX
           : slice_eq(word, SLICE("PTR"))  ? DNS_PTR
                                           : DNS_TXT;
}

static inline void spf_zone_record(struct dns_answer *answer, struct slice kind, enum dns_type type,
                                   struct slice value)
{
    struct dns_record record = {.text = value};
    if (slice_eq(kind, SLICE("TIMEOUT")) || slice_eq(kind, SLICE("SERVFAIL"))) {
        answer->status = kind.ptr[0] == 'T' ? DNS_TIMED_OUT : DNS_FAILED;
        return;
    }
    if (answer->status == DNS_NO_NAME)
        answer->status = DNS_NO_DATA;
    if (spf_zone_type(kind) != type || answer->count == SPF_ZONE_RECORDS_MAX)
        return;
    if ((type == DNS_A || type == DNS_AAAA) && !ip_parse(value, &record.ip))
        return;
    answer->records[answer->count++] = record;
    answer->status = DNS_FOUND;
}

static inline struct dns_answer spf_zone_answer(struct arena *arena, struct slice zone,
                                                struct slice name, enum dns_type type)
{
    struct dns_answer answer = {.status = DNS_NO_NAME};
    struct slice line, owner, kind, rest;
    answer.records = arena_array(arena, SPF_ZONE_RECORDS_MAX, sizeof *answer.records);
    while (zone.len && answer.records) {
        slice_cut(zone, '\n', &line, &zone);
        slice_cut(line, ' ', &owner, &rest);
        slice_cut(rest, ' ', &kind, &rest);
        if (slice_ieq(owner, name))
            spf_zone_record(&answer, kind, type, rest);
    }
    return answer;
}

static inline struct spf_zone_run
spf_zone_evaluate(struct arena *arena, struct slice zone, const struct spf_input *input,
                  bool (*identity)(struct arena *, struct dns_answers *, const struct spf_input *,
                                   struct spf_outcome *),
                  struct spf_outcome *out)
{
    struct dns_answers *answers = dns_answers_new(arena);
    struct spf_zone_run run = {0};
    for (unsigned i = 1; answers && i <= SPF_ZONE_RUNS_MAX && !run.runs; i++) {
        size_t count = 0;
        if (identity(arena, answers, input, out)) {
            run.runs = i;
            break;
        }
        const struct dns_wanted *wanted = dns_wanted(answers, &count);
        run.questions += count;
        for (size_t k = 0; k < count; k++) {
            struct dns_answer answer = spf_zone_answer(arena, zone, wanted[k].name, wanted[k].type);
            dns_answers_add(answers, wanted[k].name, wanted[k].type, &answer);
        }
        dns_answers_restart(answers);
    }
    return run;
}

#endif
