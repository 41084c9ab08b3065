/* SPDX-License-Identifier: ISC */
#include "proxy/process/parts.h"

#include "base/log.h"
#include "base/process.h"
#include "common/redis_place.h"
#include "proxy/examine/asked_before.h"
#include "proxy/examine/scan_memory.h"
#include "proxy/examine/scan_times.h"
#include "proxy/smtp/recipient_cache.h"
#include "proxy/smtp/smtp_pool.h"
#include "proxy/upstream/mailbox_servers.h"

#include <stdlib.h>

static void open_log(const struct config *config)
{
    const struct settings *settings = &config->settings;
    log_open_as("gatepost-proxy",
                &(struct log_words){settings->log_to, settings->log_format, settings->log_level});
}

void parts_load(struct program *p)
{
    struct loader files = bundle_loader(p->bundle);
    struct buf report = buf_init((size_t)64 * 1024);
    p->config = config_load(p->path, &files, p->hostname, &report);
    if (!p->config) {
        buf_char(&report, '\0');
        program_give_up(buf_slice(&report).ptr);
    }
    buf_release(&report);
    p->proxy.config = p->config;
    open_log(p->config);
    const char *reason;
    p->proxy.tls = tls_contexts_new(p->config, &files, &reason);
    if (!p->proxy.tls)
        program_give_up(reason);
    program_set_tickets(p);
}

static void redis_wanted(void *ctx)
{
    (void)ctx;
    program_say(MESSAGE_REDIS_WANTED, SLICE(""));
}

static void make_redis(struct program *p, struct slice ca)
{
    static const struct redis_owner owner = {.wanted = redis_wanted};
    const struct settings *settings = &p->config->settings;
    struct redis_files files = {.ca = ca};
    struct slice secret = {NULL, 0};
    const char *reason;
    if ((settings->redis_password_file.len > 0 &&
         !bundle_read(p->bundle, settings->redis_password_file, &files.password, &reason)) ||
        (settings->redis_sentinel_password_file.len > 0 &&
         !bundle_read(p->bundle, settings->redis_sentinel_password_file, &files.sentinel_password,
                      &reason)))
        program_give_up(reason);
    if (redis_secret_needed(p->config) &&
        !bundle_read(p->bundle, p->config->settings.contacts_key, &secret, &reason))
        program_give_up(reason);
    p->proxy.redis = redis_new(p->proxy.base, p->config, &files, &owner);
    if (!p->proxy.redis ||
        !(p->proxy.state = state_new(p->proxy.base, p->proxy.redis, p->config, secret)))
        program_give_up("redis: out of memory, or the configuration cannot be used");
}

/* What the DNS is to say of its keys tells how they sign. */
static void learn_algorithms(struct program *p)
{
    const struct config *config = p->config;
    struct slice record;
    const char *reason = "a key that mail is signed with is not in the bundle";
    p->proxy.algorithms = calloc(config->signing_key_count + 1, sizeof *p->proxy.algorithms);
    if (!p->proxy.algorithms)
        program_give_up("out of memory");
    for (size_t i = 0; i < config->signing_key_count; i++)
        if (!bundle_read(p->bundle, config->signing_keys[i].path, &record, &reason) ||
            !dkim_record_algorithm(record, &p->proxy.algorithms[i]))
            program_give_up(reason);
}

static struct slice secret_line(struct program *p, struct slice path)
{
    struct slice secret = {NULL, 0};
    const char *reason;
    if (!bundle_read(p->bundle, path, &secret, &reason))
        program_give_up(reason);
    return slice_trim(secret);
}

static void learn_tags(struct program *p)
{
    const struct settings *settings = &p->config->settings;
    struct batv *batv = &p->proxy.batv;
    if (settings->batv_key.len == 0)
        return;
    batv->keys[batv->count++] = secret_line(p, settings->batv_key);
    if (settings->batv_old_key.len > 0)
        batv->keys[batv->count++] = secret_line(p, settings->batv_old_key);
}

void parts_make(struct program *p)
{
    learn_tags(p);
    struct slice ca = {NULL, 0};
    const char *reason;
    bundle_read(p->bundle, p->config->settings.tls_ca_file, &ca, &reason);
    p->proxy.backends = smtp_pools_new(p->proxy.base, p->config, ca, p->proxy.shared, p->proxy.row,
                                       process_count(p->config->settings.process_proxies));
    if (p->proxy.backends && !smtp_pools_log_in(p->proxy.backends, p->bundle, &reason))
        program_give_up(reason);
    p->proxy.recipients = recipient_cache_new();
    p->proxy.mailboxes = mailbox_servers_new(p->config, ca, p->proxy.shared, p->proxy.row);
    if (!p->proxy.backends || !p->proxy.recipients || !p->proxy.mailboxes)
        program_give_up("out of memory");
    learn_algorithms(p);
    if (!proxy_learn_policy(&p->proxy))
        program_give_up("out of memory");
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        if (config_reads_mail(p->config) && p->proxy.scans[kind] &&
            !(p->proxy.scanned[kind] = scan_memory_new()))
            program_give_up("out of memory");
    if (p->proxy.scans[SCANNER_SCAN] || p->proxy.scans[SCANNER_AV]) {
        p->proxy.scan_times = scan_times_new();
        if (!p->proxy.scan_times)
            program_give_up("out of memory");
    }
    if (policy_asks(p->proxy.config->policy, ASKS_DNS) &&
        !(p->proxy.resolver = resolver_new(p->proxy.base, p->config, &reason)))
        log_at(LEVEL_ERROR, "", "no DNS: what needs it is unknown", field_str("reason", reason));
    if (p->proxy.resolver && !(p->proxy.asked_before = asked_before_new()))
        program_give_up("out of memory");
    if (redis_needed(p->config))
        make_redis(p, ca);
}
