/* SPDX-License-Identifier: ISC */
#include "keeper/learn_compare.h"

#include <math.h>

static const double errors_allowed = 2, steps = 65536;

double learn_loss(uint16_t probability, enum label_class class)
{
    double spam = (probability + 0.5) / steps;
    return -log(class == LABEL_SPAM ? spam : 1 - spam);
}

void learn_compare(struct learn_compared *c, enum label_class class, uint16_t probability,
                   uint16_t old)
{
    double loss = learn_loss(probability, class), old_loss = learn_loss(old, class);
    double difference = loss - old_loss;
    c->count++;
    c->loss += loss;
    c->old_loss += old_loss;
    c->difference += difference;
    c->square += difference * difference;
}

bool learn_is_worse(const struct learn_compared *c)
{
    if (c->count < 2)
        return false;
    double n = c->count, mean = c->difference / n;
    double variance = fmax(0, (c->square - n * mean * mean) / (n - 1));
    return mean > errors_allowed * sqrt(variance / n) && mean > 0;
}
