/* SPDX-License-Identifier: ISC
 * Whether one of two that have predicted the same labels has done worse than by chance. */
#ifndef KEEPER_LEARN_COMPARE_H
#define KEEPER_LEARN_COMPARE_H

#include "common/learning.h"

/* Of pairs of predictions. Zero it at first. */
struct learn_compared {
    uint32_t count;
    double loss, old_loss;     /* sums of log-losses */
    double difference, square; /* sums: of their differences, and of the squares of those */
};

/* The logarithmic loss of a probability in 65535ths, which is never quite 0 or 1. */
double learn_loss(uint16_t probability, enum label_class class);

void learn_compare(struct learn_compared *compared, enum label_class class, uint16_t probability,
                   uint16_t old);

/* The mean loss is larger than the old one's by more than two standard errors. */
bool learn_is_worse(const struct learn_compared *compared);

#endif
