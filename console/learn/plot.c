/* SPDX-License-Identifier: ISC */
#include "console/learn/plot.h"

enum { ROWS = 8, EIGHTHS = 8, BAR = 30 };

/* ---- the curve ---- */

static void put_cell(struct buf *out, unsigned eighths, bool blocks)
{
    static const char *const parts[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    if (blocks)
        buf_cstr(out, parts[eighths]);
    else
        buf_char(out, eighths >= EIGHTHS / 2 ? '#' : ' ');
}

/* Eighths of row `row`, from 0 at the bottom, that the bar of this point fills. */
static unsigned eighths_of(const struct curve_point *point, unsigned row)
{
    double height = point->recall < 0 ? 0 : point->recall * ROWS - row;
    if (height <= 0)
        return 0;
    return height >= 1 ? EIGHTHS : (unsigned)(height * EIGHTHS);
}

static void put_row(struct buf *out, const struct curve_point *points, size_t count, unsigned row,
                    bool blocks)
{
    if ((row + 1) % 2 == 0)
        buf_printf(out, "  %3u %% |", (row + 1) * 100 / ROWS);
    else
        buf_cstr(out, "        |");
    for (size_t i = 0; i < count; i++)
        put_cell(out, eighths_of(&points[i], row), blocks);
    buf_char(out, '\n');
}

static void put_axis(struct buf *out, const struct curve_point *points, size_t count)
{
    buf_cstr(out, "        +");
    for (size_t i = 0; i < count; i++)
        buf_char(out, '-');
    buf_printf(out, "\n         %-*zu%zu\n", count > 8 ? (int)count - 6 : 2, points[0].learnt,
               points[count - 1].learnt);
}

void plot_curve(struct buf *out, const struct curve_point *points, size_t count, bool blocks)
{
    if (count == 0)
        return;
    for (unsigned row = ROWS; row > 0; row--)
        put_row(out, points, count, row - 1, blocks);
    put_axis(out, points, count);
}

/* ---- the calibration ---- */

/* How much was spam as a bar, and a mark where it would end if that had been what was said. */
static void put_bar(struct buf *out, const struct calibration_bin *bin, bool blocks)
{
    unsigned was = (unsigned)(bin->was * BAR + 0.5), said = (unsigned)(bin->said * (BAR - 1) + 0.5);
    for (unsigned i = 0; i <= said || i < was; i++) {
        if (i == said)
            buf_char(out, '|');
        else if (i < was)
            buf_cstr(out, blocks ? "█" : "#");
        else
            buf_char(out, ' ');
    }
}

static void put_bin(struct buf *out, const struct calibration_bin *bin, bool blocks)
{
    buf_printf(out, "  %5.1f %%  %5.1f %%  %7zu  ", bin->said * 100, bin->was * 100, bin->count);
    put_bar(out, bin, blocks);
    buf_char(out, '\n');
}

void plot_calibration(struct buf *out, const struct calibration_bin bins[CALIBRATION_BINS],
                      bool blocks)
{
    buf_cstr(out, "     said      was  messages\n");
    for (size_t i = 0; i < CALIBRATION_BINS; i++)
        if (bins[i].count)
            put_bin(out, &bins[i], blocks);
}
