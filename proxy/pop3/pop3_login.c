/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "policy/spelling.h"
#include "proxy/pop3/pop3_session.h"
#include "proxy/session/session_facts.h"

#include <openssl/crypto.h>

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
    credentials_forget(s->who);
    s->user = (struct slice){NULL, 0};
    s->dialogue = POP3_COMMANDS;
    s->password_out = false;
    s->responses = 0;
    s->served = 0;
}

/* A server that was told a password and is silent may have known it to be wrong: who hangs up before
 * the answer has guessed as well. */
enum login_end pop3_login_unanswered(const struct pop3_session *s)
{
    return s->password_out ? LOGIN_FAILED : LOGIN_NEITHER;
}

void pop3_login_give_up(struct pop3_session *s, enum login_end end)
{
    login_guard_over(&s->guard, end, s->who);
    forget(s);
    pop3_upstream_free(&s->upstream);
}

/* The user's address, where he logs in by name alone as well, or as "CORP\joe". */
static struct slice address_of(struct pop3_session *s, struct slice user)
{
    struct slice domain = s->base.listener->login_domain;
    size_t at = slice_rfind(user, '\\');
    if (user.len == 0 || domain.len == 0 || slice_find(user, '@') < user.len)
        return user;
    return ARENA_JOIN(s->base.arena, slice_from(user, at < user.len ? at + 1 : 0), SLICE("@"),
                      domain);
}

static struct slice acting_user(const struct pop3_session *s)
{
    return slice_of(*s->who->acting_for ? s->who->acting_for : s->who->user);
}

struct slice pop3_mailbox_of(struct pop3_session *s)
{
    return address_of(s, acting_user(s));
}

void pop3_logged_in(struct pop3_session *s, struct slice line)
{
    s->login = arena_copy(s->base.arena, acting_user(s));
    s->mailbox = arena_copy(s->base.arena, pop3_mailbox_of(s));
    login_guard_over(&s->guard, LOGIN_SUCCEEDED, s->who);
    forget(s);
    credentials_free(&s->who);
    s->logged_in = true;
    client_study_free(&s->base.study); /* it was for who logs in: an idle session holds little */
    stream_reads_secrets(s->base.stream, false);
    arena_release(s->mail);
    if (!s->login.ptr || !s->mailbox.ptr) {
        pop3_err(s, "[SYS/TEMP]", SLICE("out of memory"));
        session_hang_up(&s->base);
        return;
    }
    log_at(LEVEL_INFO, s->base.id, "login", field_text("user", s->login),
           field_str("mechanism", s->mechanism->fact), field_text("backend", s->backend->name));
    pop3_answer(s, line);
}

/* ---- what the rules say ---- */

void pop3_facts(struct pop3_session *s, struct slice user, struct facts *facts)
{
    struct slice domain = slice_from(user, slice_rfind(user, '@') + 1);
    bool has_domain = domain.len && domain.len < user.len;
    session_facts(&s->base, facts);
    session_tls_facts(&s->base, s->mail, facts);
    facts->fact[FACT_LOGIN_USER] =
        user.len ? value_text(arena_copy(s->mail, user)) : value_absent();
    facts->fact[FACT_LOGIN_DOMAIN] = has_domain ? value_domain(s->mail, domain) : value_absent();
    facts->fact[FACT_LOGIN_MECHANISM] = value_text(slice_of(s->mechanism->fact));
}

static void enter(struct session *base)
{
    pop3_mailbox_enter(pop3_of(base));
}

/* Who names himself late is judged twice, and waits for the longer of both delays. */
static void wait_and_enter(struct pop3_session *s, int64_t delay)
{
    int64_t more = delay > s->served ? delay - s->served : 0;
    s->served += more;
    session_delay(&s->base, more, enter);
}

static void act(struct pop3_session *s, const struct verdict *verdict)
{
    bool refuses = verdict->action == ACTION_REJECT || verdict->action == ACTION_DROP ||
                   verdict->action == ACTION_DEFER;
    if (!refuses) {
        wait_and_enter(s, verdict->delay);
        return;
    }
    pop3_record_refusal(s, verdict->text, verdict);
    pop3_login_give_up(s, LOGIN_NEITHER);
    pop3_err(s, verdict->action == ACTION_DEFER ? "[SYS/TEMP]" : "[AUTH]", verdict->text);
    if (verdict->action == ACTION_DROP)
        session_hang_up(&s->base);
    else
        session_go_on(&s->base);
}

static void no_memory(struct pop3_session *s)
{
    pop3_login_give_up(s, LOGIN_NEITHER);
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

static void begin(struct pop3_session *s)
{
    s->dialogue = POP3_COMMANDS;
    login_guard_over(&s->guard, LOGIN_NEITHER, s->who); /* before the user was named */
    arena_reset(s->mail);
    pop3_refer(s);
    s->login_facts = arena_alloc(s->mail, sizeof *s->login_facts);
    if (!s->login_facts ||
        !(s->login_facts->keyed = facts_keyed_new(s->mail, config_of(s)->policy))) {
        no_memory(s);
        return;
    }
    login_guard_begin(&s->guard, s->base.proxy, s->mail, &s->base.client,
                      address_of(s, slice_of(s->who->user)), s->login_facts, guard_done, s);
    await_guard(s);
}

void pop3_login_end(struct pop3_session *s)
{
    if (s->who)
        login_guard_over(&s->guard, pop3_login_unanswered(s), s->who);
    login_guard_hurry(&s->guard);
    credentials_free(&s->who);
}

/* ---- what the client says ---- */

static bool offers(const struct pop3_session *s, enum login_mechanism mechanism)
{
    return s->base.listener->mechanisms & 1U << mechanism;
}

static bool refuses(struct pop3_session *s, enum login_mechanism mechanism)
{
    if (!pop3_may_log_in(s))
        pop3_mistake(s, "use STLS first: passwords are not taken in the clear");
    else if (!offers(s, mechanism))
        pop3_mistake(s, "this mechanism is not to be had here");
    else
        return false;
    return true;
}

void pop3_offer_logins(struct pop3_session *s)
{
    if (!pop3_may_log_in(s))
        return;
    if (offers(s, MECHANISM_USER))
        session_text(&s->base, SLICE("USER\r\n"));
    if (!(s->base.listener->mechanisms & ~(1U << MECHANISM_USER)))
        return;
    session_text(&s->base, SLICE("SASL"));
    for (int i = MECHANISM_USER + 1; i < MECHANISMS; i++)
        if (offers(s, (enum login_mechanism)i)) {
            session_text(&s->base, SLICE(" "));
            session_text(&s->base, slice_of(mechanism_name((enum login_mechanism)i)));
        }
    session_text(&s->base, SLICE("\r\n"));
}

void pop3_user(struct pop3_session *s, struct slice name)
{
    if (refuses(s, MECHANISM_USER))
        return;
    if (!credentials_user(s->who, name)) {
        pop3_mistake(s, "USER needs a name");
        return;
    }
    s->user = slice_of(s->who->user);
    pop3_ok(s, "send PASS");
}

void pop3_password(struct pop3_session *s, struct slice password)
{
    *s->who->acting_for = '\0';
    if (refuses(s, MECHANISM_USER))
        return;
    s->mechanism = sasl_mechanism_of(MECHANISM_USER);
    if (!s->user.len)
        pop3_mistake(s, "USER first");
    else if (!credentials_password(s->who, password))
        pop3_mistake(s, "PASS needs a password");
    else
        begin(s);
}

static void malformed(struct pop3_session *s)
{
    pop3_login_give_up(s, pop3_login_unanswered(s));
    pop3_mistake(s, "that is no response of this mechanism");
}

/* AUTH LOGIN asks for both in base64 ("Username:", "Password:"). */
static void asked_user(struct pop3_session *s, struct slice response)
{
    char room[LOGIN_USER_MAX + 4];
    struct slice user;
    if (!sasl_decode(response, room, sizeof room, &user) || !credentials_user(s->who, user)) {
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
                credentials_password(s->who, password);
    OPENSSL_cleanse(room, sizeof room);
    if (read)
        begin(s);
    else
        malformed(s);
}

/* ---- of a mechanism that passes ---- */

static enum sasl_read read_response(struct pop3_session *s, struct slice text)
{
    char room[SASL_RESPONSE_MAX + 4];
    struct slice response;
    enum sasl_read found = SASL_MALFORMED;
    bool kept = s->responses > s->mechanism->proof || credentials_response(s->who, text);
    if (kept && sasl_decode(text, room, sizeof room, &response))
        found = s->mechanism->read(s->responses, response, s->who);
    OPENSSL_cleanse(room, sizeof room);
    return found;
}

/* The rules are asked before the server hears anything, and again once the user is known. */
static void relay_response(struct pop3_session *s, struct slice text)
{
    bool first = ++s->responses == 1;
    if (slice_eq(text, SLICE("="))) /* the empty one, as AUTH says it */
        text = SLICE("");
    enum sasl_read found = read_response(s, text);
    s->dialogue = POP3_COMMANDS;
    if (found == SASL_MALFORMED)
        malformed(s);
    else if (first || found == SASL_NAMES_USER)
        begin(s);
    else
        pop3_mailbox_respond(s, text);
}

static void cancel(struct pop3_session *s)
{
    if (s->upstream) {
        pop3_mailbox_cancel(s);
        return;
    }
    forget(s);
    pop3_mistake(s, "as you wish");
}

static void take_response(struct pop3_session *s, struct slice response)
{
    if (s->mechanism->read) {
        relay_response(s, response);
    } else if (s->mechanism->id == MECHANISM_LOGIN) {
        asked_user(s, response);
    } else if (sasl_plain(response, s->who)) {
        begin(s);
    } else {
        malformed(s);
    }
}

void pop3_response(struct pop3_session *s, struct slice line)
{
    if (slice_eq(line, SLICE("*")))
        cancel(s);
    else if (s->dialogue == POP3_LOGIN_PASSWORD)
        asked_password(s, line);
    else
        take_response(s, line);
}

/* "AUTH" alone: as some clients ask what there is. */
static void list_mechanisms(struct pop3_session *s)
{
    session_text(&s->base, SLICE("+OK\r\n"));
    for (int i = MECHANISM_USER + 1; i < MECHANISMS; i++)
        if (pop3_may_log_in(s) && offers(s, (enum login_mechanism)i))
            pop3_pass(s, slice_of(mechanism_name((enum login_mechanism)i)));
    session_text(&s->base, SLICE(".\r\n"));
}

static void ask_response(struct pop3_session *s, const struct sasl_mechanism *mechanism,
                         struct slice initial)
{
    s->mechanism = mechanism;
    s->dialogue = POP3_RESPONSE;
    if (initial.len)
        take_response(s, initial);
    else
        pop3_pass(s, mechanism->id == MECHANISM_LOGIN ? SLICE("+ VXNlcm5hbWU6") : SLICE("+ "));
}

void pop3_auth(struct pop3_session *s, struct slice argument)
{
    struct slice name, response;
    if (argument.len == 0) {
        list_mechanisms(s);
        return;
    }
    slice_cut(argument, ' ', &name, &response);
    const struct sasl_mechanism *mechanism = sasl_mechanism(name);
    if (refuses(s, mechanism ? mechanism->id : MECHANISMS) || !mechanism)
        return;
    forget(s);
    ask_response(s, mechanism, slice_trim(response));
}
