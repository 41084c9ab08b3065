/* SPDX-License-Identifier: ISC
 * DNS for pure evaluators: a table of answers that they are handed. A look-up that is not in the
 * table is a miss: it is noted as wanted, and everything after it is a miss too, so that no result
 * rests on half of what it asked. A run with a miss is thrown away and started again when the
 * answers have come. */
#ifndef FILTERS_DNS_DNS_ANSWERS_H
#define FILTERS_DNS_DNS_ANSWERS_H

#include "base/arena.h"
#include "policy/value.h"

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };

/* One of those, and no other number. */
bool dns_type_is_known(enum dns_type type);

enum dns_status {
    DNS_FOUND,
    DNS_NO_DATA, /* the name is there, records of this type are not */
    DNS_NO_NAME, /* NXDOMAIN */
    DNS_FAILED,  /* SERVFAIL and kin */
    DNS_TIMED_OUT,
    DNS_UNASKED, /* the limits on our questions did not let it be asked */
};

struct dns_record {
    /* TXT: its strings joined; PTR, CNAME, MX: a name, lower case, no trailing dot. */
    struct slice text;
    struct ip ip;        /* A, AAAA */
    uint16_t preference; /* MX */
};

struct dns_answer {
    enum dns_status status;
    struct dns_record *records; /* CNAMEs have been followed; in the order of the answer */
    size_t count;
    bool authenticated; /* DNSSEC */
};

/* Whether the DNS gave no answer, rather than one that says that there is nothing. */
static inline bool dns_failed(const struct dns_answer *answer)
{
    return answer->status >= DNS_FAILED;
}

struct dns_answers;

enum { DNS_WANTED_MAX = 256 };

/* An empty table in an arena; NULL when that is full. */
struct dns_answers *dns_answers_new(struct arena *arena);

/* Adds an answer (texts and records must live as long as the table). Names are folded; the first
 * answer for a name and type counts. False: no memory. */
bool dns_answers_add(struct dns_answers *table, struct slice name, enum dns_type type,
                     const struct dns_answer *answer);

/* Looks up. False: a miss. A name that cannot exist is answered DNS_NO_NAME and never asked. */
bool dns_look_up(struct dns_answers *table, struct slice name, enum dns_type type,
                 struct dns_answer *answer);

/* Whether a look-up would have an answer, in a run without a miss. Notes nothing. */
bool dns_answered(const struct dns_answers *table, struct slice name, enum dns_type type);

/* A name without a trailing dot that is not too long, nor has labels too long or empty. */
bool dns_name_can_exist(struct slice name);

/* Nothing will be added: what is not in the table is DNS_NO_NAME from now on, and never a miss. */
void dns_answers_close(struct dns_answers *table);

/* Calls `each` for every answer in the table, in no particular order. */
void dns_answers_each(const struct dns_answers *table,
                      void (*each)(void *context, struct slice name, enum dns_type type,
                                   const struct dns_answer *answer),
                      void *context);

/* Whether the run so far had a miss;
 * and what was missed (the first only, and what dns_prefetch noted besides). */
bool dns_missed(const struct dns_answers *table);
struct dns_wanted {
    struct slice name;
    enum dns_type type;
    bool reserved; /* it has a budget that other questions cannot use up */
};
const struct dns_wanted *dns_wanted(const struct dns_answers *table, size_t *count);

/* Will be asked soon: noted as wanted, when it is not in the table, beside the first miss. Bounded;
 * what is too much is dropped. */
void dns_prefetch(struct dns_answers *table, struct slice name, enum dns_type type);
/* The same, and it is to be asked even when the budget of questions is spent. */
void dns_reserve(struct dns_answers *table, struct slice name, enum dns_type type);

/* Whether the run so far has looked up what is DNS_UNASKED. */
bool dns_unasked(const struct dns_answers *table);

/* A new run over the same table: misses are forgotten, and what was unasked. */
void dns_answers_restart(struct dns_answers *table);

/* The run goes on with another evaluator, for which a miss so far is no miss: it can look up again.
 * What was missed stays wanted; what an evaluator without a miss only prefetched does not. */
void dns_answers_next(struct dns_answers *table);

#endif
