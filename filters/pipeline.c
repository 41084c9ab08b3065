/* SPDX-License-Identifier: ISC */
#include "filters/pipeline.h"

/* What gatepost-scan finds out. */
static const enum producer scanned[] = {PRODUCER_MESSAGE, PRODUCER_ATTACHMENTS, PRODUCER_LINKS,
                                        PRODUCER_SPF, PRODUCER_AUTHENTICATION};

static bool is_from(enum producer producer, enum scanner_kind kind)
{
    if (kind == SCANNER_AV)
        return producer == PRODUCER_ANTIVIRUS;
    for (size_t i = 0; i < sizeof scanned / sizeof *scanned; i++)
        if (producer == scanned[i])
            return true;
    return false;
}

static bool uses(const struct config *config, enum producer producer)
{
    return policy_uses_producer(config->policy, producer);
}

bool pipeline_needs(const struct config *config, enum scanner_kind kind)
{
    if (kind == SCANNER_AV)
        return config->settings.antivirus_enabled && uses(config, PRODUCER_ANTIVIRUS);
    bool needed = uses(config, PRODUCER_DOMAINS);
    for (size_t i = 0; i < sizeof scanned / sizeof *scanned; i++)
        needed |= uses(config, scanned[i]);
    return needed;
}

bool pipeline_job(const struct config *config, struct arena *arena, struct scan_job *out)
{
    const struct settings *settings = &config->settings;
    size_t count;
    const struct policy_key *keys = policy_keys(config->policy, &count);
    struct slice *headers = arena_array(arena, count, sizeof *headers);
    if (!headers)
        return false;
    for (size_t i = 0; i < count; i++)
        headers[i] = keys[i].key;
    *out =
        (struct scan_job){.message = count > 0 || uses(config, PRODUCER_MESSAGE),
                          .attachments = uses(config, PRODUCER_ATTACHMENTS),
                          .links = uses(config, PRODUCER_LINKS) || uses(config, PRODUCER_DOMAINS),
                          .spf = uses(config, PRODUCER_SPF),
                          .authentication = uses(config, PRODUCER_AUTHENTICATION),
                          .honour_np = settings->authentication_np,
                          .headers = headers,
                          .header_count = count,
                          .limits = {settings->scan_depth, settings->scan_parts,
                                     settings->scan_members, settings->scan_unpacked}};
    return true;
}

void pipeline_merge(struct facts *facts, enum scanner_kind kind, const struct scan_answer *answer)
{
    for (int i = 0; i < FACT_COUNT; i++)
        if (is_from(fact_info((enum fact)i)->producer, kind) &&
            answer->facts.fact[i].state != VALUE_PENDING)
            facts->fact[i] = answer->facts.fact[i];
    if (kind == SCANNER_SCAN)
        facts->keyed = answer->facts.keyed;
}

void pipeline_fail(struct facts *facts, enum scanner_kind kind, struct arena *arena, size_t keys)
{
    if (kind == SCANNER_AV) {
        facts_fail(facts, PRODUCER_ANTIVIRUS, 0);
        return;
    }
    if (!facts->keyed && keys)
        facts->keyed = arena_array(arena, keys, sizeof *facts->keyed);
    for (size_t i = 0; i < sizeof scanned / sizeof *scanned; i++)
        facts_fail(facts, scanned[i], facts->keyed ? keys : 0);
}

void pipeline_without_antivirus(struct facts *facts)
{
    for (int i = 0; i < FACT_COUNT; i++)
        if (fact_info((enum fact)i)->producer == PRODUCER_ANTIVIRUS)
            facts->fact[i] = value_absent();
}

bool pipeline_is_refusal(const struct verdict *v)
{
    return v->action == ACTION_REJECT || v->action == ACTION_DEFER || v->action == ACTION_DROP;
}

static bool same_edits(const struct verdict *a, const struct verdict *b)
{
    if (a->edit_count != b->edit_count)
        return false;
    for (size_t i = 0; i < a->edit_count; i++)
        if (a->edits[i].kind != b->edits[i].kind || a->edits[i].part != b->edits[i].part ||
            !slice_eq(a->edits[i].name, b->edits[i].name) ||
            !slice_eq(a->edits[i].value, b->edits[i].value))
            return false;
    return true;
}

bool pipeline_same_fate(const struct verdict *a, const struct verdict *b)
{
    if (pipeline_is_refusal(a) || pipeline_is_refusal(b))
        return a->action == b->action && a->code == b->code && a->rule == b->rule;
    return a->action == ACTION_DISCARD || b->action == ACTION_DISCARD || same_edits(a, b);
}
