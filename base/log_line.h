/* SPDX-License-Identifier: ISC
 * What one event looks like: as a line of words, as a JSON object, as a datagram for journald.
 * A field that does not fit any more is left out, whole. */
#ifndef BASE_LOG_LINE_H
#define BASE_LOG_LINE_H

#include "base/log.h"

#include <sys/types.h>

struct log_line {
    const char *program;
    pid_t pid;
    int64_t time; /* milliseconds since 1970 */
    enum log_level level;
    const char *id, *event;
    const struct log_field *fields;
};

/* `id event key=value ...`: what syslog is given. */
void log_line_words(struct buf *out, const struct log_line *line);

/* The same behind `program[pid]: LEVEL: `. */
void log_line_text(struct buf *out, const struct log_line *line);

/* {"time":...,"level":...,"program":...,"pid":...,"id":...,"event":...,"fields":{...}} */
void log_line_json(struct buf *out, const struct log_line *line);

/* NAME=value lines, as the journal takes them in a datagram: MESSAGE is what log_line_words makes,
 * each field stands in a GATEPOST_NAME too. Values are escaped, so that none can hold a newline. */
void log_line_journal(struct buf *out, const struct log_line *line);

/* As syslog(3) has them. */
int log_line_priority(enum log_level level);

#endif
