/* SPDX-License-Identifier: ISC
 * Why a message has the score it has: the tokens that say most, each way. */
#ifndef FILTERS_SPAM_SPAM_REASONS_H
#define FILTERS_SPAM_SPAM_REASONS_H

#include "filters/spam/spam_model.h"
#include "filters/spam/spam_tokens.h"

enum { SPAM_REASONS_MAX = 5, SPAM_REASON_TEXT_MAX = 60 };

struct spam_reason {
    const char *where;                   /* spam_token_name */
    char text[SPAM_REASON_TEXT_MAX + 1]; /* clean UTF-8 without controls, cut where it is longer */
    double log_odds;                     /* its share; above 0: towards spam */
};

/* Each way the strongest first. */
struct spam_reasons {
    struct spam_reason spam[SPAM_REASONS_MAX], ham[SPAM_REASONS_MAX];
    size_t spam_count, ham_count;
};

/* Of the whole message and its worst window. A word's share is its own and, in From and Subject, that
 * of the four-octet pieces in it. It takes as long as the score did, and as much again: for who asks.
 * False: the arena is full. */
bool spam_reasons(struct arena *arena, const struct spam_source *source,
                  const struct spam_model *model, struct spam_reasons *out);

#endif
