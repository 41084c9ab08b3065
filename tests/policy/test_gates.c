/* SPDX-License-Identifier: ISC
 * Rules that are left out at once (policy/gates.h) would have said nothing: random policies of many
 * rules over random facts, with gates and without, come to the same in all that they tell. */
#include "policy/explain.h"
#include "policy/gates_internal.h"
#include "policy/spelling.h"
#include "policy/types.h"
#include "policy/undecided.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <stdlib.h>

enum { POLICIES = MANY(400, 60), FACT_SETS = 12, RULES_MAX = 90, TEXT_MAX = 1 << 16 };

static uint64_t seed = 7;

static unsigned dice(unsigned sides)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % sides;
}

/* ---- random policies ---- */

static const char preamble[] =
    "hostname \"mx.a.test\"\nbackend b { smtp \"192.0.2.9:25\" }\ndomain \"a.test\" { backend b }\n"
    "table names { \"A.test\" \"*.b.test\" \"@c.test\" \"b\xc3\xbc"
    "cher.example\" }\n"
    "table nets { \"192.0.2.0/24\" }\n"
    "table pairs { \"a.test\" -> 3 \"*.b.test\" -> 5 }\n"
    "condition \"named\" when sender.domain == \"a.test\" and client.port >= 100\n";

/* Texts that facts have as well; some are the same to who compares. */
static const char *const texts[] = {"a.test",
                                    "A.TEST",
                                    "b.test",
                                    "x.b.test",
                                    "c.test",
                                    ("stra\xc3\x9f"
                                     "e"),
                                    ("STRA\xc3\x9f"
                                     "E"),
                                    ("\xe2\x84\xaa"
                                     "elvin"),
                                    "kelvin",
                                    "exe",
                                    "EXE",
                                    "d.test",
                                    "\xce\xa3\xcf\x82",
                                    "\xcf\x83\xcf\x83",
                                    "xn--bcher-kva.example",
                                    "zip"};
enum { TEXTS = sizeof texts / sizeof *texts };

static const char *domain(void)
{
    static const char *const domains[] = {"a.test",
                                          "A.TEST",
                                          "b.test",
                                          "x.b.test",
                                          "c.test",
                                          "d.test",
                                          "a.test.",
                                          ("b\xc3\xbc"
                                           "cher.example")};
    return domains[dice(8)];
}

static const char *text(void)
{
    return texts[dice(TEXTS)];
}

static void put_keyed(struct buf *out)
{
    switch (dice(12)) {
    case 0:
        buf_printf(out, "sender.domain == \"%s\"", domain());
        break;
    case 1:
        buf_printf(out, "recipient == \"u@%s\"", domain());
        break;
    case 2:
        buf_printf(out, "helo == \"%s\"", domain());
        break;
    case 3:
        buf_printf(out, "sender.domain in [\"%s\", \"*.%s\"]", domain(), domain());
        break;
    case 4:
        buf_printf(out, "any a in attachments (a.extension == \"%s\")", text());
        break;
    case 5:
        buf_printf(out, "any a in attachments (a.size > %uB and a.extension in [\"%s\", \"%s\"])",
                   dice(3), text(), text());
        break;
    case 6:
        buf_printf(out, "any a in attachments (a.name == \"%s\" and a.encrypted)", text());
        break;
    case 7:
        buf_printf(out, "message.subject == \"%s\"", text());
        break;
    case 8:
        buf_printf(out, "header[\"x-a\"] == \"%s\"", text());
        break;
    case 9:
        buf_printf(out, "message.malformations == \"%s\"", text());
        break;
    case 10:
        buf_printf(out, "(sender.domain == \"%s\" or sender.domain == \"%s\")", domain(), domain());
        break;
    default:
        buf_printf(out, "message.subject in [\"%s\", \"*.%s\"]", text(), domain());
    }
}

static void put_other(struct buf *out)
{
    static const char *const others[] = {
        "client.ip in nets",
        "not client.ip in nets",
        "client.ip in [\"192.0.2.1\"]",
        "client.port >= 100",
        "helo.esmtp",
        "not tls.active",
        "message.null_sender == true",
        "sender.domain in names",
        "recipient in names",
        "condition \"named\"",
        "pairs[sender.domain] == 5",
        "count(attachments) >= 1",
        "sender is known",
        "helo is absent",
        "message.size > 100B",
        "score >= 3",
        "unknown(recipient)",
        "direction == inbound",
        "all a in attachments (a.extension == \"exe\")",
        "any e in names (sender.domain == e)",
        "message.subject contains i \"kel\"",
        "any a in attachments (any n in a.names (n == \"exe\"))",
        "sender.domain == recipient.domain",
    };
    buf_cstr(out, others[dice(sizeof others / sizeof *others)]);
}

static void put_condition(struct buf *out)
{
    unsigned shape = dice(6);
    if (shape >= 4) {
        put_other(out);
        buf_cstr(out, shape == 4 ? " and " : " or ");
    }
    if (dice(8) == 0)
        buf_cstr(out, "not ");
    if (dice(5) == 0)
        put_other(out);
    else
        put_keyed(out);
    if (shape == 1 || shape == 2) {
        buf_cstr(out, " and ");
        put_other(out);
    }
}

static const char *action(void)
{
    static const char *const actions[] = {
        "accept",
        "discard",
        "quarantine \"w\"",
        "defer",
        "reject 550 5.7.1 \"no {sender}\"",
        "score 1",
        "score -2",
        "score 2.5",
        "score 1 as \"p\"",
        "header add \"X\" \"{helo}\"",
        "log \"{recipient}\"",
        "delay 1s",
        "delay 3s",
        "copy to \"c@a.test\"",
        "header set \"Y\" \"{message.size}\"",
        "subject prefix \"{score} \"",
    };
    return actions[dice(sizeof actions / sizeof *actions)];
}

static void random_policy(struct buf *out)
{
    unsigned rules = 10 + dice(RULES_MAX - 10);
    buf_cstr(out, preamble);
    for (unsigned i = 0; i < rules; i++) {
        buf_printf(out, "%srule \"%u\" when ", dice(6) == 0 ? "observe " : "", i);
        put_condition(out);
        buf_printf(out, " then %s\n", action());
    }
    if (dice(3) == 0)
        buf_cstr(out, "rule \"strip\" when any a in attachments (a.extension == \"exe\") then "
                      "strip each a in "
                      "attachments (a.extension == \"exe\") \"gone\"\n");
    buf_char(out, '\0');
}

/* ---- random facts ---- */

static struct value sample(struct arena *arena, const struct type *type, unsigned depth);

static struct value sample_list(struct arena *arena, const struct type *type, unsigned depth)
{
    size_t count = dice(4);
    struct value *items = arena_array(arena, count + 1, sizeof *items);
    assert_non_null(items);
    for (size_t i = 0; i < count; i++)
        items[i] = sample(arena, type->element, depth + 1);
    return (struct value){.state = VALUE_KNOWN, .list = {items, count, dice(6) == 0}};
}

static struct value sample_record(struct arena *arena, const struct record_type *type,
                                  unsigned depth)
{
    struct value *fields = arena_array(arena, type->count, sizeof *fields);
    assert_non_null(fields);
    for (size_t i = 0; i < type->count; i++)
        fields[i] = sample(arena, &type->fields[i].type, depth + 1);
    return (struct value){.state = VALUE_KNOWN, .fields = fields};
}

static struct value sample_known(struct arena *arena, const struct type *type, unsigned depth)
{
    struct ip ip;
    switch (type->kind) {
    case TYPE_BOOL:
        return value_bool(dice(2));
    case TYPE_NUMBER:
        return value_number(dice(200));
    case TYPE_SIZE:
    case TYPE_DURATION:
    case TYPE_TIME:
        return value_integer(dice(200));
    case TYPE_ENUM:
        return value_integer(dice(2));
    case TYPE_IP:
        assert_true(ip_parse(dice(2) ? SLICE("192.0.2.1") : SLICE("2001:db8::1"), &ip));
        return value_ip(ip);
    case TYPE_LIST:
        return sample_list(arena, type, depth);
    case TYPE_RECORD:
        return sample_record(arena, type->record, depth);
    case TYPE_ADDRESS:
        return value_address(arena, arena_printf(arena, "u@%s", domain()));
    case TYPE_DOMAIN:
        return value_domain(arena, slice_of(domain()));
    default:
        return value_text(dice(20) ? slice_of(text())
                                   : arena_printf(arena, "%s%3000s.b.test", dice(2) ? text() : "",
                                                  dice(2) ? text() : ""));
    }
}

/* Deep in a list the least is unknown: else every rule would be. */
static struct value sample(struct arena *arena, const struct type *type, unsigned depth)
{
    unsigned state = dice(depth ? 60 : 14);
    return state == 0   ? value_unknown()
           : state == 1 ? value_absent()
                        : sample_known(arena, type, depth);
}

static void sample_facts(struct arena *arena, const struct policy *policy, struct facts *facts)
{
    *facts = (struct facts){.keyed = facts_keyed_new(arena, policy)};
    for (unsigned i = 0; i < FACT_COUNT; i++)
        facts->fact[i] = sample(arena, &fact_info((enum fact)i)->type, 0);
    for (size_t i = 0; i < policy->key_count; i++)
        facts->keyed[i] = sample(arena, &fact_info(policy->keys[i].fact)->type, 0);
}

/* ---- what came of it, in words ---- */

static void put_edits(struct buf *out, const struct verdict *v)
{
    for (size_t i = 0; i < v->edit_count; i++)
        buf_printf(out, "edit %d %.*s %.*s %u\n", v->edits[i].kind, SLICE_ARGS(v->edits[i].name),
                   SLICE_ARGS(v->edits[i].value), v->edits[i].part);
    for (size_t i = 0; i < v->log_count; i++)
        buf_printf(out, "log %.*s\n", SLICE_ARGS(v->log[i]));
    for (size_t i = 0; i < v->copy_count; i++)
        buf_printf(out, "copy %.*s\n", SLICE_ARGS(v->copies[i]));
    for (size_t i = 0; i < v->part_count; i++)
        buf_printf(out, "part %.*s %g\n", SLICE_ARGS(v->parts[i].name), v->parts[i].points);
    for (size_t i = 0; i < v->fired_count; i++)
        buf_printf(out, "fired %u\n", v->fired[i]);
}

static void put_verdict(struct buf *out, enum outcome outcome, const struct verdict *v)
{
    buf_printf(out, "outcome %d action %d %u %.*s %.*s %.*s rule %d unknown %d tired %d\n", outcome,
               v->action, v->code, SLICE_ARGS(v->enhanced), SLICE_ARGS(v->text),
               SLICE_ARGS(v->held_as), v->rule, v->unknown, v->tired);
    buf_printf(out, "score %g delay %lld recipient %d\n", v->score, (long long)v->delay,
               v->per_recipient);
    put_edits(out, v);
}

static void put_undecided(struct buf *out, struct arena *arena, const struct policy *policy,
                          const struct facts *facts, enum phase through, const struct verdict *v)
{
    struct undecided_rules undecided = {0};
    policy_undecided(policy, facts, through, v, arena, &undecided);
    for (size_t i = 0; i < undecided.count; i++)
        buf_printf(out, "undecided %zu %d %d\n", undecided.rules[i].rule, undecided.rules[i].action,
                   undecided.rules[i].fact);
}

static void put_phase(struct buf *out, struct arena *arena, const struct policy *policy,
                      const struct facts *all, enum phase phase)
{
    struct facts facts;
    struct verdict verdict;
    assert_true(facts_through(all, phase, policy, arena, &facts));
    enum outcome outcome = policy_evaluate(policy, &facts, phase, arena, &verdict);
    buf_printf(out, "phase %d\n", phase);
    put_verdict(out, outcome, &verdict);
    put_undecided(out, arena, policy, &facts, phase, &verdict);
}

static void put_all(struct buf *out, struct arena *arena, const struct policy *policy,
                    const struct facts *facts)
{
    struct verdict verdict;
    struct reading reading;
    for (unsigned phase = PHASE_CONNECT; phase <= PHASE_MESSAGE; phase++)
        put_phase(out, arena, policy, facts, (enum phase)phase);
    put_verdict(out, policy_evaluate_login(policy, facts, arena, &verdict), &verdict);
    enum outcome outcome = policy_evaluate_reading(policy, facts, arena, &reading);
    put_verdict(out, outcome, &reading.verdict);
    buf_printf(out, "reading %d %d %zu\n", reading.kind, reading.whole, reading.part_count);
    for (size_t i = 0; i < reading.part_count; i++)
        buf_printf(out, "%u\n", reading.parts[i]);
    policy_explain(policy, facts, PHASE_MESSAGE, arena, out);
    assert_false(out->failed);
}

/* ---- */

static unsigned long looked_at, there;

static void count_candidates(const struct policy *policy, const struct facts *facts)
{
    struct evaluation evaluation = {
        .policy = policy, .facts = facts, .final = true, .score.doubt = judge(true)};
    struct candidates candidates = candidates_begin(&evaluation);
    for (size_t i; candidates_next(&candidates, 0, &i);)
        looked_at++;
    candidates_end(&candidates);
    there += policy->rule_count;
}

static void check_facts(struct arena *arena, const struct policy *policy, const char *words)
{
    struct buf with = buf_init(TEXT_MAX), without = buf_init(TEXT_MAX);
    struct policy plain = *policy;
    struct facts facts;
    sample_facts(arena, policy, &facts);
    plain.gates = NULL;
    put_all(&with, arena, policy, &facts);
    put_all(&without, arena, &plain, &facts);
    count_candidates(policy, &facts);
    bool same = slice_eq(buf_slice(&with), buf_slice(&without));
    if (!same)
        fprintf(stderr, "%s\nwith gates:\n%.*s\nwithout:\n%.*s\n", words,
                SLICE_ARGS(buf_slice(&with)), SLICE_ARGS(buf_slice(&without)));
    buf_release(&with);
    buf_release(&without);
    assert_true(same);
}

ARENA_TESTS(1 << 24);

TEST(test_rules_that_are_left_out_would_have_said_nothing)
{
    struct buf words = buf_init(TEXT_MAX);
    for (unsigned i = 0; i < POLICIES; i++) {
        buf_clear(&words);
        random_policy(&words);
        struct config *config = load_good(buf_slice(&words).ptr);
        assert_non_null(config);
        for (unsigned k = 0; k < FACT_SETS; k++) {
            check_facts(arena, config->policy, buf_slice(&words).ptr);
            arena_reset(arena);
        }
        config_free(&config);
    }
    buf_release(&words);
    assert_true(looked_at < there / 4 * 3); /* else there would be nothing to see here */
}

/* ---- what hangs on rules that are pending ---- */

static enum outcome evaluate(const char *text, const struct facts *facts, enum phase through,
                             struct verdict *verdict)
{
    struct config *config = load_good(text);
    assert_non_null(config);
    assert_int_equal(((const struct gates *)config->policy->gates)->count, 1);
    enum outcome outcome = policy_evaluate(config->policy, facts, through, arena, verdict);
    config_free(&config);
    return outcome;
}

#define FOUR_FALSE_RULES                                                                           \
    "rule \"1\" when sender.domain == \"a.test\" and client.port == 1 then score 1\n"              \
    "rule \"2\" when sender.domain == \"b.test\" and client.port == 1 then score 1\n"              \
    "rule \"3\" when sender.domain == \"c.test\" and client.port == 1 then score 1\n"              \
    "rule \"4\" when sender.domain == \"d.test\" and client.port == 1 then score 1\n"

TEST(test_a_score_is_pending_while_any_rule_that_may_add_to_it_is)
{
    static const char refuses[] = "rule \"many\" when score < 3 then drop\n";
    static const char adds[] = "rule \"5\" when sender.domain == \"e.test\" then score 9\n";
    struct facts facts = {.fact[FACT_CLIENT_PORT] = value_number(2)};
    struct verdict verdict;
    char text[2048];
    snprintf(text, sizeof text, "%s%s", FOUR_FALSE_RULES, refuses);
    assert_int_equal(evaluate(text, &facts, PHASE_CONNECT, &verdict), OUTCOME_DECIDED);
    assert_int_equal(verdict.action, ACTION_DROP);
    snprintf(text, sizeof text, "%s%s%s", FOUR_FALSE_RULES, adds, refuses);
    assert_int_equal(evaluate(text, &facts, PHASE_CONNECT, &verdict), OUTCOME_PENDING);
}

TEST(test_a_verdict_is_a_recipients_where_a_rule_that_was_passed_on_the_way_names_one)
{
    static const char ends[] = "rule \"ends\" when client.port == 2 then drop\n";
    static const char names[] = "rule \"names\" when sender.domain == \"z.test\" and "
                                "recipient.domain == \"a.test\" then drop\n";
    struct facts facts = {.fact[FACT_CLIENT_PORT] = value_number(2)};
    struct verdict verdict;
    char text[2048];
    facts.fact[FACT_SENDER] = value_text(SLICE("a@x.test"));
    snprintf(text, sizeof text, "%s%s%s", FOUR_FALSE_RULES, ends, names);
    assert_int_equal(evaluate(text, &facts, PHASE_RCPT, &verdict), OUTCOME_DECIDED);
    assert_false(verdict.per_recipient);
    snprintf(text, sizeof text, "%s%s%s", FOUR_FALSE_RULES, names, ends);
    assert_int_equal(evaluate(text, &facts, PHASE_RCPT, &verdict), OUTCOME_DECIDED);
    assert_true(verdict.per_recipient);
}

TEST(test_of_ten_thousand_rules_about_senders_those_of_this_one_are_looked_at)
{
    struct buf text = buf_init(1 << 24);
    struct facts facts = {.fact[FACT_SENDER] = value_text(SLICE("a@D77.test"))};
    for (unsigned i = 0; i < 10000; i++)
        buf_printf(&text, "rule \"%u\" when sender.domain == \"d%u.test\" then score 1\n", i, i);
    buf_printf(&text, "rule \"last\" when sender.domain == \"d77.test\" then reject\n%c", '\0');
    struct config *config = load_good(buf_slice(&text).ptr);
    assert_non_null(config);
    struct evaluation evaluation = {.policy = config->policy, .facts = &facts};
    struct candidates candidates = candidates_begin(&evaluation);
    size_t rule;
    assert_true(candidates_next(&candidates, 0, &rule));
    assert_int_equal(rule, 77);
    assert_true(candidates_next(&candidates, 0, &rule));
    assert_int_equal(rule, 10000);
    assert_false(candidates_next(&candidates, 0, &rule));
    candidates_end(&candidates);
    config_free(&config);
    buf_release(&text);
}

static void put_long_policy(struct buf *text)
{
    for (unsigned i = 0; i < 300; i++)
        buf_printf(text, "%*s\nrule \"%u\" when sender.domain == \"d%u.test\" then score 1\n",
                   (int)(i % 40), "#", i, i);
}

TEST(test_each_rule_of_a_long_file_knows_its_line)
{
    struct buf text = buf_init(1 << 20);
    put_long_policy(&text);
    buf_char(&text, '\0');
    struct config *config = load_good(buf_slice(&text).ptr);
    assert_non_null(config);
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(policy_rule_info(config->policy, i).line, 2 * i + 2);
    config_free(&config);
    buf_release(&text);
}

TEST(test_a_second_rule_of_a_name_is_refused_among_many_and_one_in_other_letters_is_not)
{
    struct buf text = buf_init(1 << 20);
    put_long_policy(&text);
    buf_cstr(&text, "rule \"Again\" then score 1\nrule \"again\" then score 1\n");
    assert_true(buf_char(&text, '\0'));
    struct config *config = load_good(buf_slice(&text).ptr);
    assert_non_null(config);
    config_free(&config);
    buf_clear(&text);
    put_long_policy(&text);
    buf_printf(&text, "rule \"123\" then score 1\n%c", '\0');
    assert_true(is_refused(buf_slice(&text).ptr, "a rule of this name stands in line 248 already"));
    buf_release(&text);
}
