/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "policy/spelling.h"
#include "proxy/reader/reader_upstream.h"
#include "proxy/session/session_facts.h"

#include <openssl/crypto.h>
#include <stdlib.h>

static const struct config *config_of(const struct reader *r)
{
    return r->base.proxy->config;
}

bool reader_may_log_in(const struct reader *r)
{
    return !r->base.listener->require_tls || stream_ssl(r->base.stream);
}

/* ---- the end of a try ---- */

void reader_forget(struct reader *r)
{
    struct login_attempt *attempt = r->attempt;
    credentials_forget(&attempt->who);
    attempt->dialogue = READER_COMMANDS;
    attempt->password_out = false;
    attempt->responses = 0;
    attempt->served = 0;
}

/* A server that was told a password and is silent may have known it to be wrong: who hangs up before
 * the answer has guessed as well. */
enum login_end reader_unanswered(const struct reader *r)
{
    return r->attempt->password_out ? LOGIN_FAILED : LOGIN_NEITHER;
}

static void leave_line(struct reader *r)
{
    const struct proxy *proxy = r->base.proxy;
    if (r->attempt->counted)
        shared_login_give(proxy->shared, proxy->row, &r->base.claim.holder);
    r->attempt->counted = false;
}

void reader_give_up(struct reader *r, enum login_end end)
{
    leave_line(r);
    login_guard_over(&r->attempt->guard, end, &r->attempt->who);
    reader_forget(r);
    reader_upstream_free(&r->upstream);
    r->protocol->forget(r);
}

/* The user's address, where he logs in by name alone as well, or as "CORP\joe". */
static struct slice address_of(struct reader *r, struct slice user)
{
    struct slice domain = r->base.listener->login_domain;
    size_t at = slice_rfind(user, '\\');
    if (user.len == 0 || domain.len == 0 || slice_find(user, '@') < user.len)
        return user;
    return ARENA_JOIN(r->base.arena, slice_from(user, at < user.len ? at + 1 : 0), SLICE("@"),
                      domain);
}

static struct slice acting_user(const struct reader *r)
{
    const struct credentials *who = &r->attempt->who;
    return slice_of(*who->acting_for ? who->acting_for : who->user);
}

struct slice reader_mailbox(struct reader *r)
{
    return reader_is_logged_in(r) ? r->mailbox : address_of(r, acting_user(r));
}

/* What was for the login alone is given back: an idle session holds little. */
static void end_attempt(struct reader *r, enum login_end end)
{
    leave_line(r);
    login_guard_over(&r->attempt->guard, end, &r->attempt->who);
    login_guard_hurry(&r->attempt->guard);
    credentials_forget(&r->attempt->who);
    free(r->attempt);
    r->attempt = NULL;
}

bool reader_enters(struct reader *r)
{
    char address[46];
    r->login = arena_copy(r->base.arena, acting_user(r));
    r->mailbox = arena_copy(r->base.arena, reader_mailbox(r));
    end_attempt(r, LOGIN_SUCCEEDED);
    client_study_free(&r->base.study);
    stream_reads_secrets(r->base.stream, false);
    arena_release(r->mail);
    if (!r->login.ptr || !r->mailbox.ptr) {
        r->protocol->refuse(r, READER_NOT_NOW, SLICE("out of memory"));
        session_hang_up(&r->base);
        return false;
    }
    ip_text(&r->base.client, address);
    log_at(LEVEL_INFO, r->base.id, "login", field_str("client", address),
           field_text("user", r->login), field_str("mechanism", r->mechanism->fact),
           field_text("backend", r->backend->name));
    return true;
}

void reader_close(struct reader *r)
{
    reader_record_rest(r);
    if (r->attempt)
        end_attempt(r, reader_unanswered(r));
    reader_upstream_free(&r->upstream);
    arena_free(&r->mail);
}

/* ---- what the rules say ---- */

void reader_facts(struct reader *r, struct slice user, struct facts *facts)
{
    struct slice domain = slice_from(user, slice_rfind(user, '@') + 1);
    bool has_domain = domain.len && domain.len < user.len;
    session_facts(&r->base, facts);
    session_tls_facts(&r->base, r->mail, facts);
    facts->fact[FACT_LOGIN_USER] =
        user.len ? value_text(arena_copy(r->mail, user)) : value_absent();
    facts->fact[FACT_LOGIN_DOMAIN] = has_domain ? value_domain(r->mail, domain) : value_absent();
    facts->fact[FACT_LOGIN_MECHANISM] = value_text(slice_of(r->mechanism->fact));
}

static void enter(struct session *base)
{
    reader_proceed(reader_of(base));
}

/* Who names himself late is judged twice, and waits for the longer of both delays. */
static void wait_and_enter(struct reader *r, int64_t delay)
{
    int64_t *served = &r->attempt->served;
    int64_t more = delay > *served ? delay - *served : 0;
    *served += more;
    session_delay(&r->base, more, enter);
}

static void act(struct reader *r, const struct verdict *verdict)
{
    bool refuses = verdict->action == ACTION_REJECT || verdict->action == ACTION_DROP ||
                   verdict->action == ACTION_DEFER;
    if (!refuses) {
        wait_and_enter(r, verdict->delay);
        return;
    }
    reader_record_refusal(r, verdict->text, verdict);
    reader_give_up(r, LOGIN_NEITHER);
    r->protocol->refuse(r, verdict->action == ACTION_DEFER ? READER_NOT_NOW : READER_NOT_THIS_LOGIN,
                        verdict->text);
    if (verdict->action == ACTION_DROP)
        session_hang_up(&r->base);
    else
        session_go_on(&r->base);
}

static void no_memory(struct reader *r)
{
    reader_give_up(r, LOGIN_NEITHER);
    r->protocol->refuse(r, READER_NOT_NOW, SLICE("out of memory"));
    session_go_on(&r->base);
}

static void judge(struct session *base)
{
    struct reader *r = reader_of(base);
    struct login_attempt *attempt = r->attempt;
    struct verdict verdict;
    login_guard_hurry(&attempt->guard);
    session_client_facts(base, attempt->facts);
    reader_facts(r, attempt->guard.who.user, attempt->facts);
    if (policy_evaluate_login(config_of(r)->policy, attempt->facts, r->mail, &verdict) ==
        OUTCOME_DECIDED)
        act(r, &verdict);
    else
        no_memory(r);
}

/* Redis has said how often it was tried before, or has taken too long. */
static void guard_knows(struct session *base)
{
    stream_deadline(base->stream, 0);
    session_await(base, PHASE_LOGIN, judge);
}

static void guard_done(void *ctx)
{
    struct reader *r = ctx;
    r->base.wait.resume = NULL;
    guard_knows(&r->base);
}

static void await_guard(struct reader *r)
{
    session_wait(&r->base);
    if (login_guard_waits(&r->attempt->guard))
        session_delay(&r->base, config_of(r)->settings.resolver_patience, guard_knows);
    else
        guard_knows(&r->base);
}

static void begin(struct reader *r)
{
    struct login_attempt *attempt = r->attempt;
    attempt->dialogue = READER_COMMANDS;
    login_guard_over(&attempt->guard, LOGIN_NEITHER, &attempt->who); /* before he was named */
    arena_reset(r->mail);
    reader_refer(r);
    attempt->facts = arena_alloc(r->mail, sizeof *attempt->facts);
    if (!attempt->facts ||
        !(attempt->facts->keyed = facts_keyed_new(r->mail, config_of(r)->policy))) {
        no_memory(r);
        return;
    }
    login_guard_begin(&attempt->guard, r->base.proxy, r->mail, &r->base.client,
                      address_of(r, slice_of(attempt->who.user)), attempt->facts, guard_done, r);
    await_guard(r);
}

void reader_try(struct reader *r, enum login_mechanism mechanism)
{
    r->mechanism = sasl_mechanism_of(mechanism);
    begin(r);
}

/* ---- what the client says ---- */

bool reader_offers(const struct reader *r, enum login_mechanism mechanism)
{
    return r->base.listener->mechanisms & 1U << mechanism;
}

bool reader_denies(struct reader *r, enum login_mechanism mechanism)
{
    if (!reader_may_log_in(r))
        r->protocol->mistake(r, r->protocol->needs_tls);
    else if (!reader_offers(r, mechanism))
        r->protocol->mistake(r, "this mechanism is not to be had here");
    else
        return false;
    return true;
}

static void malformed(struct reader *r)
{
    reader_give_up(r, reader_unanswered(r));
    r->protocol->mistake(r, "that is no response of this mechanism");
}

static void ask(struct reader *r, struct slice challenge)
{
    session_text(&r->base, challenge);
    session_text(&r->base, SLICE("\r\n"));
}

/* AUTH LOGIN asks for both in base64 ("Username:", "Password:"). */
static void asked_user(struct reader *r, struct slice response)
{
    char room[LOGIN_USER_MAX + 4];
    struct slice user;
    if (!sasl_decode(response, room, sizeof room, &user) ||
        !credentials_user(&r->attempt->who, user)) {
        malformed(r);
        return;
    }
    r->attempt->dialogue = READER_LOGIN_PASSWORD;
    ask(r, SLICE("+ UGFzc3dvcmQ6"));
}

static void asked_password(struct reader *r, struct slice response)
{
    char room[LOGIN_PASSWORD_MAX + 4];
    struct slice password;
    bool read = sasl_decode(response, room, sizeof room, &password) &&
                credentials_password(&r->attempt->who, password);
    OPENSSL_cleanse(room, sizeof room);
    if (read)
        begin(r);
    else
        malformed(r);
}

/* ---- of a mechanism that passes ---- */

static enum sasl_read read_response(struct reader *r, struct slice text)
{
    char room[SASL_RESPONSE_MAX + 4];
    struct slice response;
    struct login_attempt *attempt = r->attempt;
    enum sasl_read found = SASL_MALFORMED;
    bool kept =
        attempt->responses > r->mechanism->proof || credentials_response(&attempt->who, text);
    if (kept && sasl_decode(text, room, sizeof room, &response))
        found = r->mechanism->read(attempt->responses, response, &attempt->who);
    OPENSSL_cleanse(room, sizeof room);
    return found;
}

/* The server has gone on with him, so it was no wrong guess. */
static void refuse_layer(struct reader *r)
{
    struct slice text = SLICE("no security layer is to be had here, it is TLS that encrypts");
    reader_record_refusal(r, text, NULL);
    reader_give_up(r, LOGIN_NEITHER);
    if (session_may_err(&r->base))
        r->protocol->refuse(r, READER_NOT_THIS_LOGIN, text);
}

/* The rules are asked before the server hears anything, and again once the user is known. */
static void relay_response(struct reader *r, struct slice text)
{
    bool first = ++r->attempt->responses == 1;
    if (slice_eq(text, SLICE("="))) /* the empty one, as AUTH says it */
        text = SLICE("");
    enum sasl_read found = read_response(r, text);
    r->attempt->dialogue = READER_COMMANDS;
    if (found == SASL_MALFORMED)
        malformed(r);
    else if (found == SASL_WANTS_LAYER)
        refuse_layer(r);
    else if (first || found == SASL_NAMES_USER)
        begin(r);
    else
        r->protocol->respond(r, text);
}

static void cancel(struct reader *r)
{
    if (r->upstream) {
        r->protocol->cancel(r);
        return;
    }
    reader_forget(r);
    r->protocol->mistake(r, "as you wish");
}

static void take_response(struct reader *r, struct slice response)
{
    if (r->mechanism->read) {
        relay_response(r, response);
    } else if (r->mechanism->id == MECHANISM_LOGIN) {
        asked_user(r, response);
    } else if (sasl_plain(response, &r->attempt->who)) {
        begin(r);
    } else {
        malformed(r);
    }
}

void reader_answer(struct reader *r, struct slice line)
{
    if (slice_eq(line, SLICE("*")))
        cancel(r);
    else if (r->attempt->dialogue == READER_LOGIN_PASSWORD)
        asked_password(r, line);
    else
        take_response(r, line);
}

void reader_authenticate(struct reader *r, struct slice name, struct slice initial)
{
    const struct sasl_mechanism *mechanism = sasl_mechanism(name);
    if (reader_denies(r, mechanism ? mechanism->id : MECHANISMS) || !mechanism)
        return;
    reader_forget(r);
    r->mechanism = mechanism;
    r->attempt->dialogue = READER_RESPONSE;
    if (initial.len)
        take_response(r, initial);
    else
        ask(r, mechanism->id == MECHANISM_LOGIN ? SLICE("+ VXNlcm5hbWU6") : SLICE("+ "));
}
