/* SPDX-License-Identifier: ISC
 * Rules through the front door: text in, verdict out. */
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdlib.h>

struct world {
    struct config *config;
    struct arena *arena;
    struct facts facts;
    struct verdict verdict;
};

static void open_world(struct world *w, const char *text)
{
    size_t keys;
    w->config = load_good(text);
    assert_non_null(w->config);
    w->arena = arena_new(1 << 20);
    for (unsigned i = 0; i < FACT_COUNT; i++)
        w->facts.fact[i] = fact_baseline((enum fact)i);
    policy_keys(w->config->policy, &keys);
    w->facts.keyed = arena_array(w->arena, keys, sizeof(struct value));
    for (size_t i = 0; i < keys; i++)
        w->facts.keyed[i] = (struct value){.state = VALUE_KNOWN};
}

static void close_world(struct world *w)
{
    arena_free(&w->arena);
    config_free(&w->config);
}

static enum outcome at(struct world *w, enum phase phase)
{
    return policy_evaluate(w->config->policy, &w->facts, phase, w->arena, &w->verdict);
}

static void pend_after(struct world *w, enum phase phase)
{
    for (unsigned i = 0; i < FACT_COUNT; i++)
        if (fact_info((enum fact)i)->phase > phase)
            w->facts.fact[i] = (struct value){0};
}

#define verdict_is(w, phase, wanted, by)                                                           \
    do {                                                                                           \
        assert_int_equal(at((w), (phase)), OUTCOME_DECIDED);                                       \
        assert_string_equal(action_info((w)->verdict.action)->word, wanted);                       \
        assert_int_equal((w)->verdict.rule, by);                                                   \
    } while (0)

static void acts(struct world *w, size_t rule, enum phase phase, const char *why)
{
    struct rule_info info = policy_rule_info(w->config->policy, rule);
    if (!slice_eq(info.why_later, slice_of(why)))
        fprintf(stderr, "%.*s\n", SLICE_ARGS(info.why_later));
    assert_int_equal(info.acts_at, phase);
    assert_true(slice_eq(info.why_later, slice_of(why)));
}

TEST(test_postmaster_is_spared_by_what_acts_before_the_message_but_not_by_content_rules)
{
    struct world w = {0};
    open_world(&w, "rule \"blocked\" when client.ip in \"192.0.2.0/24\" then reject\n"
                   "rule \"big\" when message.size > 5B then reject 552 5.3.4 \"big\"\n");
    verdict_is(&w, PHASE_RCPT, "reject", 0);
    w.facts.fact[FACT_RECIPIENT] = value_text(SLICE("Postmaster@example.com"));
    verdict_is(&w, PHASE_MESSAGE, "reject", 1);
    w.facts.fact[FACT_MESSAGE_SIZE] = value_integer(5);
    verdict_is(&w, PHASE_MESSAGE, "accept", -1);
    close_world(&w);
}

TEST(test_postmaster_of_others_is_not_spared_in_mail_that_leaves)
{
    struct world w = {0};
    open_world(&w, "rule \"blocked\" when client.ip in \"192.0.2.0/24\" then reject\n");
    w.facts.fact[FACT_RECIPIENT] = value_text(SLICE("postmaster@example.com"));
    w.facts.fact[FACT_DIRECTION] = value_integer(DIRECTION_INBOUND);
    verdict_is(&w, PHASE_RCPT, "accept", -1);
    w.facts.fact[FACT_DIRECTION] = value_integer(DIRECTION_OUTBOUND);
    verdict_is(&w, PHASE_RCPT, "reject", 0);
    close_world(&w);
}

TEST(test_what_stands_above_a_rule_does_not_change_whom_it_spares)
{
    static const char *const above[] = {
        "",
        "rule \"never\" when message.subject == \"never\" then reject\n",
        "rule \"never\" when message.subject == \"never\" then accept\n",
        "rule \"never\" when message.subject == \"never\" then score 1\n",
    };
    static const char blocked[] =
        "rule \"blocked\" when client.ip in \"192.0.2.0/24\" then reject\n"
        "rule \"points\" when client.port > 0 then score 5\n"
        "rule \"score\" when score >= 5 then defer\n"
        "rule \"own\" when client.port > 0 then reject \"{message.subject}\"\n";
    for (size_t i = 0; i < sizeof above / sizeof *above; i++) {
        char text[1000];
        int first = i > 0;
        struct world w = {0};
        snprintf(text, sizeof text, "%s%s", above[i], blocked);
        open_world(&w, text);
        verdict_is(&w, PHASE_MESSAGE, "reject", first);
        w.facts.fact[FACT_RECIPIENT] = value_text(SLICE("abuse@example.com"));
        verdict_is(&w, PHASE_MESSAGE, "reject", first + 3);
        close_world(&w);
    }
}

TEST(test_postmaster_and_abuse_are_known_by_their_local_part)
{
    assert_true(is_postmaster(SLICE("postmaster@example.com")));
    assert_true(is_postmaster(SLICE("ABUSE@example.com")));
    assert_true(is_postmaster(SLICE("postmaster")));
    assert_true(is_postmaster(SLICE("\"postmaster\"@example.com")));
    assert_false(is_postmaster(SLICE("postmaster.x@example.com")));
    assert_false(is_postmaster(SLICE("x@postmaster")));
    assert_false(is_postmaster(SLICE("\"postmaster@example.com")));
    assert_false(is_postmaster(SLICE("\"postmaster@x\"@example.com")));
    assert_false(is_postmaster(SLICE("")));
}

TEST(test_it_is_said_when_a_rule_can_act_and_why_not_before)
{
    struct world w = {0};
    open_world(
        &w, "rule \"a\" when helo.esmtp and (helo == \"x\" or count(recipients) > 1) then reject\n"
            "rule \"b\" when tls.active and helo == \"x\" then reject\n"
            "rule \"s\" when message.size > 5B then score 3\n"
            "rule \"c\" when client.ip in \"192.0.2.0/24\" then defer\n"
            "rule \"d\" when score >= 3 then defer\n"
            "rule \"e\" when client.port == 1 then accept\n"
            "rule \"f\" when helo == \"y\" then reject \"{recipient}\"\n");
    acts(&w, 0, PHASE_HELO, "cannot act before helo: names helo.esmtp");
    acts(&w, 1, PHASE_LOGIN, "cannot act before login: names tls.active");
    acts(&w, 2, PHASE_MESSAGE, "cannot act before message: names message.size");
    acts(&w, 3, PHASE_HELO,
         "cannot act before helo because rule \"a\" (line 1) before it needs helo.esmtp");
    acts(&w, 4, PHASE_MESSAGE, "cannot act before message: names message.size");
    acts(&w, 5, PHASE_MESSAGE,
         "cannot act before message because rule \"s\" (line 3) before it needs message.size");
    acts(&w, 6, PHASE_MESSAGE,
         "cannot act before message because rule \"d\" (line 5) before it needs message.size");
    close_world(&w);
}

TEST(test_without_rules_everything_is_accepted)
{
    struct world w = {0};
    open_world(&w, "");
    verdict_is(&w, PHASE_CONNECT, "accept", -1);
    assert_int_equal(w.verdict.code, 250);
    close_world(&w);
}

TEST(test_the_first_terminal_action_wins)
{
    struct world w = {0};
    open_world(&w, "rule \"a\" when helo == \"no\" then reject\n"
                   "rule \"b\" when helo == \"client.example\" then defer 450 4.2.0 \"b {helo}\"\n"
                   "rule \"c\" when helo == \"client.example\" then reject\n");
    verdict_is(&w, PHASE_MESSAGE, "defer", 1);
    assert_int_equal(w.verdict.code, 450);
    assert_true(slice_eq(w.verdict.enhanced, SLICE("4.2.0")));
    assert_true(slice_eq(w.verdict.text, SLICE("b client.example")));
    assert_int_equal(w.verdict.fired_count, 1);
    close_world(&w);
}

TEST(test_a_refusal_waits_for_an_earlier_verdict_that_is_pending)
{
    struct world w = {0};
    open_world(&w, "rule \"a\" when message.size > 10MiB then accept\n"
                   "rule \"b\" when helo == \"client.example\" then reject\n");
    pend_after(&w, PHASE_HELO);
    assert_int_equal(at(&w, PHASE_HELO), OUTCOME_PENDING);
    struct rule_info info = policy_rule_info(w.config->policy, 1);
    assert_int_equal(info.acts_at, PHASE_MESSAGE);
    assert_true(slice_eq(
        info.why_later,
        SLICE(
            "cannot act before message because rule \"a\" (line 1) before it needs message.size")));
    w.facts.fact[FACT_MESSAGE_SIZE] = value_integer(5);
    verdict_is(&w, PHASE_MESSAGE, "reject", 1);
    close_world(&w);
}

TEST(test_a_refusal_does_not_wait_for_scores_tags_or_observed_rules)
{
    struct world w = {0};
    open_world(&w, "rule \"a\" when message.size > 10MiB then score 3, header add \"X\" \"y\"\n"
                   "observe rule \"o\" when message.size > 10MiB then accept\n"
                   "rule \"b\" when helo == \"client.example\" then reject\n");
    pend_after(&w, PHASE_HELO);
    verdict_is(&w, PHASE_HELO, "reject", 2);
    close_world(&w);
}

TEST(test_an_accept_waits_for_every_earlier_rule)
{
    struct world w = {0};
    open_world(&w, "rule \"a\" when message.size > 10MiB then header add \"X\" \"y\"\n"
                   "rule \"b\" when helo == \"client.example\" then accept\n");
    pend_after(&w, PHASE_HELO);
    assert_int_equal(at(&w, PHASE_HELO), OUTCOME_PENDING);
    close_world(&w);
}

TEST(test_a_reply_waits_for_the_facts_in_its_text)
{
    struct world w = {0};
    open_world(
        &w, "rule \"b\" when helo == \"client.example\" then reject \"for {recipient.domain}\"\n");
    pend_after(&w, PHASE_HELO);
    assert_int_equal(at(&w, PHASE_HELO), OUTCOME_PENDING);
    w.facts.fact[FACT_RECIPIENT] = value_text(SLICE("a@b.test"));
    verdict_is(&w, PHASE_RCPT, "reject", 0);
    assert_true(slice_eq(w.verdict.text, SLICE("for b.test")));
    assert_true(w.verdict.per_recipient);
    assert_int_equal(policy_rule_info(w.config->policy, 0).acts_at, PHASE_RCPT);
    close_world(&w);
}

TEST(test_an_unknown_content_fact_defers_what_would_have_been_accepted)
{
    struct world w = {0};
    open_world(&w, "rule \"virus\" when av.result == infected then reject\n"
                   "rule \"helo\" when helo == \"bad\" then reject\n");
    w.facts.fact[FACT_AV_RESULT] = value_unknown();
    verdict_is(&w, PHASE_MESSAGE, "defer", 0);
    assert_int_equal(w.verdict.unknown, FACT_AV_RESULT);
    assert_int_equal(w.verdict.code, 451);
    w.facts.fact[FACT_HELO] = value_text(SLICE("bad"));
    verdict_is(&w, PHASE_MESSAGE, "reject", 1);
    assert_int_equal(w.verdict.unknown, -1);
    close_world(&w);
}

TEST(test_an_unknown_session_fact_lets_the_rule_pass)
{
    struct world w = {0};
    open_world(&w, "rule \"helo\" when helo == \"bad\" then reject\n");
    w.facts.fact[FACT_HELO] = value_unknown();
    verdict_is(&w, PHASE_MESSAGE, "accept", -1);
    close_world(&w);
}

TEST(test_authentication_unknown_for_a_failed_scanner_defers)
{
    struct world w = {0};
    open_world(&w, "rule \"forged\" when dmarc.result == fail then reject\n");
    w.facts.fact[FACT_DMARC_RESULT] = value_unknown();
    verdict_is(&w, PHASE_MESSAGE, "accept", -1);
    w.facts.unexamined = true;
    verdict_is(&w, PHASE_MESSAGE, "defer", 0);
    assert_int_equal(w.verdict.unknown, FACT_DMARC_RESULT);
    assert_true(slice_eq(w.verdict.enhanced, SLICE("4.7.1")));
    close_world(&w);
}

TEST(test_authentication_unknown_for_want_of_questions_defers)
{
    struct world w = {0};
    open_world(&w,
               "rule \"forged\" when dmarc.result == fail and dmarc.policy == reject then reject\n"
               "rule \"spf\" when spf.result == fail then reject\n");
    w.facts.unasked = true;
    w.facts.fact[FACT_SPF_RESULT] = value_unknown();
    verdict_is(&w, PHASE_MESSAGE, "accept", -1);
    w.facts.fact[FACT_DMARC_RESULT] = value_unknown();
    w.facts.fact[FACT_DMARC_POLICY] = value_unknown();
    verdict_is(&w, PHASE_MESSAGE, "defer", 0);
    assert_int_equal(w.verdict.code, 451);
    assert_true(slice_eq(w.verdict.enhanced, SLICE("4.4.3")));
    w.facts.fact[FACT_DMARC_POLICY] = value_integer(0 /* none */);
    verdict_is(&w, PHASE_MESSAGE, "accept", -1);
    close_world(&w);
}

TEST(test_what_will_never_be_known_refuses_for_good_where_it_would_defer)
{
    struct world w = {0};
    open_world(&w, "rule \"hides\" when message.hides_content then reject\n"
                   "rule \"virus\" when av.result == infected then reject\n");
    w.facts.fact[FACT_MESSAGE_HIDES] = value_unknown();
    w.facts.never = UINT64_C(1) << PRODUCER_ANTIVIRUS;
    verdict_is(&w, PHASE_MESSAGE, "defer", 0);
    w.facts.never = UINT64_C(1) << PRODUCER_MESSAGE;
    verdict_is(&w, PHASE_MESSAGE, "reject", 0);
    assert_int_equal(w.verdict.code, 550);
    assert_int_equal(w.verdict.unknown, FACT_MESSAGE_HIDES);
    w.facts.fact[FACT_MESSAGE_HIDES] = value_bool(false);
    verdict_is(&w, PHASE_MESSAGE, "accept", -1);
    close_world(&w);
}

TEST(test_who_asks_too_much_has_nothing_delivered_by_what_was_not_asked)
{
    struct world w = {0};
    open_world(&w, "rule \"listed\" when dnsbl.score >= 5 then reject\n"
                   "rule \"known\" when spf.result == pass then accept\n");
    w.facts.withheld = true;
    w.facts.fact[FACT_SPF_RESULT] = value_integer(2 /* pass */);
    verdict_is(&w, PHASE_MESSAGE, "defer", 1);
    assert_int_equal(w.verdict.code, 451);
    w.facts.fact[FACT_DNSBL_SCORE] = value_number(5);
    verdict_is(&w, PHASE_MESSAGE, "reject", 0);
    close_world(&w);
}

TEST(test_a_rule_can_handle_the_unknown_itself)
{
    struct world w = {0};
    open_world(&w,
               "rule \"virus\" when av.result == infected and not unknown(av.result) then reject\n"
               "rule \"down\" when unknown(av.result) then header add \"X-Unscanned\" \"yes\"\n");
    w.facts.fact[FACT_AV_RESULT] = value_unknown();
    verdict_is(&w, PHASE_MESSAGE, "accept", -1);
    assert_int_equal(w.verdict.edit_count, 1);
    close_world(&w);
}

TEST(test_scores_add_up_in_source_order)
{
    struct world w = {0};
    open_world(&w, "rule \"early\" when score >= 5 then reject\n"
                   "rule \"a\" then score 2.5 as \"x\"\n"
                   "observe rule \"o\" then score 100\n"
                   "rule \"b\" then score 2.5\n"
                   "rule \"late\" when score >= 5 then reject \"score {score}\"\n");
    verdict_is(&w, PHASE_CONNECT, "reject", 4);
    assert_true(w.verdict.score == 5.0);
    assert_int_equal(w.verdict.part_count, 2);
    assert_true(slice_eq(w.verdict.parts[0].name, SLICE("x")));
    assert_true(slice_eq(w.verdict.parts[1].name, SLICE("b")));
    assert_true(slice_eq(w.verdict.text, SLICE("score 5")));
    assert_int_equal(w.verdict.fired_count, 4);
    close_world(&w);
}

TEST(test_a_score_is_pending_while_an_earlier_part_is)
{
    struct world w = {0};
    open_world(&w, "rule \"m\" when message.size > 10MiB then score -5\n"
                   "rule \"a\" then score 5\n"
                   "rule \"late\" when score >= 5 then reject\n");
    pend_after(&w, PHASE_RCPT);
    assert_int_equal(at(&w, PHASE_RCPT), OUTCOME_PENDING);
    w.facts.fact[FACT_MESSAGE_SIZE] = value_unknown();
    verdict_is(&w, PHASE_MESSAGE, "defer", 2);
    w.facts.fact[FACT_MESSAGE_SIZE] = value_integer(1);
    verdict_is(&w, PHASE_MESSAGE, "reject", 2);
    close_world(&w);
}

static const struct record_type *attachment_records(void)
{
    return fact_info(FACT_ATTACHMENTS)->type.element->record;
}

static struct value attachment(struct world *w, const char *name, const char *extension,
                               double part)
{
    struct value *f = arena_array(w->arena, attachment_records()->count, sizeof *f);
    for (size_t i = 0; i < attachment_records()->count; i++)
        f[i] = (struct value){.state = VALUE_KNOWN};
    f[attachment_name] = value_text(slice_of(name));
    f[attachment_extension] = value_text(slice_of(extension));
    f[attachment_part] = value_number(part);
    return (struct value){.state = VALUE_KNOWN, .fields = f};
}

static void give_attachments(struct world *w, struct value *items, size_t count, bool cut)
{
    w->facts.fact[FACT_ATTACHMENTS] =
        (struct value){.state = VALUE_KNOWN, .list = {items, count, cut}};
}

TEST(test_any_names_the_member_that_held)
{
    struct world w = {0};
    open_world(&w, "table banned { \"exe\" }\n"
                   "rule \"x\" when helo is known and any a in attachments (a.extension in banned) "
                   "then reject \"{a.name} is {{not} allowed\"\n");
    struct value items[] = {attachment(&w, "a.txt", "txt", 1),
                            attachment(&w, "b\r\n.EXE\xff\xc3\xa9", "EXE", 2),
                            attachment(&w, "c.exe", "exe", 3)};
    give_attachments(&w, items, 3, false);
    verdict_is(&w, PHASE_MESSAGE, "reject", 0);
    assert_true(slice_eq(w.verdict.text, SLICE("b  .EXE?? is {not} allowed")) ||
                slice_eq(w.verdict.text, SLICE("b  .EXE? is {not} allowed")) ||
                slice_eq(w.verdict.text, SLICE("b  .EXE??? is {not} allowed")));
    close_world(&w);
}

TEST(test_a_cut_list_is_true_or_unknown_never_false)
{
    struct world w = {0};
    open_world(&w, "rule \"many\" when count(attachments) >= 2 then reject\n"
                   "rule \"any\" when any a in attachments (a.extension == \"exe\") then reject\n");
    struct value items[] = {attachment(&w, "a.txt", "txt", 1), attachment(&w, "b.exe", "exe", 2)};
    give_attachments(&w, items, 1, false);
    verdict_is(&w, PHASE_MESSAGE, "accept", -1);
    give_attachments(&w, items, 1, true);
    verdict_is(&w, PHASE_MESSAGE, "defer", 0);
    give_attachments(&w, items + 1, 1, true);
    verdict_is(&w, PHASE_MESSAGE, "reject", 1);
    give_attachments(&w, items, 2, true);
    verdict_is(&w, PHASE_MESSAGE, "reject", 0);
    close_world(&w);
}

TEST(test_strip_edits_each_part_once)
{
    struct world w = {0};
    open_world(&w, "rule \"s\" then strip each a in attachments (a.extension == \"exe\") "
                   "\"{a.name} was removed\"\n");
    struct value items[] = {attachment(&w, "1.exe", "exe", 4), attachment(&w, "2.exe", "exe", 4),
                            attachment(&w, "t.txt", "txt", 5), attachment(&w, "3.exe", "exe", 6)};
    give_attachments(&w, items, 4, false);
    verdict_is(&w, PHASE_MESSAGE, "accept", -1);
    assert_int_equal(w.verdict.edit_count, 2);
    assert_int_equal(w.verdict.edits[0].part, 4);
    assert_true(slice_eq(w.verdict.edits[0].value, SLICE("1.exe was removed")));
    assert_int_equal(w.verdict.edits[1].part, 6);
    pend_after(&w, PHASE_RCPT);
    assert_int_equal(at(&w, PHASE_RCPT), OUTCOME_PENDING);
    verdict_is(&w, PHASE_MESSAGE, "defer", 0);
    close_world(&w);
}

TEST(test_banners_are_edits_and_the_same_text_is_one)
{
    struct world w = {0};
    open_world(&w, "rule \"a\" then banner \"from outside\", header add \"X\" \"1\"\n"
                   "rule \"b\" then banner \" to {recipient} \"\n"
                   "rule \"c\" then banner \"from outside\" split, banner \" \"\n"
                   "observe rule \"d\" then banner \"never\"\n");
    verdict_is(&w, PHASE_MESSAGE, "accept", -1);
    assert_int_equal(w.verdict.edit_count, 3);
    assert_int_equal(w.verdict.edits[0].kind, ACTION_BANNER);
    assert_true(slice_eq(w.verdict.edits[0].value, SLICE("from outside")));
    assert_true(w.verdict.edits[0].split);
    assert_true(slice_eq(w.verdict.edits[2].value, SLICE("to user@example.com")));
    assert_false(w.verdict.edits[2].split);
    assert_true(policy_banners(w.config->policy));
    close_world(&w);
    open_world(&w, "observe rule \"d\" then banner \"never\"\n");
    assert_false(policy_banners(w.config->policy));
    close_world(&w);
}

TEST(test_disclaimers_are_edits_beside_banners)
{
    struct world w = {0};
    open_world(&w, "rule \"a\" then disclaimer \"Example Ltd\", banner \"Example Ltd\"\n"
                   "rule \"b\" then disclaimer \" Example Ltd \" split\n");
    verdict_is(&w, PHASE_MESSAGE, "accept", -1);
    assert_int_equal(w.verdict.edit_count, 2);
    assert_int_equal(w.verdict.edits[0].kind, ACTION_DISCLAIMER);
    assert_true(slice_eq(w.verdict.edits[0].value, SLICE("Example Ltd")));
    assert_true(w.verdict.edits[0].split);
    assert_int_equal(w.verdict.edits[1].kind, ACTION_BANNER);
    close_world(&w);
    open_world(&w, "rule \"a\" then disclaimer \"Example Ltd\"\n");
    assert_true(policy_banners(w.config->policy));
    close_world(&w);
}

TEST(test_lists_inside_records_are_lists)
{
    struct world w = {0};
    open_world(&w, "rule \"n\" when any a in attachments (any n in a.names (n ends with \".exe\")) "
                   "then reject \"{n} of {a.name}\"\n");
    struct value item = attachment(&w, "a.txt", "txt", 1);
    struct value names[] = {value_text(SLICE("a.txt")), value_text(SLICE("b.exe"))};
    item.fields[attachment_names] = (struct value){.state = VALUE_KNOWN, .list = {names, 2, false}};
    give_attachments(&w, &item, 1, false);
    verdict_is(&w, PHASE_MESSAGE, "reject", 0);
    assert_true(slice_eq(w.verdict.text, SLICE("b.exe of a.txt")));
    item.fields[attachment_names] = value_unknown();
    verdict_is(&w, PHASE_MESSAGE, "defer", 0);
    assert_int_equal(w.verdict.unknown, FACT_ATTACHMENTS);
    close_world(&w);
}

TEST(test_a_discard_is_deferred_when_a_stricter_rule_is_unknown)
{
    struct world w = {0};
    open_world(&w, "rule \"v\" when av.result == infected then reject\n"
                   "rule \"d\" when helo == \"client.example\" then discard\n");
    w.facts.fact[FACT_AV_RESULT] = value_unknown();
    verdict_is(&w, PHASE_MESSAGE, "defer", 0);
    w.facts.fact[FACT_AV_RESULT] = value_absent();
    verdict_is(&w, PHASE_MESSAGE, "discard", 1);
    assert_int_equal(w.verdict.code, 250);
    close_world(&w);
}

TEST(test_work_without_end_defers)
{
    struct world w = {0};
    open_world(&w, "rule \"s\" when any a in recipients (any b in recipients (any c in recipients "
                   "(a == \"x\" and b == c))) then reject\n"
                   "rule \"helo\" when helo == \"bad\" then reject\n");
    struct value *items = arena_array(w.arena, 5000, sizeof *items);
    for (size_t i = 0; i < 5000; i++)
        items[i] = value_text(SLICE("x"));
    items[0] = value_text(SLICE("y"));
    w.facts.fact[FACT_RECIPIENTS] =
        (struct value){.state = VALUE_KNOWN, .list = {items, 5000, false}};
    verdict_is(&w, PHASE_MESSAGE, "defer", 0);
    w.facts.fact[FACT_HELO] = value_text(SLICE("bad"));
    verdict_is(&w, PHASE_MESSAGE, "reject", 1);
    close_world(&w);
}

TEST(test_a_regex_that_hits_its_limit_is_unknown)
{
    struct world w = {0};
    open_world(&w, "rule \"r\" when message.subject matches /^.*.*b$/ then reject\n");
    char subject[1000];
    memset(subject, 'b', sizeof subject);
    subject[sizeof subject - 1] = 'a';
    w.facts.fact[FACT_MESSAGE_SUBJECT] = value_text((struct slice){subject, sizeof subject});
    verdict_is(&w, PHASE_MESSAGE, "defer", 0);
    assert_int_equal(w.verdict.unknown, FACT_MESSAGE_SUBJECT);
    close_world(&w);
}

TEST(test_what_a_producer_needs_is_wanted_with_it)
{
    static const struct {
        const char *fact;
        enum producer needed, not_needed;
    } cases[] = {
        {"domains.score > 1", PRODUCER_MESSAGE, PRODUCER_SPF},
        {"domains.score > 1", PRODUCER_LINKS, PRODUCER_ATTACHMENTS},
        {"domains.listed(\"l.example\")", PRODUCER_CLIENT, PRODUCER_HELO},
        {"domains.sender_score > 1", PRODUCER_CLIENT, PRODUCER_MESSAGE},
        {"greylist.known", PRODUCER_SPF, PRODUCER_MESSAGE},
        {"greylist.known", PRODUCER_AUTHENTICATION, PRODUCER_DOMAINS},
        {"rate(spf.domain, 1h) > 1", PRODUCER_SPF, PRODUCER_GREYLIST},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        struct world w = {0};
        snprintf(text, sizeof text,
                 "blocklist domain \"l.example\" { \"127.0.0.2\" }\n"
                 "rule \"r\" when %s then discard\n",
                 cases[i].fact);
        open_world(&w, text);
        assert_true(policy_wants(w.config->policy, cases[i].needed));
        assert_false(policy_wants(w.config->policy, cases[i].not_needed));
        close_world(&w);
    }
}

TEST(test_producers_are_due_with_their_first_fact)
{
    for (int producer = 0; producer < PRODUCER_COUNT; producer++) {
        enum phase first = PHASE_MESSAGE;
        for (int i = 0; i < FACT_COUNT; i++)
            if (fact_info((enum fact)i)->producer == (enum producer)producer &&
                fact_info((enum fact)i)->phase < first)
                first = fact_info((enum fact)i)->phase;
        assert_int_equal(producer_info((enum producer)producer)->phase, first);
    }
}

TEST(test_who_needs_nothing_wants_nothing_else)
{
    struct world w = {0};
    open_world(&w, "rule \"r\" when spam.probability > 0.9 then discard\n");
    for (int producer = 0; producer < PRODUCER_COUNT; producer++)
        assert_int_equal(policy_wants(w.config->policy, (enum producer)producer),
                         producer == PRODUCER_SPAM);
    close_world(&w);
}

TEST(test_only_facts_that_rules_name_are_used)
{
    struct world w = {0};
    open_world(&w, "rule \"r\" when header[\"X-Spam\"] == \"yes\" then log \"{av.signatures}\"\n"
                   "test \"t\" { given attachments [] expect accept }\n");
    const struct policy *p = w.config->policy;
    size_t keys;
    assert_true(policy_uses(p, FACT_HEADER));
    assert_true(policy_wants(p, PRODUCER_ANTIVIRUS));
    assert_false(policy_wants(p, PRODUCER_ATTACHMENTS));
    assert_true(slice_eq(policy_keys(p, &keys)[0].key, SLICE("x-spam")));
    assert_int_equal(keys, 1);
    close_world(&w);
}

TEST(test_tests_in_the_configuration_run)
{
    struct buf report = buf_init(65536);
    struct config *c = load_good(
        "rule \"exe\" when any a in attachments (a.extension == \"exe\") then reject\n"
        "rule \"s\" when header[\"X\"] == \"v\" then score 2\n"
        "test \"a\" { given attachments [ { name \"x.exe\" extension \"exe\" } { name \"b\" } ]\n"
        "  expect reject by \"exe\" }\n"
        "test \"b\" { expect accept expect not fired \"s\" }\n"
        "test \"c\" { given header[\"x\"] [\"u\", \"v\"] expect score >= 2 expect fired \"s\" }\n"
        "test \"d\" { given attachments unknown expect defer by \"exe\" }\n"
        "test \"e\" { given attachments [] cut expect accept }\n");
    unsigned total;
    assert_non_null(c);
    assert_int_equal(config_run_tests(c, &total, &report), 1);
    assert_int_equal(total, 5);
    assert_true(report_is(
        &report, "t.conf:8:37: error: test \"e\" failed: expected accept, got defer by \"exe\" "
                 "because attachments is unknown\n"
                 "    test \"e\" { given attachments [] cut expect accept }\n"
                 "                                        ^\n"));
    config_free(&c);
    buf_release(&report);
}
