/* SPDX-License-Identifier: ISC
 * The log: one line an event, `LEVEL id event key=value ...`, to stderr or syslog. Untrusted text
 * is escaped here, once: a value can neither break the line nor fake a field. Severity PANIC means
 * our own bug. Never give it a secret. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/buf.h"
#include "base/slice.h"

enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING, LEVEL_ERROR, LEVEL_PANIC };

enum log_sink { SINK_STDERR, SINK_SYSLOG };

/* Call before any chroot (the syslog socket is opened here). `program` must outlive the process. */
void log_open(const char *program, enum log_sink sink, enum log_level least);
bool log_level_parse(struct slice word, enum log_level *out);
bool log_wants(enum log_level level);

struct log_field {
    const char *name;
    enum { FIELD_END, FIELD_TEXT, FIELD_NUMBER } kind;
    struct slice text;
    int64_t number;
};

static inline struct log_field field_text(const char *name, struct slice text)
{
    return (struct log_field){.name = name, .kind = FIELD_TEXT, .text = text};
}

static inline struct log_field field_str(const char *name, const char *text)
{
    return field_text(name, slice_of(text));
}

static inline struct log_field field_num(const char *name, int64_t number)
{
    return (struct log_field){.name = name, .kind = FIELD_NUMBER, .number = number};
}

/* `id` names the session ("" for the process itself).
 * Fields end with a FIELD_END one; the macros add it. */
void log_write(enum log_level level, const char *id, const char *event,
               const struct log_field *fields);

#define log_at(level, id, event, ...)                                                              \
    do {                                                                                           \
        if (log_wants(level))                                                                      \
            log_write(level, id, event,                                                            \
                      (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){.kind = FIELD_END}});  \
    } while (0)

/* Appends text so that it is harmless in a log line: controls, quotes, backslash and bytes that are
 * not printable ASCII become \xNN; cut after 512 bytes. */
void log_escape(struct buf *out, struct slice text);

#endif
