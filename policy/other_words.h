/* SPDX-License-Identifier: ISC
 * What others call what has another name here. */
#ifndef POLICY_OTHER_WORDS_H
#define POLICY_OTHER_WORDS_H

#include "base/slice.h"

/* What is expected instead of a word of that kind ("fact", "action", as in fail_unknown). NULL: it
 * is nobody's word. */
const char *other_word(const char *kind, struct slice word);

#endif
