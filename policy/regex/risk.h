/* SPDX-License-Identifier: ISC
 * Patterns that take longer than anybody waits. Whoever tries all ways to match may have to try
 * exponentially many, (a+)+$, or as many as the cube of what is matched, .*.*.*x: and who sends the
 * text chooses which.
 *
 * Where a pattern may do so is read from it (regex_ambiguity.h); whether it does is found out by
 * trying it, as PCRE2 sees for itself that much of this is none: no pattern is refused but with a
 * text that proves it. What a text of REGEX_RISK_TEXT_MAX octets cannot bring about is no risk here:
 * two repeats that may share a text take the square of its length, and are left to the limits that
 * a match has. Of a longer text it is tried whether it can be read in as many ways as twenty repetitions
 * of what is ambiguous in it make possible. */
#ifndef POLICY_REGEX_RISK_H
#define POLICY_REGEX_RISK_H

#include "base/slice.h"

enum { REGEX_RISK_TEXT_MAX = 256, REGEX_RISK_LONGEST = 4096 };

enum regex_risk_kind {
    REGEX_RISK_NONE,
    REGEX_RISK_NESTED, /* what a repeat repeats can be read in several ways */
    REGEX_RISK_CHAIN,  /* repeats behind each other may share a text in many ways */
};

struct regex_risk {
    enum regex_risk_kind kind;
    size_t from, to; /* of the pattern: the repeat, or the first of them */
    size_t length;   /* octets of the text that proved it */
};

/* Whether a match that begins at `from` in this text takes all the steps that a match is granted, or
 * hits another limit; or, where `steps` is not 0, takes more than so many. */
typedef bool regex_probe(void *context, struct slice text, size_t from, unsigned steps);

/* Of a pattern that PCRE2 has compiled. Takes bounded time: a limited number of steps and probes,
 * each of at most REGEX_RISK_LONGEST octets. What could not be found out within them, and when
 * memory is out, is NONE. */
struct regex_risk regex_risk(struct slice pattern, bool fold, regex_probe *probe, void *context);

#endif
