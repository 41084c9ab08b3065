/* SPDX-License-Identifier: ISC
 * What a model has thought of each message before it learnt it, in that order. */
#ifndef CONSOLE_LEARN_PREDICTIONS_H
#define CONSOLE_LEARN_PREDICTIONS_H

#include "common/learning.h"

struct predictions {
    struct learn_prediction *each; /* owned */
    size_t count;
};

/* From base64, as a status has them. False: that is none, or there is no memory; predictions_free
 * either way. */
bool predictions_read(struct slice base64, struct predictions *out);
void predictions_free(struct predictions *predictions);

/* 0 to 1, that it is spam. */
double prediction_said(const struct learn_prediction *prediction);

#endif
