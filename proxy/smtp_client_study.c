/* SPDX-License-Identifier: ISC
 * The client: its names, its HELO, the lists that list it. Found out once, for all transactions of
 * the session. */
#include "proxy/smtp_study.h"

#include <stdlib.h>

enum { ARENA_MAX = 512 * 1024 };

static const struct config *config_of(const struct session *s)
{
    return s->proxy->config;
}

static const bool *wants(const struct session *s)
{
    return s->proxy->wants;
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

static const enum producer producers[] = {PRODUCER_CLIENT, PRODUCER_HELO, PRODUCER_DNSBL};
enum { PRODUCERS = sizeof producers / sizeof *producers };

static void give_up_dns(struct client_study *client)
{
    inquiry_cancel(&client->dns);
    for (int i = 0; i < PRODUCERS; i++)
        study_give_up(&client->study, producers[i]);
}

static void give_up_redis(struct session *s)
{
    if (s->study->state)
        state_cancel(s->study->state);
    fail_rates(s);
}

static unsigned look_up(void *ctx, enum producer whose, const struct dns_wanted *wanted,
                        size_t count)
{
    struct client_study *client = ctx;
    (void)whose;
    return inquiry_ask(&client->dns, wanted, count);
}

static void go_on(struct session *s)
{
    struct client_study *client = s->study;
    client->study.suspended = shared_suspended(s->proxy->shared);
    if (client->dns.pending == 0)
        study_advance(&client->study);
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
    bool any = s->proxy->counts[RATE_CONNECTIONS];
    for (int i = 0; i < PRODUCERS; i++)
        any |= wants(s)[producers[i]];
    return any;
}

static void prepare_study(struct session *s)
{
    struct client_study *client = s->study;
    client->study = (struct study){.config = config_of(s),
                                   .arena = client->arena,
                                   .facts = &client->facts,
                                   .answers = dns_answers_new(client->arena),
                                   .from.client = s->client,
                                   .look_up = look_up,
                                   .ctx = client};
    if (client->study.answers && s->proxy->resolver)
        inquiry_begin(&client->dns, s->proxy->resolver, client->arena, client->study.answers,
                      on_answers, s);
    client->dns.client = s->client;
}

static bool prepare(struct session *s)
{
    struct client_study *client = calloc(1, sizeof *client);
    s->study = client;
    if (!client || !(client->arena = arena_new(ARENA_MAX)) ||
        !(client->facts.keyed = facts_keyed_new(client->arena, config_of(s)->policy)))
        return false;
    prepare_study(s);
    if (s->proxy->state)
        client->state = state_begin(s->proxy->state, client->arena, &client->facts, on_state, s);
    return client->study.answers != NULL;
}

/* Or what asks it for them stays without. */
static void begin_dns(struct session *s)
{
    if (s->study->dns.resolver)
        go_on(s);
    else
        give_up_dns(s->study);
}

static void want(struct session *s, enum producer producer)
{
    if (wants(s)[producer])
        study_want(&s->study->study, producer);
}

void client_study_begin(struct session *s)
{
    if (!wanted(s))
        return;
    if (!prepare(s)) {
        client_study_free(s);
        return;
    }
    struct client_study *client = s->study;
    client->facts.fact[FACT_LISTENER] = value_text(s->listener->name);
    client->facts.fact[FACT_DIRECTION] = value_integer(s->listener->direction);
    client->facts.fact[FACT_CLIENT_IP] = value_ip(s->client);
    client->facts.fact[FACT_CLIENT_PORT] = value_number(s->client_port);
    want(s, PRODUCER_CLIENT);
    want(s, PRODUCER_DNSBL);
    if (client->state && s->proxy->counts[RATE_CONNECTIONS])
        state_rates(client->state, RATE_CONNECTIONS);
    else
        fail_rates(s);
    begin_dns(s);
}

void client_study_helo(struct session *s)
{
    struct client_study *client = s->study;
    if (!client || !wants(s)[PRODUCER_HELO])
        return;
    client->facts.fact[FACT_HELO_RESOLVES] = client->facts.fact[FACT_HELO_FITS] = (struct value){0};
    client->study.from.helo = s->helo;
    want(s, PRODUCER_HELO);
    begin_dns(s);
}

/* The evaluators know what an answer that timed out means: one slow list does not silence the
 * others. */
void client_study_hurry(struct session *s)
{
    struct client_study *client = s->study;
    if (!client)
        return;
    if (client->dns.resolver) {
        inquiry_hurry(&client->dns, true);
        go_on(s);
        inquiry_hurry(&client->dns, false);
    }
    give_up_redis(s);
}

/* ---- what has come of it ---- */

bool client_study_waits(const struct session *s)
{
    const struct client_study *client = s->study;
    return client &&
           (client->dns.pending > 0 || (client->state && state_pending(client->state) > 0));
}

bool client_study_done(const struct session *s, enum phase phase)
{
    const struct client_study *client = s->study;
    return !client || (study_done(&client->study, phase) &&
                       (!client->state || state_pending(client->state) == 0));
}

bool client_study_knows_names(const struct session *s)
{
    return !s->study || s->study->study.about[PRODUCER_CLIENT] != LEARNING;
}

static bool is_of_client(enum producer producer)
{
    for (int i = 0; i < PRODUCERS; i++)
        if (producer == producers[i])
            return true;
    return false;
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
    struct client_study *client = s->study;
    struct facts *facts = &s->t.facts;
    if (!client)
        return;
    for (int i = 0; i < FACT_COUNT; i++)
        if (is_of_client(fact_info((enum fact)i)->producer))
            facts->fact[i] = client->facts.fact[i];
    if (!s->t.open)
        facts->keyed = client->facts.keyed;
    else
        keyed_facts(s);
}

void client_study_free(struct session *s)
{
    struct client_study *client = s->study;
    if (!client)
        return;
    if (client->dns.resolver)
        inquiry_cancel(&client->dns);
    if (client->state)
        state_cancel(client->state);
    arena_free(&client->arena);
    free(client);
    s->study = NULL;
}
