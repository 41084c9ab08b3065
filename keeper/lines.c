/* SPDX-License-Identifier: ISC */
#include "keeper/lines.h"

#include "base/clock.h"
#include "base/log.h"
#include "common/redis_breaker.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

enum { LINE_MAX_OCTETS = 4 * 1024 * 1024 };

void lines_begin(struct lines *lines)
{
    *lines = (struct lines){.fd = -1, .line = buf_init(LINE_MAX_OCTETS)};
}

void lines_end(struct lines *lines)
{
    lines_to(lines, -1);
    buf_release(&lines->line);
}

void lines_to(struct lines *lines, int fd)
{
    if (lines->fd >= 0)
        close(lines->fd);
    lines->fd = fd;
}

static void lost(struct lines *lines, const struct record *record, const char *reason)
{
    static struct complaint complaint;
    uint64_t count;
    lines->lost++;
    if (complaint_due(&complaint, clock_ms(), &count))
        log_at(LEVEL_ERROR, "", "decisions not written", field_text("last", record->id),
               field_str("reason", reason), field_num("count", (int64_t)count));
}

static void write_line(struct lines *lines, const struct record *record)
{
    struct slice line = buf_slice(&lines->line);
    ssize_t n = write(lines->fd, line.ptr, line.len);
    if (n != (ssize_t)line.len)
        lost(lines, record, n < 0 ? strerror(errno) : "half of it was written");
}

void lines_add(struct lines *lines, const struct record *record)
{
    if (!lines_wanted(lines))
        return;
    buf_clear(&lines->line);
    if (!record_json(&lines->line, record) || !buf_char(&lines->line, '\n')) {
        lost(lines, record, "too large");
        return;
    }
    struct slice line = buf_slice(&lines->line);
    if (lines->syslog)
        syslog(LOG_INFO, "%.*s", (int)line.len - 1, line.ptr);
    if (lines->fd >= 0)
        write_line(lines, record);
}
