/* SPDX-License-Identifier: ISC */
#include "console/learn/curve.h"

#include <stdlib.h>

enum { ONE_IN = 100 };

static int downwards(const void *a, const void *b)
{
    return (int)*(const uint16_t *)b - (int)*(const uint16_t *)a;
}

/* Above it stand as many good messages as may, and none more. */
static int threshold(const struct learn_prediction *predictions, size_t count, uint16_t *scratch)
{
    size_t good = 0;
    for (size_t i = 0; i < count; i++)
        if (predictions[i].class == LABEL_GOOD)
            scratch[good++] = predictions[i].probability;
    if (good < CURVE_LEAST)
        return -1;
    qsort(scratch, good, sizeof *scratch, downwards);
    return scratch[good / ONE_IN];
}

double curve_recall(const struct learn_prediction *predictions, size_t count, uint16_t *scratch)
{
    int limit = threshold(predictions, count, scratch);
    size_t spam = 0, found = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_spam = predictions[i].class == LABEL_SPAM;
        spam += is_spam;
        found += is_spam && predictions[i].probability > limit;
    }
    return limit < 0 || spam < CURVE_LEAST ? -1 : (double)found / (double)spam;
}

size_t curve_make(const struct predictions *predictions, size_t before,
                  struct curve_point points[CURVE_POINTS])
{
    size_t all = predictions->count, count = all < CURVE_POINTS ? all : CURVE_POINTS;
    uint16_t scratch[CURVE_WINDOW];
    for (size_t i = 0; i < count; i++) {
        size_t end = (i + 1) * all / count, window = end < CURVE_WINDOW ? end : CURVE_WINDOW;
        points[i].learnt = before + end;
        points[i].recall = curve_recall(predictions->each + end - window, window, scratch);
    }
    return count;
}
