/* SPDX-License-Identifier: ISC
 * Whether a probability means what it says: of all messages of which about 70 % was said, were 70 in a
 * hundred spam? A pure function of predictions. */
#ifndef CONSOLE_LEARN_CALIBRATION_H
#define CONSOLE_LEARN_CALIBRATION_H

#include "console/learn/predictions.h"

enum { CALIBRATION_BINS = 10 };

struct calibration_bin {
    size_t count;
    double said, was; /* means of what was said, and of what was spam; 0 where there is none */
};

/* Bin n is of what was said from n tenths up to the next; the last has 1 as well. */
void calibration_make(const struct predictions *predictions,
                      struct calibration_bin bins[CALIBRATION_BINS]);

#endif
