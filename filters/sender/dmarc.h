/* SPDX-License-Identifier: ISC
 * DMARC (RFC 7489): what the author's domain asks to be done with a message,
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
    bool honour_np; /* RFC 9091: np= for names that do not exist; asks for their A, AAAA and MX */
};

struct dmarc {
    enum dmarc_result result;
    const char *reason;  /* of a result that is not pass or plain failure; or NULL */
    struct slice domain; /* the author's; with several, the one whose policy is the strictest */
    bool found;          /* there is a record: */
    struct slice record_domain; /* where it was found */
    enum dmarc_policy policy;   /* asked for this message: p, sp or np; before pct and t */
    struct dmarc_record record;
    bool spf_aligned, dkim_aligned; /* passed, and aligned */
};

/* A message passes only when it is its author's, and also each of author.others' that has a record;
 * else the strictest policy of those that it is not counts. False when the arena is full. The
 * slices of *out live as long as the arena and the table. */
bool dmarc_evaluate(struct arena *arena, struct dns_answers *dns, const struct dmarc_input *in,
                    struct dmarc *out);

/* The names that an author's domain will ask for are noted as wanted, as soon as it is known. */
void dmarc_prefetch(struct arena *arena, struct dns_answers *dns, const struct author *author);

/* What is asked for the message if it fails (RFC 7489 6.6.4): `sample`, 0..99, is
 * drawn by the caller; outside of pct, and with t=y, it is the next milder policy. */
enum dmarc_policy dmarc_asked(const struct dmarc *dmarc, unsigned sample);

/* What is to be done: that, after a failure; else none. */
enum dmarc_policy dmarc_disposition(const struct dmarc *dmarc, unsigned sample);

/* Whether an identifier is the author's domain (strict) or shares its organisation (relaxed). The
 * author's domain is normalised, the identifier may be anything. */
bool dmarc_aligned(struct arena *arena, struct slice identifier, struct slice author, bool strict);

/* The words of RFC 8601 and of the record. */
const char *dmarc_result_word(enum dmarc_result result);
const char *dmarc_policy_word(enum dmarc_policy policy);

#endif
