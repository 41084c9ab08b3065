/* SPDX-License-Identifier: ISC */
#include "console/learn/progress.h"

#include "base/clock.h"
#include "console/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { REDRAW_MS = 100, COLUMNS = 30, LINE_OCTETS = 256, SETTLES_MS = 2000 };

void progress_begin(struct progress *progress, const char *what)
{
    const char *term = getenv("TERM");
    *progress = (struct progress){.what = what, .began = clock_ms()};
    progress->is_drawn = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

void progress_bar(struct buf *out, double share, unsigned columns)
{
    unsigned full = (unsigned)(share * columns);
    buf_char(out, '[');
    for (unsigned i = 0; i < columns; i++)
        buf_char(out, i < full ? '#' : '.');
    buf_char(out, ']');
}

int64_t progress_left(uint64_t done, uint64_t total, int64_t spent)
{
    if (done == 0 || spent < SETTLES_MS || done > total)
        return -1;
    return (int64_t)((double)spent * (double)(total - done) / (double)done);
}

static void draw(const struct progress *progress, double share, uint64_t count, int64_t left)
{
    char room[LINE_OCTETS];
    struct buf out = buf_over(room, sizeof room);
    buf_char(&out, '\r');
    progress_bar(&out, share, COLUMNS);
    buf_printf(&out, " %3.0f %%  %" PRIu64 " %s", share * 100, count, progress->what);
    if (left >= 0) {
        buf_cstr(&out, ", ");
        page_time(&out, left);
        buf_cstr(&out, " left");
    }
    buf_cstr(&out, "\033[K");
    struct slice line = buf_slice(&out);
    fwrite(line.ptr, 1, line.len, stderr);
    fflush(stderr);
}

void progress_tell(struct progress *progress, uint64_t done, uint64_t total, uint64_t count)
{
    double share = total && done < total ? (double)done / (double)total : 1;
    int64_t now = clock_ms();
    unsigned tenth = (unsigned)(share * 10);
    if (!progress->is_drawn && tenth > progress->told_tenth) {
        fprintf(stderr, "%u %%: %" PRIu64 " %s\n", tenth * 10, count, progress->what);
        progress->told_tenth = tenth;
    } else if (progress->is_drawn && now - progress->told_at >= REDRAW_MS) {
        draw(progress, share, count, progress_left(done, total, now - progress->began));
        progress->told_at = now;
    }
}

void progress_end(struct progress *progress)
{
    if (progress->is_drawn && progress->told_at)
        fputs("\r\033[K", stderr);
    progress->told_at = 0;
}
