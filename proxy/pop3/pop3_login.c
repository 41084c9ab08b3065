/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "policy/spelling.h"
#include "proxy/pop3/pop3_session.h"
#include "proxy/session/session_facts.h"
#include "proxy/upstream/mailbox_servers.h"

#include <openssl/crypto.h>
#include <stdio.h>

static const struct config *config_of(const struct pop3_session *s)
{
    return s->base.proxy->config;
}

bool pop3_may_log_in(const struct pop3_session *s)
{
    return !s->base.listener->require_tls || stream_ssl(s->base.stream);
}

/* ---- the end of a try ---- */

static void forget(struct pop3_session *s)
{
    credentials_forget(&s->who);
    s->user = (struct slice){NULL, 0};
    s->dialogue = POP3_COMMANDS;
}

/* A server that was told a password and is silent may have known it to be wrong: who hangs up before
 * the answer has guessed as well. */
static enum login_end unanswered(const struct pop3_session *s)
{
    return s->password_out ? LOGIN_FAILED : LOGIN_NEITHER;
}

static void give_up(struct pop3_session *s, enum login_end end)
{
    login_guard_over(&s->guard, end, &s->who);
    s->password_out = false;
    forget(s);
    pop3_upstream_free(&s->upstream);
}

static void cannot(struct pop3_session *s, const char *reason)
{
    log_at(LEVEL_WARNING, s->ref, "mailbox not reached", field_str("reason", reason));
    struct slice text = SLICE("the mail server cannot be reached, try again later");
    pop3_record_refusal(s, text, NULL);
    give_up(s, unanswered(s));
    pop3_deny(s, "[SYS/TEMP]", text);
}

static void refused(struct pop3_session *s, struct slice line)
{
    pop3_record_refusal(s, line, NULL);
    give_up(s, login_was_put_off(line) ? LOGIN_NEITHER : LOGIN_FAILED);
    if (session_may_err(&s->base))
        pop3_answer(s, line);
}

/* The user's address, where he logs in by name alone as well. */
static struct slice mailbox_of(struct pop3_session *s, struct slice user)
{
    struct slice domain = s->base.listener->login_domain;
    if (slice_find(user, '@') < user.len || domain.len == 0)
        return user;
    return ARENA_JOIN(s->base.arena, user, SLICE("@"), domain);
}

static struct slice acting_user(const struct pop3_session *s)
{
    return slice_of(*s->who.acting_for ? s->who.acting_for : s->who.user);
}

static void logged_in(struct pop3_session *s, struct slice line)
{
    s->login = arena_copy(s->base.arena, acting_user(s));
    s->mailbox = mailbox_of(s, s->login);
    login_guard_over(&s->guard, LOGIN_SUCCEEDED, &s->who);
    forget(s);
    if (!s->login.ptr || !s->mailbox.ptr) {
        pop3_err(s, "[SYS/TEMP]", SLICE("out of memory"));
        session_hang_up(&s->base);
        return;
    }
    log_at(LEVEL_INFO, s->base.id, "login", field_text("user", s->login),
           field_text("mechanism", s->mechanism), field_text("backend", s->backend->name));
    pop3_answer(s, line);
}

/* ---- told to the server ---- */

static void said_password(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    s->password_out = false;
    if (status == POP3_OK)
        logged_in(s, line);
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
        say_secret(s, "PASS ", s->who.password);
    else
        refused(s, line);
}

static const struct pop3_exchange saying_user = {.status = said_user};

static void say_user(struct pop3_session *s)
{
    struct slice line = ARENA_JOIN(s->mail, SLICE("USER "), slice_of(s->who.user));
    pop3_send(s, line.ptr ? line : SLICE("QUIT"), POP3_ANSWER_LINE, &saying_user);
}

/* A server without PLAIN is told the password the old way; not where somebody acts for another,
 * which USER cannot say. */
static void said_plain(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    char text[SASL_PLAIN_TEXT_MAX];
    if (status == POP3_CHALLENGE) {
        sasl_plain_text(&s->who, text);
        say_secret(s, "", text);
        OPENSSL_cleanse(text, sizeof text);
    } else if (*s->who.acting_for) {
        refused(s, status == POP3_OK ? SLICE("-ERR [AUTH] not to be had here") : line);
    } else {
        say_user(s);
    }
}

static const struct pop3_exchange saying_plain = {.status = said_plain};

/* ---- the connection ---- */

static void connect_next(struct pop3_session *s);

static void ready(void *owner)
{
    struct pop3_session *s = owner;
    if (slice_eq(s->mechanism, SLICE("plain")))
        pop3_send(s, SLICE("AUTH PLAIN"), POP3_ANSWER_CHALLENGE, &saying_plain);
    else
        say_user(s);
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
    else if (s->login.len == 0)
        cannot(s, reason);
    else if (s->base.state != SESSION_CLOSING && !s->reading.pieces)
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
        struct pop3_upstream_setup setup = {s->base.proxy->base, server,
                                            s->backend->has_source ? &s->backend->source : NULL,
                                            settings->timeouts_connect, settings->timeouts_backend};
        s->upstream = pop3_upstream_new(&setup, &callbacks, s, &reason);
        if (s->upstream)
            return;
    }
    cannot(s, reason);
}

static void log_in(struct session *base)
{
    struct pop3_session *s = pop3_of(base);
    SSL *ssl = stream_ssl(base->stream);
    const char *name = ssl ? SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) : NULL;
    s->backend = config_mailbox(config_of(s), s->mail, base->listener,
                                mailbox_of(s, acting_user(s)), slice_of(name ? name : ""));
    s->tried = 0;
    s->exchange = NULL;
    session_wait(base);
    if (s->backend) {
        connect_next(s);
        return;
    }
    give_up(s, LOGIN_NEITHER);
    pop3_deny(s, "[AUTH]", SLICE("there is no mailbox for this user"));
}

/* ---- what the rules say ---- */

void pop3_facts(struct pop3_session *s, struct slice user, struct facts *facts)
{
    struct slice domain = slice_from(user, slice_rfind(user, '@') + 1);
    bool has_domain = domain.len && domain.len < user.len;
    session_facts(&s->base, facts);
    session_tls_facts(&s->base, s->mail, facts);
    facts->fact[FACT_LOGIN_USER] = value_text(arena_copy(s->mail, user));
    facts->fact[FACT_LOGIN_DOMAIN] = has_domain ? value_domain(s->mail, domain) : value_absent();
    facts->fact[FACT_LOGIN_MECHANISM] = value_text(s->mechanism);
}

static void act(struct pop3_session *s, const struct verdict *verdict)
{
    bool refuses = verdict->action == ACTION_REJECT || verdict->action == ACTION_DROP ||
                   verdict->action == ACTION_DEFER;
    if (!refuses) {
        session_delay(&s->base, verdict->delay, log_in);
        return;
    }
    pop3_record_refusal(s, verdict->text, verdict);
    give_up(s, LOGIN_NEITHER);
    pop3_err(s, verdict->action == ACTION_DEFER ? "[SYS/TEMP]" : "[AUTH]", verdict->text);
    if (verdict->action == ACTION_DROP)
        session_hang_up(&s->base);
    else
        session_go_on(&s->base);
}

static void no_memory(struct pop3_session *s)
{
    give_up(s, LOGIN_NEITHER);
    pop3_deny(s, "[SYS/TEMP]", SLICE("out of memory"));
}

static void judge(struct session *base)
{
    struct pop3_session *s = pop3_of(base);
    struct verdict verdict;
    login_guard_hurry(&s->guard);
    session_client_facts(&s->base, s->login_facts);
    pop3_facts(s, s->guard.who.user, s->login_facts);
    if (policy_evaluate_login(config_of(s)->policy, s->login_facts, s->mail, &verdict) ==
        OUTCOME_DECIDED)
        act(s, &verdict);
    else
        no_memory(s);
}

/* Redis has said how often it was tried before, or has taken too long. */
static void guard_knows(struct session *base)
{
    stream_deadline(base->stream, 0);
    session_await(base, PHASE_LOGIN, judge);
}

static void guard_done(void *ctx)
{
    struct pop3_session *s = ctx;
    s->base.wait.resume = NULL;
    guard_knows(&s->base);
}

static void await_guard(struct pop3_session *s)
{
    session_wait(&s->base);
    if (login_guard_waits(&s->guard))
        session_delay(&s->base, config_of(s)->settings.resolver_patience, guard_knows);
    else
        guard_knows(&s->base);
}

static void begin(struct pop3_session *s, const char *mechanism)
{
    s->dialogue = POP3_COMMANDS;
    s->mechanism = slice_of(mechanism);
    arena_reset(s->mail);
    pop3_refer(s);
    s->login_facts = arena_alloc(s->mail, sizeof *s->login_facts);
    if (!s->login_facts ||
        !(s->login_facts->keyed = facts_keyed_new(s->mail, config_of(s)->policy))) {
        no_memory(s);
        return;
    }
    login_guard_begin(&s->guard, s->base.proxy, s->mail, &s->base.client,
                      mailbox_of(s, acting_user(s)), s->login_facts, guard_done, s);
    await_guard(s);
}

void pop3_login_end(struct pop3_session *s)
{
    login_guard_over(&s->guard, unanswered(s), &s->who);
    login_guard_hurry(&s->guard);
    credentials_forget(&s->who);
}

/* ---- what the client says ---- */

static bool refuses_plaintext(struct pop3_session *s)
{
    if (pop3_may_log_in(s))
        return false;
    pop3_mistake(s, "use STLS first: passwords are not taken in the clear");
    return true;
}

void pop3_user(struct pop3_session *s, struct slice name)
{
    if (refuses_plaintext(s))
        return;
    if (!credentials_user(&s->who, name)) {
        pop3_mistake(s, "USER needs a name");
        return;
    }
    s->user = slice_of(s->who.user);
    pop3_ok(s, "send PASS");
}

void pop3_password(struct pop3_session *s, struct slice password)
{
    *s->who.acting_for = '\0';
    if (refuses_plaintext(s))
        return;
    if (!s->user.len)
        pop3_mistake(s, "USER first");
    else if (!credentials_password(&s->who, password))
        pop3_mistake(s, "PASS needs a password");
    else
        begin(s, "user");
}

static void malformed(struct pop3_session *s)
{
    forget(s);
    pop3_mistake(s, "that is no response of this mechanism");
}

static void plain(struct pop3_session *s, struct slice response)
{
    if (sasl_plain(response, &s->who))
        begin(s, "plain");
    else
        malformed(s);
}

/* AUTH LOGIN asks for both in base64 ("Username:", "Password:"). */
static void asked_user(struct pop3_session *s, struct slice response)
{
    char room[LOGIN_USER_MAX + 4];
    struct slice user;
    if (!sasl_decode(response, room, sizeof room, &user) || !credentials_user(&s->who, user)) {
        malformed(s);
        return;
    }
    s->dialogue = POP3_LOGIN_PASSWORD;
    pop3_pass(s, SLICE("+ UGFzc3dvcmQ6"));
}

static void asked_password(struct pop3_session *s, struct slice response)
{
    char room[LOGIN_PASSWORD_MAX + 4];
    struct slice password;
    bool read = sasl_decode(response, room, sizeof room, &password) &&
                credentials_password(&s->who, password);
    OPENSSL_cleanse(room, sizeof room);
    if (read)
        begin(s, "login");
    else
        malformed(s);
}

void pop3_response(struct pop3_session *s, struct slice line)
{
    enum pop3_dialogue dialogue = s->dialogue;
    if (slice_eq(line, SLICE("*"))) {
        forget(s);
        pop3_mistake(s, "as you wish");
    } else if (dialogue == POP3_PLAIN_RESPONSE) {
        plain(s, line);
    } else if (dialogue == POP3_LOGIN_USER) {
        asked_user(s, line);
    } else {
        asked_password(s, line);
    }
}

static void auth_login(struct pop3_session *s, struct slice response)
{
    s->dialogue = POP3_LOGIN_USER;
    if (response.len)
        asked_user(s, response);
    else
        pop3_pass(s, SLICE("+ VXNlcm5hbWU6"));
}

static void auth_plain(struct pop3_session *s, struct slice response)
{
    s->dialogue = POP3_PLAIN_RESPONSE;
    if (response.len)
        plain(s, response);
    else
        pop3_pass(s, SLICE("+ "));
}

void pop3_auth(struct pop3_session *s, struct slice argument)
{
    struct slice mechanism, response;
    slice_cut(argument, ' ', &mechanism, &response);
    if (refuses_plaintext(s))
        return;
    forget(s);
    if (argument.len == 0) /* as some clients ask what there is */
        session_text(&s->base, SLICE("+OK\r\nPLAIN\r\nLOGIN\r\n.\r\n"));
    else if (slice_ieq(mechanism, SLICE("PLAIN")))
        auth_plain(s, slice_trim(response));
    else if (slice_ieq(mechanism, SLICE("LOGIN")))
        auth_login(s, slice_trim(response));
    else
        pop3_mistake(s, "this mechanism is not to be had here");
}
