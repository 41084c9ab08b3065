/* SPDX-License-Identifier: ISC
 * Words that are put around a known name: "my", "secure", "login" (added_words.def). */
#ifndef FILTERS_LIKENESS_ADDED_WORDS_H
#define FILTERS_LIKENESS_ADDED_WORDS_H

#include "base/slice.h"

bool added_word(struct slice word);

/* The next such word that the text begins (or ends) with, without being it: what is left of the text goes
 * to *rest. *at is 0 at first. False: there is no other. */
bool added_word_before(struct slice text, size_t *at, struct slice *rest);
bool added_word_behind(struct slice text, size_t *at, struct slice *rest);

#endif
