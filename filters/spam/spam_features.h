/* SPDX-License-Identifier: ISC
 * The vector of a message (spam_vector.h). */
#ifndef FILTERS_SPAM_SPAM_FEATURES_H
#define FILTERS_SPAM_SPAM_FEATURES_H

#include "filters/spam/spam_tokens.h"
#include "filters/spam/spam_vector.h"

/* Changes with whatever changes the vector of a message: models and vectors of different versions
 * have nothing to do with each other, so each vector tells it. */
enum { SPAM_FEATURES_VERSION = SPAM_VECTOR_VERSION };

/* The vector is in the arena, which also holds what it is made of: three times the text, and what fields
 * take. 100 KiB of stack. A pure function of source and key. False: the arena is full. */
bool spam_features(struct arena *arena, const struct spam_source *source,
                   const struct spam_key *key, struct slice *vector);

#endif
