/* SPDX-License-Identifier: ISC
 * What may be shown of a message, and which of its parts may not. */
#include "policy/types.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

ARENA(8 << 20);

static struct config *config;
static struct facts facts;
static struct reading reading;

/* A message that a POP3 client fetches. */
static void fetched_under(const char *rules)
{
    config_free(&config);
    config = load_good(rules);
    assert_non_null(config);
    facts = (struct facts){.keyed = facts_keyed_new(arena, config->policy)};
    for (int i = 0; i < FACT_COUNT; i++)
        if (fact_info((enum fact)i)->phase == PHASE_MESSAGE)
            facts.fact[i] = fact_baseline((enum fact)i);
    facts.fact[FACT_PROTOCOL] = value_integer(PROTOCOL_POP3);
    facts.fact[FACT_DIRECTION] = value_integer(DIRECTION_FETCH);
    for (int producer = 0; producer < PRODUCER_COUNT; producer++)
        facts_absent(&facts, (enum producer)producer, config->policy);
}

static void forget_configuration(void)
{
    config_free(&config);
    free_arena();
}

struct file {
    const char *extension;
    int part; /* -1: not known */
    bool macros;
};

static void holds_files(const struct file *files, size_t count, bool cut)
{
    struct value *items = arena_array(arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) {
        struct value *f = arena_array(arena, record_types[RECORD_attachment].count, sizeof *f);
        for (size_t k = 0; k < record_types[RECORD_attachment].count; k++)
            f[k] = (struct value){.state = VALUE_KNOWN};
        f[attachment_extension] = value_text(slice_of(files[i].extension));
        f[attachment_part] =
            files[i].part < 0 ? value_unknown() : value_number((double)files[i].part);
        f[attachment_macros] = value_bool(files[i].macros);
        items[i] = (struct value){.state = VALUE_KNOWN, .fields = f};
    }
    facts.fact[FACT_ATTACHMENTS] =
        (struct value){.state = VALUE_KNOWN, .list = {items, count, cut}};
}

/* exe in 2 and 5, a document with macros in 3 and 5, a text in 4 */
static const struct file usual[] = {{"exe", 5, false}, {"txt", 4, false}, {"doc", 3, true},
                                    {"exe", 2, false}, {"doc", 5, true},  {"exe", 2, false}};
enum { USUAL = sizeof usual / sizeof *usual };

static void holding_usual_files(const char *rules)
{
    fetched_under(rules);
    holds_files(usual, USUAL, false);
}

static void read_it(void)
{
    assert_int_equal(policy_evaluate_reading(config->policy, &facts, arena, &reading),
                     OUTCOME_DECIDED);
}

/* "clear", "later", "whole", or parts: "2 5". */
static void shown_is(const char *wanted)
{
    struct buf text = buf_init(8000);
    read_it();
    if (reading.kind != READING_REDACTED)
        buf_cstr(&text, reading.kind == READING_CLEAR ? "clear" : "later");
    else if (reading.whole)
        buf_cstr(&text, "whole");
    for (size_t i = 0; i < reading.part_count; i++)
        buf_printf(&text, "%s%u", i ? " " : "", reading.parts[i]);
    buf_char(&text, '\0');
    assert_string_equal(buf_slice(&text).ptr, wanted);
    assert_true(reading.kind == READING_REDACTED || (!reading.whole && reading.part_count == 0));
    assert_true(!reading.whole || reading.part_count == 0);
    buf_release(&text);
}

static void verdict_by(const char *action, int rule)
{
    assert_string_equal(action_info(reading.verdict.action)->word, action);
    assert_int_equal(reading.verdict.rule, rule);
}

#define EXE "any a in attachments (a.extension == \"exe\")"
#define MACROS "any m in attachments (m.macros)"
#define NONE "any n in attachments (n.extension == \"zip\")"

#define READ(name) TEST_WITH(name, make_arena, forget_configuration)

READ(test_what_no_rule_holds_up_is_shown)
{
    holding_usual_files("rule \"n\" when " NONE " then reject\n"
                        "rule \"h\" when message.size > 1B then header add \"X\" \"y\"\n");
    shown_is("clear");
    verdict_by("accept", -1);
    assert_int_equal(reading.verdict.edit_count, 1);
    assert_int_equal(reading.verdict.fired_count, 1);
}

READ(test_every_member_for_which_an_any_holds_names_its_part_once_in_order)
{
    static const char *const verdicts[] = {"reject", "drop", "discard", "quarantine \"w\""};
    static char rules[200]; /* the configuration's texts are in it */
    for (size_t i = 0; i < 4; i++) {
        snprintf(rules, sizeof rules, "rule \"r\" when " EXE " then %s\n", verdicts[i]);
        holding_usual_files(rules);
        shown_is("2 5");
        assert_int_equal(reading.verdict.rule, 0);
        assert_int_not_equal(reading.verdict.action, ACTION_ACCEPT);
    }
    assert_true(slice_eq(reading.verdict.held_as, SLICE("w")));
}

READ(test_the_verdict_names_the_member_that_held_first)
{
    holding_usual_files("rule \"r\" when " EXE
                        " then reject 550 5.7.1 \"{a.extension} in {a.part}\"\n");
    shown_is("2 5");
    assert_true(slice_eq(reading.verdict.text, SLICE("exe in 5")));
}

READ(test_what_a_condition_fired_on)
{
    static const struct {
        const char *condition, *shown;
    } cases[] = {
        {"message.size > 1B", "whole"},
        {"direction == fetch and " EXE, "2 5"},
        {EXE " and direction == fetch and message.size > 1B", "2 5"},
        {"(direction == fetch or message.size > 1B) and " EXE, "2 5"},
        {"direction in (inbound, fetch) and " EXE " and not " NONE, "2 5"},
        {EXE " and " MACROS, "2 3 5"},
        {EXE " or " MACROS, "2 3 5"},
        {EXE " or " NONE, "2 5"},
        {NONE " or " MACROS, "3 5"},
        {NONE " or " EXE " or " MACROS, "2 3 5"},
        {EXE " or message.size > 1B", "whole"},
        {"message.size > 1B or " EXE, "whole"},
        {EXE " or direction == inbound", "2 5"},
        {"direction == inbound or " EXE, "2 5"},
        {"(" EXE " and direction == inbound) or " MACROS, "3 5"},
        {"(" EXE " and direction == fetch) or " MACROS, "2 3 5"},
        {"(" EXE " or direction == fetch) and " MACROS, "2 3 5"},
        {MACROS " and (direction == fetch or " NONE ")", "3 5"},
        {"not (not (" EXE "))", "whole"},
        {"none z in attachments (z.extension == \"zip\")", "whole"},
        {"all z in attachments (z.extension != \"zip\")", "whole"},
        {"count(z in attachments (z.macros)) > 1", "whole"},
        {"count(attachments) > 1 and " EXE, "2 5"},
        {"any s in message.malformations (s == \"x\")", "whole"},
        {"any d in dkim (d.bits > 1)", "whole"},
        {"any a in attachments (any n in a.names (n == \"x\"))", "clear"},
        {"any a in attachments (a.extension == \"exe\" and any b in attachments (b.macros))",
         "2 5"},
        {"any a in attachments (a.extension == \"txt\" or a.extension == \"exe\" and not a.macros)",
         "2 4 5"},
        {"any a in attachments (count(b in attachments (b.macros)) == 2 and a.macros)", "3 5"},
    };
    static struct value odd = {.state = VALUE_KNOWN, .text = {"x", 1}};
    struct value signature[signature_dnssec + 1];
    for (size_t i = 0; i <= signature_dnssec; i++)
        signature[i] = value_number(1024);
    struct value signatures = {.state = VALUE_KNOWN, .fields = signature};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char rules[400];
        snprintf(rules, sizeof rules, "rule \"r\" when %s then reject\n", cases[i].condition);
        holding_usual_files(rules);
        facts.fact[FACT_MESSAGE_MALFORMATIONS] =
            (struct value){.state = VALUE_KNOWN, .list = {&odd, 1, false}};
        facts.fact[FACT_DKIM] =
            (struct value){.state = VALUE_KNOWN, .list = {&signatures, 1, false}};
        shown_is(cases[i].shown);
    }
}

READ(test_a_rule_without_condition_redacts_the_whole)
{
    holding_usual_files("rule \"r\" then reject\n");
    shown_is("whole");
}

READ(test_behind_a_rule_that_named_parts_others_add_theirs)
{
    holding_usual_files("rule \"e\" when " EXE " then log \"e\", reject 550 5.7.1 \"first\"\n"
                        "rule \"n\" when " NONE " then reject\n"
                        "rule \"m\" when " MACROS " then log \"m\", drop 421 4.3.2 \"second\"\n");
    shown_is("2 3 5");
    verdict_by("reject", 0);
    assert_true(slice_eq(reading.verdict.text, SLICE("first")));
    assert_int_equal(reading.verdict.code, 550);
    assert_int_equal(reading.verdict.fired_count, 2);
    assert_int_equal(reading.verdict.log_count, 2);
}

READ(test_an_accept_ends_what_others_add)
{
    holding_usual_files("rule \"e\" when " EXE " then reject\n"
                        "rule \"a\" when message.size > 1B then accept\n"
                        "rule \"m\" when " MACROS " then reject\n");
    shown_is("2 5");
    verdict_by("reject", 0);
    holding_usual_files("rule \"a\" when message.size > 1B then accept\n"
                        "rule \"e\" when " EXE " then reject\n");
    shown_is("clear");
    verdict_by("accept", 0);
}

READ(test_a_rule_on_the_whole_outweighs_parts)
{
    holding_usual_files("rule \"e\" when " EXE " then reject 550 5.7.1 \"first\"\n"
                        "rule \"w\" when message.size > 1B then quarantine \"w\"\n"
                        "rule \"d\" when message.size > 1B then defer\n");
    shown_is("whole");
    verdict_by("reject", 0);
}

READ(test_a_defer_before_or_behind_makes_it_later)
{
    holding_usual_files("rule \"d\" when message.size > 1B then defer 451 4.7.1 \"wait\"\n"
                        "rule \"e\" when " EXE " then reject\n");
    shown_is("later");
    verdict_by("defer", 0);
    holding_usual_files("rule \"e\" when " EXE " then reject\n"
                        "rule \"d\" when message.size > 1B then defer 451 4.7.1 \"wait\"\n");
    shown_is("later");
    verdict_by("defer", 1);
    assert_true(slice_eq(reading.verdict.text, SLICE("wait")));
}

READ(test_a_rule_that_cannot_be_decided_makes_it_later_before_or_behind_one_that_names_parts)
{
    static const char *const rules[] = {
        "rule \"v\" when av.result == infected then reject\nrule \"e\" when " EXE " then reject\n",
        "rule \"e\" when " EXE " then reject\nrule \"v\" when av.result == infected then reject\n",
        "rule \"v\" when av.result == infected then reject\n",
        "rule \"s\" when av.result == infected then strip each x in attachments (x.macros) \"x\"\n"
        "rule \"e\" when " EXE " then quarantine \"w\"\n",
    };
    for (size_t i = 0; i < 4; i++) {
        holding_usual_files(rules[i]);
        facts.fact[FACT_AV_RESULT] = value_unknown();
        shown_is("later");
        assert_string_equal(action_info(reading.verdict.action)->word, "defer");
        assert_int_equal(reading.verdict.unknown, FACT_AV_RESULT);
        facts.fact[FACT_AV_RESULT] = value_integer(AV_RESULT_CLEAN);
        read_it();
        assert_int_not_equal(reading.kind, READING_LATER);
    }
}

READ(test_what_passes_when_unknown_holds_up_no_reading)
{
    holding_usual_files("rule \"s\" when spf.result == fail then reject\n"
                        "rule \"e\" when " EXE " then reject\n");
    facts.fact[FACT_SPF_RESULT] = value_unknown();
    shown_is("2 5");
}

READ(test_nothing_is_shown_of_a_whole_refusal_whatever_is_unknown)
{
    holding_usual_files("rule \"v\" when av.result == infected then reject\n"
                        "rule \"w\" when message.size > 1B then reject\n");
    facts.fact[FACT_AV_RESULT] = value_unknown();
    shown_is("whole");
    verdict_by("reject", 1);
}

READ(test_an_observed_rule_redacts_nothing)
{
    holding_usual_files("observe rule \"e\" when " EXE " then reject\n");
    shown_is("clear");
    assert_int_equal(reading.verdict.fired_count, 1);
}

READ(test_stripped_parts_are_redacted)
{
    holding_usual_files("rule \"s\" when message.size > 1B then strip each x in attachments "
                        "(x.macros) \"gone\"\n");
    shown_is("3 5");
    verdict_by("accept", -1);
    assert_int_equal(reading.verdict.edit_count, 2);
}

READ(test_strips_of_rules_on_the_way_add_their_parts)
{
    holding_usual_files(
        "rule \"t\" then strip each x in attachments (x.extension == \"txt\") \"gone\"\n"
        "rule \"e\" when any a in attachments (a.extension == \"doc\") then reject\n"
        "rule \"s\" when message.size > 1B then strip each x in attachments (x.part == 2) \"-\", "
        "accept\n");
    shown_is("2 3 4 5");
    verdict_by("reject", 1);
    holding_usual_files(
        "rule \"t\" then strip each x in attachments (x.extension == \"txt\") \"gone\"\n"
        "rule \"w\" when message.size > 1B then reject\n");
    shown_is("whole");
}

READ(test_a_rule_that_cannot_tell_all_its_parts_redacts_the_whole)
{
    static const struct file nowhere[] = {{"exe", 3, false}, {"exe", -1, false}};
    fetched_under("rule \"e\" when " EXE " then reject\n");
    holds_files(usual, USUAL, true);
    shown_is("whole");
    holds_files(nowhere, 2, false);
    shown_is("whole");
    holds_files(nowhere, 1, false);
    shown_is("3");
    facts.fact[FACT_ATTACHMENTS].list.items[0].fields[attachment_part] = value_number(-1);
    shown_is("whole");
    facts.fact[FACT_ATTACHMENTS].list.items[0].fields[attachment_part] = value_number(1e300);
    shown_is("whole");
    facts.fact[FACT_ATTACHMENTS].list.items[0].fields[attachment_part] = value_absent();
    shown_is("whole");
}

READ(test_a_member_that_cannot_be_decided_may_be_one)
{
    holding_usual_files("rule \"e\" when " EXE " then reject\n");
    facts.fact[FACT_ATTACHMENTS].list.items[1].fields[attachment_extension] = value_unknown();
    shown_is("whole");
}

READ(test_a_side_that_cannot_be_decided_may_be_the_reason)
{
    static const char *const conditions[] = {
        EXE " or av.result == infected",
        "av.result == infected or " EXE,
        EXE " or (av.result == infected and " MACROS ")",
    };
    for (size_t i = 0; i < 3; i++) {
        char rules[400];
        snprintf(rules, sizeof rules, "rule \"r\" when %s then reject\n", conditions[i]);
        holding_usual_files(rules);
        facts.fact[FACT_AV_RESULT] = value_unknown();
        shown_is("whole");
        facts.fact[FACT_AV_RESULT] = value_integer(AV_RESULT_CLEAN);
        shown_is("2 5");
    }
    holding_usual_files("rule \"r\" when " EXE " or spf.result == fail then reject\n");
    facts.fact[FACT_SPF_RESULT] = value_unknown();
    shown_is("2 5");
}

READ(test_a_list_that_was_cut_and_has_no_such_member_is_read_later)
{
    fetched_under("rule \"z\" when " NONE " then reject\n");
    holds_files(usual, USUAL, true);
    shown_is("later");
    fetched_under("rule \"z\" when " EXE " then reject\n"
                  "rule \"m\" when any a in attachments (a.extension == \"zip\") then reject\n");
    holds_files(usual, USUAL, true);
    shown_is("whole");
}

READ(test_a_part_that_should_be_stripped_and_cannot_be_named_is_not_shown)
{
    static const struct file nowhere[] = {{"exe", -1, false}};
    fetched_under(
        "rule \"s\" then strip each x in attachments (x.extension == \"exe\") \"gone\"\n");
    holds_files(nowhere, 1, false);
    shown_is("later");
}

READ(test_of_a_thousand_attachments_each_part_is_named)
{
    static struct file many[3000];
    static char wanted[8000];
    struct buf text = buf_init(sizeof wanted);
    for (int i = 0; i < 3000; i++)
        many[i] = (struct file){"exe", (i * 7) % 1000 + 1, i % 2};
    for (int i = 1; i <= 1000; i++)
        buf_printf(&text, "%s%d", i > 1 ? " " : "", i);
    memcpy(wanted, buf_slice(&text).ptr, buf_len(&text));
    buf_release(&text);
    fetched_under("rule \"e\" when " EXE " or " MACROS " or " NONE " then reject\n"
                  "rule \"m\" when " MACROS " and " EXE " then reject\n"
                  "rule \"f\" when " EXE " then reject\n");
    holds_files(many, 3000, false);
    shown_is(wanted);
    assert_int_equal(reading.part_count, 1000);
}

READ(test_a_rule_that_tires_while_its_parts_are_told_redacts_the_whole)
{
    static struct file many[1500];
    for (int i = 0; i < 1500; i++)
        many[i] = (struct file){"exe", i, false};
    fetched_under("rule \"e\" when any a in attachments (a.extension == \"exe\" and "
                  "not any b in attachments (b.macros)) then reject\n");
    holds_files(many, 1500, false);
    shown_is("whole");
}

READ(test_postmaster_rules_and_logins_are_no_matter_of_reading)
{
    holding_usual_files("rule \"l\" when login.failures >= 20 then reject\n"
                        "rule \"c\" when client.ip in \"192.0.2.0/24\" then reject\n"
                        "rule \"r\" when recipient.local == \"postmaster\" then reject\n");
    shown_is("clear");
}

READ(test_a_reading_with_no_memory_is_said_to_be_so)
{
    bool decided = false;
    holding_usual_files("rule \"t\" then strip each x in attachments (x.part == 4) \"{x.part}\"\n"
                        "rule \"e\" when " EXE " then reject\n"
                        "rule \"m\" when " MACROS " then log \"{m.part}\", reject \"{m.part}\"\n");
    for (size_t room = 0; room < 4096; room += 8) {
        struct arena *small = arena_new(room);
        struct reading out;
        enum outcome outcome = policy_evaluate_reading(config->policy, &facts, small, &out);
        assert_true(outcome == OUTCOME_NO_MEMORY || outcome == OUTCOME_DECIDED);
        assert_true(outcome == OUTCOME_DECIDED || !decided);
        decided |= outcome == OUTCOME_DECIDED;
        assert_true(outcome != OUTCOME_DECIDED || out.part_count == 4);
        arena_free(&small);
    }
    assert_true(decided);
}

/* ---- what is absent ---- */

READ(test_what_is_absent_by_operator)
{
    static const struct {
        const char *condition;
        bool holds;
    } cases[] = {
        {"client.fcrdns", false},
        {"client.fcrdns == false", false},
        {"not client.fcrdns", true},
        {"client.fcrdns != true", true},
        {"client.ip in \"0.0.0.0/0\"", false},
        {"client.ip not in \"192.0.2.0/24\"", true},
        {"spf.result == fail", false},
        {"spf.result != pass", true},
        {"spf.result in (fail, softfail)", false},
        {"spf.result not in (pass, none)", true},
        {"sender == \"a@example.com\"", false},
        {"sender.domain in [\"example.com\"]", false},
        {"sender.domain not in [\"example.com\"]", true},
        {"sender.domain ends with \"com\"", false},
        {"helo matches /./", false},
        {"helo not matches /./", true},
        {"helo not contains \"x\"", true},
        {"message.from == sender", false},
        {"message.from != sender", true},
        {"recipient in recipients", false},
        {"dnsbl.score >= 0", false},
        {"dnsbl.score < 5", false},
        {"dnsbl.score != 5", true},
        {"not dnsbl.score >= 5", true},
        {"dnsbl.lists == \"x\"", false},
        {"any d in dnsbl.lists (d == \"x\")", false},
        {"none d in dnsbl.lists (d == \"x\")", true},
        {"all d in dnsbl.lists (d == \"x\")", true},
        {"count(dnsbl.lists) >= 1", false},
        {"count(dnsbl.lists) == 0", true},
        {"rate(client.ip, 1h) >= 0", false},
        {"rate(client.ip, 1h) < 100", false},
        {"not greylist.known", true},
        {"greylist.wait > 0s", false},
        {"client.ip is absent", true},
        {"client.ip is known", false},
        {"unknown(client.ip)", false},
        {"score >= 1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char rules[300];
        snprintf(rules, sizeof rules, "rule \"r\" when %s then reject\n", cases[i].condition);
        fetched_under(rules);
        read_it();
        if ((reading.kind == READING_REDACTED) != cases[i].holds)
            fail_msg("%s", cases[i].condition);
        assert_int_not_equal(reading.kind, READING_LATER);
    }
}

READ(test_only_what_is_pending_becomes_absent)
{
    fetched_under(
        "rule \"r\" when rate(client.ip, 1h) > 1 and header[\"X\"] is known and spf.result == "
        "fail then reject\n");
    facts.fact[FACT_SPF_RESULT] = value_unknown();
    facts.fact[FACT_SPF_DOMAIN] = (struct value){0};
    facts.fact[FACT_SPF_HELO] = value_integer(1);
    facts.fact[FACT_HELO] = (struct value){0};
    facts.keyed[0] = facts.keyed[1] = (struct value){0};
    facts_absent(&facts, PRODUCER_SPF, config->policy);
    facts_absent(&facts, PRODUCER_RATE, config->policy);
    assert_int_equal(facts.fact[FACT_SPF_RESULT].state, VALUE_UNKNOWN);
    assert_int_equal(facts.fact[FACT_SPF_DOMAIN].state, VALUE_ABSENT);
    assert_int_equal(facts.fact[FACT_SPF_HELO].state, VALUE_KNOWN);
    assert_int_equal(facts.fact[FACT_HELO].state, VALUE_PENDING);
    assert_int_equal(facts.keyed[0].state, VALUE_ABSENT);
    assert_int_equal(facts.keyed[1].state, VALUE_PENDING);
    facts.keyed = NULL;
    facts_absent(&facts, PRODUCER_RATE, config->policy);
}
