/* SPDX-License-Identifier: ISC */
#include "keeper/lines.h"

#include "base/clock.h"
#include "base/log.h"
#include "common/redis_breaker.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LINE_MAX_OCTETS = 4 * 1024 * 1024 };

void lines_begin(struct lines *lines)
{
    *lines = (struct lines){.fd = -1, .syslog = -1, .line = buf_init(LINE_MAX_OCTETS)};
}

void lines_end(struct lines *lines)
{
    lines_to(lines, -1);
    if (lines->syslog >= 0)
        close(lines->syslog);
    buf_release(&lines->line);
}

void lines_to(struct lines *lines, int fd)
{
    if (lines->fd >= 0)
        close(lines->fd);
    lines->fd = fd;
    lines->half = false;
}

void lines_to_syslog(struct lines *lines, int fd)
{
    lines->syslog = fd;
    lines->wants_syslog = true;
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

/* Behind half a line, as a full disk leaves it, a new one begins. */
static void write_line(struct lines *lines, const struct record *record)
{
    struct slice line = buf_slice(&lines->line);
    struct iovec parts[2] = {{(void *)(uintptr_t) "\n", lines->half},
                             {(void *)(uintptr_t)line.ptr, line.len}};
    size_t whole = line.len + lines->half;
    ssize_t n = writev(lines->fd, parts, 2);
    if (n == (ssize_t)whole)
        lines->half = false;
    else
        lost(lines, record, n < 0 ? strerror(errno) : "half of it was written");
    lines->half = lines->half || (n > 0 && n < (ssize_t)whole);
}

static void send_line(struct lines *lines, const struct record *record)
{
    struct slice line = slice_sub(buf_slice(&lines->line), 0, buf_len(&lines->line) - 1);
    if (lines->syslog < 0)
        lost(lines, record, "there is no syslog");
    else if (!log_syslog_send(lines->syslog, LEVEL_INFO, line))
        lost(lines, record, strerror(errno));
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
    if (lines->wants_syslog)
        send_line(lines, record);
    if (lines->fd >= 0)
        write_line(lines, record);
}
