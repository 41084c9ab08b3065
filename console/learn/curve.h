/* SPDX-License-Identifier: ISC
 * How well spam is told from mail, the more is learnt: pure functions of predictions. */
#ifndef CONSOLE_LEARN_CURVE_H
#define CONSOLE_LEARN_CURVE_H

#include "console/learn/predictions.h"

enum {
    CURVE_WINDOW = 500, /* messages that a point looks back on */
    CURVE_LEAST = 10,   /* of each class, or a point says nothing */
    CURVE_POINTS = 48,
};

struct curve_point {
    size_t learnt; /* messages by then */
    double recall; /* less than 0: not known */
};

/* The share of spam that is found when at most one good message in a hundred is taken for spam. Less
 * than 0: there are too few to say. `scratch` has room for `count`. */
double curve_recall(const struct learn_prediction *predictions, size_t count, uint16_t *scratch);

/* Points evenly spread over all predictions, the last one at their end; returns how many. `before`:
 * messages that were learnt before the first of them. */
size_t curve_make(const struct predictions *predictions, size_t before,
                  struct curve_point points[CURVE_POINTS]);

#endif
