/* SPDX-License-Identifier: ISC
 * What backends can do, and the probe at start. */
#include "proxy/smtp/smtp_pool_internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>

static unsigned fewer(unsigned a, unsigned b)
{
    return a && (!b || a < b) ? a : b;
}

static void intersect(struct smtp_capabilities *common, const struct smtp_capabilities *one)
{
    if (!common->known) {
        *common = *one;
        common->known = true;
        return;
    }
    common->pipelining = common->pipelining && one->pipelining;
    common->eight_bit = common->eight_bit && one->eight_bit;
    common->utf8 = common->utf8 && one->utf8;
    common->dsn = common->dsn && one->dsn;
    if (one->size && (!common->size || one->size < common->size))
        common->size = one->size;
    common->recipients = fewer(common->recipients, one->recipients);
}

/* ---- what one proxy has heard all know ---- */

enum { KNOWN = 1, PIPELINING = 2, EIGHT_BIT = 4, UTF8 = 8, DSN = 16, STARTTLS = 32, SIZE_AT = 8 };

void smtp_pool_publish(struct smtp_pool_server *server)
{
    const struct smtp_capabilities *can = &server->can;
    uint64_t size = can->size < UINT64_MAX >> SIZE_AT ? can->size : 0;
    uint64_t bits = KNOWN | (can->pipelining ? PIPELINING : 0) | (can->eight_bit ? EIGHT_BIT : 0) |
                    (can->utf8 ? UTF8 : 0) | (can->dsn ? DSN : 0) | (can->starttls ? STARTTLS : 0);
    shared_server_offers(server->pool->all->shared, server->pool->all->row,
                         upstream_server_number(server->at), size << SIZE_AT | bits);
}

static struct smtp_capabilities published(const struct smtp_pool_server *server)
{
    uint64_t bits =
        shared_server_offered(server->pool->all->shared, upstream_server_number(server->at));
    return (struct smtp_capabilities){.known = bits & KNOWN,
                                      .pipelining = bits & PIPELINING,
                                      .eight_bit = bits & EIGHT_BIT,
                                      .utf8 = bits & UTF8,
                                      .dsn = bits & DSN,
                                      .starttls = bits & STARTTLS,
                                      .size = bits >> SIZE_AT};
}

unsigned smtp_pool_recipients_most(const struct smtp_pool_server *server, unsigned told)
{
    return fewer(told,
                 shared_server_recipients_most(server->pool->all->shared,
                                               upstream_server_number(server->at), clock_ms()));
}

/* What it told in EHLO, and what was found out. */
static struct smtp_capabilities capabilities_of(const struct smtp_pool_server *server)
{
    struct smtp_capabilities can = server->can.known ? server->can : published(server);
    can.recipients = smtp_pool_recipients_most(server, can.recipients);
    return can;
}

/* False: none of its servers is known. */
static bool intersect_pool(struct smtp_capabilities *common, const struct smtp_pool *pool)
{
    bool known = false;
    for (size_t i = 0; i < pool->server_count; i++) {
        struct smtp_capabilities can = capabilities_of(&pool->servers[i]);
        if (can.known)
            intersect(common, &can);
        known = known || can.known;
    }
    return known;
}

static void learn_recipients(const struct smtp_pool *pool, const struct smtp_job *job,
                             unsigned most)
{
    const struct smtp_pools *all = pool->all;
    for (size_t i = 0; i < pool->server_count; i++) {
        const struct upstream_server *server = pool->servers[i].at;
        if (slice_eq(upstream_server_conf(server)->address, job->server))
            shared_server_recipients(all->shared, all->row, upstream_server_number(server), most,
                                     clock_ms() + SHARED_KNOWN_MS);
    }
}

void smtp_pools_learn_recipients(struct smtp_pools *all, const struct smtp_job *job, unsigned most)
{
    learn_recipients(smtp_pools_pool(all, job->backend), job, most);
    learn_recipients(smtp_pools_logins(all, job->backend), job, most);
}

/* Whether mail of this listener may go there. */
static bool leads_to(const struct listener *listener, const struct smtp_pool *pool)
{
    bool by_login = listener->submission && !listener->relay;
    return pool->for_logins == by_login && config_leads(pool->all->config, listener, pool->conf);
}

struct smtp_capabilities smtp_pools_common(const struct smtp_pools *all,
                                           const struct listener *listener)
{
    struct smtp_capabilities common = {0};
    bool known = true;
    for (size_t i = 0; i < all->pool_count; i++)
        if (all->pools[i].server_count && leads_to(listener, &all->pools[i]))
            known = intersect_pool(&common, &all->pools[i]) && known;
    if (!common.known)
        common.utf8 = true;
    if (!known)
        common.eight_bit = common.dsn = false;
    common.known = known;
    return common;
}

struct smtp_capabilities smtp_pools_of(const struct smtp_pools *all, const struct backend *backend)
{
    struct smtp_capabilities common = {0};
    intersect_pool(&common, smtp_pools_pool(all, backend));
    return common;
}

/* ---- the start-up probe ---- */

static void probe_done(struct smtp_job *job)
{
    if (job->outcome == JOB_ANSWERED && job->recipients[0].reply.kind == REPLY_YES)
        log_at(LEVEL_WARNING, "",
               "backend accepts any recipient in the session: give its domains a recipient table",
               field_text("backend", job->backend->name),
               field_text("tried", job->recipients[0].address));
}

static const struct domain *domain_of(const struct config *config, const struct backend *backend)
{
    for (size_t i = 0; i < config->domain_count; i++)
        if (config->domains[i].backend == backend && !config->domains[i].recipients)
            return &config->domains[i];
    return NULL;
}

static void probe_recipient(struct smtp_pool *pool)
{
    const struct domain *domain = domain_of(pool->all->config, pool->conf);
    if (!domain || !pool->conf->probe || !pool->server_count || pool->for_logins)
        return;
    int n = snprintf(pool->probe_address, sizeof pool->probe_address, "no-such-user-%llx@%.*s",
                     (unsigned long long)clock_wall() * 2654435761u, SLICE_ARGS(domain->name.text));
    if (n < 0 || (size_t)n >= sizeof pool->probe_address)
        return;
    pool->probe_recipient = (struct job_recipient){.address = {pool->probe_address, (size_t)n}};
    pool->probe =
        (struct smtp_job){.kind = JOB_CHECK,
                          .id = "probe",
                          .backend = pool->conf,
                          .arena = pool->all->probe_arena,
                          .deadline = clock_ms() + pool->all->config->settings.timeouts_backend,
                          .done = probe_done,
                          .recipients = &pool->probe_recipient,
                          .recipient_count = 1};
    smtp_pools_submit(pool->all, &pool->probe);
}

void smtp_pools_probe(struct smtp_pools *all, bool warn)
{
    for (size_t i = 0; i < all->pool_count; i++) {
        struct smtp_pool *pool = &all->pools[i];
        for (size_t n = 0; n < pool->server_count; n++)
            smtp_pool_open(&pool->servers[n]);
        if (warn)
            probe_recipient(pool);
    }
}
