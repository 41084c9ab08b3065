/* SPDX-License-Identifier: ISC
 * What a compiled policy tells about itself. */
#include "policy/policy.h"

#include "policy/program.h"
#include "policy/source.h"

size_t policy_rule_count(const struct policy *policy)
{
    return policy->rule_count;
}

static bool drops(const struct policy *policy, const struct rule *rule)
{
    bool any = false;
    for (size_t i = 0; i < rule->action_count; i++)
        any |= policy->actions[rule->first_action + i].kind == ACTION_DROP;
    return any && !rule->observe;
}

struct rule_info policy_rule_info(const struct policy *policy, size_t index)
{
    const struct rule *rule = &policy->rules[index];
    return (struct rule_info){.name = rule->name,
                              .file = rule->file,
                              .line = rule->line,
                              .drops = drops(policy, rule),
                              .observe = rule->observe,
                              .does = rule->does,
                              .acts_at = rule->acts_at,
                              .why_later = rule->why_later};
}

bool policy_uses(const struct policy *policy, enum fact fact)
{
    return policy->used[fact];
}

bool policy_uses_field(const struct policy *policy, enum fact list, int field)
{
    for (size_t i = 0; i < policy->operand_count; i++)
        if (policy->operands[i].fact == list && policy->operands[i].kind == OPERAND_VARIABLE &&
            policy->operands[i].field == field)
            return true;
    return false;
}

static bool acts(const struct policy *policy, enum action action)
{
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct rule *rule = &policy->rules[i];
        for (size_t k = 0; !rule->observe && k < rule->action_count; k++)
            if (policy->actions[rule->first_action + k].kind == action)
                return true;
    }
    return false;
}

bool policy_keeps(const struct policy *policy)
{
    return acts(policy, ACTION_QUARANTINE) || acts(policy, ACTION_REDIRECT) ||
           acts(policy, ACTION_COPY) || acts(policy, ACTION_BCC) || acts(policy, ACTION_JOURNAL) ||
           policy_notifies(policy);
}

bool policy_notifies(const struct policy *policy)
{
    return acts(policy, ACTION_NOTIFY);
}

bool policy_banners(const struct policy *policy)
{
    return acts(policy, ACTION_BANNER) || acts(policy, ACTION_DISCLAIMER);
}

bool policy_wants(const struct policy *policy, enum producer producer)
{
    return policy->wanted[producer];
}

bool policy_asks(const struct policy *policy, unsigned whom)
{
    for (int producer = 0; producer < PRODUCER_COUNT; producer++)
        if (policy->wanted[producer] && producer_info((enum producer)producer)->asks & whom)
            return true;
    return false;
}

const struct policy_key *policy_keys(const struct policy *policy, size_t *count)
{
    *count = policy->key_count;
    return policy->keys;
}

struct slice policy_key_name(struct arena *arena, const struct policy_key *key)
{
    const char *name = fact_info(key->fact)->name;
    if (key->fact == FACT_HEADER)
        return arena_printf(arena, "%s[\"%.*s\"]", name, SLICE_ARGS(key->key));
    if (key->fact == FACT_RATE)
        return arena_printf(arena, "%s(%.*s)", name, SLICE_ARGS(key->key));
    return arena_printf(arena, "%s(\"%.*s\")", name, SLICE_ARGS(key->key));
}

struct value *facts_keyed_new(struct arena *arena, const struct policy *policy)
{
    return arena_array(arena, policy->key_count, sizeof(struct value));
}

bool facts_through(const struct facts *facts, enum phase phase, const struct policy *policy,
                   struct arena *arena, struct facts *out)
{
    *out = *facts;
    out->keyed = facts_keyed_new(arena, policy);
    for (unsigned i = 0; i < FACT_COUNT; i++)
        if (fact_info((enum fact)i)->phase > phase)
            out->fact[i] = (struct value){0};
    for (size_t i = 0; facts->keyed && out->keyed && i < policy->key_count; i++)
        if (policy_key_phase(&policy->keys[i]) <= phase)
            out->keyed[i] = facts->keyed[i];
    return out->keyed != NULL;
}

struct slice policy_source(const struct policy *policy, struct span at)
{
    return slice_sub(policy->files[at.file]->text, at.from, at.to);
}

void policy_release(struct policy *policy)
{
    for (size_t i = 0; i < policy->regex_count; i++)
        regex_free(policy->regexes[i]);
    policy->regex_count = 0;
}
