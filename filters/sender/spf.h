/* SPDX-License-Identifier: ISC
 * SPF (RFC 7208): whether a domain says that a client may speak for it. A pure evaluator on a table
 * of DNS answers: an evaluation that lacks an answer says so and is run again with it. */
#ifndef FILTERS_SENDER_SPF_H
#define FILTERS_SENDER_SPF_H

#include "filters/dns/dns_answers.h"

enum spf_result {
    SPF_NONE,
    SPF_NEUTRAL,
    SPF_PASS,
    SPF_FAIL,
    SPF_SOFTFAIL,
    SPF_TEMPERROR,
    SPF_PERMERROR,
};

enum spf_identity { SPF_HELO, SPF_MAILFROM };

struct spf_input {
    struct ip client;
    struct slice helo;     /* as the client said it */
    struct slice sender;   /* of MAIL FROM, without <>; empty: the null sender */
    struct slice receiver; /* our name, for %{r}; may be empty */
    int64_t now;           /* seconds since 1970, for %{t} */
};

struct spf_outcome {
    enum spf_result result;
    enum spf_identity identity; /* whose domain was asked: for a null sender that is HELO (2.4) */
    struct slice domain;        /* that domain, lower case, no trailing dot; in the arena */
    /* Of a fail, printable ASCII that the domain's owner wrote,
     * at most 8 KiB: do not trust it. Empty: there is none. */
    struct slice explanation;
    /* The term that matched or is wrong, in the words of the domain's record,
     * any octets (it lives as long as the answers); empty: none did. */
    struct slice mechanism;
    struct slice problem; /* of temperror and permerror: what is wrong, in a few words */
    unsigned lookups;     /* terms that asked the DNS (4.6.4) */
};

/* Checks the MAIL FROM identity; for a null sender, postmaster at the HELO name. False: an answer
 * is missing (dns_missed, dns_wanted), or the arena is full; what is in *out then means nothing. */
bool spf_evaluate(struct arena *arena, struct dns_answers *answers, const struct spf_input *input,
                  struct spf_outcome *out);

/* Checks the HELO identity (2.3), in the same way. */
bool spf_evaluate_helo(struct arena *arena, struct dns_answers *answers,
                       const struct spf_input *input, struct spf_outcome *out);

/* "none", "neutral", "pass" ... as RFC 8601 2.7.2 writes them. */
const char *spf_result_word(enum spf_result result);

#endif
