/* SPDX-License-Identifier: ISC */
#include "base/log.h"

#include "base/clock.h"
#include "base/log_line.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 8192, DATAGRAM_MAX = 2 * LINE_MAX_BYTES };

static const char journal_socket[] = "/run/systemd/journal/socket";

static struct {
    const char *program;
    enum log_sink sink;
    enum log_format format;
    enum log_level least;
    int journal; /* -1: none is open */
} log_state = {"gatepost", SINK_STDERR, FORMAT_TEXT, LEVEL_INFO, -1};

/* ---- where to ---- */

/* It does not wait: what the journal has no room for goes to stderr, if that takes it at once. */
static int connect_journal(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    memcpy(to.sun_path, journal_socket, sizeof journal_socket);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static void open_journal(void)
{
    if (log_state.journal >= 0)
        close(log_state.journal);
    log_state.journal = connect_journal();
    if (log_state.journal < 0)
        log_at(LEVEL_WARNING, "", "no journal to log to, stderr is taken",
               field_str("path", journal_socket), field_str("error", strerror(errno)));
}

void log_open(const char *program, enum log_sink sink, enum log_level least)
{
    log_state.program = program;
    log_state.sink = sink;
    log_state.least = least;
    if (sink == SINK_SYSLOG)
        openlog(program, LOG_PID | LOG_NDELAY, LOG_MAIL);
    else if (sink == SINK_JOURNALD)
        open_journal();
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

/* A socket may lead to the journal that has no room just now: that is not waited for. */
static ssize_t write_at_once(char *octets, size_t size)
{
    struct iovec part = {octets, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t sent = sendmsg(STDERR_FILENO, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 && errno == ENOTSOCK ? write(STDERR_FILENO, octets, size) : sent;
}

static void write_stderr(const struct log_line *line)
{
    char room[LINE_MAX_BYTES]; /* what is told when memory is out is told all the same */
    struct buf out = buf_over(room, sizeof room);
    (log_state.format == FORMAT_JSON ? log_line_json : log_line_text)(&out, line);
    buf_char(&out, '\n');
    ssize_t written = log_state.sink == SINK_JOURNALD ? write_at_once(room, buf_len(&out))
                                                      : write(STDERR_FILENO, room, buf_len(&out));
    (void)written; /* a log that cannot be written has nowhere to say so */
}

static void write_syslog(const struct log_line *line)
{
    char room[LINE_MAX_BYTES];
    struct buf out = buf_over(room, sizeof room);
    (log_state.format == FORMAT_JSON ? log_line_json : log_line_words)(&out, line);
    syslog(log_line_priority(line->level), "%.*s", SLICE_ARGS(buf_slice(&out)));
}

static bool write_journal(const struct log_line *line)
{
    char room[DATAGRAM_MAX];
    struct buf out = buf_over(room, sizeof room);
    log_line_journal(&out, line);
    return log_state.journal >= 0 && write(log_state.journal, room, buf_len(&out)) >= 0;
}

void log_write(enum log_level level, const char *id, const char *event,
               const struct log_field *fields)
{
    struct log_line line = {.program = log_state.program,
                            .pid = getpid(),
                            .time = clock_wall_ms(),
                            .level = level,
                            .id = id,
                            .event = event,
                            .fields = fields};
    if (log_state.sink == SINK_SYSLOG)
        write_syslog(&line);
    else if (log_state.sink != SINK_JOURNALD || !write_journal(&line))
        write_stderr(&line);
}
