/* SPDX-License-Identifier: ISC
 * What the files of SPF share: terms, macros, the state of one evaluation. Of no use to others. */
#ifndef FILTERS_SENDER_SPF_INTERNAL_H
#define FILTERS_SENDER_SPF_INTERNAL_H

#include "filters/sender/spf.h"

enum {
    SPF_LOOKUPS_MAX = 10, /* 4.6.4, over the whole evaluation, as are the void ones */
    SPF_VOIDS_MAX = 2,
    SPF_NAMES_MAX = 10, /* hosts of one MX, names of one PTR answer */
    SPF_DOMAIN_MAX = 253,
    SPF_EXPANDED_MAX = 8192,
};

/* ---- syntax (spf_record.c) */

enum spf_mechanism {
    SPF_ALL,
    SPF_INCLUDE,
    SPF_A,
    SPF_MX,
    SPF_PTR,
    SPF_IP4,
    SPF_IP6,
    SPF_EXISTS,
    SPF_MODIFIER, /* a modifier: it matches nothing */
};

struct spf_term {
    enum spf_mechanism mechanism;
    enum spf_result qualifier;
    struct slice text;   /* all of it, the qualifier included */
    struct slice name;   /* of a modifier */
    struct slice domain; /* domain-spec, not expanded; ptr NULL: there is none */
    struct ip network;
    unsigned bits4, bits6;
};

struct spf_record {
    struct slice terms;         /* what follows the version */
    struct slice redirect, exp; /* domain-specs; ptr NULL: there is none */
};

struct slice spf_without_dot(struct slice name);

/* Whether a TXT record is an SPF record (4.5). */
bool spf_record_is(struct slice text);

/* Checks all of a record before any of it is used (4.6). False: a syntax error,
 * *wrong is the term. */
bool spf_record_parse(struct slice text, struct spf_record *out, struct slice *wrong);

/* Takes the next term of a record that is right. False: no more. */
bool spf_next_term(struct slice *rest, struct spf_term *out);

/* A name that can have an SPF record (4.3): several labels of visible ASCII, the last one as a top
 * level domain may be. */
bool spf_is_domain(struct slice name);

/* ---- macros (section 7; spf_macro.c) */

enum spf_macro_use { SPF_IN_RECORD, SPF_IN_EXPLANATION };

/* Syntax of a macro-string in a record, unknown modifiers included;
 * or of an explain-string, which may hold spaces, and alone the letters c,
 * r and t (7.2). *ends_in_macro: the last of it is a macro-expand. */
bool spf_macro_check(struct slice text, enum spf_macro_use use, bool *ends_in_macro);

struct spf_evaluation {
    struct arena *arena;
    struct dns_answers *answers;
    struct ip client;
    const struct spf_input *input;
    struct slice sender, local, sender_domain; /* none is empty */
    struct slice helo;                         /* in the spelling of the DNS, as the domains are */
    unsigned lookups, voids;
    struct slice validated[SPF_NAMES_MAX]; /* names of the client that lead back to it (5.5) */
    size_t validated_count;
    bool validated_known;
    struct slice explanation, mechanism, problem;
    bool abandoned; /* a miss, or no memory: nothing that follows counts */
};

/* Whether it names the local part (%{s}, %{l}), and that is not ASCII: a term with such a
 * domain-spec matches nothing (RFC 8616 4). */
bool spf_macro_undefined(const struct spf_evaluation *e, struct slice text);

enum spf_expansion { SPF_EXPANDED, SPF_TOO_LONG, SPF_TOO_MANY_LOOKUPS };

/* Expands what spf_macro_check has accepted, for the domain whose record it is; *out is in the
 * arena. A %{p} in a record may cost a look-up; in an explanation, which comes after the result, it
 * does not (4.6.4). */
enum spf_expansion spf_macro_expand(struct spf_evaluation *e, struct slice text,
                                    struct slice domain, enum spf_macro_use use, struct slice *out);

/* Expands a domain-spec, or takes the domain itself when there is none (ptr NULL); without a
 * trailing dot, cut at the left to 253 octets (7.3). */
enum spf_expansion spf_target(struct spf_evaluation *e, struct slice spec, struct slice domain,
                              enum spf_macro_use use, struct slice *out);

/* ---- look-ups and mechanisms (spf_match.c) */

/* Looks up. False: a miss, and the evaluation is abandoned. */
bool spf_ask(struct spf_evaluation *e, struct slice name, enum dns_type type,
             struct dns_answer *answer);

/* Counts a term that asks the DNS. False: one too many, e->problem is set. */
bool spf_count_lookup(struct spf_evaluation *e);

/* Finds out e->validated, once. */
void spf_validate_names(struct spf_evaluation *e);

/* Whether `name` is `domain` or below it. */
bool spf_is_within(struct slice name, struct slice domain);

enum spf_match { SPF_NO_MATCH, SPF_MATCH, SPF_MATCH_TEMPERROR, SPF_MATCH_PERMERROR };

/* Every mechanism but include. On the errors e->problem is set. */
enum spf_match spf_match(struct spf_evaluation *e, const struct spf_term *term,
                         struct slice domain);

#endif
