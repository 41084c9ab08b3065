/* SPDX-License-Identifier: ISC
 * A configuration of any bytes: loaded, its tests run, described and evaluated. */
#include "policy/config.h"
#include "policy/explain.h"
#include "tests/fuzz/target.h"

static bool read_input(void *ctx, struct slice path, struct slice *content, const char **reason)
{
    *reason = "no such file";
    *content = *(struct slice *)ctx;
    if (slice_eq(path, SLICE("table.txt")))
        *content = SLICE("# a table\nexe\n10.0.0.0/8\n*.example.com\n");
    return slice_eq(path, SLICE("fuzz.conf")) || slice_eq(path, SLICE("table.txt"));
}

static void use(const struct config *config, struct buf *report)
{
    struct arena *arena = arena_new(1 << 20);
    struct facts facts = {0};
    struct verdict verdict;
    unsigned total;
    size_t keys;
    const struct policy_key *key = policy_keys(config->policy, &keys);
    config_run_tests(config, &total, report);
    struct domain_name name;
    if (arena && !domain_name_make(arena, SLICE("a.example.com"), &name))
        config_domain(config, name);
    for (unsigned phase = PHASE_CONNECT; arena && phase <= PHASE_MESSAGE; phase++) {
        for (unsigned i = 0; i < FACT_COUNT; i++)
            if (fact_info((enum fact)i)->phase <= phase)
                facts.fact[i] = fact_baseline((enum fact)i);
        facts.keyed = arena ? facts_keyed_new(arena, config->policy) : NULL;
        for (size_t i = 0; facts.keyed && i < keys; i++)
            if (policy_key_phase(&key[i]) <= phase)
                facts.keyed[i] = fact_baseline(key[i].fact);
        policy_evaluate(config->policy, &facts, (enum phase)phase, arena, &verdict);
        policy_explain(config->policy, &facts, (enum phase)phase, arena, report);
        arena_reset(arena);
    }
    arena_free(&arena);
}

FUZZ(text)
{
    struct loader loader = {.read = read_input, .ctx = &text};
    struct buf report = buf_init(1 << 16);
    struct config *config = config_load(SLICE("fuzz.conf"), &loader, SLICE("mx.test"), &report);
    if (config)
        use(config, &report);
    config_free(&config);
    buf_release(&report);
}
