/* SPDX-License-Identifier: ISC */
#include "policy/facts.h"

#include "base/json.h"
#include "policy/policy.h"
#include "policy/type_rows.h"

static const struct fact_info table[FACT_COUNT] = {
#define FACT(id, word, of_type, at, by, unknown, baseline, text)                                   \
    [FACT_##id] = {word, of_type, PHASE_##at, PRODUCER_##by, ON_UNKNOWN_##unknown, false, text},
#define KEYED(id, word, of_type, at, by, unknown, baseline, text)                                  \
    [FACT_##id] = {word, of_type, PHASE_##at, PRODUCER_##by, ON_UNKNOWN_##unknown, true, text},
#define ALIAS(name, id)
#include "policy/facts.def"
#undef FACT
#undef KEYED
#undef ALIAS
};

/* How producers.def writes what a producer needs. */
#define BIT(id) (UINT64_C(1) << PRODUCER_##id)
#define NEEDS_NOTHING 0
#define NEEDS_MESSAGE BIT(MESSAGE)
#define NEEDS_LINKS BIT(LINKS)
#define NEEDS_CLIENT BIT(CLIENT)
#define NEEDS_SPF BIT(SPF)
#define NEEDS_AUTHENTICATION BIT(AUTHENTICATION)
#define NEEDS_LOGIN BIT(LOGIN)
#define NEEDS_GEO BIT(GEO)

static const struct producer_info producers[PRODUCER_COUNT] = {
#define PRODUCER(id, at, of, needs, about) [PRODUCER_##id] = {PHASE_##at, of, needs, ABOUT_##about},
#include "policy/producers.def"
#undef PRODUCER
};

static const struct {
    const char *name;
    enum fact fact;
} aliases[] = {
#define FACT(...)
#define KEYED(...)
#define ALIAS(name, id) {name, FACT_##id},
#include "policy/facts.def"
#undef FACT
#undef KEYED
#undef ALIAS
};

const char *phase_word(enum phase phase)
{
    static const char *const words[] = {
        [PHASE_CONNECT] = "connect", [PHASE_HELO] = "helo", [PHASE_LOGIN] = "login",
        [PHASE_MAIL] = "mail",       [PHASE_RCPT] = "rcpt", [PHASE_MESSAGE] = "message",
    };
    return words[phase];
}

const struct fact_info *fact_info(enum fact fact)
{
    return &table[fact];
}

const struct producer_info *producer_info(enum producer producer)
{
    return &producers[producer];
}

bool fact_by_name(struct slice name, enum fact *out)
{
    for (unsigned i = 0; i < FACT_COUNT; i++)
        if (slice_eq(name, slice_of(table[i].name))) {
            *out = (enum fact)i;
            return true;
        }
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (slice_eq(name, slice_of(aliases[i].name))) {
            *out = aliases[i].fact;
            return true;
        }
    return false;
}

bool is_postmaster(struct slice address)
{
    struct slice local = slice_sub(address, 0, slice_rfind(address, '@'));
    if (local.len > 2 && local.ptr[0] == '"' && local.ptr[local.len - 1] == '"')
        local = slice_sub(local, 1, local.len - 1);
    return slice_ieq(local, SLICE("postmaster")) || slice_ieq(local, SLICE("abuse"));
}

static void settle(struct value *value, struct value as)
{
    if (value->state == VALUE_PENDING)
        *value = as;
}

static void settle_all(struct facts *facts, enum producer producer, const struct policy *policy,
                       struct value as)
{
    size_t count;
    const struct policy_key *keys = policy_keys(policy, &count);
    for (unsigned i = 0; i < FACT_COUNT; i++)
        if (table[i].producer == producer)
            settle(&facts->fact[i], as);
    for (size_t i = 0; facts->keyed && i < count; i++)
        if (table[keys[i].fact].producer == producer)
            settle(&facts->keyed[i], as);
}

void facts_fail(struct facts *facts, enum producer producer, const struct policy *policy)
{
    settle_all(facts, producer, policy, value_unknown());
}

void facts_absent(struct facts *facts, enum producer producer, const struct policy *policy)
{
    settle_all(facts, producer, policy, value_absent());
}

static void absent_of(struct facts *facts, enum about about, const struct policy *policy)
{
    for (int i = 0; i < PRODUCER_COUNT; i++)
        if (producers[i].about == about)
            facts_absent(facts, (enum producer)i, policy);
}

void facts_no_stranger(struct facts *facts, const struct policy *policy)
{
    absent_of(facts, ABOUT_STRANGERS, policy);
}

void facts_none_of_ours(struct facts *facts, const struct policy *policy)
{
    absent_of(facts, ABOUT_OURS, policy);
}

/* Lists of which a cap left out the rest. */
static void cut_json(struct buf *out, const struct facts *facts)
{
    bool any = false;
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        const struct value *value = &facts->fact[i];
        if (table[i].keyed || table[i].type.kind != TYPE_LIST || value->state != VALUE_KNOWN ||
            !value->list.cut)
            continue;
        if (!any)
            json_key(out, SLICE("cut"));
        buf_cstr(out, any ? "," : "[");
        json_text(out, slice_of(table[i].name));
        any = true;
    }
    buf_cstr(out, any ? "]" : "");
}

bool facts_json(struct buf *out, const struct facts *facts)
{
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        bool found_out =
            table[i].producer != PRODUCER_POLICY && facts->fact[i].state != VALUE_PENDING;
        if (table[i].keyed || !found_out)
            continue;
        json_key(out, slice_of(table[i].name));
        value_json(out, &table[i].type, &facts->fact[i]);
    }
    cut_json(out, facts);
    return !out->failed;
}
