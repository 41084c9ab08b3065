/* SPDX-License-Identifier: ISC
 * What rules are written with beside plain comparisons: named conditions, tables that are gone
 * through or asked, letters of any case; and what tests may expect. */
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include "policy/explain.h"

#include <stddef.h>
#include <stdlib.h>

#define HEAD                                                                                       \
    "hostname \"mx.a.test\"\nbackend b { smtp \"192.0.2.9\" }\ndomain \"a.test\" { backend b }\n"

static struct facts facts;
ARENA(1 << 20);

static void set_up(void)
{
    make_arena();
    for (unsigned i = 0; i < FACT_COUNT; i++)
        facts.fact[i] = fact_baseline((enum fact)i);
}

EACH_TEST(set_up, free_arena);

static void give(enum fact fact, const char *text)
{
    facts.fact[fact] = value_text(slice_of(text));
}

static struct verdict verdict_at(const char *text, enum phase phase, enum outcome outcome)
{
    struct verdict v;
    struct config *config = load_good(text);
    assert_non_null(config);
    assert_int_equal(policy_evaluate(config->policy, &facts, phase, arena, &v), outcome);
    config_free(&config);
    return v;
}

/* What the one rule with this condition makes of the facts, behind these sentences. */
static const struct verdict *with(const char *sentences, const char *condition)
{
    static struct verdict v;
    char text[2000];
    snprintf(text, sizeof text, "%s\nrule \"r\" when %s then reject\n", sentences, condition);
    v = verdict_at(text, PHASE_MESSAGE, OUTCOME_DECIDED);
    return &v;
}

static bool holds(const char *sentences, const char *condition)
{
    return with(sentences, condition)->action == ACTION_REJECT;
}

static void says(const char *text, const char *message)
{
    assert_true(is_refused(text, message));
}

/* ---- case ---- */

TEST(test_equal_and_in_never_count_case_and_searches_do_unless_i_is_written)
{
    give(FACT_MESSAGE_SUBJECT, "Ihre \xC3\x9C"
                               "BERWEISUNG, \xCE\x9F\xCE\x94\xCE\x9F\xCE\xA3");
    assert_true(holds("", "subject == \"IHRE \xC3\xBC"
                          "berweisung, "
                          "\xCE\xBF\xCE\xB4\xCE\xBF\xCF\x82\""));
    assert_true(holds("", "subject in (\"x\", \"ihre \xC3\xBC"
                          "berweisung, "
                          "\xCE\xBF\xCE\xB4\xCE\xBF\xCF\x83\")"));
    assert_false(holds("", "subject != \"ihre \xC3\xBC"
                           "berweisung, "
                           "\xCE\xBF\xCE\xB4\xCE\xBF\xCF\x82\""));
    assert_false(holds("", "subject contains \"\xC3\xBC"
                           "berweisung\""));
    assert_true(holds("", "subject contains i \"\xC3\xBC"
                          "berweisung\""));
    assert_true(holds("", "subject starts with i \"IHRE\"") &&
                !holds("", "subject starts with \"IHRE\""));
    assert_true(holds("", "subject ends with i \"\xCE\xBF\xCE\xB4\xCE\xBF\xCF\x82\"") &&
                !holds("", "subject ends with \"\xCE\xBF\xCE\xB4\xCE\xBF\xCF\x82\""));
    assert_true(holds("", "subject matches i /\xC3\xBC"
                          "berweisung,/") &&
                holds("", "subject matches /\xC3\xBC"
                          "berweisung,/i") &&
                !holds("", "subject matches /\xC3\xBC"
                           "berweisung,/"));
    assert_false(holds("", "subject contains i \"berweisungen\"") ||
                 holds("", "subject starts with i \"hre\"") ||
                 holds("", "subject ends with i \"x\xCE\xBF\xCF\x82\""));
    assert_true(holds("", "subject contains i \"\"") && holds("", "subject ends with i \"\""));
}

TEST(test_entries_of_tables_have_no_case_beyond_ascii_either)
{
    const char *table = "table t { \"M\xC3\x9C"
                        "LLER\" \"*.\xC3\x84"
                        "rzte\" }";
    give(FACT_MESSAGE_SUBJECT, "m\xC3\xBCller");
    assert_true(holds(table, "subject in t"));
    give(FACT_MESSAGE_SUBJECT, "die.\xC3\xA4rzte");
    assert_true(holds(table, "subject in t"));
    give(FACT_MESSAGE_SUBJECT, "m\xC3\xBCllers");
    assert_false(holds(table, "subject in t"));
}

TEST(test_names_are_no_texts_and_keep_their_letters_beyond_ascii)
{
    give(FACT_SENDER, "\xC5\xBF"
                      "mith@a.test");
    assert_false(holds("", "sender == \"smith@a.test\"") ||
                 holds("", "sender in (\"smith@a.test\")") ||
                 holds("table t { \"smith@a.test\" }", "sender in t"));
    give(FACT_SENDER, "Smith@A.test");
    assert_true(holds("", "sender in (\"smith@a.test\")"));
    assert_false(holds("table t { \"\xC5\xBF"
                       "mith@a.test\" }",
                       "sender in t"));
    give(FACT_MESSAGE_SUBJECT, "\xE2\x84\xAA");
    assert_true(holds("table t { \"k\" }", "subject in t") && holds("", "subject == \"K\""));
}

TEST(test_octets_that_are_no_utf8_are_equal_to_themselves_alone)
{
    give(FACT_MESSAGE_SUBJECT, "M\xFCller");
    assert_true(holds("", "subject contains i \"LLER\"") &&
                holds("", "subject ends with i \"LLER\""));
    assert_false(holds("", "subject contains i \"\xC3\xBCller\"") ||
                 holds("", "subject == \"m\xC3\xBCller\""));
}

TEST(test_an_i_where_case_never_counts_is_told)
{
    says("rule \"a\" when subject == i \"x\" then reject\n",
         "'==', '!=' and 'in' never count case; leave out the i");
    says("rule \"a\" when subject in i (\"x\") then reject\n",
         "'==', '!=' and 'in' never count case; leave out the i");
    says("rule \"a\" when any i in attachments (i.name == \"x\") then reject\n",
         "'i' is a word of the language");
}

/* ---- named conditions ---- */

TEST(test_a_named_condition_means_what_stands_in_it_wherever_it_stands)
{
    const char *sentences =
        "condition \"b\" when condition \"a\" or helo == \"y\"\n"
        "condition \"a\" when helo == \"x\" and not sender.domain == \"a.test\"";
    give(FACT_HELO, "x");
    assert_true(holds(sentences, "condition \"a\" and condition \"b\""));
    assert_false(holds(sentences, "not condition \"a\""));
    give(FACT_HELO, "y");
    assert_true(holds(sentences, "not condition \"a\" and condition \"b\""));
    give(FACT_SENDER, "u@a.test");
    give(FACT_HELO, "x");
    assert_false(holds(sentences, "condition \"b\""));
}

TEST(test_a_rule_with_a_named_condition_acts_as_early_as_with_its_words)
{
    const char *rules = "condition \"early\" when client.port == 40000 or message.size > 1B\n"
                        "rule \"r\" when condition \"early\" then reject\n";
    struct config *config = load_good(rules);
    assert_int_equal(policy_rule_info(config->policy, 0).acts_at, PHASE_CONNECT);
    config_free(&config);
    for (unsigned i = 0; i < FACT_COUNT; i++)
        if (fact_info((enum fact)i)->phase > PHASE_CONNECT)
            facts.fact[i] = (struct value){0};
    assert_int_equal(verdict_at(rules, PHASE_CONNECT, OUTCOME_DECIDED).action, ACTION_REJECT);
}

TEST(test_what_is_unknown_of_a_named_condition_defers_as_its_words_do)
{
    facts.fact[FACT_MESSAGE_SIZE] = value_unknown();
    assert_int_equal(with("condition \"big\" when message.size > 5B", "condition \"big\"")->action,
                     ACTION_DEFER);
}

TEST(test_a_condition_that_no_rule_uses_asks_for_nothing)
{
    struct buf report = buf_init(65536);
    struct config *config = load_text("condition \"idle\" when av.result == infected and subject "
                                      "matches /x/ and header[\"X\"] == \"y\"\n"
                                      "rule \"r\" when helo == \"x\" then reject\n",
                                      &report);
    size_t keys;
    assert_non_null(config);
    assert_false(policy_uses(config->policy, FACT_AV_RESULT) ||
                 policy_wants(config->policy, PRODUCER_ANTIVIRUS));
    policy_keys(config->policy, &keys);
    assert_int_equal(keys, 0);
    assert_true(report_is(&report, "t.conf:1:11: warning: the condition \"idle\" is used nowhere\n"
                                   "    condition \"idle\" when av.result == infected and subject "
                                   "matches /x/ and header[\"X\"] == \"y\"\n"
                                   "              ^\n"));
    config_free(&config);
    buf_release(&report);
}

TEST(test_members_of_a_named_condition_are_its_own)
{
    const char *sentences =
        "condition \"exe\" when any a in attachments (a.extension == \"exe\")\n";
    char text[600];
    says("condition \"exe\" when any a in attachments (a.extension == \"exe\")\n"
         "rule \"r\" when condition \"exe\" then reject \"{a.name}\"\n",
         "unknown fact 'a.name'");
    says("condition \"c\" when a.extension == \"exe\"\n"
         "rule \"r\" when any a in attachments (condition \"c\") then reject\n",
         "unknown fact 'a.extension'");
    snprintf(text, sizeof text,
             "%srule \"r\" when any a in attachments (condition \"exe\" and a.name != \"\")\n"
             "  then reject \"{a.name}\"\n",
             sentences);
    struct config *config = load_good(text);
    assert_non_null(config);
    config_free(&config);
}

TEST(test_mistakes_in_conditions_are_told_once_and_at_their_place)
{
    says("condition \"a\" when condition \"b\"\ncondition \"b\" when condition \"a\"\n"
         "rule \"r\" when condition \"a\" then reject\n",
         "t.conf:2:30: error: the condition \"a\" uses itself");
    says("condition \"a\" when helo == \"x\"\ncondition \"a\" when helo == \"y\"\n"
         "rule \"r\" when condition \"a\" then reject\n",
         "t.conf:2:11: error: a condition of this name stands in line 1 already");
    says("rule \"r\" when condition \"from outsid\" then reject\n"
         "condition \"from outside\" when direction == inbound\n",
         "t.conf:1:25: error: unknown condition 'from outsid'; did you mean 'from outside'?");
    says("condition \"a\" helo == \"x\"\n", "expected 'when'");
    struct buf report = buf_init(65536);
    assert_null(load_text("condition \"a\" when heloo == \"x\"\n"
                          "rule \"r\" when condition \"a\" then reject\n"
                          "rule \"s\" when condition \"a\" then reject\n",
                          &report));
    assert_true(report_is(&report,
                          "t.conf:1:20: error: unknown fact 'heloo'; did you mean 'helo'?\n"
                          "    condition \"a\" when heloo == \"x\"\n"
                          "                       ^\n"));
    buf_release(&report);
}

TEST(test_conditions_that_are_deep_together_are_refused)
{
    struct buf text = buf_init(4 << 20);
    for (unsigned i = 0; i < 40; i++) {
        buf_printf(&text, "condition \"%u\" when ", i);
        if (i > 0)
            buf_printf(&text, "condition \"%u\"", i - 1);
        for (unsigned k = 0; k < 900; k++)
            buf_printf(&text, "%shelo == \"x\"", k || i ? " and " : "");
        buf_cstr(&text, "\n");
    }
    buf_cstr(&text, "rule \"r\" when condition \"39\" then reject\n");
    buf_char(&text, '\0');
    says(buf_slice(&text).ptr, "this condition is too long; put texts into a table");
    buf_release(&text);
}

TEST(test_a_mistake_below_many_uses_is_told_once_and_at_once)
{
    struct buf text = buf_init(65536), report = buf_init(65536);
    for (unsigned i = 0; i < 45; i++)
        buf_printf(&text, "condition \"%u\" when condition \"%u\" and condition \"%u\"\n", i, i + 1,
                   i + 1);
    buf_cstr(&text, "condition \"45\" when heloo == \"x\"\n"
                    "rule \"r\" when condition \"0\" then reject\n");
    buf_char(&text, '\0');
    assert_null(load_text(buf_slice(&text).ptr, &report));
    assert_true(report_is(&report,
                          "t.conf:46:21: error: unknown fact 'heloo'; did you mean 'helo'?\n"
                          "    condition \"45\" when heloo == \"x\"\n"
                          "                        ^\n"));
    buf_release(&text);
    buf_release(&report);
}

TEST(test_conditions_that_double_each_other_are_refused_and_not_expanded)
{
    struct buf text = buf_init(65536);
    buf_cstr(&text, "condition \"0\" when helo == \"x\"\n");
    for (unsigned i = 1; i < 60; i++)
        buf_printf(&text, "condition \"%u\" when condition \"%u\" and condition \"%u\"\n", i, i - 1,
                   i - 1);
    buf_cstr(&text, "rule \"r\" when condition \"59\" then reject\n");
    buf_char(&text, '\0');
    says(buf_slice(&text).ptr, "this condition is too long; put texts into a table");
    buf_clear(&text);
    buf_cstr(&text, "condition \"0\" when helo == \"x\"\n");
    for (unsigned i = 1; i < 60; i++)
        buf_printf(&text, "condition \"%u\" when condition \"%u\"\n", i, i - 1);
    buf_cstr(&text, "rule \"r\" when condition \"59\" then reject\n");
    buf_char(&text, '\0');
    says(buf_slice(&text).ptr, "uses others, and they others, too deep");
    buf_release(&text);
}

/* ---- tables, entry by entry ---- */

TEST(test_any_and_all_go_through_a_table_as_it_is_written)
{
    const char *table = "table bosses { \"Anna Example\" \"Bert Example\" }";
    give(FACT_MESSAGE_FROM_NAME, "Dr. Anna Example (CEO)");
    assert_true(holds(table, "any b in bosses (message.from_name contains b)"));
    assert_true(holds(table, "not all b in bosses (message.from_name contains b)"));
    assert_true(holds(table, "count(b in bosses (message.from_name contains b)) == 1"));
    assert_false(holds(table, "none b in bosses (message.from_name contains b)"));
    give(FACT_MESSAGE_FROM_NAME, "dr. anna example");
    assert_false(holds(table, "any b in bosses (message.from_name contains b)"));
    assert_true(holds(table, "any b in bosses (message.from_name contains i b)"));
    assert_false(holds("table bosses { }", "any b in bosses (message.from_name contains b)"));
    assert_true(holds("table bosses { }", "all b in bosses (message.from_name contains b)"));
}

TEST(test_the_entry_that_was_found_can_stand_in_a_text)
{
    give(FACT_MESSAGE_FROM_NAME, "Bert Example");
    struct verdict v = verdict_at("table bosses { \"Anna Example\" \"Bert Example\" }\n"
                                  "rule \"r\" when any b in bosses (message.from_name == b)\n"
                                  "  then reject 550 5.7.1 \"you are not {b}\"\n",
                                  PHASE_MESSAGE, OUTCOME_DECIDED);
    assert_true(slice_eq(v.text, SLICE("you are not Bert Example")));
}

TEST(test_going_through_a_table_waits_for_what_it_is_compared_with_and_no_longer)
{
    struct config *config =
        load_good("table t { \"x\" \"y\" }\ntable nobody { }\n"
                  "rule \"r\" when any e in t (helo == e) then log \"x\"\n"
                  "rule \"s\" when any e in t (helo == e and client.port > 5) then log \"x\"\n"
                  "rule \"n\" when none e in t (helo == e) then log \"x\"\n"
                  "rule \"a\" when all e in t (helo == e) then log \"x\"\n"
                  "rule \"e\" when all e in nobody (helo == e) then log \"x\"\n");
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(policy_rule_info(config->policy, i).acts_at, PHASE_HELO);
    assert_int_equal(policy_rule_info(config->policy, 4).acts_at, PHASE_CONNECT);
    config_free(&config);
    facts.fact[FACT_MESSAGE_SUBJECT] = value_unknown();
    const struct verdict *v = with("table t { \"x\" }", "any e in t (subject contains e)");
    assert_int_equal(v->action, ACTION_DEFER);
    assert_int_equal(v->unknown, FACT_MESSAGE_SUBJECT);
}

TEST(test_a_rule_that_a_long_text_tires_over_a_table_defers_and_says_over_what)
{
    struct verdict v;
    struct buf text = buf_init(1 << 20), out = buf_init(1000);
    char *subject = calloc(1, 65537);
    memset(subject, 'x', 65536);
    give(FACT_MESSAGE_SUBJECT, subject);
    buf_cstr(&text, "table t {");
    for (unsigned i = 0; i < 1000; i++)
        buf_printf(&text, " \"e%u\"", i);
    buf_cstr(&text, " }\nrule \"r\" when any e in t (subject contains i e) then reject\n");
    buf_char(&text, '\0');
    struct config *config = load_good(buf_slice(&text).ptr);
    policy_evaluate(config->policy, &facts, PHASE_MESSAGE, arena, &v);
    assert_true(verdict_describe(config->policy, &v, &out));
    assert_true(report_is(&out, "defer 451 4.7.1 the message could not be checked now, try again "
                                "later, because message.subject took too long for rule \"r\"\n"));
    config_free(&config);
    buf_release(&text);
    buf_release(&out);
    free(subject);
}

TEST(test_what_a_pattern_takes_over_many_members_is_the_rules_work)
{
    enum { MEMBERS = 500, OCTETS = 2000 };
    struct verdict v;
    char *text = calloc(1, OCTETS + 1);
    struct value *members = calloc(MEMBERS, sizeof *members);
    for (size_t i = 0; i < OCTETS; i++)
        text[i] = i % 2 ? 'b' : 'a';
    for (size_t i = 0; i < MEMBERS; i++)
        members[i] = value_text((struct slice){text, OCTETS});
    facts.fact[FACT_MESSAGE_MALFORMATIONS] =
        (struct value){.state = VALUE_KNOWN, .list = {members, MEMBERS, false}};
    struct config *config =
        load_good("rule \"r\" when message.malformations matches /a.*b\\d/ then reject\n");
    policy_evaluate(config->policy, &facts, PHASE_MESSAGE, arena, &v);
    assert_int_equal(v.action, ACTION_DEFER);
    assert_true(v.tired);
    config_free(&config);
    free(members);
    free(text);
}

TEST(test_a_table_that_is_too_long_to_go_through_is_refused)
{
    struct buf text = buf_init(1 << 20);
    buf_cstr(&text, "rule \"r\" when any e in t (helo == e) then reject\ntable t {");
    for (unsigned i = 0; i <= 10000; i++)
        buf_printf(&text, " \"e%u\"", i);
    buf_cstr(&text, " }\n");
    buf_char(&text, '\0');
    says(buf_slice(&text).ptr,
         "the table 't' has 10001 entries; at most 10000 can be gone through");
    buf_release(&text);
}

/* ---- tables of pairs ---- */

static const char limits[] = "table limits { \"a.test\" -> 100B \"*.a.test\" -> 200B "
                             "\"*.deep.a.test\" -> 300B \"b\xC3\xBC"
                             "cher.test\" -> 400B }";

TEST(test_a_pair_is_that_of_the_text_itself_else_of_the_longest_ending)
{
    static const struct {
        const char *sender;
        unsigned size;
    } cases[] = {{"u@a.test", 100},        {"u@A.TEST", 100},      {"u@x.a.test", 200},
                 {"u@x.deep.a.test", 300}, {"u@deep.a.test", 200}, {"u@xn--bcher-kva.test", 400},
                 {"u@other.test", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        give(FACT_SENDER, cases[i].sender);
        facts.fact[FACT_MESSAGE_SIZE] = value_integer(cases[i].size);
        assert_int_equal(holds(limits, "message.size == limits[sender.domain]"), cases[i].size > 0);
        assert_int_equal(holds(limits, "limits[sender.domain] is absent"), cases[i].size == 0);
    }
}

TEST(test_a_text_names_the_pair_of_a_member_that_must_hold)
{
    struct verdict v;
    give(FACT_SENDER, "u@x.a.test");
    struct config *config =
        load_good("table t { \"other.test\" \"x.a.test\" }\n"
                  "table limits { \"a.test\" -> 100B \"x.a.test\" -> 200B }\n"
                  "rule \"r\" when any e in t (sender.domain == e) then log \"{e} {limits[e]}\"\n");
    assert_int_equal(policy_evaluate(config->policy, &facts, PHASE_MESSAGE, arena, &v),
                     OUTCOME_DECIDED);
    assert_true(slice_eq(v.log[0], SLICE("x.a.test 200")));
    config_free(&config);
    says("table t { \"x\" }\ntable u { \"x\" -> 1 }\n"
         "rule \"r\" when none e in t (helo == e) then log \"{u[e]}\"\n",
         "'e' is not always bound when the rule holds");
    says("table u { \"x\" -> 1 }\nrule \"r\" then log \"{u[e]}\"\n", "'e'");
}

TEST(test_of_many_pairs_each_keeps_its_own_value)
{
    struct buf text = buf_init(65536);
    char condition[60];
    buf_cstr(&text, "table t {");
    for (unsigned i = 0; i < 500; i++)
        buf_printf(&text, " \"d%u.test\" -> %u", i, i);
    buf_cstr(&text, " }\nrule \"r\" then log \"{t[sender.domain]}\"\n");
    buf_char(&text, '\0');
    struct config *config = load_good(buf_slice(&text).ptr);
    for (unsigned i = 0; i < 500; i++) {
        struct verdict v;
        char number[12];
        snprintf(condition, sizeof condition, "u@d%u.test", i);
        snprintf(number, sizeof number, "%u", i);
        give(FACT_SENDER, condition);
        policy_evaluate(config->policy, &facts, PHASE_MESSAGE, arena, &v);
        assert_true(slice_eq(v.log[0], slice_of(number)));
    }
    config_free(&config);
    buf_release(&text);
}

/* 244 comparisons of such a text leave a rule less work than its look-up takes. */
TEST(test_a_value_that_there_is_no_time_to_look_up_is_not_taken_for_none)
{
    struct buf text = buf_init(65536);
    struct verdict v;
    char *subject = calloc(1, 65537);
    memset(subject, 'x', 65536);
    give(FACT_MESSAGE_SUBJECT, subject);
    buf_cstr(&text, "table pairs { \"y\" -> 1 }\ntable t {");
    for (unsigned i = 0; i < 244; i++)
        buf_cstr(&text, " \"q\"");
    buf_cstr(&text, " }\nrule \"r\" when none e in t (subject contains i e)\n"
                    "  and pairs[subject] is known then reject\n");
    buf_char(&text, '\0');
    struct config *config = load_good(buf_slice(&text).ptr);
    policy_evaluate(config->policy, &facts, PHASE_MESSAGE, arena, &v);
    assert_int_equal(v.action, ACTION_DEFER);
    assert_true(v.tired);
    config_free(&config);
    buf_release(&text);
    free(subject);
}

TEST(test_without_a_pair_no_comparison_holds_but_unequal)
{
    give(FACT_SENDER, "u@other.test");
    assert_false(holds(limits, "message.size > limits[sender.domain]") ||
                 holds(limits, "message.size <= limits[sender.domain]") ||
                 holds(limits, "limits[sender.domain] < 5B"));
    assert_true(holds(limits, "message.size != limits[sender.domain]"));
    facts.fact[FACT_SENDER] = value_absent();
    assert_true(holds(limits, "limits[sender.domain] is absent"));
}

TEST(test_a_pair_is_known_with_its_key)
{
    char text[600];
    snprintf(text, sizeof text, "%s\nrule \"r\" when limits[sender.domain] > 50B then reject\n",
             limits);
    struct config *config = load_good(text);
    assert_int_equal(policy_rule_info(config->policy, 0).acts_at, PHASE_MAIL);
    config_free(&config);
    facts.fact[FACT_MESSAGE_FROM] = value_unknown();
    const struct verdict *v = with(limits, "limits[message.from.domain] > 50B");
    assert_int_equal(v->action, ACTION_DEFER);
    assert_int_equal(v->unknown, FACT_MESSAGE_FROM);
}

TEST(test_values_are_numbers_sizes_durations_or_texts_and_stand_in_texts)
{
    give(FACT_SENDER, "u@a.test");
    assert_true(holds("table t { \"a.test\" -> 2.5 }", "t[sender.domain] == 2.5"));
    assert_true(holds("table t { \"a.test\" -> 0s }", "greylist.wait == t[sender.domain]"));
    assert_true(
        holds("table t { \"a.test\" -> \"Partner\" }", "t[sender.domain] starts with i \"part\""));
    struct verdict v = verdict_at("table t { \"a.test\" -> \"ours\" }\n"
                                  "rule \"r\" then reject 550 5.7.1 \"{t[sender.domain]}\"\n",
                                  PHASE_MESSAGE, OUTCOME_DECIDED);
    assert_true(slice_eq(v.text, SLICE("ours")));
}

TEST(test_a_pairs_table_is_a_set_of_its_keys_as_well)
{
    give(FACT_SENDER, "u@x.a.test");
    assert_true(holds(limits, "sender.domain in limits"));
    assert_true(holds(limits, "any e in limits (e == \"*.a.test\")"));
    assert_false(holds(limits, "any e in limits (e contains \"->\")"));
}

TEST(test_a_member_of_a_list_can_be_a_key)
{
    assert_true(holds("table t { \"x\" -> 1 }", "not any m in message.malformations (t[m] == 1)"));
    says("table t { \"x\" -> 1 }\nrule \"r\" when t[message.malformations] == 1 then reject\n",
         "expected a text, a domain or an address, but 'message.malformations' is a list (each a "
         "text)");
}

TEST(test_a_name_with_a_dot_has_the_pair_that_it_has_without)
{
    give(FACT_HELO, "A.test.");
    assert_true(holds("table t { \"a.test\" -> 1 }", "helo in t and t[helo] == 1"));
}

TEST(test_two_spellings_of_one_domain_cannot_have_two_values)
{
    says("table t { \"b\xC3\xBC"
         "cher.test\" -> 1 \"xn--bcher-kva.test\" -> 2 }\n"
         "rule \"r\" when t[sender.domain] > 1 then reject\n",
         "\"b\xC3\xBC"
         "cher.test\" is the domain in line 1 again");
    says("table t { \"a.test\" -> 1 \"a.test.\" -> 2 }\n"
         "rule \"r\" when t[sender.domain] > 1 then reject\n",
         "\"a.test.\" is the domain in line 1 again");
}

TEST(test_an_entry_that_is_too_long_is_told)
{
    struct buf text = buf_init(4000);
    buf_cstr(&text, "table t { \"");
    for (unsigned i = 0; i < 1001; i++)
        buf_char(&text, 'x');
    buf_cstr(&text, "\" }\nrule \"r\" when helo in t then reject\n");
    buf_char(&text, '\0');
    says(buf_slice(&text).ptr, "is longer than 1000 octets");
    buf_release(&text);
}

TEST(test_mistakes_in_pairs_are_told_at_their_place)
{
    const char *rule = "rule \"r\" when t[sender.domain] > 1 then reject\n";
    static const struct {
        const char *table, *message;
    } cases[] = {
        {"table t { \"a\" -> 1 \"b\" -> 2MiB }",
         "t.conf:1:27: error: expected a number, as in the entries before, found a size"},
        {"table t { \"a\" -> 1 \"b\" }", "expected '->' and a value, as in the entries before"},
        {"table t { \"a\" \"b\" -> 1 }", "expected no value, as in the entries before"},
        {"table t { \"a\" -> 1 \"A\" -> 2 }", "\"A\" stands in line 1 already"},
        {"table t { \"a\" -> }",
         "expected a text in quotes, a number, a size or a duration, found '}'"},
        {"table t { \"a\" -> word }",
         "expected a text in quotes, a number, a size or a duration, found 'word'"},
        {"table t { \"a\" }",
         "the table 't' has no values; expected entries such as \"example.com\" -> 10MiB"},
        {"table tt { \"a\" -> 1 }", "unknown table 't'; did you mean 'tt'?"},
        {"table t { \"a\" -> \"x\" }", "a text has no order"},
    };
    char text[400];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, "%s\n%s", cases[i].table, rule);
        says(text, cases[i].message);
    }
    says("table t { \"a\" -> 1 }\nrule \"r\" when t[client.ip] > 1 then reject\n",
         "expected a text, a domain or an address, but 'client.ip' is a ");
    says("table t { \"a\" -> 1 }\nrule \"r\" when t[\"a\"] > 1 then reject\n",
         "expected the name of a fact, found the string \"a\"");
}

static struct config *with_file(const char *table, const char *rules, struct buf *report)
{
    return load_with((struct memory_files){{{"p.txt", table}}}, rules, report);
}

TEST(test_pairs_are_read_from_files)
{
    const char *rules = "table t from file \"p.txt\"\n"
                        "rule \"r\" when t[sender.domain] == \"gold partner\" then reject\n";
    static const char *const files[] = {
        "# partners\na.test -> gold partner # since 2020\n*.a.test -> silver\n",
        "a.test->gold partner\r\n\r\n\xC3\xBC.test -> 4 you\r\n",
        "  a.test   ->   \"gold partner\"\n",
    };
    give(FACT_SENDER, "u@A.test");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct verdict v;
        struct buf report = buf_init(65536);
        struct config *config = with_file(files[i], rules, &report);
        assert_true(report_is(&report, ""));
        policy_evaluate(config->policy, &facts, PHASE_MESSAGE, arena, &v);
        assert_int_equal(v.action, ACTION_REJECT);
        config_free(&config);
        buf_release(&report);
    }
}

TEST(test_mistakes_in_files_of_pairs_are_told_with_their_line)
{
    const char *rules = "table t from file \"p.txt\"\n"
                        "rule \"r\" when message.size > t[sender.domain] then reject\n";
    static const char *const cases[][2] = {
        {"a -> 1MiB\nb\n", "p.txt:2:1: error: expected KEY -> VALUE, as in the first entry"},
        {"a -> 1MiB\n-> 2MiB\n", "p.txt:2:1: error: expected KEY -> VALUE, as in the first entry"},
        {"a -> 1MiB\nb ->\n", "p.txt:2:1: error: expected KEY -> VALUE, as in the first entry"},
        {"a -> 1MiB\nb -> 2MB2\n", "p.txt:2:7: error: unknown unit"},
        {"a -> 1MiB\nb -> 7\n",
         "p.txt:2:6: error: expected a size, as in the entries before, found a number"},
        {"a -> 1MiB\nA -> 2MiB\n", "p.txt:2:1: error: \"A\" stands in line 1 already"},
        {"a -> x\n", "a size cannot be compared with a text"},
        {"a\nb -> 1MiB\n", "the table 't' has no values"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf report = buf_init(65536);
        assert_null(with_file(cases[i][0], rules, &report));
        bool said = slice_search(buf_slice(&report), slice_of(cases[i][1])) < buf_len(&report);
        if (!said)
            fprintf(stderr, "wanted %s\ngot: %.*s\n", cases[i][1], SLICE_ARGS(buf_slice(&report)));
        assert_true(said);
        buf_release(&report);
    }
}

TEST(test_what_decided_is_explained_by_the_words_of_the_condition_and_the_entry)
{
    struct buf out = buf_init(65536);
    struct config *config =
        load_good("table bosses { \"Anna Example\" }\ntable t { \"client.example\" -> 5 }\n"
                  "condition \"boss\" when any b in bosses (message.from_name contains i b)\n"
                  "rule \"a\" when condition \"boss\" then log \"x\"\n"
                  "rule \"b\" when t[helo] > 3 then log \"x\"\n");
    give(FACT_MESSAGE_FROM_NAME, "anna example");
    assert_true(policy_explain(config->policy, &facts, PHASE_MESSAGE, arena, &out));
    assert_true(slice_search(buf_slice(&out), SLICE("rule \"a\": true, because any b in bosses "
                                                    "(message.from_name contains i b) (it is "
                                                    "\"Anna Example\")")) < buf_len(&out));
    assert_true(
        slice_search(buf_slice(&out), SLICE("rule \"b\": true, because t[helo] > 3 (it is 5)")) <
        buf_len(&out));
    config_free(&config);
    buf_release(&out);
}

/* ---- actions ---- */

TEST(test_header_set_removes_what_there_was_and_adds_one)
{
    struct verdict v = verdict_at("rule \"r\" then header set \"X-A\" \"{helo}\"\n", PHASE_MESSAGE,
                                  OUTCOME_DECIDED);
    assert_int_equal(v.edit_count, 2);
    assert_int_equal(v.edits[0].kind, ACTION_HEADER_REMOVE);
    assert_int_equal(v.edits[1].kind, ACTION_HEADER_ADD);
    assert_true(slice_eq(v.edits[0].name, SLICE("X-A")) &&
                slice_eq(v.edits[1].name, SLICE("X-A")) &&
                slice_eq(v.edits[1].value, SLICE("client.example")));
}

TEST(test_redirect_waits_for_edits_and_is_deferred_by_what_is_stricter)
{
    const char *rules = HEAD "rule \"e\" when message.size > 5B then header add \"X\" \"y\"\n"
                             "rule \"r\" when client.port == 40000 then redirect to \"x@a.test\"\n";
    struct config *config = load_good(rules);
    struct facts early = facts;
    struct verdict v;
    for (unsigned i = 0; i < FACT_COUNT; i++)
        if (fact_info((enum fact)i)->phase > PHASE_CONNECT)
            early.fact[i] = (struct value){0};
    assert_int_equal(policy_evaluate(config->policy, &early, PHASE_CONNECT, arena, &v),
                     OUTCOME_PENDING);
    config_free(&config);
    v = verdict_at(rules, PHASE_MESSAGE, OUTCOME_DECIDED);
    assert_int_equal(v.action, ACTION_REDIRECT);
    assert_int_equal(v.edit_count, 1);
    assert_true(slice_eq(v.held_as, SLICE("x@a.test")));
    facts.fact[FACT_AV_RESULT] = value_unknown();
    v = verdict_at(HEAD "rule \"m\" when av.result == infected then reject\n"
                        "rule \"r\" then redirect to \"x@a.test\"\n",
                   PHASE_MESSAGE, OUTCOME_DECIDED);
    assert_int_equal(v.action, ACTION_DEFER);
}

TEST(test_what_keeps_a_message_waits_for_all_before_it_and_says_so)
{
    struct config *config =
        load_good(HEAD "rule \"e\" when message.size > 5B then header add \"X\" \"y\"\n"
                       "rule \"r\" when helo == \"x\" then redirect to \"x@a.test\"\n"
                       "rule \"q\" when helo == \"y\" then quarantine \"w\"\n"
                       "rule \"d\" when helo == \"z\" then discard\n");
    assert_int_equal(policy_rule_info(config->policy, 1).acts_at, PHASE_MESSAGE);
    assert_int_equal(policy_rule_info(config->policy, 2).acts_at, PHASE_MESSAGE);
    config_free(&config);
}

TEST(test_a_login_is_nobodys_to_redirect)
{
    struct verdict v;
    struct config *config =
        load_good(HEAD "rule \"r\" when login.user == \"a\" then redirect to \"x@a.test\"\n"
                       "rule \"s\" when login.user == \"a\" then reject\n");
    give(FACT_LOGIN_USER, "a");
    assert_int_equal(policy_evaluate_login(config->policy, &facts, arena, &v), OUTCOME_DECIDED);
    assert_int_equal(v.action, ACTION_REJECT);
    config_free(&config);
}

TEST(test_each_blind_recipient_is_told_once)
{
    struct verdict v = verdict_at(HEAD "rule \"a\" then bcc \"x@a.test\", bcc \"y@a.test\"\n"
                                       "rule \"b\" then bcc \"X@A.test\"\n",
                                  PHASE_MESSAGE, OUTCOME_DECIDED);
    assert_int_equal(v.bcc_count, 2);
}

/* ---- what tests expect ---- */

/* What a test with this expectation says of its failure; NULL: it passes. */
static void test_says(const char *rules, const char *expect, const char *failure)
{
    char text[2000];
    struct buf report = buf_init(65536);
    unsigned total;
    snprintf(text, sizeof text, "%s\ntest \"t\" { given message.subject \"hello\"\nexpect %s }\n",
             rules, expect);
    struct config *config = load_good(text);
    assert_non_null(config);
    unsigned failed = config_run_tests(config, &total, &report);
    bool said = failure ? slice_search(buf_slice(&report), slice_of(failure)) < buf_len(&report)
                        : buf_len(&report) == 0;
    if (failed != (failure != NULL) || !said)
        fprintf(stderr, "expect %s\nwanted: %s\ngot: %.*s\n", expect, failure ? failure : "nothing",
                SLICE_ARGS(buf_slice(&report)));
    assert_int_equal(failed, failure != NULL);
    assert_true(said);
    config_free(&config);
    buf_release(&report);
}

TEST(test_a_test_sees_what_changes_the_message_and_what_goes_beside)
{
    const char *rules =
        HEAD "rule \"a\" then header set \"X-A\" \"{helo}\", header add \"X-B\" \"b\", "
             "subject prefix \"[1] \", log \"seen {helo}\", delay 5s\n"
             "rule \"b\" then subject prefix \"[2] \", header remove \"X-C\", "
             "copy to \"c@a.test\", bcc \"d@a.test\", journal\n";
    static const char *const passes[] = {
        "header set \"x-a\" \"client.example\"",
        "header set \"X-A\"",
        "header add \"X-B\" \"b\"",
        "not header add \"X-B\" \"c\"",
        "not header set \"X-B\"",
        "header remove \"X-C\"",
        "not header remove \"X-D\"",
        "subject \"[2] [1] hello\"",
        "not subject \"hello\"",
        "subject prefix \"[1] \"",
        "subject prefix",
        "not subject prefix \"[3]\"",
        "log \"seen client.example\"",
        "delay 5s",
        "not delay 6s",
        "copy to \"C@a.test\"",
        "not copy to \"d@a.test\"",
        "bcc \"d@a.test\"",
        "journal",
        "not strip",
        "accept",
    };
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
        test_says(rules, passes[i], NULL);
    test_says(
        rules, "header add \"X-Z\" \"z\"",
        "t.conf:8:1: error: test \"t\" failed: expected header add \"X-Z\" \"z\", got accept, "
        "header "
        "remove \"X-A\", header add \"X-A\" \"client.example\", header add \"X-B\" \"b\", subject "
        "prefix \"[1] \", subject prefix \"[2] \", header remove \"X-C\", copy to \"c@a.test\", "
        "bcc "
        "\"d@a.test\", log \"seen client.example\", journal, delay 5 seconds\n");
    test_says(rules, "subject \"hello\"", "expected subject \"hello\", got \"[2] [1] hello\"\n");
    test_says(rules, "not journal", "expected not journal, got accept");
}

TEST(test_a_test_sees_the_reply)
{
    const char *rules =
        "rule \"a\" when helo == \"client.example\" then reject 554 5.7.9 \"no, {helo}\"\n";
    test_says(rules, "reply 554 5.7.9 \"no, client.example\"", NULL);
    test_says(rules, "reply 554", NULL);
    test_says(rules, "reply \"no, client.example\"", NULL);
    test_says(rules, "reject 554 5.7.9 \"no, client.example\" by \"a\"", NULL);
    test_says(rules, "reject by \"a\"", NULL);
    test_says(rules, "reply 550",
              "expected reply 550, got reject 554 5.7.9 \"no, client.example\" by \"a\"\n");
    test_says(
        rules, "reject 554 \"yes\"",
        "expected reject 554 \"yes\", got reject 554 5.7.9 \"no, client.example\" by \"a\"\n");
    test_says("rule \"q\" then quarantine \"spam\"\n", "quarantine \"spam\" by \"q\"", NULL);
    test_says("rule \"q\" then quarantine \"spam\"\n", "quarantine \"bulk\"",
              "expected quarantine \"bulk\", got quarantine \"spam\" by \"q\"\n");
    test_says(HEAD "rule \"q\" then redirect to \"x@a.test\"\n",
              "redirect to \"x@a.test\" by \"q\"", NULL);
    test_says(HEAD "rule \"q\" then redirect to \"x@a.test\"\n", "redirect", NULL);
    test_says(HEAD "rule \"q\" then redirect to \"x@a.test\"\n", "redirect to \"y@a.test\"",
              "expected redirect \"y@a.test\", got redirect \"x@a.test\" by \"q\"\n");
}

TEST(test_mistakes_in_expectations_are_told)
{
    says("test \"t\" { expect acept }\n", "unknown expectation 'acept'; did you mean 'accept'?");
    says("test \"t\" { expect not reject }\n",
         "expected 'fired', 'subject' or an action that is no verdict");
    says("test \"t\" { expect reply }\n", "expected a reply code, an enhanced code or a text");
    says("test \"t\" { expect reply 1000 }\n", "expected a reply code, such as 550");
    says("test \"t\" { expect header add }\n", "expected the name of a header field");
    says("test \"t\" { expect \"x\" }\n",
         "expected a verdict, an action, 'fired', 'score', 'subject' or 'reply'");
}
