/* SPDX-License-Identifier: ISC
 * Facts in replies, headers and logs:
 * whatever a sender puts into them, the text stays harmless. And explain. */
#include "policy/explain.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdlib.h>

static struct arena *arena;
static struct facts facts;

static void reset(void)
{
    arena_free(&arena);
    arena = arena_new(1 << 20);
    for (unsigned i = 0; i < FACT_COUNT; i++)
        facts.fact[i] = fact_baseline((enum fact)i);
    facts.keyed = arena_array(arena, 8, sizeof(struct value));
    for (size_t i = 0; i < 8; i++)
        facts.keyed[i] = (struct value){.state = VALUE_KNOWN};
}

static void tear_down(void)
{
    arena_free(&arena);
}

EACH_TEST(reset, tear_down);

/* The verdict of one rule; its texts are copied, the configuration is gone. */
static struct verdict verdict_of(const char *text)
{
    struct verdict v;
    struct config *config = load_good(text);
    assert_non_null(config);
    assert_int_equal(policy_evaluate(config->policy, &facts, PHASE_MESSAGE, arena, &v),
                     OUTCOME_DECIDED);
    v.text = arena_copy(arena, v.text);
    for (size_t i = 0; i < v.edit_count; i++)
        v.edits[i].value = arena_copy(arena, v.edits[i].value);
    config_free(&config);
    return v;
}

TEST(test_no_value_can_break_a_reply)
{
    facts.fact[FACT_MESSAGE_SUBJECT] =
        value_text(SLICE("a\r\nRCPT TO:<x>\0\x01\x7f\xc2\x85\xe2\x80\xa8\xff\xc3\xa4z"));
    struct verdict v = verdict_of("rule \"r\" then reject \"s: {subject}.\"");
    assert_true(slice_starts(v.text, SLICE("s: a  RCPT TO:<x>")));
    for (size_t i = 0; i < v.text.len; i++)
        assert_true(v.text.ptr[i] >= ' ' && (unsigned char)v.text.ptr[i] < 127);
    assert_true(slice_iends(v.text, SLICE("z.")));
}

TEST(test_headers_keep_utf8_but_no_line_breaks)
{
    facts.fact[FACT_MESSAGE_SUBJECT] = value_text(SLICE("a\xc3\xa4\n b\xe2\x80\xa8\xed\xa0\x80"));
    struct verdict v = verdict_of(
        "rule \"r\" then header add \"X-S\" \"{subject}\", subject prefix \"[\xc3\xa4] \"");
    assert_int_equal(v.edit_count, 2);
    assert_true(slice_eq(slice_sub(v.edits[0].value, 0, 6), SLICE("a\xc3\xa4  b")));
    assert_int_equal(slice_search(v.edits[0].value, SLICE("\xe2\x80\xa8")), v.edits[0].value.len);
    assert_int_equal(slice_search(v.edits[0].value, SLICE("\xed")), v.edits[0].value.len);
    assert_true(slice_eq(v.edits[1].value, SLICE("[\xc3\xa4] ")));
}

TEST(test_values_and_replies_are_cut)
{
    char *huge = arena_alloc(arena, 5000);
    memset(huge, 'x', 5000);
    facts.fact[FACT_MESSAGE_SUBJECT] = value_text((struct slice){huge, 5000});
    struct verdict v =
        verdict_of("rule \"r\" then reject \"{subject}|{helo}|{subject}|{subject}\"");
    assert_int_equal(slice_find(v.text, '|'), 200);
    assert_int_equal(v.text.len, 400);
    v = verdict_of("rule \"r\" then header add \"X\" "
                   "\"{subject}{subject}{subject}{subject}{subject}{subject}\"");
    assert_int_equal(v.edits[0].value.len, 900);
}

TEST(test_every_type_can_be_written)
{
    facts.fact[FACT_SENDER] = value_absent();
    facts.fact[FACT_MESSAGE_ID] = value_unknown();
    struct verdict v = verdict_of(
        "rule \"r\" then score 2.5, reject \"{client.ip} {client.port} {direction} {message.size} "
        "{tls.active} {sender} {message.id} {recipient.domain} {recipient.local} {recipients} "
        "{score} {header[\\\"X\\\"]} {{x}\"");
    assert_true(slice_eq(
        v.text,
        SLICE("192.0.2.1 40000 inbound 4096 true none unknown example.com user  2.5  {x}")));
}

TEST(test_an_arena_that_is_full_is_said_so)
{
    struct verdict v;
    struct arena *tiny = arena_new(16);
    struct config *config = load_good("rule \"r\" then reject \"{helo}\"");
    assert_int_equal(policy_evaluate(config->policy, &facts, PHASE_MESSAGE, tiny, &v),
                     OUTCOME_NO_MEMORY);
    arena_free(&tiny);
    config_free(&config);
}

TEST(test_quiet_rules_take_no_memory)
{
    struct verdict v;
    struct config *config = load_good("rule \"r\" when any a in attachments (a.name matches /x/i) "
                                      "or helo == \"bad\" then reject\n");
    size_t before = arena_used(arena);
    assert_int_equal(policy_evaluate(config->policy, &facts, PHASE_MESSAGE, arena, &v),
                     OUTCOME_DECIDED);
    assert_int_equal(arena_used(arena), before);
    config_free(&config);
}

static const char meaning[] = "table t { \"Client.Example\" \"*.sub.test\" }\n"
                              "rule \"%u\" when %s then reject\n";

static bool holds(const char *condition)
{
    char text[600];
    snprintf(text, sizeof text, meaning, 1u, condition);
    return verdict_of(text).action == ACTION_REJECT;
}

TEST(test_texts_are_compared_by_their_type)
{
    facts.fact[FACT_SENDER] = value_text(SLICE("User@Sub.Example.COM"));
    facts.fact[FACT_TLS_SNI] = value_text(SLICE("mail.sub.test."));
    assert_true(holds("listener == \"smtp\"") && holds("listener == \"SMTP\"") &&
                holds("listener in [\"Smtp\"]") && !holds("listener != \"SMTP\""));
    assert_true(holds("helo in t") && holds("tls.sni in t") &&
                holds("helo in [\"CLIENT.EXAMPLE\"]"));
    assert_true(holds("sender == \"user@sub.example.com\"") &&
                holds("sender.domain == \"sub.example.com.\""));
    assert_true(holds("sender.local == \"User\"") && holds("sender.local == \"user\""));
    assert_true(holds("tls.sni == \"MAIL.sub.test\"") && holds("tls.sni ends with \".test\""));
    assert_true(holds("sender contains \"@SUB.\"") && !holds("listener contains \"SMTP\""));
    assert_true(holds("helo starts with \"client\"") && holds("helo ends with \"example\""));
    assert_true(holds("helo matches /^CLIENT\\.ex/i") && !holds("helo matches /^CLIENT/"));
    facts.fact[FACT_HELO] = value_text(SLICE("a\xff\xfe"
                                             "b"));
    assert_true(holds("helo matches /b$/") && holds("helo matches /^a/"));
}

TEST(test_what_is_absent_equals_nothing)
{
    facts.fact[FACT_SENDER] = value_absent();
    assert_true(!holds("sender == \"a@b\"") && holds("sender != \"a@b\"") &&
                !holds("sender in [\"a@b\"]"));
    assert_true(holds("sender not in [\"a@b\"]") && !holds("sender matches /./") &&
                !holds("sender.domain == helo"));
    assert_true(holds("sender is absent") && !holds("sender is known") &&
                !holds("unknown(sender)"));
    assert_true(holds("header[\"X\"] is absent") && holds("count(header[\"X\"]) == 0"));
    assert_true(holds("all a in attachments (a.macros)") &&
                holds("none a in attachments (a.macros)"));
    facts.fact[FACT_RECIPIENT] = value_text(SLICE("no-at-sign"));
    assert_true(holds("recipient.domain is absent") && holds("recipient.local == \"no-at-sign\""));
}

TEST(test_explain_names_what_decided)
{
    struct buf out = buf_init(65536);
    struct config *config = load_good(
        "rule \"a\" when helo.esmtp and\n    (helo == \"x\" or count(recipients) > 1) then reject\n"
        "rule \"b\" when tls.active and helo == \"x\" then reject\n"
        "rule \"s\" then score 3\n"
        "observe rule \"v\" when av.result == infected then reject\n"
        "rule \"c\" when message.size > 5B and not any r in recipients (r.domain == \"x\") and "
        "score >= 3 "
        "then defer \"no {helo}\"\n");
    facts.fact[FACT_AV_RESULT] = value_unknown();
    assert_true(policy_explain(config->policy, &facts, PHASE_MESSAGE, arena, &out));
    assert_true(report_is(
        &out, "t.conf:1: rule \"a\": false, because (helo == \"x\" or count(recipients) > 1)\n"
              "t.conf:3: rule \"b\": false, because helo == \"x\" (helo is \"client.example\")\n"
              "t.conf:4: rule \"s\": true, always\n"
              "t.conf:5: observe rule \"v\": unknown, because av.result == infected (av.result is "
              "unknown)\n"
              "t.conf:6: rule \"c\": true, because message.size > 5B and not any r in recipients "
              "(r.domain == \"x\") and score >= 3\n"
              "defer 451 4.7.1 no client.example, by rule \"c\"\n"));
    buf_release(&out);
    config_free(&config);
}
