/* SPDX-License-Identifier: ISC
 * Texts that a pattern may take too long for, tried: something again and again, and then what spoils
 * the match, so that all ways to read it are tried in vain. */
#ifndef POLICY_REGEX_ATTACK_H
#define POLICY_REGEX_ATTACK_H

#include "policy/regex/risk.h"

struct regex_attack {
    struct slice before; /* leads to where it begins */
    struct slice word;   /* comes again and again */
    struct slice behind; /* would complete the match */
};

struct regex_attacker {
    regex_probe *probe;
    void *context;
    size_t lead;   /* octets that the pattern looks back at before it begins */
    bool counts;   /* a repeat has a bound */
    char stranger; /* what nothing in the pattern matches, no line end; NUL: there is none */
    size_t probes; /* how many may still be made: they become less */
    size_t length; /* of the text that was enough */
};

/* Most texts that are matched have no line end in them: one is tried only if it is `of_lines`. */
bool regex_explodes(struct regex_attacker *a, const struct regex_attack *attack, bool of_lines);

/* The same, with a line end, and where there is no stranger with what may be one here. */
bool regex_explodes_somehow(struct regex_attacker *a, const struct regex_attack *attack);

#endif
