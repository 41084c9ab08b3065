/* SPDX-License-Identifier: ISC
 * From log-odds to a probability that means what it says (Platt): a and b so that
 * 1 / (1 + exp(-(a * log-odds + b))) fits what became of messages that were scored before they were
 * learnt. */
#ifndef FILTERS_SPAM_SPAM_CALIBRATION_H
#define FILTERS_SPAM_SPAM_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>

struct spam_outcome {
    float log_odds;
    bool spam;
};

/* False: they do not tell good from bad. */
bool spam_calibrate(const struct spam_outcome *outcomes, size_t count, double *a, double *b);

#endif
