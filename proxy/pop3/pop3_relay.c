/* SPDX-License-Identifier: ISC */
#include "proxy/pop3/pop3_session.h"

#include "base/log.h"

void pop3_send(struct pop3_session *s, struct slice line, enum pop3_answer answer,
               const struct pop3_exchange *exchange)
{
    s->exchange = exchange;
    session_wait(&s->reader.base);
    pop3_upstream_send(s->reader.upstream, line, answer);
}

/* ---- what passes ---- */

/* The server waits while the client does not take what it has said. */
static void hold_back(struct pop3_session *s)
{
    stream_flush(s->reader.base.stream);
    if (!stream_output_pending(s->reader.base.stream))
        return;
    reader_upstream_pause(s->reader.upstream);
    stream_notify_drained(s->reader.base.stream);
    stream_deadline(s->reader.base.stream, s->reader.base.proxy->config->settings.timeouts_data);
    s->reader.base.wait.resume = session_end;
}

void pop3_relay_drained(struct pop3_session *s)
{
    if (s->reader.base.wait.resume) {
        s->reader.base.wait.resume = NULL;
        stream_deadline(s->reader.base.stream, 0);
    }
    if (s->reader.upstream)
        pop3_upstream_resume(s->reader.upstream);
}

static bool pass_content(struct pop3_session *s, struct slice octets)
{
    session_text(&s->reader.base, octets);
    hold_back(s);
    return s->reader.base.state != SESSION_CLOSING;
}

static void pass_end(struct pop3_session *s)
{
    s->reader.base.wait.resume = NULL;
    s->half = false;
    pop3_answer(s, SLICE("."));
}

static void pass_line(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    (void)status;
    pop3_answer(s, line);
}

static void pass_first_line(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    pop3_pass(s, line);
    s->half = status == POP3_OK;
    if (status != POP3_OK)
        session_go_on(&s->reader.base);
}

static const struct pop3_exchange passing_line = {.status = pass_line};
static const struct pop3_exchange passing = {pass_first_line, pass_content, pass_end};

void pop3_relay(struct pop3_session *s, struct slice line, enum pop3_answer answer)
{
    pop3_send(s, line, answer, answer == POP3_ANSWER_LINE ? &passing_line : &passing);
}

/* ---- CAPA, rewritten ---- */

/* What is true of us as well; the rest is not offered. */
static bool is_offered(struct slice line)
{
    static const char *const words[] = {
        "TOP",    "UIDL",        "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING",
        "EXPIRE", "LOGIN-DELAY", "UTF8",       "LANG",           "IMPLEMENTATION"};
    struct slice word, rest;
    slice_cut(line, ' ', &word, &rest);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_ieq(word, slice_of(words[i])))
            return true;
    return false;
}

enum { CAPABILITIES_MAX = 4096 };

static bool gather(struct pop3_session *s, struct slice octets)
{
    struct spool *spool = s->capabilities;
    return spool_size(spool) + octets.len <= CAPABILITIES_MAX && spool_append(spool, octets);
}

static void tell_capabilities(struct pop3_session *s)
{
    struct slice line, rest = spool_bytes(s->capabilities);
    while (rest.len && slice_cut(rest, '\n', &line, &rest))
        if (is_offered(slice_trim(line)))
            pop3_pass(s, slice_trim(line));
    spool_free(&s->capabilities);
    s->half = false;
    pop3_answer(s, SLICE("."));
}

static void first_capability(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    pop3_pass(s, line);
    s->half = status == POP3_OK;
    if (status == POP3_OK)
        return;
    spool_free(&s->capabilities);
    session_go_on(&s->reader.base);
}

static const struct pop3_exchange rewriting = {first_capability, gather, tell_capabilities};

void pop3_relay_capabilities(struct pop3_session *s)
{
    s->capabilities = spool_new(0);
    if (s->capabilities)
        pop3_send(s, SLICE("CAPA"), POP3_ANSWER_LINES, &rewriting);
    else
        pop3_err(s, "[SYS/TEMP]", SLICE("out of memory"));
}

/* ---- QUIT ---- */

static void pass_goodbye(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    (void)status;
    s->reader.base.leaving = true;
    pop3_pass(s, line);
    reader_upstream_free(&s->reader.upstream);
    session_hang_up(&s->reader.base);
}

static const struct pop3_exchange quitting = {.status = pass_goodbye};

void pop3_relay_quit(struct pop3_session *s)
{
    pop3_send(s, SLICE("QUIT"), POP3_ANSWER_LINE, &quitting);
}
