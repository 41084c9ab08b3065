/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "proxy/imap/imap_session.h"

#include <openssl/crypto.h>
#include <stdio.h>

static const struct config *config_of(const struct imap_session *s)
{
    return s->reader.base.proxy->config;
}

/* ---- the end of a try ---- */

/* The server's words, behind the client's tag. */
static void answer(struct imap_session *s, const struct imap_response *response)
{
    struct slice text = ARENA_JOIN(s->reader.mail, slice_of(s->tag), SLICE(" "), response->name,
                                   SLICE(" "), response->rest);
    struct imap_response ours;
    imap_response(text, &ours);
    imap_pass_line(s, &ours, text);
}

static void refused(struct imap_session *s, const struct imap_response *response)
{
    struct slice line = ARENA_JOIN(s->reader.mail, response->name, SLICE(" "), response->rest);
    if (!reader_is_refused(&s->reader, line))
        return;
    session_text(&s->reader.base, slice_of(s->tag));
    session_text(&s->reader.base, SLICE(" "));
    imap_say(s, line);
    imap_next_command(s);
}

static void let_in(struct imap_session *s, const struct imap_response *response)
{
    if (!reader_enters(&s->reader))
        return;
    answer(s, response);
    arena_release(s->reader.mail);
    imap_next_command(s);
}

static void said(struct imap_session *s, const struct imap_response *response, struct slice line)
{
    (void)line;
    imap_upstream_expect(s->upstream, 0);
    if (response->status == IMAP_OK)
        let_in(s, response);
    else
        refused(s, response);
}

static const struct imap_exchange saying = {.done = said};

/* ---- the password ---- */

/* Strings that a quoted one cannot hold go as literals. */
static bool is_quotable(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c >= 0x80 || *c == '\r' || *c == '\n')
            return false;
    return true;
}

static void quote(struct buf *out, const char *text)
{
    buf_char(out, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            buf_char(out, '\\');
        buf_char(out, *c);
    }
    buf_char(out, '"');
}

static void send_secret(struct imap_session *s, struct buf *line)
{
    buf_cstr(line, "\r\n");
    s->reader.attempt->password_out = true;
    imap_upstream_send(s->upstream, buf_slice(line));
    OPENSSL_cleanse(line->data, line->size);
}

static void go_on_password(struct imap_session *s, struct slice line)
{
    char room[LOGIN_PASSWORD_MAX + 8];
    struct buf secret = buf_over(room, sizeof room);
    (void)line;
    buf_cstr(&secret, s->reader.attempt->who.password);
    send_secret(s, &secret);
}

static void say_password_length(struct imap_session *s, struct buf *line)
{
    buf_printf(line, " {%zu}\r\n", strlen(s->reader.attempt->who.password));
    imap_upstream_send(s->upstream, buf_slice(line));
}

static const struct imap_exchange saying_password = {.go_ahead = go_on_password, .done = said};

static void go_on_user(struct imap_session *s, struct slice line)
{
    char room[LOGIN_USER_MAX + 64];
    struct buf text = buf_over(room, sizeof room);
    (void)line;
    buf_cstr(&text, s->reader.attempt->who.user);
    s->exchange = &saying_password;
    say_password_length(s, &text);
}

static const struct imap_exchange saying_user = {.go_ahead = go_on_user, .done = said};

static void log_in(struct imap_session *s)
{
    const struct credentials *who = &s->reader.attempt->who;
    char room[2 * (LOGIN_USER_MAX + LOGIN_PASSWORD_MAX) + 128];
    struct buf line = buf_over(room, sizeof room);
    bool quotable = is_quotable(who->user) && is_quotable(who->password);
    imap_expect(s, imap_own_tag(s), quotable ? &saying : &saying_user);
    buf_printf(&line, "%s LOGIN ", s->expected);
    if (!quotable) {
        buf_printf(&line, "{%zu}\r\n", strlen(who->user));
        imap_upstream_send(s->upstream, buf_slice(&line));
        return;
    }
    quote(&line, who->user);
    buf_char(&line, ' ');
    quote(&line, who->password);
    send_secret(s, &line);
}

static void go_on_plain(struct imap_session *s, struct slice line)
{
    char text[SASL_PLAIN_TEXT_MAX + 2];
    (void)line;
    size_t len = sasl_plain_text(&s->reader.attempt->who, text);
    struct buf out = buf_over(text, sizeof text);
    buf_commit(&out, len);
    send_secret(s, &out);
}

static void said_plain(struct imap_session *s, const struct imap_response *response,
                       struct slice line)
{
    bool acts = *s->reader.attempt->who.acting_for;
    if (response->status != IMAP_OK && !s->reader.attempt->password_out && !acts)
        log_in(s); /* a server without PLAIN is told the password the old way */
    else
        said(s, response, line);
}

static const struct imap_exchange saying_plain = {.go_ahead = go_on_plain, .done = said_plain};

/* ---- mechanisms that pass ---- */

static void challenged(struct imap_session *s, struct slice line)
{
    s->reader.attempt->dialogue = READER_RESPONSE;
    imap_say(s, line);
    session_go_on(&s->reader.base);
}

static const struct imap_exchange responding = {.go_ahead = challenged, .done = said};

static void respond(struct reader *r, struct slice response)
{
    struct imap_session *s = imap_of_reader(r);
    r->attempt->password_out |= r->attempt->responses >= r->mechanism->proof;
    session_wait(&r->base);
    imap_upstream_send(s->upstream, response);
    imap_upstream_send(s->upstream, SLICE("\r\n"));
    s->exchange = &responding;
    imap_upstream_expect(s->upstream, config_of(s)->settings.timeouts_backend);
}

static void began(struct imap_session *s, struct slice line)
{
    (void)line;
    respond(&s->reader, slice_of(s->reader.attempt->who.response));
}

static const struct imap_exchange beginning = {.go_ahead = began, .done = said};

static void begin_exchange(struct imap_session *s, const char *mechanism,
                           const struct imap_exchange *exchange)
{
    struct slice text = ARENA_JOIN(s->reader.mail, SLICE("AUTHENTICATE "), slice_of(mechanism));
    imap_ask(s, imap_own_tag(s), text, exchange);
}

/* ---- the connection ---- */

static void ready(void *owner)
{
    struct imap_session *s = owner;
    const struct sasl_mechanism *mechanism = s->reader.mechanism;
    if (mechanism->read)
        begin_exchange(s, mechanism_name(mechanism->id), &beginning);
    else if (mechanism->id == MECHANISM_PLAIN)
        begin_exchange(s, "PLAIN", &saying_plain);
    else
        log_in(s);
}

static size_t input(void *owner, struct slice octets)
{
    return imap_take_response(owner, octets);
}

static void drained(void *owner)
{
    imap_relay_drained(owner);
}

/* What is under way for him comes to nothing. */
static void abandon(struct imap_session *s)
{
    session_forget_waiting(&s->reader.base);
    imap_held_end(s);
    imap_rendering_end(s);
    imap_barrier_end(s);
    imap_append_end(s);
}

void imap_lose_server(struct imap_session *s, const char *trouble)
{
    struct session *base = &s->reader.base;
    if (base->state == SESSION_BULK) /* what is being given goes out first */
        return;
    log_at(LEVEL_WARNING, s->reader.ref, "mailbox lost", field_str("reason", trouble));
    bool within = s->out.line || s->out.goes_on || s->out.within_line;
    if (!within &&
        !base->leaving) { /* half a response may be out: our words would be taken for the rest */
        if (s->exchange && !s->idle)
            imap_no(s, "[UNAVAILABLE]", SLICE("the mail server has gone away"));
        imap_say(s, SLICE("* BYE [UNAVAILABLE] the mail server has gone away, try again later"));
    }
    abandon(s);
    session_hang_up(base);
}

static void over(void *owner, bool usable, const char *trouble)
{
    struct imap_session *s = owner;
    char reason[128];
    snprintf(reason, sizeof reason, "%s", trouble);
    imap_upstream_free(&s->upstream);
    if (usable)
        reader_try_next(&s->reader);
    else if (!reader_is_logged_in(&s->reader))
        reader_cannot(&s->reader, reason);
    else if (s->reader.base.state != SESSION_CLOSING)
        imap_lose_server(s, reason);
}

static const struct imap_upstream_owner callbacks = {ready, input, drained, over};

static bool connect_to(struct reader *r, struct upstream_server *server, const char **reason)
{
    struct imap_session *s = imap_of_reader(r);
    const struct settings *settings = &config_of(s)->settings;
    struct imap_upstream_setup setup = {r->base.proxy->base,
                                        server,
                                        r->backend->has_source ? &r->backend->source : NULL,
                                        settings->timeouts_connect,
                                        settings->timeouts_backend,
                                        r->base.client,
                                        r->base.client_port};
    s->upstream = imap_upstream_new(&setup, &callbacks, s, reason);
    return s->upstream;
}

static bool connected(const struct reader *r)
{
    return ((const struct imap_session *)r)->upstream;
}

static void cancel(struct reader *r)
{
    struct imap_session *s = imap_of_reader(r);
    session_wait(&r->base);
    imap_upstream_send(s->upstream, SLICE("*\r\n"));
    s->exchange = &responding;
}

static void disconnect(struct reader *r)
{
    struct imap_session *s = imap_of_reader(r);
    imap_upstream_free(&s->upstream);
    s->exchange = NULL;
}

static enum server_profile profile(const struct reader *r)
{
    return imap_upstream_profile(((const struct imap_session *)r)->upstream);
}

/* ---- our words ---- */

static void refuse(struct reader *r, enum reader_refusal why, struct slice text)
{
    imap_no(imap_of_reader(r), why == READER_NOT_NOW ? "[UNAVAILABLE]" : "[AUTHENTICATIONFAILED]",
            text);
}

static void mistake(struct reader *r, const char *text)
{
    imap_bad(imap_of_reader(r), text);
}

const struct reader_protocol imap_reader = {
    .refuse = refuse,
    .mistake = mistake,
    .needs_tls = "use STARTTLS first: passwords are not taken in the clear",
    .connect = connect_to,
    .connected = connected,
    .respond = respond,
    .cancel = cancel,
    .disconnect = disconnect,
    .profile = profile,
};
