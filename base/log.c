/* SPDX-License-Identifier: ISC */
#include "base/log.h"

#include <inttypes.h>
#include <syslog.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 8192, VALUE_MAX = 512 };

static const char *const level_words[] = {"debug", "info", "warning", "error", "panic"};
static const int syslog_levels[] = {LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR, LOG_CRIT};

static struct {
    const char *program;
    enum log_sink sink;
    enum log_level least;
} log_state = {"gatepost", SINK_STDERR, LEVEL_INFO};

void log_open(const char *program, enum log_sink sink, enum log_level least)
{
    log_state.program = program;
    log_state.sink = sink;
    log_state.least = least;
    if (sink == SINK_SYSLOG)
        openlog(program, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

bool log_level_parse(struct slice word, enum log_level *out)
{
    for (int level = LEVEL_DEBUG; level <= LEVEL_ERROR; level++) {
        if (slice_eq(word, slice_of(level_words[level]))) {
            *out = (enum log_level)level;
            return true;
        }
    }
    return false;
}

bool log_wants(enum log_level level)
{
    return level >= log_state.least;
}

void log_escape(struct buf *out, struct slice text)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = text.len < VALUE_MAX ? text.len : VALUE_MAX;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
            buf_char(out, (char)c);
        else
            buf_append(out, (struct slice){(char[]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4});
    }
    if (n < text.len)
        buf_cstr(out, "...");
}

static bool needs_quotes(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == ' ' || text.ptr[i] == '=')
            return true;
    return text.len == 0;
}

static void append_field(struct buf *line, const struct log_field *field)
{
    buf_char(line, ' ');
    buf_cstr(line, field->name);
    buf_char(line, '=');
    if (field->kind == FIELD_NUMBER) {
        buf_printf(line, "%" PRId64, field->number);
        return;
    }
    bool quoted = needs_quotes(field->text);
    if (quoted)
        buf_char(line, '"');
    log_escape(line, field->text);
    if (quoted)
        buf_char(line, '"');
}

void log_write(enum log_level level, const char *id, const char *event,
               const struct log_field *fields)
{
    char room[LINE_MAX_BYTES]; /* what is told when memory is out is told all the same */
    struct buf line = buf_over(room, sizeof room);
    if (log_state.sink == SINK_STDERR)
        buf_printf(&line, "%s[%d]: %s: ", log_state.program, (int)getpid(), level_words[level]);
    if (*id)
        buf_printf(&line, "%s ", id);
    buf_cstr(&line, event);
    for (; fields->kind != FIELD_END; fields++)
        append_field(&line, fields);
    struct slice text = buf_slice(&line);
    if (log_state.sink == SINK_SYSLOG) {
        syslog(syslog_levels[level], "%.*s", SLICE_ARGS(text));
    } else {
        line.failed = false;
        if (!buf_char(&line, '\n') && line.tail)
            line.data[line.tail - 1] = '\n';
        text = buf_slice(&line);
        ssize_t written = write(STDERR_FILENO, text.ptr, text.len);
        (void)written; /* a log that cannot be written has nowhere to say so */
    }
}
