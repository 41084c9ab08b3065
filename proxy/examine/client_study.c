/* SPDX-License-Identifier: ISC */
#include "proxy/examine/client_study.h"

#include "filters/origin.h"
#include "proxy/examine/findings.h"

#include <stdlib.h>

enum { ARENA_MAX = 512 * 1024 };

static const struct config *config_of(const struct client_study *client)
{
    return client->proxy->config;
}

/* Those of later events are still to come. */
static void fail_rates(struct client_study *client)
{
    size_t count;
    const struct policy_key *keys = policy_keys(config_of(client)->policy, &count);
    struct value *keyed = client->facts ? client->facts->keyed : NULL;
    for (size_t i = 0; keyed && i < count; i++)
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

static void give_up_redis(struct client_study *client)
{
    if (client->state)
        state_cancel(client->state);
    fail_rates(client);
}

static unsigned look_up(void *ctx, enum producer whose, const struct dns_wanted *wanted,
                        size_t count)
{
    struct client_study *client = ctx;
    (void)whose;
    return inquiry_ask(&client->dns, wanted, count);
}

static void go_on(struct client_study *client)
{
    client->study.suspended = shared_suspended(client->proxy->shared);
    if (client->dns.pending == 0)
        study_advance(&client->study);
}

static void on_answers(void *ctx)
{
    struct client_study *client = ctx;
    go_on(client);
    client->changed(client->ctx);
}

static void on_state(void *ctx)
{
    struct client_study *client = ctx;
    client->changed(client->ctx);
}

bool client_study_withheld(const struct client_study *client)
{
    return client && client->dns.withheld;
}

/* ---- beginning ---- */

static bool wanted(const struct proxy *proxy, const bool *wants)
{
    bool any = proxy->counts[RATE_CONNECTIONS];
    for (int i = 0; i < PRODUCERS; i++)
        any |= wants[producers[i]];
    return any;
}

/* What it takes to find out. False: out of memory, and nothing has changed. */
static bool equip(struct client_study *client)
{
    struct dns_answers *answers = dns_answers_new(client->arena);
    struct facts *facts = arena_alloc(client->arena, sizeof *facts);
    if (!answers || !facts ||
        !(facts->keyed = facts_keyed_new(client->arena, config_of(client)->policy)))
        return false;
    client->facts = client->study.facts = facts;
    client->study.arena = client->dns.arena = client->arena;
    client->study.answers = client->dns.answers = answers;
    return true;
}

/* False: out of memory. */
static bool prepare(struct client_study *client, const struct ip *ip, const struct holder *holder)
{
    client->study = (struct study){
        .config = config_of(client), .from.client = *ip, .look_up = look_up, .ctx = client};
    client->arena = arena_new(ARENA_MAX);
    if (client->proxy->resolver)
        inquiry_begin(&client->dns, client->proxy->resolver, client->arena, NULL, on_answers,
                      client);
    client->dns.asker = (struct asker){holder->network, holder->wider};
    if (!client->arena || !equip(client))
        return false;
    if (client->proxy->state)
        client->state =
            state_begin(client->proxy->state, client->arena, client->facts, on_state, client);
    return true;
}

static void begin_dns(struct client_study *client)
{
    if (client->dns.resolver)
        go_on(client);
    else
        give_up_dns(client);
}

static void want(struct client_study *client, enum producer producer)
{
    if (client->wants[producer])
        study_want(&client->study, producer);
}

static void begin(struct client_study *client)
{
    want(client, PRODUCER_CLIENT);
    want(client, PRODUCER_DNSBL);
    if (client->state && client->proxy->counts[RATE_CONNECTIONS])
        state_rates(client->state, RATE_CONNECTIONS);
    else
        fail_rates(client);
    begin_dns(client);
}

struct client_study *client_study_new(struct proxy *proxy, const struct listener *listener,
                                      const struct ip *ip, uint16_t port,
                                      const struct holder *holder, void (*changed)(void *ctx),
                                      void *ctx)
{
    const bool *wants = proxy_wants(proxy, listener);
    struct client_study *client = wanted(proxy, wants) ? calloc(1, sizeof *client) : NULL;
    if (!client)
        return NULL;
    *client = (struct client_study){.proxy = proxy, .wants = wants, .changed = changed, .ctx = ctx};
    if (!prepare(client, ip, holder)) {
        client_study_free(&client);
        return NULL;
    }
    struct value *fact = client->facts->fact;
    fact[FACT_LISTENER] = value_text(listener->name);
    fact[FACT_DIRECTION] = value_integer(listener->direction);
    fact[FACT_CLIENT_IP] = value_ip(*ip);
    fact[FACT_CLIENT_PORT] = value_number(port);
    if (wants[PRODUCER_GEO])
        origin_facts(proxy->config, ip, client->facts);
    if (listener->direction == DIRECTION_OUTBOUND)
        facts_no_stranger(client->facts, proxy->config->policy);
    begin(client);
    return client;
}

/* ---- resting ---- */

static bool is_of_client(enum fact fact)
{
    for (int i = 0; i < PRODUCERS; i++)
        if (fact_info(fact)->producer == producers[i])
            return true;
    return false;
}

struct client_facts {
    size_t count;
    enum fact of[FACT_COUNT];
};

/* All of them, found once: they are copied several times a message. */
static const struct client_facts *client_facts(void)
{
    static struct client_facts all;
    if (all.count == 0)
        for (int i = 0; i < FACT_COUNT; i++)
            if (is_of_client((enum fact)i))
                all.of[all.count++] = (enum fact)i;
    return &all;
}

static bool key_is_of_client(const struct policy_key *key)
{
    return is_of_client(key->fact) || (key->fact == FACT_RATE && key->event == RATE_CONNECTIONS);
}

static bool may_rest(const struct client_study *client)
{
    return client->facts && !client->dns.lookups && !client_study_waits(client) &&
           study_done(&client->study, PHASE_MESSAGE);
}

void client_study_rest(struct client_study *client)
{
    if (!client || !may_rest(client))
        return;
    struct arena *arena = arena_new(ARENA_MAX);
    struct findings *findings = arena ? findings_new(arena, config_of(client)->policy,
                                                     client->facts, is_of_client, key_is_of_client)
                                      : NULL;
    if (!findings) {
        arena_free(&arena);
        return;
    }
    if (client->state)
        state_cancel(client->state);
    arena_free(&client->arena);
    client->arena = arena;
    client->findings = findings;
    client->state = NULL;
    client->facts = client->study.facts = NULL;
    client->study.arena = client->dns.arena = NULL;
    client->study.answers = client->dns.answers = NULL;
}

/* False: out of memory. */
static bool wake(struct client_study *client)
{
    if (client->facts)
        return true;
    if (!equip(client))
        return false;
    findings_put(client->findings, client->facts);
    return true;
}

void client_study_helo(struct client_study *client, struct slice helo)
{
    if (!client || !client->wants[PRODUCER_HELO])
        return;
    if (!wake(client)) {
        findings_fail(client->findings, PRODUCER_HELO);
        return;
    }
    struct value *fact = client->facts->fact;
    fact[FACT_HELO_RESOLVES] = fact[FACT_HELO_FITS] = (struct value){0};
    client->study.from.helo = helo;
    want(client, PRODUCER_HELO);
    begin_dns(client);
}

/* The evaluators know what an answer that timed out means:
 * one slow list does not silence the others. */
void client_study_hurry(struct client_study *client)
{
    if (!client)
        return;
    if (client->dns.resolver) {
        inquiry_hurry(&client->dns, true);
        go_on(client);
        inquiry_hurry(&client->dns, false);
    }
    give_up_redis(client);
}

/* ---- what has come of it ---- */

bool client_study_waits(const struct client_study *client)
{
    return client &&
           (client->dns.pending > 0 || (client->state && state_pending(client->state) > 0));
}

bool client_study_done(const struct client_study *client, enum phase phase)
{
    return !client || (study_done(&client->study, phase) &&
                       (!client->state || state_pending(client->state) == 0));
}

bool client_study_knows_names(const struct client_study *client)
{
    return !client || client->study.about[PRODUCER_CLIENT] != LEARNING;
}

/* What is not known yet is pending. */
static void forget_facts(const struct client_study *client, struct facts *facts)
{
    size_t count;
    const struct policy_key *keys = policy_keys(config_of(client)->policy, &count);
    const struct client_facts *all = client_facts();
    for (size_t i = 0; i < all->count; i++)
        facts->fact[all->of[i]] = (struct value){0};
    for (size_t i = 0; facts->keyed && i < count; i++)
        if (key_is_of_client(&keys[i]))
            facts->keyed[i] = (struct value){0};
}

static void copy_facts(const struct client_study *client, struct facts *facts)
{
    size_t count;
    const struct policy_key *keys = policy_keys(config_of(client)->policy, &count);
    const struct client_facts *all = client_facts();
    for (size_t i = 0; i < all->count; i++)
        facts->fact[all->of[i]] = client->facts->fact[all->of[i]];
    for (size_t i = 0; facts->keyed && i < count; i++)
        if (key_is_of_client(&keys[i]))
            facts->keyed[i] = client->facts->keyed[i];
}

void client_study_facts(const struct client_study *client, struct facts *facts)
{
    if (!client)
        return;
    if (client->facts) {
        copy_facts(client, facts);
        return;
    }
    forget_facts(client, facts);
    findings_put(client->findings, facts);
}

void client_study_free(struct client_study **client)
{
    struct client_study *gone = *client;
    *client = NULL;
    if (!gone)
        return;
    if (gone->dns.resolver)
        inquiry_cancel(&gone->dns);
    if (gone->state)
        state_cancel(gone->state);
    arena_free(&gone->arena);
    free(gone);
}
