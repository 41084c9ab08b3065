/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "proxy/pop3/pop3_session.h"

#include <openssl/crypto.h>
#include <stdio.h>

static const struct config *config_of(const struct pop3_session *s)
{
    return s->reader.base.proxy->config;
}

static bool is_relayed(const struct pop3_session *s)
{
    return s->reader.mechanism->read != NULL;
}

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

static void not_here(struct pop3_session *s)
{
    refused(s, SLICE("-ERR [AUTH] this mechanism is not to be had here"));
}

/* ---- the password ---- */

static void said_password(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    if (status == POP3_OK)
        let_in(s, line);
    else
        refused(s, line);
}

static const struct pop3_exchange saying_password = {.status = said_password};

static void say_secret(struct pop3_session *s, const char *verb, const char *secret)
{
    char line[8 + LOGIN_PASSWORD_MAX + SASL_PLAIN_TEXT_MAX];
    int len = snprintf(line, sizeof line, "%s%s", verb, secret);
    s->reader.attempt->password_out = true;
    pop3_send(s, (struct slice){line, (size_t)len}, POP3_ANSWER_LINE, &saying_password);
    OPENSSL_cleanse(line, sizeof line);
}

static void said_user(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    if (status == POP3_OK)
        say_secret(s, "PASS ", s->reader.attempt->who.password);
    else
        refused(s, line);
}

static const struct pop3_exchange saying_user = {.status = said_user};

static void say_user(struct pop3_session *s)
{
    struct slice line =
        ARENA_JOIN(s->reader.mail, SLICE("USER "), slice_of(s->reader.attempt->who.user));
    pop3_send(s, line.ptr ? line : SLICE("QUIT"), POP3_ANSWER_LINE, &saying_user);
}

/* A server without PLAIN is told the password the old way; not where somebody acts for another,
 * which USER cannot say. */
static void said_plain(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    char text[SASL_PLAIN_TEXT_MAX];
    if (status == POP3_CHALLENGE) {
        sasl_plain_text(&s->reader.attempt->who, text);
        say_secret(s, "", text);
        OPENSSL_cleanse(text, sizeof text);
    } else if (!*s->reader.attempt->who.acting_for) {
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
        let_in(s, line);
    } else if (status == POP3_CHALLENGE) {
        s->reader.attempt->dialogue = READER_RESPONSE;
        pop3_answer(s, line);
    } else {
        refused(s, line);
    }
}

static const struct pop3_exchange responding = {.status = responded};

static void respond(struct reader *r, struct slice response)
{
    struct pop3_session *s = pop3_of_reader(r);
    s->reader.attempt->password_out |= s->reader.attempt->responses >= s->reader.mechanism->proof;
    pop3_send(s, response, POP3_ANSWER_CHALLENGE, &responding);
}

/* Exchange says "+OK" for NTLM where others say "+ ". */
static void began(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    bool goes_on = status == POP3_CHALLENGE ||
                   (status == POP3_OK && s->reader.mechanism->id == MECHANISM_NTLM);
    if (goes_on)
        respond(&s->reader, slice_of(s->reader.attempt->who.response));
    else if (status == POP3_OK)
        not_here(s);
    else
        refused(s, line);
}

static const struct pop3_exchange beginning = {.status = began};

static void begin_exchange(struct pop3_session *s)
{
    struct slice line = ARENA_JOIN(s->reader.mail, SLICE("AUTH "),
                                   slice_of(mechanism_name(s->reader.mechanism->id)));
    pop3_send(s, line.ptr ? line : SLICE("QUIT"), POP3_ANSWER_CHALLENGE, &beginning);
}

/* ---- what the server has, where that matters ---- */

static void found_plus(struct pop3_session *s, struct slice line)
{
    struct slice name = slice_of(mechanism_name(s->reader.mechanism->id)), word;
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
    struct slice rest = ARENA_JOIN(s->reader.mail, s->capability, octets);
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

static void log_in(struct pop3_session *s)
{
    if (s->reader.mechanism->not_beside_plus)
        ask_capabilities(s);
    else if (is_relayed(s))
        begin_exchange(s);
    else if (s->reader.mechanism->id == MECHANISM_PLAIN)
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
    log_at(LEVEL_WARNING, s->reader.ref, "mailbox lost", field_str("reason", trouble));
    pop3_read_end(s);
    session_forget_waiting(&s->reader.base);
    if (!s->half)
        pop3_err(s, "[SYS/TEMP]", SLICE("the mail server has gone away, try again later"));
    session_hang_up(&s->reader.base);
}

static void over(void *owner, bool usable, const char *trouble)
{
    struct pop3_session *s = owner;
    char reason[128];
    snprintf(reason, sizeof reason, "%s", trouble);
    pop3_upstream_free(&s->upstream);
    if (usable)
        reader_try_next(&s->reader);
    else if (!reader_is_logged_in(&s->reader))
        reader_cannot(&s->reader, reason);
    else if (s->reader.base.state != SESSION_CLOSING && !(s->reading && s->reading->giving.pieces))
        pop3_lose_server(s, reason);
}

static const struct pop3_upstream_owner callbacks = {ready, status, content, complete, over};

static bool connect_to(struct reader *r, struct upstream_server *server, const char **reason)
{
    struct pop3_session *s = pop3_of_reader(r);
    const struct settings *settings = &config_of(s)->settings;
    struct pop3_upstream_setup setup = {r->base.proxy->base,
                                        server,
                                        r->backend->has_source ? &r->backend->source : NULL,
                                        settings->timeouts_connect,
                                        settings->timeouts_backend,
                                        r->base.client,
                                        r->base.client_port};
    s->exchange = NULL;
    s->upstream = pop3_upstream_new(&setup, &callbacks, s, reason);
    return s->upstream;
}

static bool connected(const struct reader *r)
{
    return ((const struct pop3_session *)r)->upstream;
}

static void cancel(struct reader *r)
{
    pop3_send(pop3_of_reader(r), SLICE("*"), POP3_ANSWER_LINE, &responding);
}

static void disconnect(struct reader *r)
{
    pop3_upstream_free(&pop3_of_reader(r)->upstream);
}

static enum server_profile profile(const struct reader *r)
{
    return pop3_upstream_profile(((const struct pop3_session *)r)->upstream);
}

/* ---- our words ---- */

static void refuse(struct reader *r, enum reader_refusal why, struct slice text)
{
    pop3_of_reader(r)->named = false;
    pop3_err(pop3_of_reader(r), why == READER_NOT_NOW ? "[SYS/TEMP]" : "[AUTH]", text);
}

static void mistake(struct reader *r, const char *text)
{
    pop3_mistake(pop3_of_reader(r), text);
}

const struct reader_protocol pop3_reader = {
    .refuse = refuse,
    .mistake = mistake,
    .needs_tls = "use STLS first: passwords are not taken in the clear",
    .connect = connect_to,
    .connected = connected,
    .respond = respond,
    .cancel = cancel,
    .disconnect = disconnect,
    .profile = profile,
};
