/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/log.h"
#include "filters/mime/headers.h"
#include "proxy/pop3/pop3_session.h"
#include "proxy/session/session_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    AGAIN_MS = 60 * 1000,  /* before what could not be shown is examined again */
    ALL_LINES = 999999999, /* TOP that gives all of a message */
    RECORDED_STEP = 32,    /* octets */
    RECORDED_MAX = 16 * 1024,
};

static const struct config *config_of(const struct pop3_session *s)
{
    return s->reader.base.proxy->config;
}

/* ---- the end ---- */

void pop3_read_end(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    s->reading = NULL;
    if (!r)
        return;
    pop3_trickle_end(&r->trickle);
    fetched_end(&r->message);
    spool_free(&r->beginning);
    free(r->overlaid);
    free(r->stuffed);
    free(r);
    arena_release(s->reader.mail);
}

static void say_later(struct pop3_session *s)
{
    pop3_deny(s, "[SYS/TEMP]", SLICE("the message could not be checked now, try again later"));
}

/* Where its header is out already nothing can be said any more: a broken connection tells that the
 * rest is not. */
static bool is_out(struct pop3_session *s)
{
    if (s->half)
        session_hang_up(&s->reader.base);
    return s->half;
}

/* Whether it is the first time; a message of which it cannot be remembered is recorded each time. */
static bool is_first(struct pop3_session *s, uint32_t number)
{
    size_t at = number / 8;
    if (at >= RECORDED_MAX)
        return true;
    if (at >= s->recorded_size) {
        size_t size = at + at / 2 + RECORDED_STEP;
        unsigned char *larger = realloc(s->recorded, size);
        if (!larger)
            return true;
        memset(larger + s->recorded_size, 0, size - s->recorded_size);
        s->recorded = larger;
        s->recorded_size = size;
    }
    bool first = !(s->recorded[at] & 1 << number % 8);
    s->recorded[at] |= (unsigned char)(1 << number % 8);
    return first;
}

static void record(struct pop3_session *s, const char *verdict, const char *reason)
{
    struct pop3_reading *r = s->reading;
    bool again = r->message.verdict.kind != READING_LATER && !is_first(s, r->number);
    if (r->part != POP3_HEADER && !again)
        reader_record_message(&s->reader, &r->message, verdict, reason);
}

static void log_not_shown(struct pop3_session *s, const char *why)
{
    if (session_logs(&s->reader.base, LINE_CONTENT))
        log_at(LEVEL_WARNING, s->reader.ref, "message not shown",
               field_text("user", s->reader.login), field_str("reason", why));
}

void pop3_read_later(struct pop3_session *s, const char *why)
{
    log_not_shown(s, why);
    kept_back_add(&s->kept_back, s->reading->number);
    record(s, "defer", why);
    pop3_read_end(s);
    if (!is_out(s))
        say_later(s);
}

/* ---- the verdict ---- */

/* What one client takes for a header field another does not: neither can be shown. */
static void deny_ambiguous(struct pop3_session *s)
{
    log_not_shown(s, "the server does not double the dot that it begins with");
    kept_back_add(&s->kept_back, s->reading->number);
    pop3_read_end(s);
    if (!is_out(s))
        pop3_deny(s, "[SYS/PERM]", SLICE("this message can be read in two ways"));
}

/* It is none of what was examined, so that is done for itself. */
static void judge_beginning(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    struct spool *beginning = r->beginning;
    r->beginning = NULL;
    r->part = POP3_HEADER;
    fetched_judge_other(&r->message, beginning, false);
}

/* Nothing behind its header is shown. */
static bool redact_beginning(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    struct slice beginning = spool_bytes(r->beginning);
    r->overlaid = beginning.ptr ? malloc(beginning.len + 1) : NULL;
    if (!r->overlaid)
        return false;
    memcpy(r->overlaid, beginning.ptr, beginning.len);
    fetched_overlay_rest(&r->message, r->overlaid, beginning.len,
                         headers_block(beginning, NULL).len);
    return true;
}

/* What TOP gave is a part of what was examined, or nobody has looked into it. */
static void told_beginning(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    struct slice whole = spool_bytes(r->message.message.spool), told = spool_bytes(r->beginning);
    bool there = whole.len == fetched_size(&r->message) && told.len == spool_size(r->beginning);
    if (pop3_upstream_is_ambiguous(s->reader.upstream))
        deny_ambiguous(s);
    else if (!slice_starts(told, slice_sub(whole, 0, r->trickle.sent)))
        pop3_read_later(s, "the server shows it with another header each time");
    else if (there && slice_starts(whole, told))
        pop3_give(s,
                  (struct slice){r->message.overlaid ? r->message.overlaid : whole.ptr, told.len});
    else if (there && r->message.verdict.kind == READING_CLEAR)
        judge_beginning(s);
    else if (there && redact_beginning(s))
        pop3_give(s, (struct slice){r->overlaid, told.len});
    else
        pop3_read_later(s, "out of memory");
}

static bool take_beginning(struct pop3_session *s, struct slice octets)
{
    struct spool *beginning = s->reading->beginning;
    return spool_size(beginning) + octets.len <= config_of(s)->settings.limits_fetched_size &&
           spool_append(beginning, octets);
}

/* The server says no: that is what the client is told. */
static void answer_no(struct pop3_session *s, struct slice line)
{
    pop3_read_end(s);
    if (!is_out(s))
        pop3_answer(s, line);
}

static void begun(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    if (status == POP3_OK)
        s->reading->status = arena_copy(s->reader.mail, line);
    else
        answer_no(s, line);
}

static const struct pop3_exchange beginning = {begun, take_beginning, told_beginning};

static void ask_beginning(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    char line[40];
    int n = snprintf(line, sizeof line, "TOP %u %u", r->number, r->lines);
    pop3_trickle_end(&r->trickle);
    r->beginning = spool_new(0);
    if (r->beginning)
        pop3_send(s, (struct slice){line, (size_t)n}, POP3_ANSWER_MESSAGE, &beginning);
    else
        pop3_read_later(s, "out of memory");
}

static void show(struct fetched *f, struct slice message)
{
    struct pop3_session *s = pop3_of_reader(f->reader);
    struct pop3_reading *r = s->reading;
    bool clear = f->verdict.kind == READING_CLEAR;
    kept_back_remove(&s->kept_back, r->number);
    record(s, clear ? "accept" : action_info(f->verdict.verdict.action)->word, "");
    if (message.len < fetched_size(f)) /* it cannot be mapped */
        pop3_read_later(s, "out of memory");
    else if (r->part == POP3_BEGINS)
        ask_beginning(s);
    else
        pop3_give(s, message);
}

static void later(struct fetched *f, const char *why)
{
    pop3_read_later(pop3_of_reader(f->reader), why);
}

static const struct fetched_owner owner = {.show = show, .later = later};

/* ---- read from the server ---- */

static bool take_message(struct pop3_session *s, struct slice octets)
{
    return fetched_take(&s->reading->message, octets);
}

static void judge(struct pop3_session *s)
{
    if (s->reading->part != POP3_HEADER)
        pop3_trickle_begin(s);
    fetched_judge(&s->reading->message);
}

static void read_whole(struct pop3_session *s)
{
    if (pop3_upstream_is_ambiguous(s->reader.upstream))
        deny_ambiguous(s);
    else
        judge(s);
}

static const struct pop3_exchange reading = {begun, take_message, read_whole};

static bool prepare(struct pop3_session *s, enum pop3_part part, uint32_t number, uint32_t lines)
{
    struct pop3_reading *r = s->reading = malloc(sizeof *r);
    if (!r)
        return false;
    arena_reset(s->reader.mail);
    reader_refer_to_message(&s->reader, number);
    *r = (struct pop3_reading){.part = part,
                               .number = number,
                               .lines = lines,
                               .message = {.reader = &s->reader,
                                           .owner = &owner,
                                           .direction = s->reader.base.listener->direction}};
    return fetched_begin(&r->message, part == POP3_HEADER);
}

void pop3_read(struct pop3_session *s, enum pop3_part part, uint32_t number, uint32_t lines)
{
    char line[40];
    int n;
    if (kept_back_too_soon(&s->kept_back, number)) {
        say_later(s);
        return;
    }
    if (!prepare(s, part, number, lines)) {
        pop3_read_end(s);
        say_later(s);
        return;
    }
    if (part == POP3_WHOLE)
        n = snprintf(line, sizeof line, "RETR %u", number);
    else
        n = snprintf(line, sizeof line, "TOP %u %d", number, part == POP3_BEGINS ? ALL_LINES : 0);
    pop3_send(s, (struct slice){line, (size_t)n}, POP3_ANSWER_MESSAGE, &reading);
}
