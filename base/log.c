/* SPDX-License-Identifier: ISC */
#include "base/log.h"

#include "base/clock.h"
#include "base/log_line.h"
#include "base/log_stderr.h"

#include <errno.h>
#include <paths.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 8192, DATAGRAM_MAX = 2 * LINE_MAX_BYTES };

static const char journal_socket[] = "/run/systemd/journal/socket", syslog_socket[] = _PATH_LOG;

static struct {
    const char *program;
    enum log_sink sink;
    enum log_format format;
    enum log_level least;
    int socket;   /* of syslog or the journal; -1: none is open */
    bool free;    /* in no jail, ever */
    int64_t lost; /* lines that nobody had room for */
} log_state = {"gatepost", SINK_STDERR, FORMAT_TEXT, LEVEL_INFO, -1, false, 0};

/* ---- where to ---- */

/* It does not wait: what there is no room for goes to stderr, if that takes it at once. */
static int connect_to(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static void open_socket(const char *path, const char *complaint)
{
    log_state.socket = connect_to(path);
    if (log_state.socket < 0)
        log_at(LEVEL_WARNING, "", complaint, field_str("path", path),
               field_str("error", strerror(errno)));
}

void log_stay_connected(void)
{
    log_state.free = true;
}

/* After it was told in vain. */
static bool connect_again(const char *path)
{
    if (!log_state.free || (log_state.socket >= 0 && errno != ECONNREFUSED))
        return false;
    if (log_state.socket >= 0)
        close(log_state.socket);
    log_state.socket = connect_to(path);
    return log_state.socket >= 0;
}

void log_open(const char *program, enum log_sink sink, enum log_level least)
{
    log_state.program = program;
    log_state.sink = sink;
    log_state.least = least;
    log_stderr_open();
    tzset(); /* in a jail there is no file of the zone */
    if (log_state.socket >= 0)
        close(log_state.socket);
    log_state.socket = -1;
    if (sink == SINK_SYSLOG)
        open_socket(syslog_socket, "no syslog to log to, stderr is taken");
    else if (sink == SINK_JOURNALD)
        open_socket(journal_socket, "no journal to log to, stderr is taken");
}

static bool find_word(struct slice word, const char *const *words, unsigned *out)
{
    for (unsigned i = 0; words[i]; i++) {
        if (slice_eq(word, slice_of(words[i]))) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool log_open_as(const char *program, const struct log_words *words)
{
    static const char *const sinks[] = {"stderr", "syslog", "journald", NULL};
    static const char *const formats[] = {"text", "json", NULL};
    unsigned sink, format;
    enum log_level least;
    if (!find_word(words->to, sinks, &sink) || !find_word(words->format, formats, &format) ||
        !log_level_parse(words->level, &least))
        return false;
    log_state.format = (enum log_format)format;
    log_open(program, (enum log_sink)sink, least);
    return true;
}

bool log_wants(enum log_level level)
{
    return level >= log_state.least;
}

/* ---- one event ---- */

static bool write_stderr(const struct log_line *line)
{
    char room[LINE_MAX_BYTES]; /* what is told when memory is out is told all the same */
    struct buf out = buf_over(room, sizeof room);
    (log_state.format == FORMAT_JSON ? log_line_json : log_line_text)(&out, line);
    buf_char(&out, '\n');
    return log_stderr_write(room, buf_len(&out));
}

int log_syslog_connect(void)
{
    return connect_to(syslog_socket);
}

/* As syslog(3) does it, which would wait for room (RFC 3164). */
bool log_syslog_send(int fd, enum log_level level, struct slice words)
{
    char head[128], when[32];
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct tm local;
    strftime(when, sizeof when, "%b %e %H:%M:%S", localtime_r(&now, &local));
    snprintf(head, sizeof head, "<%d>%s %s[%d]: ", LOG_MAIL | log_line_priority(level), when,
             log_state.program, (int)getpid());
    struct iovec parts[2] = {{head, strlen(head)}, {(void *)(uintptr_t)words.ptr, words.len}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

static bool send_syslog(enum log_level level, struct slice words)
{
    return log_state.socket >= 0 && log_syslog_send(log_state.socket, level, words);
}

static bool write_syslog(const struct log_line *line)
{
    char room[LINE_MAX_BYTES];
    struct buf out = buf_over(room, sizeof room);
    (log_state.format == FORMAT_JSON ? log_line_json : log_line_words)(&out, line);
    struct slice words = buf_slice(&out);
    return send_syslog(line->level, words) ||
           (connect_again(syslog_socket) && send_syslog(line->level, words));
}

static bool send_journal(struct slice datagram)
{
    return log_state.socket >= 0 && write(log_state.socket, datagram.ptr, datagram.len) >= 0;
}

static bool write_journal(const struct log_line *line)
{
    char room[DATAGRAM_MAX];
    struct buf out = buf_over(room, sizeof room);
    log_line_journal(&out, line);
    struct slice datagram = buf_slice(&out);
    return send_journal(datagram) || (connect_again(journal_socket) && send_journal(datagram));
}

static bool tell(const struct log_line *line)
{
    bool told = (log_state.sink == SINK_SYSLOG && write_syslog(line)) ||
                (log_state.sink == SINK_JOURNALD && write_journal(line));
    return told || write_stderr(line);
}

static struct log_line line_of(enum log_level level, const char *id, const char *event,
                               const struct log_field *fields)
{
    return (struct log_line){.program = log_state.program,
                             .pid = getpid(),
                             .time = clock_wall_ms(),
                             .level = level,
                             .id = id,
                             .event = event,
                             .fields = fields};
}

static void tell_lost(void)
{
    const struct log_field fields[] = {field_num("count", log_state.lost), {.kind = FIELD_END}};
    struct log_line line = line_of(LEVEL_WARNING, "", "log lines lost", fields);
    if (tell(&line))
        log_state.lost = 0;
}

/* That some were lost is told behind the first that is not: where a short line has room a long one may have none. */
void log_write(enum log_level level, const char *id, const char *event,
               const struct log_field *fields)
{
    struct log_line line = line_of(level, id, event, fields);
    if (!tell(&line))
        log_state.lost++;
    else if (log_state.lost)
        tell_lost();
}
