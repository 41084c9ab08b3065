/* SPDX-License-Identifier: ISC */
#include "proxy/pop3/pop3_session.h"

/* ---- the end of a try ---- */

static void refused(struct pop3_session *s, struct slice line)
{
    if (reader_is_refused(&s->reader, line))
        pop3_answer(s, line);
}

static void let_in(struct pop3_session *s, struct slice line)
{
    s->named = false;
    if (reader_enters(&s->reader))
        pop3_answer(s, line);
}

void pop3_not_here(struct pop3_session *s)
{
    refused(s, SLICE("-ERR [AUTH] this mechanism is not to be had here"));
}

void pop3_login_said(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    if (status == POP3_OK)
        let_in(s, line);
    else
        refused(s, line);
}

/* ---- mechanisms that pass ---- */

static void responded(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    if (status == POP3_OK) {
        let_in(s, line);
    } else if (status == POP3_CHALLENGE) {
        s->reader.base.login->dialogue = LOGIN_RESPONSE;
        pop3_answer(s, line);
    } else {
        refused(s, line);
    }
}

static const struct pop3_exchange responding = {.status = responded};

void pop3_respond(struct session *base, struct slice response)
{
    struct pop3_session *s = pop3_of_reader(reader_of(base));
    login_responds(base->login);
    pop3_send(s, response, POP3_ANSWER_CHALLENGE, &responding);
}

void pop3_cancel(struct session *base)
{
    pop3_send(pop3_of_reader(reader_of(base)), SLICE("*"), POP3_ANSWER_LINE, &responding);
}

/* Exchange says "+OK" for NTLM where others say "+ ". */
static void began(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    bool goes_on = status == POP3_CHALLENGE ||
                   (status == POP3_OK && s->reader.base.login->mechanism->id == MECHANISM_NTLM);
    if (goes_on)
        pop3_respond(&s->reader.base, slice_of(s->reader.base.login->who.response));
    else if (status == POP3_OK)
        pop3_not_here(s);
    else
        refused(s, line);
}

static const struct pop3_exchange beginning = {.status = began};

void pop3_begin_exchange(struct pop3_session *s)
{
    struct slice line = ARENA_JOIN(s->reader.mail, SLICE("AUTH "),
                                   slice_of(mechanism_name(s->reader.base.login->mechanism->id)));
    pop3_send(s, line.ptr ? line : SLICE("QUIT"), POP3_ANSWER_CHALLENGE, &beginning);
}

/* ---- which of them ---- */

static void log_in(struct pop3_session *s)
{
    if (s->reader.base.login->mechanism->not_beside_plus)
        pop3_ask_plus(s);
    else if (s->reader.base.login->mechanism->read)
        pop3_begin_exchange(s);
    else if (s->reader.base.login->mechanism->id == MECHANISM_PLAIN)
        pop3_say_plain(s);
    else
        pop3_say_user(s);
}

static void said_utf8(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    (void)status;
    (void)line;
    log_in(s);
}

static const struct pop3_exchange saying_utf8 = {.status = said_utf8};

void pop3_log_in(struct reader *r)
{
    struct pop3_session *s = pop3_of_reader(r);
    if (s->utf8)
        pop3_send(s, SLICE("UTF8"), POP3_ANSWER_LINE, &saying_utf8);
    else
        log_in(s);
}
