/* SPDX-License-Identifier: ISC
 * The tree walk of DMARC (RFC 9989 4.10): the records at a domain and above it, which tell its
 * organisational domain and the policy that holds for it. Pure: DNS comes from a table, and after a
 * miss (dns_missed) the result is void. */
#ifndef FILTERS_SENDER_DMARC_WALK_H
#define FILTERS_SENDER_DMARC_WALK_H

#include "filters/dns/dns_answers.h"
#include "filters/sender/dmarc_record.h"

enum { DMARC_WALK_MAX = 8 };

/* What stands at one name; and what holds for a domain. */
enum dmarc_standing {
    DMARC_ABSENT,
    DMARC_SEVERAL,   /* several records: all discarded */
    DMARC_NO_POLICY, /* a record without a valid policy */
    DMARC_PRESENT,
    DMARC_UNREACHED, /* the DNS gave no answer */
};

struct dmarc_step {
    struct slice domain;
    enum dmarc_standing standing;
    enum dns_status status;     /* of the answer */
    struct dmarc_record record; /* of the two that have one */
};

/* From the domain itself upwards, as far as the walk goes. */
struct dmarc_walk {
    struct dmarc_step steps[DMARC_WALK_MAX];
    size_t count;
};

/* The domains of a normalised one whose records a walk asks for, parts of it, the longest first: of
 * more than eight labels the name itself and its last seven (4.10). Returns how many. */
size_t dmarc_walk_domains(struct slice domain, struct slice out[static DMARC_WALK_MAX]);

/* Notes all of them as wanted, so that one round brings them: by dns_prefetch or dns_reserve. */
void dmarc_walk_want(struct dns_answers *dns, struct slice domain,
                     void (*want)(struct dns_answers *, struct slice, enum dns_type));

/* Walks. False: a miss; all that it will ask for is wanted. */
bool dmarc_walk(struct dns_answers *dns, struct slice domain, struct dmarc_walk *out);

/* The organisational domain, a part of where the walk began (4.10.2). Empty: an answer that it
 * hangs on has not come. */
struct slice dmarc_walk_organisation(const struct dmarc_walk *walk);

/* What holds for the domain where the walk began: its own record, or that of its organisational
 * domain, or that of the public suffix domain above (4.10.1). *step is where, for those that have a
 * record. */
enum dmarc_standing dmarc_walk_policy(const struct dmarc_walk *walk,
                                      const struct dmarc_step **step);

#endif
