/* SPDX-License-Identifier: ISC */
#include "base/log_line.h"

#include "base/json.h"

#include <inttypes.h>
#include <syslog.h>
#include <time.h>

enum { VALUE_MAX = 512, CLOSING = 8 };

static const char *const level_words[] = {"debug", "info", "warning", "error", "panic"};

int log_line_priority(enum log_level level)
{
    static const int priorities[] = {LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR, LOG_CRIT};
    return priorities[level];
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

/* ---- values ---- */

static struct slice shown(const struct log_field *field)
{
    return slice_sub(field->text, 0, field->most ? field->most : VALUE_MAX);
}

static bool is_cut(const struct log_field *field)
{
    return shown(field).len < field->text.len;
}

static void escape(struct buf *out, struct slice text)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
            buf_char(out, (char)c);
        else
            buf_append(out, (struct slice){(char[]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4});
    }
}

static void escape_value(struct buf *out, const struct log_field *field)
{
    escape(out, shown(field));
    if (is_cut(field))
        buf_cstr(out, "...");
}

void log_escape(struct buf *out, struct slice text)
{
    escape_value(out, &(struct log_field){.text = text});
}

/* ---- fields ---- */

/* All of them that fit; `closing` octets stay free. */
static void each_field(struct buf *out, const struct log_field *fields, size_t closing,
                       void (*write)(struct buf *out, const struct log_field *field))
{
    for (; fields->kind != FIELD_END; fields++) {
        size_t before = out->tail;
        write(out, fields);
        if (out->failed || out->size - out->tail < closing) {
            out->tail = before;
            out->failed = false;
        }
    }
}

/* ---- words ---- */

static bool needs_quotes(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == ' ' || text.ptr[i] == '=')
            return true;
    return text.len == 0;
}

static void word_field(struct buf *out, const struct log_field *field)
{
    bool is_number = field->kind == FIELD_NUMBER;
    const char *quote = !is_number && needs_quotes(shown(field)) ? "\"" : "";
    buf_printf(out, " %s=%s", field->name, quote);
    if (is_number)
        buf_printf(out, "%" PRId64, field->number);
    else
        escape_value(out, field);
    buf_cstr(out, quote);
}

void log_line_words(struct buf *out, const struct log_line *line)
{
    buf_printf(out, "%s%s%s", line->id, *line->id ? " " : "", line->event);
    each_field(out, line->fields, 1, word_field);
}

void log_line_text(struct buf *out, const struct log_line *line)
{
    buf_printf(out, "%s[%d]: %s: ", line->program, (int)line->pid, level_words[line->level]);
    log_line_words(out, line);
}

/* ---- JSON ---- */

static void json_member(struct buf *out, const char *name, const char *text)
{
    json_key(out, slice_of(name));
    json_text(out, slice_of(text));
}

static void json_time(struct buf *out, int64_t ms)
{
    struct tm utc;
    char text[sizeof "-2147483648-01-01T00:00:00"] = "";
    time_t seconds = (time_t)(ms / 1000);
    if (gmtime_r(&seconds, &utc))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    json_key(out, SLICE("time"));
    buf_printf(out, "\"%s.%03dZ\"", text, (int)(ms % 1000));
}

static void json_field(struct buf *out, const struct log_field *field)
{
    json_key(out, slice_of(field->name));
    if (field->kind == FIELD_NUMBER)
        buf_printf(out, "%" PRId64, field->number);
    else
        json_text(out, shown(field));
}

void log_line_json(struct buf *out, const struct log_line *line)
{
    buf_char(out, '{');
    json_time(out, line->time);
    json_member(out, "level", level_words[line->level]);
    json_member(out, "program", line->program);
    json_key(out, SLICE("pid"));
    buf_printf(out, "%d", (int)line->pid);
    json_member(out, "id", line->id);
    json_member(out, "event", line->event);
    json_key(out, SLICE("fields"));
    buf_char(out, '{');
    each_field(out, line->fields, CLOSING, json_field);
    buf_cstr(out, "}}");
}

/* ---- journald ---- */

/* Letters, digits and underscores are what the journal takes in a name. */
static void journal_field(struct buf *out, const struct log_field *field)
{
    buf_cstr(out, "GATEPOST_");
    for (const char *c = field->name; *c; c++)
        buf_char(out, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
    buf_char(out, '=');
    if (field->kind == FIELD_NUMBER)
        buf_printf(out, "%" PRId64, field->number);
    else
        escape_value(out, field);
    buf_char(out, '\n');
}

/* Half of the room at most: the fields are to stand behind it. */
static void journal_message(struct buf *out, const struct log_line *line)
{
    struct buf words = buf_over(out->data + out->tail, (out->size - out->tail) / 2);
    log_line_words(&words, line);
    buf_commit(out, buf_len(&words));
    buf_char(out, '\n');
}

void log_line_journal(struct buf *out, const struct log_line *line)
{
    buf_printf(out, "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=%s\nSYSLOG_PID=%d\n",
               log_line_priority(line->level), LOG_MAIL >> 3, line->program, (int)line->pid);
    buf_cstr(out, "MESSAGE=");
    journal_message(out, line);
    buf_printf(out, "GATEPOST_EVENT=%s\n", line->event);
    if (*line->id)
        buf_printf(out, "GATEPOST_REFERENCE=%s\n", line->id);
    each_field(out, line->fields, 0, journal_field);
}
