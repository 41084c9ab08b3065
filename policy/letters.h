/* SPDX-License-Identifier: ISC
 * Texts without regard to case, also beyond ASCII: Unicode's simple mappings, letter by letter
 * (so "ß" is no "SS"). Octets that are no UTF-8 are letters of their own. */
#ifndef POLICY_LETTERS_H
#define POLICY_LETTERS_H

#include "base/buf.h"

bool letters_same(struct slice a, struct slice b);

/* Whether the text holds the part, begins with it, ends with it. */
bool letters_hold(struct slice text, struct slice part);
bool letters_start(struct slice text, struct slice part);
bool letters_end(struct slice text, struct slice part);

/* Appends the text as it is compared: texts are the same whose foldings are. */
void letters_fold(struct buf *out, struct slice text);

#endif
