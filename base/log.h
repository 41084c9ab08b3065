/* SPDX-License-Identifier: ISC
 * The log: one line an event, `LEVEL id event key=value ...`, to stderr, syslog or the journal; or the same as a JSON object.
 * Untrusted text is escaped here, once: a value can neither break the line nor fake a field. Severity PANIC means
 * our own bug. Never give it a secret. Nobody waits for whoever reads it: what finds no room is lost, counted, and told
 * of once there is room again. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/buf.h"
#include "base/slice.h"

enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING, LEVEL_ERROR, LEVEL_PANIC };

enum log_sink { SINK_STDERR, SINK_SYSLOG, SINK_JOURNALD };

enum log_format { FORMAT_TEXT, FORMAT_JSON };

/* Call before any chroot and jail (the sockets of syslog and journald are opened here). `program` must outlive the
 * process. Where no journal can be reached, stderr is written to, and told so. */
void log_open(const char *program, enum log_sink sink, enum log_level least);

/* Said by a process that never enters a jail: it connects anew to a syslog, or a journal, that was started anew. */
void log_stay_connected(void);

/* The words of the block `log`. False, and nothing is changed: one is unknown. */
struct log_words {
    struct slice to, format, level;
};
bool log_open_as(const char *program, const struct log_words *words);

/* Another way to syslog, whatever else is told where: also before any chroot and jail, and after log_open. The caller's;
 * -1 with errno. */
int log_syslog_connect(void);

/* One line of any length, as log_open's program says it. False with errno: there is no room for it now, or nobody hears. */
bool log_syslog_send(int fd, enum log_level level, struct slice words);

bool log_level_parse(struct slice word, enum log_level *out);
bool log_wants(enum log_level level);

struct log_field {
    const char *name;
    enum { FIELD_END, FIELD_TEXT, FIELD_NUMBER } kind;
    struct slice text;
    size_t most; /* octets of the text that are told; 0: 512 */
    int64_t number;
};

static inline struct log_field field_text(const char *name, struct slice text)
{
    return (struct log_field){.name = name, .kind = FIELD_TEXT, .text = text};
}

/* Text that may be longer, or is to be shorter, than others. */
static inline struct log_field field_most(const char *name, struct slice text, size_t most)
{
    return (struct log_field){.name = name, .kind = FIELD_TEXT, .text = text, .most = most};
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
