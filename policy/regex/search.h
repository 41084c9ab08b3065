/* SPDX-License-Identifier: ISC
 * A match that takes bounded time in all.
 *
 * PCRE2 counts steps anew for each octet of a text that a match may begin at: /a.*b\d/ and 20,000
 * octets, with as many steps from each, take seconds. So all beginnings together are granted few
 * steps at first, which mostly are enough. Where they are not, one beginning is tried after the
 * other, and what each has taken is known within a factor. */
#ifndef POLICY_REGEX_SEARCH_H
#define POLICY_REGEX_SEARCH_H

#include "base/slice.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    REGEX_STEPS_MAX = 50000,       /* from one beginning */
    REGEX_ALL_STEPS_MAX = 16000000 /* from all of them */
};

/* 1 it matches somewhere, 0 nowhere, -1 nobody knows: a limit was hit. Of a pattern that says
 * nothing of where the search began, or of giving up (\G, (*COMMIT) and its kin). The match limit is
 * set here. *steps: how many it may take in all; then how many are left. */
int regex_search(const pcre2_code *code, pcre2_match_data *data, pcre2_match_context *limits,
                 struct slice text, uint64_t *steps);

#endif
