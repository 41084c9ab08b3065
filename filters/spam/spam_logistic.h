/* SPDX-License-Identifier: ISC
 * The one sum that learning and scoring share, with nothing in it that two C libraries would round
 * differently. */
#ifndef FILTERS_SPAM_SPAM_LOGISTIC_H
#define FILTERS_SPAM_SPAM_LOGISTIC_H

#include <stddef.h>

/* 1 / (1 + exp(-log_odds)). */
double spam_logistic(double log_odds);

/* What each of so many cells counts: those of the whole message together as much as those of a window,
 * and both together have length 1. */
double spam_unit(size_t cells);

#endif
