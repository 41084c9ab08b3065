/* SPDX-License-Identifier: ISC
 * What a gateway has learnt, as it answers. */
#ifndef CONSOLE_LEARN_LEARN_STATUS_H
#define CONSOLE_LEARN_LEARN_STATUS_H

#include "console/learn/calibration.h"
#include "console/learn/curve.h"

#include <jansson.h>

struct learn_status {
    json_t *said; /* owned; without the predictions */
    struct curve_point points[CURVE_POINTS];
    size_t point_count;
    struct calibration_bin bins[CALIBRATION_BINS];
    size_t predicted; /* messages */
};

/* Asks on `sock`. False: what is wrong was said. learn_status_free either way. */
bool learn_status_ask(int sock, struct learn_status *out);
void learn_status_free(struct learn_status *status);

/* For programs: an object on a line. For people: a page. */
void learn_status_json(struct buf *out, const struct learn_status *status);
void learn_status_page(struct buf *out, const struct learn_status *status);

#endif
