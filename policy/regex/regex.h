/* SPDX-License-Identifier: ISC
 * Regular expressions with limits:
 * PCRE2, Unicode where the text is UTF-8, bytes that are not match nothing. */
#ifndef POLICY_REGEX_REGEX_H
#define POLICY_REGEX_REGEX_H

#include "base/slice.h"

struct regex;

enum { REGEX_ERROR_SIZE = 320 };

/* NULL: error says why and *at where in the pattern; also when it can take too long
 * (policy/regex/risk.h). Freed with regex_free. */
struct regex *regex_new(struct slice pattern, bool fold, char error[static REGEX_ERROR_SIZE],
                        size_t *at);
void regex_free(struct regex *regex);

/* 1 it matches somewhere, 0 nowhere, -1 a limit was hit: nobody knows. No memory is allocated
 * unless a match is deep. *steps: how many it may take at most; then how many are left. What a
 * pattern mostly takes is not counted. */
int regex_match(const struct regex *regex, struct slice text, uint64_t *steps);

#endif
