/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_login.h"

#include "base/log.h"
#include "filters/dns/client_names.h"
#include "proxy/login/login.h"
#include "proxy/session/session_log.h"
#include "proxy/session/session_way.h"
#include "proxy/smtp/smtp_answer.h"
#include "proxy/smtp/smtp_facts.h"
#include "proxy/smtp/smtp_login_say.h"
#include "proxy/smtp/smtp_login_server.h"
#include "proxy/smtp/smtp_record.h"
#include "proxy/smtp/smtp_transaction.h"

#include <stdlib.h>
#include <string.h>

static const enum fact failures[] = {FACT_LOGIN_FAILURES, FACT_LOGIN_NETWORK_FAILURES,
                                     FACT_LOGIN_USER_FAILURES};
enum { FAILURES = sizeof failures / sizeof *failures };

/* ---- refused ---- */

static void refuse(struct session *base, enum login_refusal why, struct slice text)
{
    bool later = why == LOGIN_NOT_NOW;
    smtp_answer_recorded(smtp_of(base), later ? 454 : 535, later ? SLICE("4.7.0") : SLICE("5.7.8"),
                         text);
}

static void mistake(struct session *base, enum login_mistake what, const char *text)
{
    static const struct {
        unsigned code;
        const char *enhanced;
    } replies[] = {
        [LOGIN_NEEDS_TLS] = {538, "5.7.11"},   [LOGIN_NO_CLIENT] = {550, "5.7.1"},
        [LOGIN_NO_MECHANISM] = {504, "5.5.4"}, [LOGIN_MALFORMED] = {501, "5.5.2"},
        [LOGIN_CANCELLED] = {501, "5.7.0"},
    };
    smtp_error(smtp_of(base), replies[what].code, replies[what].enhanced, text);
}

/* `line` is the whole reply. */
static void write_down(struct smtp_session *s, unsigned code, struct slice line,
                       const struct verdict *rules)
{
    s->t->message.facts = *s->base.login->facts;
    smtp_record_refusal(s, code, line, rules);
    s->t->message.facts = (struct facts){.keyed = NULL};
}

static struct slice line_of(struct smtp_session *s, bool later, struct slice text)
{
    return ARENA_JOIN(s->mail, later ? SLICE("454 4.7.0 ") : SLICE("535 5.7.8 "), text, SLICE(" ("),
                      slice_of(s->ref), SLICE(")"));
}

static void record(struct session *base, struct slice text, const struct verdict *rules)
{
    struct smtp_session *s = smtp_of(base);
    bool later = rules && rules->action == ACTION_DEFER;
    write_down(s, later ? 454 : 535, line_of(s, later, text), rules);
}

/* ---- the server behind ---- */

const struct smtp_login_server *smtp_login_server(const struct smtp_session *s)
{
    return s->base.listener->login_by_imap ? &smtp_login_imap : &smtp_login_smtp;
}

static void give_up(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    smtp_login_server(s)->close(s);
}

static void cannot(struct session *base, const char *reason)
{
    struct smtp_session *s = smtp_of(base);
    char address[46];
    struct slice text = SLICE("the mail server cannot be reached, try again later");
    ip_text(&base->client, address);
    if (session_logs(base, LINE_TROUBLE))
        log_at(LEVEL_WARNING, s->ref, "mailbox not reached", field_str("client", address),
               field_text("user", smtp_login_user(s)), field_str("reason", reason));
    session_wait(base); /* it may have been the client's turn */
    write_down(s, 454, line_of(s, true, text), NULL);
    login_give_up(base->login, smtp_login_server(s)->unanswered(base->login));
    refuse(base, LOGIN_NOT_NOW, text);
    smtp_reset(s);
    session_go_on(base);
}

/* Nobody could log in again for him: he comes again himself. What is under way is answered first. */
static void lose_server(struct smtp_session *s, const char *trouble)
{
    if (session_logs(&s->base, LINE_TROUBLE))
        log_at(LEVEL_WARNING, s->ref, "mailbox lost", field_text("user", smtp_login_user(s)),
               field_str("reason", trouble));
    if (s->base.state == SESSION_OPEN)
        smtp_login_say_lost(s);
}

void smtp_login_say_lost(struct smtp_session *s)
{
    smtp_close(s, 421, "4.4.2", "the mail server has hung up, log in again");
}

bool smtp_login_is_lost(const struct smtp_session *s)
{
    return s->submitter && !s->private && !s->base.listener->relay;
}

static void try_next(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    const char *reason;
    if (!smtp_login_server(s)->open(s, &reason))
        cannot(base, reason);
}

void smtp_login_over(struct smtp_session *s, bool early, const char *trouble)
{
    struct session *base = &s->base;
    if (base->login && early)
        try_next(base);
    else if (base->login)
        cannot(base, trouble);
    else
        lose_server(s, trouble);
}

static void log_entry(const struct smtp_session *s)
{
    char address[46];
    ip_text(&s->base.client, address);
    log_at(LEVEL_INFO, s->base.id, "login", field_str("client", address),
           field_str("user", s->submitter->user),
           field_str("mechanism", s->submitter->mechanism->fact),
           field_text("backend", s->submitter->backend->name));
}

/* False: out of memory. */
static bool keep_submitter(struct smtp_session *s)
{
    const struct login *login = s->base.login;
    struct submitter *who = calloc(1, sizeof *who);
    if (!who || !slice_to_text(login->guard.who.user, who->address, sizeof who->address)) {
        free(who);
        return false;
    }
    memcpy(who->user, login->who.user, sizeof who->user);
    who->mechanism = login->mechanism;
    who->backend = s->login_backend;
    for (size_t i = 0; i < FAILURES; i++)
        who->failures[i] = login->facts->fact[failures[i]];
    s->submitter = who;
    return true;
}

/* Rules that slowed the login down hold for his mail as well, and he has waited for them. Mail that goes
 * another way leaves the connection without a use. */
static void enter(struct smtp_session *s)
{
    struct session *base = &s->base;
    bool kept = keep_submitter(s);
    if (base->login->served > base->delayed)
        base->delayed = base->login->served;
    login_close(base, LOGIN_SUCCEEDED);
    stream_reads_secrets(base->stream, false);
    smtp_reset(s);
    if (!kept) {
        give_up(base);
        smtp_out_of_memory(s);
        return;
    }
    if (base->listener->relay)
        give_up(base);
    log_entry(s);
    session_was_useful(base);
    smtp_say(s, 235, "2.7.0", "welcome");
    session_go_on(base);
}

/* Whatever the server says to that: no password was wrong (RFC 4954 4). */
static void confirm_cancelled(struct smtp_session *s)
{
    login_give_up(s->base.login, LOGIN_NEITHER);
    smtp_reset(s);
    mistake(&s->base, LOGIN_CANCELLED, "as you wish");
    session_go_on(&s->base);
}

/* What a server says of a login (RFC 4954 6) says more of it than a client has to know. */
void smtp_login_refuse(struct smtp_session *s, const struct smtp_login_refusal *refusal)
{
    struct session *base = &s->base;
    bool later = refusal->later;
    if (s->login_cancelled) {
        confirm_cancelled(s);
        return;
    }
    struct verdict told = {.action = later ? ACTION_DEFER : ACTION_REJECT, .rule = -1};
    write_down(s, refusal->code, refusal->words, &told);
    login_give_up(base->login, refusal->end);
    smtp_reset(s);
    if (!session_may_err(base))
        return;
    if (later)
        refuse(base, LOGIN_NOT_NOW, SLICE("the mail server cannot tell now, try again later"));
    else
        refuse(base, LOGIN_NOT_THIS, SLICE("the mail server does not let you in so"));
    session_go_on(base);
}

/* Whoever says yes without having heard what proves it lets in anybody by any name. */
void smtp_login_enter(struct smtp_session *s)
{
    static const struct smtp_login_refusal unheard = {
        .later = true,
        .end = LOGIN_NEITHER,
        .code = 454,
        .words = SLICE("it says yes before it was told the password")};
    if (s->base.login->password_out)
        enter(s);
    else
        smtp_login_refuse(s, &unheard);
}

/* ---- of struct login_protocol ---- */

static void begins(struct session *base)
{
    smtp_reset(smtp_of(base));
}

static void facts_of(struct session *base, struct facts *facts)
{
    smtp_session_facts(smtp_of(base), facts);
}

static bool connected(const struct session *base)
{
    const struct smtp_session *s = (const struct smtp_session *)base;
    return smtp_login_server(s)->is_open(s);
}

static void proceed(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    const struct mailbox_way way = session_mailbox_way(base, login_address(base->login));
    s->login_backend = config_mailbox(base->proxy->config, s->mail, base->listener, &way);
    base->login->tried = 0;
    if (s->login_backend) {
        login_take_turn(base->login, try_next);
        return;
    }
    struct slice text = SLICE("there is no mailbox for this user");
    record(base, text, NULL);
    login_give_up(base->login, LOGIN_NEITHER);
    if (session_may_err(base))
        refuse(base, LOGIN_NOT_THIS, text);
    session_go_on(base);
}

static const struct login_protocol logins = {
    .needs_tls = "STARTTLS first: passwords are not taken in the clear",
    .challenge = "334 ",
    .begins = begins,
    .facts = facts_of,
    .refuse = refuse,
    .mistake = mistake,
    .record = record,
    .connected = connected,
    .proceed = proceed,
    .cannot = cannot,
    .respond = smtp_login_respond,
    .cancel = smtp_login_cancel,
    .give_up = give_up,
};

/* ---- of the session ---- */

bool smtp_login_open(struct smtp_session *s)
{
    if (!s->base.listener->submission)
        return true;
    if (s->base.stream)
        stream_reads_secrets(s->base.stream, true);
    return login_begin(&s->base, &logins, s->mail);
}

/* What became of the login is told while its arena still holds whose it was; and a delivery that may go
 * on alone is given up with its transaction, before the connection. */
void smtp_login_close(struct smtp_session *s)
{
    if (s->base.login)
        login_close(&s->base, login_unanswered(s->base.login));
    smtp_reset(s);
    give_up(&s->base);
    free(s->submitter);
    s->submitter = NULL;
}

void smtp_login_offer(const struct smtp_session *s, struct buf *out)
{
    if (!s->base.login || !login_is_allowed(&s->base))
        return;
    buf_cstr(out, "250-AUTH");
    for (int i = 0; i < MECHANISMS; i++)
        if (login_offers(&s->base, (enum login_mechanism)i))
            buf_printf(out, " %s", mechanism_name((enum login_mechanism)i));
    buf_cstr(out, "\r\n");
}

bool smtp_login_talks(const struct smtp_session *s)
{
    return s->base.login && s->base.login->dialogue != LOGIN_COMMANDS;
}

void smtp_login_take(struct smtp_session *s, struct slice argument)
{
    struct slice name, initial;
    slice_cut(argument, ' ', &name, &initial);
    if (!s->base.listener->submission)
        smtp_error(s, 503, "5.5.1", "authentication is not available here");
    else if (s->submitter)
        smtp_error(s, 503, "5.5.1", "you are logged in already");
    else if (name.len == 0)
        smtp_error(s, 501, "5.5.4", "AUTH needs a mechanism");
    else
        login_authenticate(s->base.login, name, slice_trim(initial));
}

void smtp_login_facts(struct smtp_session *s, struct facts *facts)
{
    const struct submitter *who = s->submitter;
    login_facts(s->mail, slice_of(who->address), who->mechanism, facts);
    for (size_t i = 0; i < FAILURES; i++)
        facts->fact[failures[i]] = who->failures[i];
}

struct slice smtp_login_user(const struct smtp_session *s)
{
    if (s->submitter)
        return slice_of(s->submitter->user);
    return s->base.login ? slice_of(s->base.login->who.user) : SLICE("");
}

bool smtp_login_names(const struct smtp_session *s)
{
    return s->base.login && *s->base.login->who.user;
}
