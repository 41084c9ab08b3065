/* SPDX-License-Identifier: ISC */
#include "keeper/learn_compare.h"

#include "filters/spam/spam_logistic.h"

#include <math.h>

enum { STEPS = UINT16_MAX + 1 };

static const double errors_allowed = 2, unnoticed = 0.002;

static double middle_of(uint16_t probability)
{
    return (probability + 0.5) / STEPS;
}

uint16_t learn_probability(double log_odds)
{
    double step = spam_logistic(log_odds) * STEPS;
    return step < UINT16_MAX ? (uint16_t)step : UINT16_MAX;
}

double learn_log_odds(uint16_t probability)
{
    double spam = middle_of(probability);
    return log(spam / (1 - spam));
}

double learn_loss(uint16_t probability, enum label_class class)
{
    double spam = middle_of(probability);
    return -log(class == LABEL_SPAM ? spam : 1 - spam);
}

void learn_compare(struct learn_compared *c, double loss, double old_loss)
{
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
    return mean > errors_allowed * sqrt(variance / n) && mean > unnoticed;
}
