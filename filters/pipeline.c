/* SPDX-License-Identifier: ISC */
#include "filters/pipeline.h"

#include "filters/files/attachment_rest.h"
#include "filters/links/links.h"

static unsigned asks_of(enum scanner_kind kind)
{
    static const unsigned asks[SCANNER_KINDS] = {
        [SCANNER_SCAN] = ASKS_SCANNER, [SCANNER_AV] = ASKS_ANTIVIRUS, [SCANNER_QR] = ASKS_QR};
    return asks[kind];
}

static bool is_from(enum producer producer, enum scanner_kind kind)
{
    return producer_info(producer)->asks & asks_of(kind);
}

static bool wants(const struct config *config, enum producer producer)
{
    return policy_wants(config->policy, producer);
}

/* What any rule refuses of a message that is read must be found in it. */
static bool may_redact(const struct config *config)
{
    return config_reads_mail(config) && policy_rule_count(config->policy) > 0;
}

static bool is_taught_by_mail(const struct config *config)
{
    return config->teachers.traps || config->teachers.reporters;
}

/* What users move or report, an admin releases, or comes into a trap. */
static bool may_learn(const struct config *config)
{
    return config->settings.learn_enabled &&
           (config_reads_mail(config) || policy_keeps(config->policy) || is_taught_by_mail(config));
}

bool pipeline_needs(const struct config *config, enum scanner_kind kind)
{
    if (kind == SCANNER_AV)
        return config->settings.antivirus_enabled && policy_asks(config->policy, ASKS_ANTIVIRUS);
    if (kind == SCANNER_QR)
        return config->settings.qr_enabled &&
               (wants(config, PRODUCER_CODES) || wants(config, PRODUCER_LINKS) ||
                wants(config, PRODUCER_URLS));
    return policy_asks(config->policy, ASKS_SCANNER) || policy_banners(config->policy) ||
           may_redact(config) || may_learn(config);
}

static bool name_headers(const struct policy *policy, struct arena *arena, struct scan_job *out)
{
    size_t count;
    const struct policy_key *keys = policy_keys(policy, &count);
    struct slice *headers = arena_array(arena, count, sizeof *headers);
    for (size_t i = 0; headers && i < count; i++)
        if (keys[i].fact == FACT_HEADER)
            headers[out->header_count++] = keys[i].key;
    out->headers = headers;
    return headers != NULL;
}

/* For the record more is found out than rules name, where looking costs little more: so of a long
 * text only the beginning is read for links. */
static void look_at_all(const struct settings *settings, struct scan_job *job)
{
    bool looks = scan_job_asks_content(job), named = job->links || job->urls;
    if (settings->history_enabled && slice_eq(settings->history_facts, SLICE("cheap")))
        job->message = job->attachments = job->links = job->digest = looks;
    if (!named)
        job->limits.links = LINKS_TEXT_CHEAP;
}

bool pipeline_job(const struct config *config, struct arena *arena, struct scan_job *out)
{
    const struct settings *settings = &config->settings;
    *out = (struct scan_job){
        .message = wants(config, PRODUCER_MESSAGE),
        .attachments = wants(config, PRODUCER_ATTACHMENTS),
        .links = wants(config, PRODUCER_LINKS),
        .digest = wants(config, PRODUCER_DIGEST),
        .urls = wants(config, PRODUCER_URLS),
        .text = wants(config, PRODUCER_TEXT),
        .alternatives = wants(config, PRODUCER_ALTERNATIVES),
        .spam = wants(config, PRODUCER_SPAM),
        .reasons = wants(config, PRODUCER_REASONS) ||
                   (settings->history_text && wants(config, PRODUCER_SPAM)),
        .sketch = wants(config, PRODUCER_CAMPAIGN) || wants(config, PRODUCER_REPORTED),
        .codes = pipeline_needs(config, SCANNER_QR),
        .banners = policy_banners(config->policy),
        .sha256 = policy_uses_field(config->policy, FACT_ATTACHMENTS, attachment_sha256),
        .spf = wants(config, PRODUCER_SPF),
        .authentication = wants(config, PRODUCER_AUTHENTICATION),
        .limits = {settings->scan_depth, settings->scan_parts, settings->scan_members,
                   settings->scan_unpacked, (uint32_t)settings->scan_cpu,
                   (uint32_t)settings->scan_cpu_per_mib, 0}};
    look_at_all(settings, out);
    return name_headers(config->policy, arena, out);
}

/* Answers hold one value for each header that was asked for, facts one for each key. */
static void merge_headers(const struct policy *policy, struct facts *facts,
                          const struct value *headers)
{
    size_t count;
    const struct policy_key *keys = policy_keys(policy, &count);
    for (size_t i = 0; i < count; i++) {
        if (keys[i].fact != FACT_HEADER)
            continue;
        if (headers->state != VALUE_PENDING)
            facts->keyed[i] = *headers;
        headers++;
    }
}

/* A scanner that has looked into the message has told all that it can: it has no room for more, and
 * will have none another time. What the DNS or pictures add may still come. */
static void note_what_is_final(struct facts *facts, enum scanner_kind kind,
                               const struct scan_answer *answer)
{
    for (int i = 0; i < FACT_COUNT; i++) {
        enum producer producer = fact_info((enum fact)i)->producer;
        bool grows = producer == PRODUCER_LINKS && answer->pictures.count;
        if (producer_info(producer)->asks == asks_of(kind) && !grows &&
            answer->facts.fact[i].state != VALUE_PENDING)
            facts->never |= UINT64_C(1) << producer;
    }
}

void pipeline_merge(const struct policy *policy, struct facts *facts, enum scanner_kind kind,
                    const struct scan_answer *answer)
{
    for (int i = 0; i < FACT_COUNT; i++)
        if (is_from(fact_info((enum fact)i)->producer, kind) &&
            answer->facts.fact[i].state != VALUE_PENDING)
            facts->fact[i] = answer->facts.fact[i];
    facts->unasked |= answer->facts.unasked;
    note_what_is_final(facts, kind, answer);
    if (kind == SCANNER_SCAN && facts->keyed && answer->facts.keyed)
        merge_headers(policy, facts, answer->facts.keyed);
}

void pipeline_fail(const struct policy *policy, struct facts *facts, enum scanner_kind kind)
{
    for (int producer = 0; producer < PRODUCER_COUNT; producer++)
        if (is_from((enum producer)producer, kind))
            facts_fail(facts, (enum producer)producer, policy);
}

void pipeline_never(const struct policy *policy, struct facts *facts, enum scanner_kind kind)
{
    struct value *attachments = &facts->fact[FACT_ATTACHMENTS];
    pipeline_fail(policy, facts, kind);
    for (int producer = 0; producer < PRODUCER_COUNT; producer++)
        if (is_from((enum producer)producer, kind))
            facts->never |= UINT64_C(1) << producer;
    if (kind == SCANNER_SCAN && attachments->state == VALUE_UNKNOWN)
        *attachments = attachment_rest_alone();
}

void pipeline_without(struct facts *facts, enum producer producer)
{
    for (int i = 0; i < FACT_COUNT; i++)
        if (fact_info((enum fact)i)->producer == producer)
            facts->fact[i] = value_absent();
}
