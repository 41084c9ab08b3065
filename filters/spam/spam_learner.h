/* SPDX-License-Identifier: ISC
 * Learning: logistic regression over the cells of messages, in order (AdaGrad: a cell that has moved
 * much moves less), with a penalty on their squares. Who learns all anew learns each message once, and
 * then all of them again, SPAM_LEARNER_PASSES times in all: more would learn wrong labels by heart.
 * Good mail and spam should come mixed: of a block of one class, and then one of the other, the last is
 * remembered best. The same messages in the same order make the same model, to the octet. */
#ifndef FILTERS_SPAM_SPAM_LEARNER_H
#define FILTERS_SPAM_SPAM_LEARNER_H

#include "filters/spam/spam_model.h"

enum { SPAM_LEARNER_PASSES = 3 };

struct spam_learner;

/* Some 2 MiB, whatever it learns. NULL: no memory. */
struct spam_learner *spam_learner_new(const uint8_t key[static SPAM_KEY_SIZE]);
void spam_learner_free(struct spam_learner **learner); /* NULL is fine */

/* Learns a vector that was made with this key. Neither class counts more for being more frequent.
 * `weight` is 1 for a label that is as sure as most, less for one that is less sure. *log_odds,
 * unless NULL: what it was taken for before. False: the vector is malformed, and nothing was learnt. */
bool spam_learner_learn(struct spam_learner *learner, struct slice vector, bool spam, double weight,
                        double *log_odds);

/* The same for a message that was learnt before: it counts as no further message, and what it was
 * taken for says nothing of what a new one would be taken for. */
bool spam_learner_again(struct spam_learner *learner, struct slice vector, bool spam, double weight,
                        double *log_odds);

/* What was learnt so far, as a file. False: nothing was learnt that tells good mail from bad. */
bool spam_learner_model(const struct spam_learner *learner, uint8_t file[static SPAM_MODEL_SIZE]);

#endif
