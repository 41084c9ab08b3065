/* SPDX-License-Identifier: ISC */
#include "proxy/process/proxy.h"

#include "base/clock.h"
#include "filters/likeness/likeness.h"
#include "filters/scanner/family_start.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

static bool is_of_spf(const struct policy_key *key)
{
    for (size_t i = 0; i < key->of_count; i++)
        if (fact_info(key->of[i].fact)->producer == PRODUCER_SPF)
            return true;
    return false;
}

static void learn_rates(struct proxy *proxy)
{
    size_t count;
    const struct policy_key *keys = policy_keys(proxy->config->policy, &count);
    proxy->spf_may_wait = true;
    for (size_t i = 0; i < count; i++) {
        if (keys[i].fact == FACT_RATE)
            proxy->counts[keys[i].event] = true;
        proxy->spf_may_wait &= !is_of_spf(&keys[i]);
    }
}

static bool looks_at_mail(const struct policy *policy)
{
    for (enum fact fact = 0; fact < FACT_COUNT; fact++)
        if (policy_uses(policy, fact) && fact_info(fact)->phase == PHASE_MESSAGE)
            return true;
    return false;
}

static void learn_wants(struct proxy *proxy)
{
    for (int i = 0; i < PRODUCER_COUNT; i++) {
        enum about about = producer_info((enum producer)i)->about;
        proxy->wants[i] = policy_wants(proxy->config->policy, (enum producer)i);
        proxy->wants_outbound[i] = proxy->wants[i] && about != ABOUT_STRANGERS;
        proxy->wants_others[i] = proxy->wants[i] && about != ABOUT_OURS;
    }
}

bool proxy_learn_policy(struct proxy *proxy)
{
    const struct policy *policy = proxy->config->policy;
    for (size_t i = 0; i < policy_rule_count(policy); i++) {
        struct rule_info rule = policy_rule_info(policy, i);
        for (enum phase phase = rule.acts_at; phase <= PHASE_MESSAGE; phase++) {
            proxy->acts_at[phase] = true;
            proxy->drops_at[phase] |= rule.drops;
        }
    }
    learn_wants(proxy);
    proxy->waits_for_silence = policy_uses(policy, FACT_CLIENT_PREGREET);
    learn_rates(proxy);
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        proxy->scans[kind] = pipeline_needs(proxy->config, (enum scanner_kind)kind);
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        proxy->workers[kind] = family_workers((enum scanner_kind)kind, &proxy->config->settings);
    proxy->looks_at_mail = looks_at_mail(policy);
    if (proxy->wants[PRODUCER_LIKENESS])
        proxy->likeness = likeness_new(proxy->config->arena, proxy->config);
    return (proxy->likeness || !proxy->wants[PRODUCER_LIKENESS]) &&
           pipeline_job(proxy->config, proxy->config->arena, &proxy->job);
}

static void count_more(struct proxy *proxy, enum counter counter, uint64_t now, uint64_t before)
{
    if (now > before)
        shared_count(proxy->shared, proxy->row, counter, now - before);
}

static void tell_dns(struct proxy *proxy, const struct resolver_counts *now,
                     int64_t answered_before)
{
    if (now->answered_at > answered_before)
        shared_server_up(proxy->shared, proxy->row, SHARED_RESOLVER);
    if (dns_silence_is_its_own(&now->silence, clock_ms()))
        shared_server_down(proxy->shared, proxy->row, SHARED_RESOLVER,
                           clock_wall() - (clock_ms() - now->silence.since) / 1000,
                           "nothing is answered");
}

static void count_dns(struct proxy *proxy)
{
    struct resolver_counts now = resolver_counts(proxy->resolver);
    struct resolver_counts *before = &proxy->counted.resolver;
    count_more(proxy, COUNTER_DNS_QUESTIONS, now.asked, before->asked);
    count_more(proxy, COUNTER_DNS_FAILURES, now.failed + now.timed_out,
               before->failed + before->timed_out);
    tell_dns(proxy, &now, before->answered_at);
    *before = now;
}

/* From the line that has said so to the one that says that it is back. */
static void tell_redis(struct proxy *proxy)
{
    struct shared *shared = proxy->shared;
    int64_t since = redis_away_since(proxy->redis);
    if (since)
        shared_server_down(shared, proxy->row, SHARED_REDIS, since, "no answer");
    else if (redis_available(proxy->redis))
        shared_server_up(shared, proxy->row, SHARED_REDIS);
}

static void count_redis(struct proxy *proxy)
{
    struct redis_counts now = redis_counts(proxy->redis);
    bool away = !redis_available(proxy->redis);
    count_more(proxy, COUNTER_REDIS_FAILURES, now.failures, proxy->counted.redis.failures);
    count_more(proxy, COUNTER_REDIS_UNAVAILABLE, away, proxy->counted.redis_away);
    tell_redis(proxy);
    proxy->counted.redis = now;
    proxy->counted.redis_away = away;
}

void proxy_count(struct proxy *proxy)
{
    if (proxy->resolver)
        count_dns(proxy);
    if (proxy->redis)
        count_redis(proxy);
}

void proxy_new_id(struct proxy *proxy, char out[static 24])
{
    static uint32_t process;
    if (process == 0 && getrandom(&process, sizeof process, 0) != (ssize_t)sizeof process)
        process = 1;
    snprintf(out, 24, "%08x%" PRIx64, process, 0x1000 + proxy->next_id++);
}

void proxy_end_if_drained(struct proxy *proxy)
{
    bool is_used = proxy->session_count || proxy->expected || !proxy->errands_over;
    if (proxy->draining && !is_used)
        proxy->drained(proxy);
}
