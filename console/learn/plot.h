/* SPDX-License-Identifier: ISC
 * A learning curve and a calibration drawn with letters. `blocks`: with those of Unicode, else ASCII
 * alone. */
#ifndef CONSOLE_LEARN_PLOT_H
#define CONSOLE_LEARN_PLOT_H

#include "console/learn/calibration.h"
#include "console/learn/curve.h"

void plot_curve(struct buf *out, const struct curve_point *points, size_t count, bool blocks);
void plot_calibration(struct buf *out, const struct calibration_bin bins[CALIBRATION_BINS],
                      bool blocks);

#endif
