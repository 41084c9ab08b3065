/* SPDX-License-Identifier: ISC */
#include "proxy/login/login.h"

#include "base/clock.h"
#include "policy/spelling.h"
#include "proxy/session/session_facts.h"

#include <stdlib.h>

enum { LOOK_MS = 50 /* between two looks for room that others gave back */ };

static const struct config *config_of(const struct login *l)
{
    return l->base->proxy->config;
}

bool login_begin(struct session *base, const struct login_protocol *protocol, struct arena *arena)
{
    struct login *l = calloc(1, sizeof *l);
    if (!l)
        return false;
    *l = (struct login){.base = base, .protocol = protocol, .arena = arena};
    base->login = l;
    return true;
}

const char login_no_client[] = "a load balancer does not log in: the PROXY header named no client";

bool login_is_allowed(const struct session *base)
{
    return (!base->listener->require_tls || session_is_encrypted(base)) && !base->health;
}

/* ---- the end of a try ---- */

void login_forget(struct login *l)
{
    credentials_forget(&l->who);
    l->dialogue = LOGIN_COMMANDS;
    l->password_out = false;
    l->responses = 0;
    l->served = 0;
}

/* A server that was told a password and is silent may have known it to be wrong: who hangs up before
 * the answer has guessed as well. */
enum login_end login_unanswered(const struct login *l)
{
    return l->password_out ? LOGIN_FAILED : LOGIN_NEITHER;
}

/* Of an exchange that is between client and server it is known only whether the proof was out. */
enum login_end login_refused(const struct login *l)
{
    return l->mechanism->read ? login_unanswered(l) : LOGIN_FAILED;
}

static void leave_line(struct login *l)
{
    const struct proxy *proxy = l->base->proxy;
    if (l->counted)
        shared_login_give(proxy->shared, proxy->row, &l->base->claim.holder);
    l->counted = false;
}

void login_give_up(struct login *l, enum login_end end)
{
    leave_line(l);
    session_forget_waiting(l->base); /* for a rule's delay, or who was asked about him */
    login_guard_over(&l->guard, end, &l->who);
    login_forget(l);
    l->protocol->give_up(l->base);
}

void login_close(struct session *base, enum login_end end)
{
    struct login *l = base->login;
    if (!l)
        return;
    leave_line(l);
    login_guard_over(&l->guard, end, &l->who);
    login_guard_hurry(&l->guard);
    credentials_forget(&l->who);
    free(l);
    base->login = NULL;
}

/* ---- who ---- */

/* The user's address, where he logs in by name alone as well, or as "CORP\joe". */
static struct slice address_of(const struct login *l, struct slice user)
{
    struct slice domain = l->base->listener->login_domain;
    size_t at = slice_rfind(user, '\\');
    if (user.len == 0 || domain.len == 0 || slice_find(user, '@') < user.len)
        return user;
    return ARENA_JOIN(l->arena, slice_from(user, at < user.len ? at + 1 : 0), SLICE("@"), domain);
}

struct slice login_user(const struct login *l)
{
    return slice_of(*l->who.acting_for ? l->who.acting_for : l->who.user);
}

struct slice login_address(const struct login *l)
{
    return address_of(l, login_user(l));
}

/* ---- what the rules say ---- */

void login_facts(struct arena *arena, struct slice user, const struct sasl_mechanism *mechanism,
                 struct facts *facts)
{
    struct slice domain = slice_from(user, slice_rfind(user, '@') + 1);
    bool has_domain = domain.len && domain.len < user.len;
    facts->fact[FACT_LOGIN_USER] = user.len ? value_text(arena_copy(arena, user)) : value_absent();
    facts->fact[FACT_LOGIN_DOMAIN] = has_domain ? value_domain(arena, domain) : value_absent();
    facts->fact[FACT_LOGIN_OWNS_SENDER] = value_absent(); /* of who sends alone */
    facts->fact[FACT_LOGIN_MECHANISM] = value_text(slice_of(mechanism->fact));
}

/* What the client has said goes on, to be answered. */
static void enter(struct session *base)
{
    struct login *l = base->login;
    session_wait(base);
    if (l->protocol->connected(base))
        l->protocol->respond(base, slice_of(l->who.response));
    else
        l->protocol->proceed(base);
}

/* Who names himself late is judged twice, and waits for the longer of both delays. */
static void wait_and_enter(struct login *l, int64_t delay)
{
    int64_t *served = &l->served;
    int64_t more = delay > *served ? delay - *served : 0;
    *served += more;
    session_delay(l->base, more, enter);
}

static void act(struct login *l, const struct verdict *verdict)
{
    struct session *base = l->base;
    bool refuses = verdict->action == ACTION_REJECT || verdict->action == ACTION_DROP ||
                   verdict->action == ACTION_DEFER;
    if (!refuses) {
        wait_and_enter(l, verdict->delay);
        return;
    }
    l->protocol->record(base, verdict->text, verdict);
    login_give_up(l, LOGIN_NEITHER);
    if (verdict->action != ACTION_DROP && !session_may_err(base))
        return;
    l->protocol->refuse(base, verdict->action == ACTION_DEFER ? LOGIN_NOT_NOW : LOGIN_NOT_THIS,
                        verdict->text);
    if (verdict->action == ACTION_DROP)
        session_hang_up(base);
    else
        session_go_on(base);
}

static void no_memory(struct login *l)
{
    login_give_up(l, LOGIN_NEITHER);
    l->protocol->refuse(l->base, LOGIN_NOT_NOW, SLICE("out of memory"));
    session_go_on(l->base);
}

static void judge(struct session *base)
{
    struct login *l = base->login;
    struct verdict verdict;
    login_guard_hurry(&l->guard);
    session_client_facts(base, l->facts);
    l->protocol->facts(base, l->facts);
    login_facts(l->arena, l->guard.who.user, l->mechanism, l->facts);
    if (policy_evaluate_login(config_of(l)->policy, l->facts, l->arena, &verdict) ==
        OUTCOME_DECIDED)
        act(l, &verdict);
    else
        no_memory(l);
}

/* Redis has said how often it was tried before, or has taken too long. */
static void guard_knows(struct session *base)
{
    stream_deadline(base->stream, 0);
    session_await(base, PHASE_LOGIN, judge);
}

static void guard_done(void *ctx)
{
    struct login *l = ctx;
    l->base->wait.resume = NULL;
    guard_knows(l->base);
}

static void await_guard(struct login *l)
{
    session_wait(l->base);
    if (login_guard_waits(&l->guard))
        session_delay(l->base, config_of(l)->settings.resolver_patience, guard_knows);
    else
        guard_knows(l->base);
}

static void begin(struct login *l)
{
    const struct policy *policy = config_of(l)->policy;
    l->dialogue = LOGIN_COMMANDS;
    login_guard_over(&l->guard, LOGIN_NEITHER, &l->who); /* before he was named */
    l->protocol->begins(l->base);
    arena_reset(l->arena);
    l->facts = arena_alloc(l->arena, sizeof *l->facts);
    struct slice user = address_of(l, slice_of(l->who.user));
    if (!l->facts || !user.ptr || !login_address(l).ptr ||
        !(l->facts->keyed = facts_keyed_new(l->arena, policy))) {
        no_memory(l);
        return;
    }
    login_guard_begin(&l->guard, l->base->proxy, l->arena, &l->base->client, user, l->facts,
                      guard_done, l);
    await_guard(l);
}

void login_try(struct login *l, enum login_mechanism mechanism)
{
    l->mechanism = sasl_mechanism_of(mechanism);
    begin(l);
}

/* ---- servers are asked about so many logins at once, and so many of one network ---- */

static void take_turn(struct session *base)
{
    struct login *l = base->login;
    const struct settings *settings = &config_of(l)->settings;
    l->counted = shared_login_take(base->proxy->shared, base->proxy->row, &base->claim.holder,
                                   settings->limits_logins);
    if (l->counted)
        l->turn(base);
    else if (clock_ms() - l->in_line < settings->timeouts_connect)
        session_delay(base, LOOK_MS, take_turn);
    else
        l->protocol->cannot(base, "too many logins at once");
}

void login_take_turn(struct login *l, void (*then)(struct session *base))
{
    l->in_line = clock_ms();
    l->turn = then;
    take_turn(l->base);
}

void login_responds(struct login *l)
{
    l->password_out |= l->responses >= l->mechanism->proof;
}
