/* SPDX-License-Identifier: ISC
 * Predictors (ISO 32000-2, 7.4.4.4): rows of samples, of which each is told as the difference from
 * those beside and above it. TIFF's, and those of PNG. */
#include "filters/cpu_budget.h"
#include "filters/pdf/pdf_filters.h"

#include <stdlib.h>

enum { TIFF = 2, PNG = 10, COLORS_MAX = 64, BITS_MAX = 16, COLUMNS_MAX = 1 << 24 };

struct rows {
    size_t pixel; /* octets between a sample and the one beside it */
    size_t row;   /* octets of a row */
};

static bool shape(const struct pdf_step *step, struct rows *out)
{
    uint64_t colors = step->colors ? step->colors : 1, bits = step->bits ? step->bits : 8;
    uint64_t columns = step->columns ? step->columns : 1;
    if (colors > COLORS_MAX || bits > BITS_MAX || columns > COLUMNS_MAX)
        return false;
    out->pixel = (size_t)((colors * bits + 7) / 8);
    out->row = (size_t)((colors * bits * columns + 7) / 8);
    return true;
}

static int paeth(int left, int above, int corner)
{
    int guess = left + above - corner;
    int to_left = abs(guess - left), to_above = abs(guess - above);
    int to_corner = abs(guess - corner);
    if (to_left <= to_above && to_left <= to_corner)
        return left;
    return to_above <= to_corner ? above : corner;
}

/* What is added to the octet at `i`; `row` and the one before it are undone up to there. */
static int guess(int kind, const uint8_t *row, const uint8_t *before, size_t i, size_t pixel)
{
    int left = i >= pixel ? row[i - pixel] : 0, above = before ? before[i] : 0;
    int corner = before && i >= pixel ? before[i - pixel] : 0;
    switch (kind) {
    case 1:
        return left;
    case 2:
        return above;
    case 3:
        return (left + above) / 2;
    case 4:
        return paeth(left, above, corner);
    default:
        return 0;
    }
}

/* A row is a kind and its octets; without the kinds they stand closer. */
static void undo_png(const struct rows *rows, uint8_t *data, size_t len, size_t *out)
{
    uint8_t *before = NULL;
    size_t at = 0, n = 0;
    while (at < len && !cpu_budget_spent(rows->row + 1)) {
        int kind = data[at++];
        size_t left = len - at < rows->row ? len - at : rows->row;
        uint8_t *row = data + n;
        for (size_t i = 0; i < left; i++)
            row[i] = (uint8_t)(data[at + i] + guess(kind, row, before, i, rows->pixel));
        at += left;
        n += left;
        before = row;
    }
    *out = n;
}

static void undo_tiff(const struct rows *rows, uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len && !cpu_budget_spent(rows->row); at += rows->row)
        for (size_t i = rows->pixel; i < rows->row && at + i < len; i++)
            data[at + i] = (uint8_t)(data[at + i] + data[at + i - rows->pixel]);
}

bool pdf_unpredict(const struct pdf_step *step, struct buf *data)
{
    struct rows rows;
    if (step->predictor < TIFF)
        return true;
    if (!shape(step, &rows) || (step->predictor < PNG && step->predictor != TIFF))
        return false;
    size_t len = buf_len(data);
    if (len == 0)
        return true;
    uint8_t *octets = (uint8_t *)data->data + data->head;
    if (step->predictor == TIFF && step->bits && step->bits != 8)
        return false;
    if (step->predictor == TIFF)
        undo_tiff(&rows, octets, len);
    else
        undo_png(&rows, octets, len, &len);
    data->tail = data->head + len;
    return true;
}
