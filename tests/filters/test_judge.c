/* SPDX-License-Identifier: ISC */
#include "filters/judge.h"

#include "filters/banner/banner_edits.h"

#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

TEST(test_one_reply_serves_only_verdicts_of_the_same_fate)
{
    struct edit edit = {.kind = ACTION_HEADER_ADD, .name = SLICE("X"), .value = SLICE("1")};
    struct verdict accept = {.action = ACTION_ACCEPT}, discard = {.action = ACTION_DISCARD};
    struct verdict edited = {.action = ACTION_ACCEPT, .edits = &edit, .edit_count = 1};
    struct verdict reject = {.action = ACTION_REJECT, .code = 550, .rule = 1};
    struct verdict other = {.action = ACTION_REJECT, .code = 550, .rule = 2};
    assert_true(judge_same_fate(&accept, &accept));
    assert_true(judge_same_fate(&accept, &discard));
    assert_true(judge_same_fate(&edited, &edited));
    assert_true(judge_same_fate(&reject, &reject));
    assert_false(judge_same_fate(&accept, &edited));
    assert_false(judge_same_fate(&accept, &reject));
    assert_false(judge_same_fate(&reject, &other));
}

struct world {
    struct config *config;
    struct facts facts;
    struct slice recipients[3];
    struct verdict verdicts[3], *places[3];
    struct judge judge;
};

static void turn(void *ctx, size_t recipient)
{
    struct world *w = ctx;
    w->facts.fact[FACT_RECIPIENT] = value_text(w->recipients[recipient]);
}

static struct ruling ruling_of(struct world *w, const char *policy, const struct part_range *parts,
                               size_t part_count)
{
    w->config = load_good(policy);
    assert_non_null(w->config);
    for (int i = 0; i < FACT_COUNT; i++)
        w->facts.fact[i] = fact_baseline((enum fact)i);
    w->judge = (struct judge){.policy = w->config->policy,
                              .facts = &w->facts,
                              .through = PHASE_MESSAGE,
                              .arena = w->config->arena,
                              .verdicts = w->places,
                              .turn = turn,
                              .ctx = w};
    while (w->judge.count < 3 && w->recipients[w->judge.count].ptr) {
        w->places[w->judge.count] = &w->verdicts[w->judge.count];
        w->judge.count++;
    }
    assert_true(judge_each(&w->judge));
    return judge_together(&w->judge, parts, part_count, 4096);
}

TEST(test_recipients_who_fare_differently_are_told_to_come_again)
{
    struct world w = {.recipients = {SLICE("a@example.com"), SLICE("b@example.com")}};
    struct ruling ruling = ruling_of(
        &w, "rule \"r\" when recipient == \"b@example.com\" then reject 550 5.7.1 \"no\"\n", NULL,
        0);
    assert_int_equal(ruling.kind, RULING_SPLIT);
    assert_int_equal(ruling.action, ACTION_DEFER);
    assert_int_equal(ruling.code, 451);
    assert_true(slice_eq(ruling.enhanced, SLICE("4.5.3")));
    config_free(&w.config);
}

static struct ruling outbound_ruling(struct world *w, const char *policy)
{
    ruling_of(w, policy, NULL, 0);
    w->judge.all_or_nobody = judge_all_or_nobody(w->config, DIRECTION_OUTBOUND);
    return judge_together(&w->judge, NULL, 0, 4096);
}

#define FOR(name) "rule \"" name "\" when recipient == \"" name "@example.com\" then "

TEST(test_outbound_mail_that_is_refused_for_one_is_refused_for_all_by_a_reply_that_names_him)
{
    struct world w = {
        .recipients = {SLICE("a@example.com"), SLICE("b@example.com"), SLICE("c@example.com")}};
    struct ruling ruling = outbound_ruling(
        &w, FOR("b") "defer 451 4.7.1 \"later\"\n" FOR("c") "reject 550 5.7.1 \"no\"\n");
    assert_int_equal(ruling.kind, RULING_REFUSE);
    assert_true(ruling.refused_for_one);
    assert_int_equal(ruling.action, ACTION_REJECT);
    assert_int_equal(ruling.code, 550);
    assert_true(slice_eq(ruling.text, SLICE("no; sent to nobody, as it is refused for "
                                            "b@example.com, c@example.com")));
    config_free(&w.config);
}

TEST(test_names_of_the_refused_are_bounded)
{
    static char names[2][320];
    struct world w = {.recipients = {SLICE("a@example.com")}};
    for (size_t i = 0; i < 2; i++) {
        memset(names[i], 'x', sizeof names[i]);
        w.recipients[1 + i] = (struct slice){names[i], sizeof names[i]};
    }
    struct ruling ruling = outbound_ruling(
        &w, "rule \"r\" when recipient != \"a@example.com\" then reject 550 5.7.1 \"no\"\n");
    assert_true(slice_eq(ruling.text, SLICE("no; sent to nobody, as it is refused for 2 more")));
    config_free(&w.config);
}

TEST(test_outbound_mail_may_be_split_where_that_is_wanted)
{
    struct world w = {.recipients = {SLICE("a@example.com"), SLICE("b@example.com")}};
    struct ruling ruling =
        outbound_ruling(&w, "smtp { outbound_split on }\n" FOR("b") "reject 550 5.7.1 \"no\"\n");
    assert_int_equal(ruling.kind, RULING_SPLIT);
    config_free(&w.config);
}

TEST(test_outbound_mail_that_only_differs_in_edits_is_split)
{
    struct world w = {.recipients = {SLICE("a@example.com"), SLICE("b@example.com")}};
    struct ruling ruling = outbound_ruling(&w, FOR("b") "header add \"X-B\" \"yes\"\n");
    assert_int_equal(ruling.kind, RULING_SPLIT);
    config_free(&w.config);
}

TEST(test_postmaster_is_judged_for_himself)
{
    struct world w = {.recipients = {SLICE("a@example.com"), SLICE("Postmaster@example.com")}};
    struct ruling ruling = ruling_of(
        &w, "rule \"r\" when helo == \"client.example\" then reject 550 5.7.1 \"no\"\n", NULL, 0);
    assert_int_equal(ruling.kind, RULING_SPLIT);
    assert_int_equal(w.verdicts[0].action, ACTION_REJECT);
    assert_int_equal(w.verdicts[1].action, ACTION_ACCEPT);
    config_free(&w.config);
}

TEST(test_who_is_discarded_hears_what_the_others_hear)
{
    static const char discard[] = "rule \"d\" when recipient == \"a@example.com\" then discard\n";
    struct world w = {.recipients = {SLICE("a@example.com"), SLICE("b@example.com")}};
    struct ruling ruling = ruling_of(&w, discard, NULL, 0);
    assert_int_equal(ruling.kind, RULING_DELIVER);
    assert_int_equal(ruling.deliveries, 1);
    assert_ptr_equal(ruling.verdict, &w.verdicts[1]);
    config_free(&w.config);
    struct world alone = {.recipients = {SLICE("a@example.com")}};
    ruling = ruling_of(&alone, discard, NULL, 0);
    assert_int_equal(ruling.kind, RULING_DISCARD);
    assert_int_equal(ruling.code, 250);
    config_free(&alone.config);
}

TEST(test_who_is_held_hears_what_the_others_hear)
{
    static const char hold[] =
        "rule \"h\" when recipient == \"a@example.com\" then quarantine \"spam\"\n";
    struct world w = {.recipients = {SLICE("a@example.com"), SLICE("b@example.com")}};
    struct ruling ruling = ruling_of(&w, hold, NULL, 0);
    assert_int_equal(ruling.kind, RULING_DELIVER);
    assert_int_equal(ruling.holds, 1);
    assert_ptr_equal(ruling.verdict, &w.verdicts[1]);
    config_free(&w.config);
    struct world alone = {.recipients = {SLICE("a@example.com")}};
    ruling = ruling_of(&alone, hold, NULL, 0);
    assert_int_equal(ruling.kind, RULING_HOLD);
    assert_int_equal(ruling.code, 250);
    assert_true(slice_eq(ruling.verdict->held_as, SLICE("spam")));
    config_free(&alone.config);
}

TEST(test_whom_a_rule_discards_and_whom_it_holds_are_told_alike_and_held)
{
    struct world w = {.recipients = {SLICE("a@example.com"), SLICE("b@example.com")}};
    struct ruling ruling = ruling_of(&w,
                                     "rule \"d\" when recipient == \"a@example.com\" then discard\n"
                                     "rule \"h\" then quarantine \"spam\"\n",
                                     NULL, 0);
    assert_int_equal(ruling.kind, RULING_HOLD);
    assert_int_equal(ruling.holds, 1);
    assert_ptr_equal(ruling.verdict, &w.verdicts[1]);
    config_free(&w.config);
}

/* Nobody gets what was made for another, whoever stands before them. */
TEST(test_deliveries_that_differ_are_told_apart_behind_one_that_is_held_or_discarded)
{
    static const char *const before[] = {"quarantine \"spam\"", "discard"};
    for (size_t i = 0; i < 2; i++) {
        char policy[256];
        struct world w = {
            .recipients = {SLICE("a@example.com"), SLICE("b@example.com"), SLICE("c@example.com")}};
        snprintf(policy, sizeof policy,
                 "rule \"h\" when recipient == \"a@example.com\" then %s\n"
                 "rule \"x\" when recipient == \"b@example.com\" then header add \"X-B\" \"1\"\n",
                 before[i]);
        assert_int_equal(ruling_of(&w, policy, NULL, 0).kind, RULING_SPLIT);
        config_free(&w.config);
    }
}

#define FOR_B "rule \"o\" when recipient == \"b@example.com\" then "

static struct ruling ruling_for_two(struct world *w, const char *policy)
{
    *w = (struct world){.recipients = {SLICE("a@example.com"), SLICE("b@example.com")}};
    return ruling_of(w, policy, NULL, 0);
}

TEST(test_who_differs_in_banners_alone_is_delivered_to_without)
{
    struct world w;
    struct ruling ruling = ruling_for_two(&w, FOR_B "banner \"outside\"\n");
    assert_int_equal(ruling.kind, RULING_DELIVER);
    assert_int_equal(ruling.deliveries, 2);
    assert_true(ruling.banners_differ);
    assert_false(judge_keeps_edit(&w.verdicts[1].edits[0], true));
    assert_true(judge_keeps_edit(&w.verdicts[1].edits[0], false));
    config_free(&w.config);
    ruling = ruling_for_two(&w, FOR_B "banner \"one\"\nrule \"p\" then banner \"two\"\n");
    assert_true(ruling.banners_differ);
    config_free(&w.config);
    ruling = ruling_for_two(&w, "rule \"p\" then banner \"two\"\n");
    assert_false(ruling.banners_differ);
    config_free(&w.config);
}

TEST(test_who_differs_in_disclaimers_alone_is_delivered_to_without)
{
    struct world w;
    struct ruling ruling = ruling_for_two(&w, FOR_B "disclaimer \"Example Ltd\"\n");
    assert_int_equal(ruling.kind, RULING_DELIVER);
    assert_true(ruling.banners_differ);
    config_free(&w.config);
    assert_int_equal(ruling_for_two(&w, FOR_B "disclaimer \"Example Ltd\" split\n").kind,
                     RULING_SPLIT);
    config_free(&w.config);
}

TEST(test_who_is_not_delivered_to_has_no_say_in_banners)
{
    struct world w;
    struct ruling ruling =
        ruling_for_two(&w, "rule \"d\" when recipient == \"a@example.com\" then discard\n" FOR_B
                           "banner \"outside\"\n");
    assert_int_equal(ruling.kind, RULING_DELIVER);
    assert_false(ruling.banners_differ);
    config_free(&w.config);
}

#define GATEWAY "backend b { smtp \"192.0.2.9\" }\ndomain \"a.test\" { backend b }\n"

TEST(test_who_is_redirected_is_compared_with_who_is_redirected)
{
    struct world w;
    struct ruling ruling = ruling_for_two(&w, GATEWAY "rule \"n\" then banner \"outside\"\n" FOR_B
                                                      "redirect to \"c@a.test\"\n");
    assert_int_equal(ruling.kind, RULING_DELIVER);
    assert_false(ruling.banners_differ);
    assert_true(banner_is_given(&w.verdicts[1]));
    config_free(&w.config);
    ruling = ruling_for_two(&w, GATEWAY FOR_B "banner \"outside\"\n"
                                              "rule \"r\" then redirect to \"c@a.test\"\n");
    assert_int_equal(ruling.kind, RULING_HOLD);
    assert_true(ruling.banners_differ);
    config_free(&w.config);
}

static enum ruling_kind with_two_redirected(enum action first)
{
    struct edit ours = {.kind = ACTION_HEADER_ADD, .name = SLICE("X"), .value = SLICE("1")},
                theirs = {.kind = ACTION_HEADER_ADD, .name = SLICE("X"), .value = SLICE("2")};
    struct verdict other = {.action = first},
                   a = {.action = ACTION_REDIRECT, .edits = &ours, .edit_count = 1},
                   b = {.action = ACTION_REDIRECT, .edits = &theirs, .edit_count = 1};
    struct verdict *all[] = {&other, &a, &b};
    struct judge judge = {.verdicts = all, .count = 3};
    return judge_together(&judge, NULL, 0, 4096).kind;
}

TEST(test_who_is_redirected_with_other_edits_is_told_apart_whoever_stands_before_him)
{
    assert_int_equal(with_two_redirected(ACTION_ACCEPT), RULING_SPLIT);
    assert_int_equal(with_two_redirected(ACTION_QUARANTINE), RULING_SPLIT);
    assert_int_equal(with_two_redirected(ACTION_DISCARD), RULING_SPLIT);
}

TEST(test_a_banner_that_shall_tells_recipients_apart)
{
    struct world w;
    assert_int_equal(ruling_for_two(&w, FOR_B "banner \"outside\" split\n").kind, RULING_SPLIT);
    config_free(&w.config);
    assert_int_equal(ruling_for_two(&w, FOR_B "banner \"outside\", header add \"X\" \"1\"\n").kind,
                     RULING_SPLIT);
    config_free(&w.config);
}

TEST(test_what_cannot_be_taken_out_is_refused)
{
    struct edit strip = {.kind = ACTION_STRIP, .value = SLICE("x"), .part = 2};
    struct verdict verdict = {.action = ACTION_ACCEPT, .edits = &strip, .edit_count = 1};
    struct verdict *places[] = {&verdict};
    struct judge judge = {.verdicts = places, .count = 1};
    struct part_range part = {.part = 2, .header = 10, .body = 20, .end = 30};
    assert_int_equal(judge_together(&judge, &part, 1, 30).kind, RULING_DELIVER);
    assert_int_equal(judge_together(&judge, &part, 1, 29).kind, RULING_SEALED);
    assert_int_equal(judge_together(&judge, NULL, 0, 30).kind, RULING_SEALED);
    part.sealed = true;
    struct ruling ruling = judge_together(&judge, &part, 1, 30);
    assert_int_equal(ruling.kind, RULING_SEALED);
    assert_int_equal(ruling.action, ACTION_REJECT);
    assert_int_equal(ruling.code, 550);
}
