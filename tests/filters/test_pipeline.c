/* SPDX-License-Identifier: ISC */
#include "filters/pipeline.h"

#include "filters/links/links.h"
#include "filters/scanner/family_start.h"
#include "policy/types.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <stddef.h>

static const char with_header[] =
    "rule \"h\" when any h in header[\"X-Spam\"] (h == \"yes\") then discard\n";
static const char with_malware[] =
    "rule \"m\" when av.result == infected then reject 550 5.7.1 \"no\"\n";

TEST(test_scanners_are_needed_only_for_facts_that_rules_name)
{
    struct config *config = load_good("rule \"x\" when helo == \"x\" then discard\n");
    assert_non_null(config);
    assert_false(pipeline_needs(config, SCANNER_SCAN));
    assert_false(pipeline_needs(config, SCANNER_AV));
    config_free(&config);
    config = load_good(with_header);
    assert_true(pipeline_needs(config, SCANNER_SCAN));
    config_free(&config);
    config = load_good("rule \"r\" when rate(client.ip, 1h) > 3 then discard\n");
    assert_false(pipeline_needs(config, SCANNER_SCAN));
    config_free(&config);
    config = load_good("rule \"b\" then banner \"outside\"\n");
    assert_true(pipeline_needs(config, SCANNER_SCAN));
    config_free(&config);
    config = load_good("rule \"d\" when domains.score > 3 then discard\n");
    assert_true(pipeline_needs(config, SCANNER_SCAN));
    config_free(&config);
    config = load_good(with_malware);
    assert_true(pipeline_needs(config, SCANNER_AV));
    config->settings.antivirus_enabled = false;
    assert_false(pipeline_needs(config, SCANNER_AV));
    config_free(&config);
}

TEST(test_a_job_names_the_policys_headers_and_limits)
{
    struct config *config = load_good(with_header);
    struct scan_job job;
    config->settings.history_facts = SLICE("named");
    assert_true(pipeline_job(config, config->arena, &job));
    assert_true(job.message);
    assert_false(job.attachments);
    assert_int_equal(job.header_count, 1);
    assert_true(slice_eq(job.headers[0], SLICE("x-spam")));
    assert_int_equal(job.limits.depth, config->settings.scan_depth);
    assert_int_equal(job.limits.cpu, 2000);
    assert_int_equal(job.limits.cpu_per_mib, 200);
    config_free(&config);
}

static bool makes_a_sketch(const char *rule)
{
    struct scan_job job;
    struct config *config = load_good(rule);
    assert_true(pipeline_needs(config, SCANNER_SCAN));
    assert_true(pipeline_job(config, config->arena, &job));
    config_free(&config);
    return job.sketch;
}

TEST(test_a_sketch_is_made_where_a_rule_asks_for_what_people_have_said)
{
    assert_true(makes_a_sketch("rule \"c\" when campaign.seen > 2 then discard\n"));
    assert_true(makes_a_sketch("rule \"r\" when reported.by_recipient then discard\n"));
    assert_false(makes_a_sketch("rule \"s\" when spam.probability > 0.9 then discard\n"));
}

static bool looks_at_all(const char *rule, bool history, struct slice facts)
{
    struct scan_job job;
    struct config *config = load_good(rule);
    config->settings.history_enabled = history;
    config->settings.history_facts = facts;
    assert_true(pipeline_job(config, config->arena, &job));
    bool all = job.message && job.attachments && job.links && job.digest;
    assert_true(all || !(job.attachments || job.links || job.digest));
    assert_false(job.urls || job.text || job.alternatives); /* which only rules ask for */
    assert_false(job.spf || job.authentication);
    config_free(&config);
    return all;
}

TEST(test_for_the_history_all_of_the_content_is_looked_at_where_some_is)
{
    static const char content[] = "rule \"x\" when message.part_count > 3 then discard\n",
                      envelope[] = "rule \"x\" when helo == \"x\" then discard\n";
    assert_true(looks_at_all(content, true, SLICE("cheap")));
    assert_false(looks_at_all(content, true, SLICE("named")));
    assert_false(looks_at_all(content, false, SLICE("cheap")));
    assert_false(looks_at_all(envelope, true, SLICE("cheap")));
}

TEST(test_only_the_beginning_of_a_long_text_is_read_for_links_that_no_rule_names)
{
    static const struct {
        const char *rule;
        uint32_t most;
    } cases[] = {
        {"rule \"x\" when message.part_count > 3 then discard\n", LINKS_TEXT_CHEAP},
        {"rule \"x\" when any d in message.domains (d == \"a.example\") then discard\n", 0},
        {"rule \"x\" when helo == \"x\" then discard\n", 0},
    };
    for (size_t i = 0; i < 3; i++) {
        struct scan_job job;
        struct config *config = load_good(cases[i].rule);
        assert_true(pipeline_job(config, config->arena, &job));
        assert_int_equal(job.limits.links, job.links ? cases[i].most : job.limits.links);
        assert_int_equal(job.links, i < 2);
        config_free(&config);
    }
}

TEST(test_a_job_asks_about_the_sender_what_rules_name)
{
    static const struct {
        const char *condition;
        bool spf, authentication, links, message, urls, text, alternatives;
    } cases[] = {
        {"spf.result == fail", .spf = true},
        {"dmarc.result == fail", .authentication = true},
        {"any s in dkim (s.result == pass)", .authentication = true},
        {"arc.result == pass", .authentication = true},
        {"any d in message.domains (d == \"a.example\")", .links = true},
        {"domains.score > 3", .links = true, .message = true},
        {"domains.sender_score > 3", .links = false},
        {"any l in links (l.ip)", .urls = true},
        {"message.text contains \"x\"", .text = true},
        {"message.parts_differ", .alternatives = true},
        {"greylist.known", .spf = true, .authentication = true},
        {"helo == \"x\"", .spf = false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        struct scan_job job;
        snprintf(text, sizeof text, "rule \"x\" when %s then discard\n", cases[i].condition);
        struct config *config = load_good(text);
        assert_non_null(config);
        config->settings.history_facts = SLICE("named");
        assert_true(pipeline_job(config, config->arena, &job));
        assert_int_equal(job.spf, cases[i].spf);
        assert_int_equal(job.authentication, cases[i].authentication);
        assert_int_equal(job.links, cases[i].links);
        assert_int_equal(job.urls, cases[i].urls);
        assert_int_equal(job.text, cases[i].text);
        assert_int_equal(job.alternatives, cases[i].alternatives);
        assert_int_equal(job.message, cases[i].message);
        assert_int_equal(pipeline_needs(config, SCANNER_SCAN), job.spf || job.authentication ||
                                                                   job.links || job.urls ||
                                                                   job.text || job.alternatives);
        config_free(&config);
    }
}

TEST(test_an_answer_counts_only_for_its_scanners_facts)
{
    struct config *config = load_good(with_malware);
    struct facts facts = {0};
    struct scan_answer answer = {0};
    answer.facts.fact[FACT_AV_RESULT] = value_integer(AV_RESULT_CLEAN);
    answer.facts.fact[FACT_MESSAGE_HIDES] = value_bool(true);
    answer.facts.fact[FACT_SENDER] = value_text(SLICE("forged@example.com"));
    pipeline_merge(config->policy, &facts, SCANNER_SCAN, &answer);
    assert_int_equal(facts.fact[FACT_AV_RESULT].state, VALUE_PENDING);
    assert_int_equal(facts.fact[FACT_SENDER].state, VALUE_PENDING);
    assert_true(facts.fact[FACT_MESSAGE_HIDES].truth);
    assert_false(facts.unasked);
    answer.facts.unasked = true;
    pipeline_merge(config->policy, &facts, SCANNER_AV, &answer);
    assert_int_equal(facts.fact[FACT_AV_RESULT].state, VALUE_KNOWN);
    assert_true(facts.unasked);
    config_free(&config);
}

static const char with_keys[] =
    "rule \"r\" when rate(client.ip, 1h) > 3 then discard\n"
    "rule \"a\" when header[\"X-A\"] == \"1\" then discard\n"
    "rule \"s\" when rate(sender, 1h) > 3 and header[\"X-B\"] == \"1\" then discard\n";

TEST(test_headers_find_their_places_among_the_keys)
{
    struct config *config = load_good(with_keys);
    struct arena *arena = arena_new(65536);
    struct facts facts = {.keyed = facts_keyed_new(arena, config->policy)};
    struct scan_job job;
    struct value headers[2] = {{0}, {.state = VALUE_KNOWN}};
    struct scan_answer answer = {.facts.keyed = headers};
    assert_true(pipeline_job(config, arena, &job));
    assert_int_equal(job.header_count, 2);
    assert_true(slice_eq(job.headers[1], SLICE("x-b")));
    facts.keyed[0] = value_number(4);
    pipeline_merge(config->policy, &facts, SCANNER_SCAN, &answer);
    assert_int_equal(facts.keyed[0].state, VALUE_KNOWN);
    assert_int_equal(facts.keyed[1].state, VALUE_PENDING);
    assert_int_equal(facts.keyed[2].state, VALUE_PENDING);
    assert_int_equal(facts.keyed[3].state, VALUE_KNOWN);
    pipeline_fail(config->policy, &facts, SCANNER_SCAN);
    assert_true(facts.keyed[0].number == 4);
    assert_int_equal(facts.keyed[1].state, VALUE_UNKNOWN);
    assert_int_equal(facts.keyed[2].state, VALUE_PENDING);
    assert_int_equal(facts.keyed[3].state, VALUE_KNOWN);
    arena_free(&arena);
    config_free(&config);
}

TEST(test_a_failed_scanner_makes_its_facts_unknown)
{
    struct config *config = load_good(with_malware);
    struct facts facts = {0};
    facts.fact[FACT_SPF_RESULT] = value_integer(0);
    pipeline_fail(config->policy, &facts, SCANNER_SCAN);
    assert_int_equal(facts.fact[FACT_ATTACHMENTS].state, VALUE_UNKNOWN);
    assert_int_equal(facts.fact[FACT_MESSAGE_HIDES].state, VALUE_UNKNOWN);
    assert_int_equal(facts.fact[FACT_DKIM].state, VALUE_UNKNOWN);
    assert_int_equal(facts.fact[FACT_SPF_RESULT].state, VALUE_KNOWN);
    assert_int_equal(facts.fact[FACT_AV_RESULT].state, VALUE_PENDING);
    pipeline_fail(config->policy, &facts, SCANNER_AV);
    assert_int_equal(facts.fact[FACT_AV_RESULT].state, VALUE_UNKNOWN);
    config_free(&config);
}

TEST(test_a_scanner_that_always_fails_leaves_an_attachment_that_cannot_be_looked_into)
{
    struct config *config = load_good(with_malware);
    struct facts facts = {0};
    pipeline_never(config->policy, &facts, SCANNER_SCAN);
    const uint64_t message = UINT64_C(1) << PRODUCER_MESSAGE, antivirus = UINT64_C(1)
                                                                          << PRODUCER_ANTIVIRUS;
    assert_true(facts.never & message);
    assert_false(facts.never & antivirus);
    assert_int_equal(facts.fact[FACT_MESSAGE_HIDES].state, VALUE_UNKNOWN);
    const struct list *list = &facts.fact[FACT_ATTACHMENTS].list;
    assert_int_equal(list->count, 1);
    assert_true(list->cut);
    assert_true(list->items[0].fields[attachment_unscannable].truth);
    pipeline_never(config->policy, &facts, SCANNER_AV);
    assert_true(facts.never & antivirus);
    assert_int_equal(facts.fact[FACT_AV_RESULT].state, VALUE_UNKNOWN);
    config_free(&config);
}

/* Without it, every message would be deferred for want of an antivirus verdict. */
TEST(test_antivirus_switched_off_is_absent_and_delivers)
{
    struct config *config = load_good(with_malware);
    struct arena *arena = arena_new(65536);
    struct facts facts = {0};
    struct verdict verdict;
    pipeline_without(&facts, PRODUCER_ANTIVIRUS);
    assert_int_equal(policy_evaluate(config->policy, &facts, PHASE_MESSAGE, arena, &verdict),
                     OUTCOME_DECIDED);
    assert_int_equal(verdict.action, ACTION_ACCEPT);
    arena_free(&arena);
    config_free(&config);
}

TEST(test_commands_are_equal_when_the_settings_are)
{
    struct config *config = load_good("antivirus { database \"sigs\" }\n");
    struct family_command first, second;
    family_command(SCANNER_AV, &config->settings, &first);
    family_command(SCANNER_AV, &config->settings, &second);
    assert_memory_equal(&first, &second, sizeof first);
    assert_string_equal(first.texts, "gatepost-av");
    config->settings.scan_recycle++;
    family_command(SCANNER_AV, &config->settings, &second);
    assert_memory_not_equal(&first, &second, sizeof first);
    config->settings.scan_recycle--;
    config->settings.scan_recycle_growth += 1024;
    family_command(SCANNER_AV, &config->settings, &second);
    assert_memory_not_equal(&first, &second, sizeof first);
    config_free(&config);
}
