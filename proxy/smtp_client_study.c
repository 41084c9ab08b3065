/* SPDX-License-Identifier: ISC
 * The client: its names, its HELO, the lists that list it. Found out once, for all transactions of
 * the session. */
#include "proxy/smtp_study.h"

#include "filters/blocklists.h"
#include "filters/client_names.h"

#include <stdlib.h>

enum { ARENA_MAX = 512 * 1024, ROUNDS_MAX = 16 };

static const struct config *config_of(const struct session *s)
{
    return s->proxy->config;
}

static const bool *wants(const struct session *s)
{
    return s->proxy->wants;
}

static void fail(struct session *s, enum producer producer)
{
    facts_fail(&s->study->facts, producer, config_of(s)->policy);
}

/* Those of later events are still to come. */
static void fail_rates(struct session *s)
{
    size_t count;
    const struct policy_key *keys = policy_keys(config_of(s)->policy, &count);
    struct value *keyed = s->study->facts.keyed;
    for (size_t i = 0; i < count; i++)
        if (keys[i].fact == FACT_RATE && keys[i].event == RATE_CONNECTIONS &&
            keyed[i].state == VALUE_PENDING)
            keyed[i] = value_unknown();
}

static void give_up_dns(struct session *s)
{
    struct client_study *study = s->study;
    inquiry_cancel(&study->dns);
    fail(s, PRODUCER_CLIENT);
    fail(s, PRODUCER_DNSBL);
    study->names = study->lists = study->helo = LEARNT;
}

static void give_up_redis(struct session *s)
{
    if (s->study->state)
        state_cancel(s->study->state);
    fail_rates(s);
}

/* ---- the evaluators, over the table ---- */

/* One of them: LEARNT unless an answer is missing. */
static void settle(struct client_study *study, bool evaluated, enum learning *what)
{
    if (evaluated && dns_missed(study->dns.answers))
        return;
    *what = LEARNT;
}

static unsigned ask(struct client_study *study)
{
    size_t count;
    const struct dns_wanted *wanted = dns_wanted(study->dns.answers, &count);
    return inquiry_ask(&study->dns, wanted, count);
}

/* True when one of them lacks answers and all that it wants has been asked for. */
static bool evaluate(struct session *s)
{
    struct client_study *study = s->study;
    struct dns_answers *dns = study->dns.answers;
    bool asked = false;
    if (study->lists == LEARNING) {
        dns_answers_restart(dns);
        settle(study,
               blocklists_client(study->arena, dns, config_of(s),
                                 shared_suspended(s->proxy->shared), &s->client, &study->facts),
               &study->lists);
        asked |= study->lists == LEARNING && ask(study) > 0;
    }
    if (study->names == LEARNING) {
        dns_answers_restart(dns);
        settle(study, client_names(study->arena, dns, &s->client, &study->facts), &study->names);
        asked |= study->names == LEARNING && ask(study) > 0;
    }
    if (study->helo == LEARNING) {
        dns_answers_restart(dns);
        settle(study, helo_names(study->arena, dns, &s->client, s->helo, &study->facts),
               &study->helo);
        asked |= study->helo == LEARNING && ask(study) > 0;
    }
    return asked;
}

static bool learns(const struct client_study *study)
{
    return study->names == LEARNING || study->lists == LEARNING || study->helo == LEARNING;
}

/* Cached answers are there at once: then it is run again at once. */
static void go_on(struct session *s)
{
    struct client_study *study = s->study;
    for (int round = 0; learns(study) && study->dns.pending == 0; round++)
        if (round == ROUNDS_MAX || arena_failed(study->arena)) {
            give_up_dns(s);
            return;
        } else if (evaluate(s)) {
            return;
        }
}

static void on_answers(void *ctx)
{
    struct session *s = ctx;
    go_on(s);
    if (s->t.open)
        sender_study_go_on(s); /* it may have waited for the client's name */
    session_settle(s);
}

static void on_state(void *ctx)
{
    session_settle(ctx);
}

/* ---- beginning ---- */

static bool wanted(const struct session *s)
{
    return wants(s)[PRODUCER_CLIENT] || wants(s)[PRODUCER_DNSBL] ||
           s->proxy->counts[RATE_CONNECTIONS];
}

static bool prepare(struct session *s)
{
    struct client_study *study = calloc(1, sizeof *study);
    s->study = study;
    if (!study || !(study->arena = arena_new(ARENA_MAX)) ||
        !(study->facts.keyed = facts_keyed_new(study->arena, config_of(s)->policy)))
        return false;
    struct dns_answers *answers = dns_answers_new(study->arena);
    if (answers && s->proxy->resolver)
        inquiry_begin(&study->dns, s->proxy->resolver, study->arena, answers, on_answers, s);
    study->dns.client = s->client;
    if (s->proxy->state)
        study->state = state_begin(s->proxy->state, study->arena, &study->facts, on_state, s);
    return answers != NULL;
}

void client_study_begin(struct session *s)
{
    if (!wanted(s))
        return;
    if (!prepare(s)) {
        client_study_free(s);
        return;
    }
    struct client_study *study = s->study;
    study->facts.fact[FACT_LISTENER] = value_text(s->listener->name);
    study->facts.fact[FACT_DIRECTION] = value_integer(s->listener->direction);
    study->facts.fact[FACT_CLIENT_IP] = value_ip(s->client);
    study->facts.fact[FACT_CLIENT_PORT] = value_number(s->client_port);
    study->names = wants(s)[PRODUCER_CLIENT] ? LEARNING : UNASKED;
    study->lists = wants(s)[PRODUCER_DNSBL] ? LEARNING : UNASKED;
    if (study->state && s->proxy->counts[RATE_CONNECTIONS])
        state_rates(study->state, RATE_CONNECTIONS);
    else
        fail_rates(s);
    if (study->dns.resolver)
        go_on(s);
    else
        give_up_dns(s);
}

void client_study_helo(struct session *s)
{
    struct client_study *study = s->study;
    if (!study || !wants(s)[PRODUCER_CLIENT])
        return;
    study->facts.fact[FACT_HELO_RESOLVES] = study->facts.fact[FACT_HELO_FITS] = (struct value){0};
    if (!study->dns.resolver) {
        give_up_dns(s);
        return;
    }
    study->helo = LEARNING;
    go_on(s);
}

/* The evaluators know what an answer that timed out means: one slow list does not silence the
 * others. */
void client_study_hurry(struct session *s)
{
    struct client_study *study = s->study;
    if (!study)
        return;
    if (study->dns.resolver) {
        inquiry_hurry(&study->dns, true);
        go_on(s);
        inquiry_hurry(&study->dns, false);
    }
    give_up_redis(s);
}

/* ---- what has come of it ---- */

bool client_study_waits(const struct session *s)
{
    const struct client_study *study = s->study;
    return study && (study->dns.pending > 0 || (study->state && state_pending(study->state) > 0));
}

bool client_study_done(const struct session *s, enum phase phase)
{
    const struct client_study *study = s->study;
    if (!study)
        return true;
    if (phase < PHASE_HELO && study->helo == LEARNING)
        return study->names != LEARNING && study->lists != LEARNING;
    return !learns(study) && (!study->state || state_pending(study->state) == 0);
}

bool client_study_knows_names(const struct session *s)
{
    return !s->study || s->study->names != LEARNING;
}

static bool is_of_client(enum producer producer)
{
    return producer == PRODUCER_CLIENT || producer == PRODUCER_DNSBL;
}

static void keyed_facts(struct session *s)
{
    size_t count;
    const struct policy_key *keys = policy_keys(config_of(s)->policy, &count);
    struct facts *facts = &s->t.facts;
    for (size_t i = 0; facts->keyed && i < count; i++)
        if (is_of_client(fact_info(keys[i].fact)->producer) ||
            (keys[i].fact == FACT_RATE && keys[i].event == RATE_CONNECTIONS))
            facts->keyed[i] = s->study->facts.keyed[i];
}

void client_study_facts(struct session *s)
{
    struct client_study *study = s->study;
    struct facts *facts = &s->t.facts;
    if (!study)
        return;
    for (int i = 0; i < FACT_COUNT; i++)
        if (is_of_client(fact_info((enum fact)i)->producer))
            facts->fact[i] = study->facts.fact[i];
    if (!s->t.open)
        facts->keyed = study->facts.keyed;
    else
        keyed_facts(s);
}

void client_study_free(struct session *s)
{
    struct client_study *study = s->study;
    if (!study)
        return;
    if (study->dns.resolver)
        inquiry_cancel(&study->dns);
    if (study->state)
        state_cancel(study->state);
    arena_free(&study->arena);
    free(study);
    s->study = NULL;
}
