/* SPDX-License-Identifier: ISC
 * DMARC (RFC 9989): what the author's domain asks to be done with a message,
 * and whether the message is its own.
 * Pure: DNS comes from a table, and after a miss (dns_missed) the result is void. */
#ifndef FILTERS_SENDER_DMARC_H
#define FILTERS_SENDER_DMARC_H

#include "filters/dns/dns_answers.h"
#include "filters/sender/author.h"
#include "filters/sender/dmarc_record.h"

enum dmarc_result { DMARC_NONE, DMARC_PASS, DMARC_FAIL, DMARC_TEMPERROR, DMARC_PERMERROR };

/* What SPF, or one DKIM signature, found out. */
enum dmarc_outcome { DMARC_NOT_PASSED, DMARC_PASSED, DMARC_NOT_KNOWN /* temperror */ };

struct dmarc_identifier {
    struct slice domain; /* SPF: of MAIL FROM, or HELO when that is <>; DKIM: d= */
    enum dmarc_outcome outcome;
};

struct dmarc_input {
    const struct author *author;
    struct dmarc_identifier spf;
    const struct dmarc_identifier *dkim;
    size_t dkim_count;
};

struct dmarc {
    enum dmarc_result result;
    const char *reason;  /* of a result that is not pass or plain failure; or NULL */
    struct slice domain; /* the author's; with several, the one whose policy is the strictest */
    bool found;          /* there is a record: */
    struct slice record_domain; /* where it was found */
    struct slice organisation;  /* the organisational domain; empty: the DNS did not tell */
    enum dmarc_policy policy;   /* asked for this message: p, sp or np; before t */
    struct dmarc_record record;
    /* Of one author: passed, and aligned. Without a record that is, of the same domain. */
    bool spf_aligned, dkim_aligned;
    const bool *aligned; /* each of dkim */
};

/* A message passes only when it is its author's, and also each of author.others' that has a record;
 * else the strictest policy of those that it is not counts. False when the arena is full. The
 * slices of *out live as long as the arena and the table. */
bool dmarc_evaluate(struct arena *arena, struct dns_answers *dns, const struct dmarc_input *in,
                    struct dmarc *out);

/* The names that the authors' domains will ask for are noted as wanted, as soon as they are known,
 * out of the reserve: whoever forges them may have spent the budget. */
void dmarc_prefetch(struct dns_answers *dns, const struct author *author);

/* What is asked for the message if it fails: with t=y the next milder policy (4.7). */
enum dmarc_policy dmarc_asked(const struct dmarc *dmarc);

/* What is to be done: that, after a failure; else none. */
enum dmarc_policy dmarc_disposition(const struct dmarc *dmarc);

/* The words of RFC 8601 and of the record. */
const char *dmarc_result_word(enum dmarc_result result);
const char *dmarc_policy_word(enum dmarc_policy policy);

#endif
