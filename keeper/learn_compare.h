/* SPDX-License-Identifier: ISC
 * Whether one of two that have predicted the same labels has done worse than by chance. */
#ifndef KEEPER_LEARN_COMPARE_H
#define KEEPER_LEARN_COMPARE_H

#include "common/learning.h"

/* Of pairs of losses. Zero it at first. */
struct learn_compared {
    uint32_t count;
    double loss, old_loss;     /* sums */
    double difference, square; /* sums: of their differences, and of the squares of those */
};

/* Log-odds as a probability in 65535ths, which is never quite 0 or 1: it stands for the middle of its step. */
uint16_t learn_probability(double log_odds);
double learn_log_odds(uint16_t probability);

/* The logarithmic loss of such a probability. */
double learn_loss(uint16_t probability, enum label_class class);

void learn_compare(struct learn_compared *compared, double loss, double old_loss);

/* The mean loss is larger than the old one's by more than two standard errors, and by more than nobody
 * would notice. */
bool learn_is_worse(const struct learn_compared *compared);

#endif
