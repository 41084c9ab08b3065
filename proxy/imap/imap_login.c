/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_session.h"

static const struct config *config_of(const struct imap_session *s)
{
    return s->reader.base.proxy->config;
}

/* ---- the end of a try ---- */

/* The server's words, behind the client's tag. */
static void answer(struct imap_session *s, struct slice words)
{
    struct slice text = ARENA_JOIN(s->reader.mail, slice_of(s->tag), SLICE(" "), words);
    struct imap_response ours;
    imap_response(text, &ours);
    imap_pass_line(s, &ours, text);
}

static struct slice words_of(struct imap_session *s, const struct imap_response *response)
{
    return ARENA_JOIN(s->reader.mail, response->name, SLICE(" "), response->rest);
}

static void refused(struct imap_session *s, const struct imap_response *response)
{
    struct slice words = words_of(s, response);
    if (!reader_is_refused(&s->reader, words))
        return;
    answer(s, words);
    imap_next_command(s);
}

static void let_in(struct imap_session *s, const struct imap_response *response)
{
    if (!reader_enters(&s->reader))
        return;
    answer(s, words_of(s, response));
    arena_release(s->reader.mail);
    imap_next_command(s);
}

void imap_login_said(struct imap_session *s, const struct imap_response *response,
                     struct slice line)
{
    (void)line;
    reader_upstream_expect(s->reader.upstream, 0);
    if (response->status == IMAP_OK)
        let_in(s, response);
    else
        refused(s, response);
}

/* ---- mechanisms that pass ---- */

static void challenged(struct imap_session *s, struct slice line)
{
    s->reader.base.login->dialogue = LOGIN_RESPONSE;
    imap_say(s, line);
    session_go_on(&s->reader.base);
}

static const struct imap_exchange responding = {.go_ahead = challenged, .done = imap_login_said};

void imap_respond(struct session *base, struct slice response)
{
    struct imap_session *s = imap_of_reader(reader_of(base));
    login_responds(base->login);
    session_wait(base);
    reader_upstream_send(s->reader.upstream, response);
    reader_upstream_send(s->reader.upstream, SLICE("\r\n"));
    s->exchange = &responding;
    reader_upstream_expect(s->reader.upstream, config_of(s)->settings.timeouts_backend);
}

void imap_cancel(struct session *base)
{
    struct imap_session *s = imap_of_reader(reader_of(base));
    session_wait(base);
    reader_upstream_send(s->reader.upstream, SLICE("*\r\n"));
    s->exchange = &responding;
}

static void began(struct imap_session *s, struct slice line)
{
    (void)line;
    imap_respond(&s->reader.base, slice_of(s->reader.base.login->who.response));
}

static const struct imap_exchange beginning = {.go_ahead = began, .done = imap_login_said};

static void begin_exchange(struct imap_session *s)
{
    struct slice text = ARENA_JOIN(s->reader.mail, SLICE("AUTHENTICATE "),
                                   slice_of(mechanism_name(s->reader.base.login->mechanism->id)));
    imap_ask(s, imap_own_tag(s), text, &beginning);
}

void imap_log_in(struct reader *r)
{
    struct imap_session *s = imap_of_reader(r);
    if (r->base.login->mechanism->read)
        begin_exchange(s);
    else if (r->base.login->mechanism->id == MECHANISM_PLAIN)
        imap_say_plain(s);
    else
        imap_say_login(s);
}
