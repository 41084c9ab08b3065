/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "proxy/pop3/pop3_session.h"
#include "proxy/upstream/mailbox_servers.h"
#include "proxy/upstream/server_profile.h"

#include <openssl/crypto.h>
#include <stdio.h>

static const struct config *config_of(const struct pop3_session *s)
{
    return s->base.proxy->config;
}

static bool is_relayed(const struct pop3_session *s)
{
    return s->mechanism->read != NULL;
}

/* ---- the end of a try ---- */

static void cannot(struct pop3_session *s, const char *reason)
{
    log_at(LEVEL_WARNING, s->ref, "mailbox not reached", field_str("reason", reason));
    struct slice text = SLICE("the mail server cannot be reached, try again later");
    pop3_record_refusal(s, text, NULL);
    session_wait(&s->base); /* it may have been the client's turn */
    pop3_login_give_up(s, pop3_login_unanswered(s));
    pop3_deny(s, "[SYS/TEMP]", text);
}

static void refused(struct pop3_session *s, struct slice line)
{
    pop3_record_refusal(s, line, NULL);
    enum login_end end = is_relayed(s) ? pop3_login_unanswered(s) : LOGIN_FAILED;
    if (s->upstream && profile_puts_off(pop3_upstream_profile(s->upstream), line))
        end = LOGIN_NEITHER;
    pop3_login_give_up(s, end);
    if (session_may_err(&s->base))
        pop3_answer(s, line);
}

static void not_here(struct pop3_session *s)
{
    refused(s, SLICE("-ERR [AUTH] this mechanism is not to be had here"));
}

/* ---- the password ---- */

static void said_password(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    if (status == POP3_OK)
        pop3_logged_in(s, line);
    else
        refused(s, line);
}

static const struct pop3_exchange saying_password = {.status = said_password};

static void say_secret(struct pop3_session *s, const char *verb, const char *secret)
{
    char line[8 + LOGIN_PASSWORD_MAX + SASL_PLAIN_TEXT_MAX];
    int len = snprintf(line, sizeof line, "%s%s", verb, secret);
    s->password_out = true;
    pop3_send(s, (struct slice){line, (size_t)len}, POP3_ANSWER_LINE, &saying_password);
    OPENSSL_cleanse(line, sizeof line);
}

static void said_user(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    if (status == POP3_OK)
        say_secret(s, "PASS ", s->who->password);
    else
        refused(s, line);
}

static const struct pop3_exchange saying_user = {.status = said_user};

static void say_user(struct pop3_session *s)
{
    struct slice line = ARENA_JOIN(s->mail, SLICE("USER "), slice_of(s->who->user));
    pop3_send(s, line.ptr ? line : SLICE("QUIT"), POP3_ANSWER_LINE, &saying_user);
}

/* A server without PLAIN is told the password the old way; not where somebody acts for another,
 * which USER cannot say. */
static void said_plain(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    char text[SASL_PLAIN_TEXT_MAX];
    if (status == POP3_CHALLENGE) {
        sasl_plain_text(s->who, text);
        say_secret(s, "", text);
        OPENSSL_cleanse(text, sizeof text);
    } else if (!*s->who->acting_for) {
        say_user(s);
    } else if (status == POP3_OK) {
        not_here(s);
    } else {
        refused(s, line);
    }
}

static const struct pop3_exchange saying_plain = {.status = said_plain};

/* ---- mechanisms that pass ---- */

static void responded(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    if (status == POP3_OK) {
        pop3_logged_in(s, line);
    } else if (status == POP3_CHALLENGE) {
        s->dialogue = POP3_RESPONSE;
        pop3_answer(s, line);
    } else {
        refused(s, line);
    }
}

static const struct pop3_exchange responding = {.status = responded};

void pop3_mailbox_respond(struct pop3_session *s, struct slice response)
{
    s->password_out |= s->responses >= s->mechanism->proof;
    pop3_send(s, response, POP3_ANSWER_CHALLENGE, &responding);
}

static void respond(struct pop3_session *s)
{
    pop3_mailbox_respond(s, slice_of(s->who->response));
}

/* Exchange says "+OK" for NTLM where others say "+ ". */
static void began(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    bool goes_on =
        status == POP3_CHALLENGE || (status == POP3_OK && s->mechanism->id == MECHANISM_NTLM);
    if (goes_on)
        respond(s);
    else if (status == POP3_OK)
        not_here(s);
    else
        refused(s, line);
}

static const struct pop3_exchange beginning = {.status = began};

static void begin_exchange(struct pop3_session *s)
{
    struct slice line =
        ARENA_JOIN(s->mail, SLICE("AUTH "), slice_of(mechanism_name(s->mechanism->id)));
    pop3_send(s, line.ptr ? line : SLICE("QUIT"), POP3_ANSWER_CHALLENGE, &beginning);
}

/* ---- what the server has, where that matters ---- */

static void found_plus(struct pop3_session *s, struct slice line)
{
    struct slice name = slice_of(mechanism_name(s->mechanism->id)), word;
    while (line.len) {
        slice_cut(line, ' ', &word, &line);
        bool plus = word.len == name.len + 5 && slice_istarts(word, name);
        s->plus |= plus && slice_iends(word, SLICE("-PLUS"));
    }
}

/* A line that comes in pieces is read in pieces: a word that is cut would be missed, so what is not
 * whole is put together in the arena. */
static bool gather_capabilities(struct pop3_session *s, struct slice octets)
{
    struct slice line;
    struct slice rest = ARENA_JOIN(s->mail, s->capability, octets);
    if (!rest.ptr || rest.len > POP3_LINE_MAX)
        return false;
    while (slice_find(rest, '\n') < rest.len && slice_cut(rest, '\n', &line, &rest))
        found_plus(s, slice_trim(line));
    s->capability = rest;
    return true;
}

static void heard_capabilities(struct pop3_session *s)
{
    if (s->plus)
        not_here(s);
    else
        begin_exchange(s);
}

static void hear_capabilities(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    (void)line;
    if (status != POP3_OK)
        begin_exchange(s);
}

static const struct pop3_exchange asking = {hear_capabilities, gather_capabilities,
                                            heard_capabilities};

static void ask_capabilities(struct pop3_session *s)
{
    s->plus = false;
    s->capability = SLICE("");
    pop3_send(s, SLICE("CAPA"), POP3_ANSWER_LINES, &asking);
}

/* ---- the connection ---- */

static void connect_next(struct pop3_session *s);

static void log_in(struct pop3_session *s)
{
    if (s->mechanism->not_beside_plus)
        ask_capabilities(s);
    else if (is_relayed(s))
        begin_exchange(s);
    else if (s->mechanism->id == MECHANISM_PLAIN)
        pop3_send(s, SLICE("AUTH PLAIN"), POP3_ANSWER_CHALLENGE, &saying_plain);
    else
        say_user(s);
}

static void said_utf8(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    (void)status;
    (void)line;
    log_in(s);
}

static const struct pop3_exchange saying_utf8 = {.status = said_utf8};

static void ready(void *owner)
{
    struct pop3_session *s = owner;
    if (s->utf8)
        pop3_send(s, SLICE("UTF8"), POP3_ANSWER_LINE, &saying_utf8);
    else
        log_in(s);
}

static void status(void *owner, enum pop3_status status, struct slice line)
{
    struct pop3_session *s = owner;
    s->exchange->status(s, status, line);
}

static bool content(void *owner, struct slice octets)
{
    struct pop3_session *s = owner;
    return s->exchange->content && s->exchange->content(s, octets);
}

static void complete(void *owner)
{
    struct pop3_session *s = owner;
    s->exchange->complete(s);
}

/* Half a response may be out already: then the client must not take our words for the rest. */
void pop3_lose_server(struct pop3_session *s, const char *trouble)
{
    log_at(LEVEL_WARNING, s->ref, "mailbox lost", field_str("reason", trouble));
    pop3_read_end(s);
    session_forget_waiting(&s->base);
    if (!s->half)
        pop3_err(s, "[SYS/TEMP]", SLICE("the mail server has gone away, try again later"));
    session_hang_up(&s->base);
}

static void over(void *owner, bool usable, const char *trouble)
{
    struct pop3_session *s = owner;
    char reason[128];
    snprintf(reason, sizeof reason, "%s", trouble);
    pop3_upstream_free(&s->upstream);
    if (usable)
        connect_next(s);
    else if (!s->logged_in)
        cannot(s, reason);
    else if (s->base.state != SESSION_CLOSING && !(s->reading && s->reading->pieces))
        pop3_lose_server(s, reason);
}

static const struct pop3_upstream_owner callbacks = {ready, status, content, complete, over};

static void connect_next(struct pop3_session *s)
{
    const struct settings *settings = &config_of(s)->settings;
    const char *reason = "no server is left to be tried";
    struct upstream_server *server;
    while ((server = mailbox_server_take(s->base.proxy->mailboxes, s->backend,
                                         s->base.listener->protocol, &s->tried))) {
        struct pop3_upstream_setup setup = {s->base.proxy->base,
                                            server,
                                            s->backend->has_source ? &s->backend->source : NULL,
                                            settings->timeouts_connect,
                                            settings->timeouts_backend,
                                            s->base.client,
                                            s->base.client_port};
        s->upstream = pop3_upstream_new(&setup, &callbacks, s, &reason);
        if (s->upstream)
            return;
    }
    cannot(s, reason);
}

static void find(struct pop3_session *s)
{
    SSL *ssl = stream_ssl(s->base.stream);
    const char *name = ssl ? SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) : NULL;
    s->backend = config_mailbox(config_of(s), s->mail, s->base.listener, pop3_mailbox_of(s),
                                slice_of(name ? name : ""));
}

void pop3_mailbox_enter(struct pop3_session *s)
{
    session_wait(&s->base);
    if (s->upstream) {
        respond(s);
        return;
    }
    find(s);
    s->tried = 0;
    s->exchange = NULL;
    if (s->backend) {
        connect_next(s);
        return;
    }
    pop3_login_give_up(s, LOGIN_NEITHER);
    pop3_deny(s, "[AUTH]", SLICE("there is no mailbox for this user"));
}

void pop3_mailbox_cancel(struct pop3_session *s)
{
    pop3_send(s, SLICE("*"), POP3_ANSWER_LINE, &responding);
}
