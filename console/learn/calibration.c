/* SPDX-License-Identifier: ISC */
#include "console/learn/calibration.h"

static size_t bin_of(const struct learn_prediction *prediction)
{
    return (size_t)prediction->probability * CALIBRATION_BINS / (UINT16_MAX + 1);
}

void calibration_make(const struct predictions *predictions,
                      struct calibration_bin bins[CALIBRATION_BINS])
{
    for (size_t i = 0; i < CALIBRATION_BINS; i++)
        bins[i] = (struct calibration_bin){.count = 0};
    for (size_t i = 0; i < predictions->count; i++) {
        const struct learn_prediction *one = &predictions->each[i];
        struct calibration_bin *bin = &bins[bin_of(one)];
        bin->count++;
        bin->said += prediction_said(one);
        bin->was += one->class == LABEL_SPAM;
    }
    for (size_t i = 0; i < CALIBRATION_BINS; i++)
        if (bins[i].count) {
            bins[i].said /= (double)bins[i].count;
            bins[i].was /= (double)bins[i].count;
        }
}
