/* SPDX-License-Identifier: ISC */
#include "keeper/label_choice.h"
#include "tests/harness/unit.h"

#include <string.h>

enum { VOTES_MOST = 300, ADMIN = 0, JANE = 1, JOE, KIM, LEE };

static struct label_vote votes[VOTES_MOST];
static size_t count;

static void forget_all(void)
{
    count = 0;
    memset(votes, 0, sizeof votes);
}

EACH_TEST(forget_all, NULL);

static struct label_vote *vote(unsigned message, uint64_t account, enum label_class class,
                               enum label_how how)
{
    struct label_vote *v = &votes[count++];
    *v = (struct label_vote){.number = count, .account = account, .class = class, .how = how};
    memcpy(v->message, &message, sizeof message);
    return v;
}

static uint32_t weight_of(uint64_t number)
{
    return votes[number - 1].weight;
}

TEST(test_what_an_admin_says_counts_at_once)
{
    vote(1, ADMIN, LABEL_SPAM, LABEL_IMPORTED);
    vote(2, ADMIN, LABEL_GOOD, LABEL_RELEASED);
    vote(3, ADMIN, LABEL_SPAM, LABEL_TRAP);
    vote(4, ADMIN, LABEL_SPAM, LABEL_REPORTED);
    label_choose(votes, count);
    for (uint64_t number = 1; number <= 4; number++)
        assert_int_equal(weight_of(number), LEARN_WEIGHT);
}

TEST(test_one_user_teaches_nobody_however_much_he_says)
{
    for (unsigned message = 0; message < 200; message++)
        vote(message, JANE, LABEL_GOOD, message % 2 ? LABEL_MOVED : LABEL_REPORTED);
    label_choose(votes, count);
    for (uint64_t number = 1; number <= 200; number++)
        assert_int_equal(weight_of(number), 0);
}

TEST(test_whom_nobody_joins_or_contradicts_may_have_company_elsewhere)
{
    vote(1, JANE, LABEL_SPAM, LABEL_MOVED);
    vote(2, JANE, LABEL_SPAM, LABEL_MOVED);
    vote(2, JOE, LABEL_GOOD, LABEL_MOVED);
    vote(3, JANE, LABEL_GOOD, LABEL_LEFT);
    vote(4, JANE, LABEL_SPAM, LABEL_MOVED);
    vote(4, ADMIN, LABEL_GOOD, LABEL_IMPORTED);
    vote(5, JANE, LABEL_SPAM, LABEL_MOVED);
    vote(5, JOE, LABEL_SPAM, LABEL_MOVED);
    label_choose(votes, count);
    for (uint64_t number = 1; number <= count; number++)
        assert_int_equal(votes[number - 1].alone, number == 1);
}

TEST(test_one_user_who_forges_references_teaches_nobody)
{
    for (unsigned message = 0; message < 200; message++)
        vote(message, JANE, LABEL_SPAM, LABEL_MOVED)->reference = 7;
    label_choose(votes, count);
    for (uint64_t number = 1; number <= 200; number++)
        assert_int_equal(weight_of(number), 0);
}

TEST(test_what_several_users_agree_about_counts_once)
{
    vote(1, JANE, LABEL_SPAM, LABEL_MOVED);
    vote(1, JOE, LABEL_SPAM, LABEL_FLAGGED);
    vote(2, JANE, LABEL_SPAM, LABEL_MOVED);
    label_choose(votes, count);
    assert_int_equal(weight_of(1), LEARN_WEIGHT / 2);
    assert_int_equal(weight_of(2), LEARN_WEIGHT / 2);
    assert_int_equal(weight_of(3), 0);
}

TEST(test_copies_of_one_decision_are_one_message)
{
    vote(1, JANE, LABEL_SPAM, LABEL_MOVED)->reference = 9;
    vote(2, JOE, LABEL_SPAM, LABEL_MOVED)->reference = 9;
    vote(3, KIM, LABEL_SPAM, LABEL_MOVED)->reference = 10;
    label_choose(votes, count);
    assert_int_equal(weight_of(1), LEARN_WEIGHT / 2);
    assert_int_equal(weight_of(2), LEARN_WEIGHT / 2);
    assert_int_equal(weight_of(3), 0);
}

TEST(test_copies_count_only_where_they_are_alike_as_a_reference_can_be_forged)
{
    vote(1, JANE, LABEL_SPAM, LABEL_MOVED)->reference = 9;
    vote(2, JOE, LABEL_SPAM, LABEL_MOVED)->reference = 9;
    vote(3, JANE, LABEL_SPAM, LABEL_MOVED)->reference = 10;
    vote(3, JOE, LABEL_SPAM, LABEL_MOVED)->reference = 10;
    label_choose(votes, count);
    for (uint64_t number = 1; number <= count; number++)
        assert_int_equal(votes[number - 1].alone, number <= 2);
}

TEST(test_of_a_decision_each_user_has_one_vote_his_newest)
{
    vote(1, JANE, LABEL_GOOD, LABEL_MOVED)->reference = 9;
    vote(2, JANE, LABEL_SPAM, LABEL_MOVED)->reference = 9;
    vote(3, JOE, LABEL_SPAM, LABEL_MOVED)->reference = 9;
    label_choose(votes, count);
    assert_int_equal(weight_of(1), 0);
    assert_int_equal(weight_of(2), LEARN_WEIGHT / 2);
    assert_int_equal(weight_of(3), LEARN_WEIGHT / 2);
}

TEST(test_users_who_disagree_are_not_heard_unless_many_more_say_one_thing)
{
    vote(1, JANE, LABEL_SPAM, LABEL_MOVED);
    vote(1, JOE, LABEL_GOOD, LABEL_MOVED);
    for (uint64_t user = JANE; user <= LEE; user++)
        vote(2, user, user == LEE ? LABEL_GOOD : LABEL_SPAM, LABEL_MOVED);
    label_choose(votes, count);
    assert_int_equal(weight_of(1), 0);
    assert_int_equal(weight_of(2), 0);
    assert_int_equal(weight_of(3), LEARN_WEIGHT / 3);
    assert_int_equal(weight_of(6), 0);
}

TEST(test_the_admins_word_stands_against_users_and_his_last_against_his_others)
{
    vote(1, ADMIN, LABEL_GOOD, LABEL_IMPORTED);
    vote(1, JANE, LABEL_SPAM, LABEL_MOVED);
    vote(1, JOE, LABEL_SPAM, LABEL_MOVED);
    vote(1, ADMIN, LABEL_SPAM, LABEL_TRAP);
    label_choose(votes, count);
    assert_int_equal(weight_of(1), 0);
    assert_int_equal(weight_of(2), 0);
    assert_int_equal(weight_of(3), 0);
    assert_int_equal(weight_of(4), LEARN_WEIGHT);
}

TEST(test_who_says_nothing_is_heard_where_nobody_says_anything_and_less)
{
    vote(1, JANE, LABEL_GOOD, LABEL_LEFT);
    vote(1, JOE, LABEL_GOOD, LABEL_LEFT);
    for (uint64_t user = JANE; user <= LEE; user++)
        vote(2, user, user > JOE ? LABEL_SPAM : LABEL_GOOD, user > JOE ? LABEL_MOVED : LABEL_LEFT);
    label_choose(votes, count);
    assert_int_equal(weight_of(1), LEARN_WEIGHT / 8);
    assert_int_equal(weight_of(2), LEARN_WEIGHT / 8);
    assert_int_equal(weight_of(3), 0);
    assert_int_equal(weight_of(5), LEARN_WEIGHT / 2);
    assert_int_equal(weight_of(6), LEARN_WEIGHT / 2);
}

TEST(test_they_stand_in_their_order_and_the_outcome_does_not_hang_on_it)
{
    struct label_vote before[8];
    for (unsigned i = 0; i < 8; i++)
        vote(i / 2, i % 3, i % 4 ? LABEL_SPAM : LABEL_GOOD, (enum label_how)(i % LABEL_HOWS));
    label_choose(votes, count);
    memcpy(before, votes, sizeof before);
    for (unsigned i = 0; i < 8; i++)
        votes[i] = before[7 - i];
    label_choose(votes, count);
    assert_memory_equal(votes, before, sizeof before);
    label_choose(votes, 0);
}

TEST(test_of_too_many_octets_the_oldest_are_left_out_and_of_users_first)
{
    enum { OCTETS = 1000 };
    vote(1, ADMIN, LABEL_GOOD, LABEL_IMPORTED);
    vote(2, JANE, LABEL_SPAM, LABEL_MOVED);
    vote(3, ADMIN, LABEL_GOOD, LABEL_IMPORTED);
    vote(4, JOE, LABEL_SPAM, LABEL_MOVED);
    label_choose(votes, count);
    for (size_t i = 0; i < count; i++)
        votes[i].octets = OCTETS;
    assert_int_equal(label_fit(votes, count, 5 * OCTETS), 0);
    assert_int_equal(label_fit(votes, count, 4 * OCTETS), 1);
    assert_false(votes[1].weight || votes[1].alone);
    assert_true(votes[3].weight || votes[3].alone);
    assert_int_equal(label_fit(votes, count, 2 * OCTETS), 2);
    assert_int_equal(weight_of(1), 0);
    assert_int_equal(weight_of(3), LEARN_WEIGHT);
}

TEST(test_who_answers_counts_alone_an_eighth_where_nobody_says_anything_of_what_is_like_it)
{
    vote(1, JANE, LABEL_GOOD, LABEL_ANSWERED);
    vote(2, JANE, LABEL_GOOD, LABEL_ANSWERED)->reference = 9;
    vote(3, JANE, LABEL_GOOD, LABEL_LEFT)->reference = 9;
    label_choose(votes, count);
    for (uint64_t number = 1; number <= count; number++) {
        assert_int_equal(weight_of(number), number < 3 ? LEARN_WEIGHT / 8 : 0);
        assert_int_equal(votes[number - 1].alone, number < 3);
    }
}

TEST(test_of_several_who_answer_or_leave_it_all_together_count_a_quarter)
{
    vote(1, JANE, LABEL_GOOD, LABEL_ANSWERED);
    vote(1, JOE, LABEL_GOOD, LABEL_LEFT);
    label_choose(votes, count);
    assert_true(votes[0].weight == LEARN_WEIGHT / 8 && votes[0].alone);
    assert_true(votes[1].weight == LEARN_WEIGHT / 8 && !votes[1].alone);
}

TEST(test_who_says_something_beside_one_who_left_it_is_the_one_who_is_alone)
{
    vote(1, JANE, LABEL_GOOD, LABEL_LEFT);
    vote(1, JOE, LABEL_SPAM, LABEL_MOVED);
    label_choose(votes, count);
    assert_true(!votes[0].alone && votes[1].alone);
}

TEST(test_whatever_anybody_says_an_answer_is_not_heard)
{
    vote(1, JANE, LABEL_GOOD, LABEL_ANSWERED);
    vote(1, JOE, LABEL_SPAM, LABEL_MOVED);
    vote(2, JANE, LABEL_GOOD, LABEL_ANSWERED)->reference = 9;
    vote(3, JANE, LABEL_SPAM, LABEL_MOVED)->reference = 9;
    vote(4, JANE, LABEL_GOOD, LABEL_ANSWERED);
    vote(4, ADMIN, LABEL_SPAM, LABEL_TRAP);
    for (uint64_t user = JANE; user <= LEE; user++)
        vote(5, user, user > JOE ? LABEL_SPAM : LABEL_GOOD,
             user > JOE ? LABEL_MOVED : LABEL_ANSWERED);
    label_choose(votes, count);
    for (uint64_t number = 1; number <= count; number++)
        if (votes[number - 1].how == LABEL_ANSWERED)
            assert_true(!weight_of(number) && !votes[number - 1].alone);
    assert_true(votes[1].alone && votes[3].alone);
    assert_int_equal(weight_of(10), LEARN_WEIGHT / 2);
}
