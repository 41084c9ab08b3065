/* SPDX-License-Identifier: ISC
 * "Did you mean ...?" */
#ifndef POLICY_NAMES_H
#define POLICY_NAMES_H

#include "base/slice.h"

/* Finds, among names offered one after another, the one nearest to a mistyped word. */
struct nearest {
    struct slice word, best;
    unsigned distance;
};

struct nearest nearest_to(struct slice word);
void nearest_offer(struct nearest *nearest, struct slice name);

/* The best, or an empty slice when none is near enough to be meant. */
struct slice nearest_name(const struct nearest *nearest);

/* Number of letters to insert, delete, replace or swap (neighbours), case folded; `limit` when that
 * many or more. */
unsigned names_distance(struct slice a, struct slice b, unsigned limit);

#endif
