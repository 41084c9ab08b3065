/* SPDX-License-Identifier: ISC
 * Who is heard of those who say something of messages that are alike. */
#include "keeper/learn_agree.h"
#include "tests/filters/spam/spam_message.h"

#include <stdio.h>
#include <string.h>

enum { VOTERS = 40 };

static const uint8_t key[SPAM_KEY_SIZE] = "a site's secret";
static struct learn_voter voters[VOTERS];
static size_t count;

ARENA(32 << 20);
static void begin(void)
{
    make_arena();
    count = 0;
}
EACH_TEST(begin, free_arena);

static const char *const lottery =
    "You are the lucky winner of our great lottery: claim your prize of one million today, before "
    "the "
    "offer ends. Write to the agent with your name, your address and the number of your account.";
static const char *const minutes =
    "Please find attached the minutes of last week's meeting of the board. We moved the visit of "
    "the "
    "auditors to the second of May, and Peter brings the contracts for the new building.";

static size_t says(uint64_t account, enum label_class class, const char *text, unsigned number)
{
    char message[2048];
    snprintf(message, sizeof message,
             "From: a%u@client.example\r\nSubject: number %u\r\n\r\nDear %u, %s Yours, %u\r\n",
             number, number, number * 7, text, number * 31);
    struct learn_voter *voter = &voters[count];
    *voter = (struct learn_voter){.account = account, .class = class};
    assert_true(spam_sketch(vector_of(arena, message, key), &voter->sketch));
    return count++;
}

static void decide(void)
{
    assert_true(learn_agree(voters, count));
}

TEST(test_what_two_users_say_of_messages_that_are_alike_is_heard)
{
    says(1, LABEL_SPAM, lottery, 1);
    says(2, LABEL_SPAM, lottery, 2);
    says(3, LABEL_SPAM, minutes, 3);
    decide();
    assert_true(voters[0].heard && voters[1].heard);
    assert_false(voters[2].heard);
}

TEST(test_one_user_is_not_heard_however_often_he_says_it)
{
    for (unsigned i = 0; i < VOTERS; i++)
        says(1, LABEL_SPAM, lottery, i);
    decide();
    for (size_t i = 0; i < VOTERS; i++)
        assert_false(voters[i].heard);
}

TEST(test_who_says_what_an_admin_has_said_is_heard)
{
    says(0, LABEL_SPAM, lottery, 1);
    says(1, LABEL_SPAM, lottery, 2);
    decide();
    assert_true(voters[1].heard);
    assert_false(voters[0].heard); /* who needs no company has none to ask for */
}

TEST(test_two_are_not_heard_against_what_others_say)
{
    says(0, LABEL_GOOD, minutes, 1);
    says(3, LABEL_GOOD, minutes, 2);
    says(1, LABEL_SPAM, minutes, 3);
    says(2, LABEL_SPAM, minutes, 4);
    decide();
    assert_false(voters[2].heard || voters[3].heard || voters[1].heard);
    says(4, LABEL_GOOD, minutes, 5);
    says(5, LABEL_GOOD, minutes, 6);
    decide();
    assert_true(voters[1].heard && voters[4].heard && voters[5].heard);
    assert_false(voters[2].heard || voters[3].heard);
}

TEST(test_messages_of_one_program_about_other_things_are_not_alike)
{
    says(1, LABEL_SPAM, minutes, 1);
    says(2, LABEL_SPAM, lottery, 2);
    decide();
    assert_false(voters[0].heard || voters[1].heard);
}

TEST(test_nobody_and_one_alone_are_decided)
{
    decide();
    says(1, LABEL_SPAM, "", 1);
    decide();
    assert_false(voters[0].heard);
}

TEST(test_what_is_no_vector_has_no_sketch)
{
    struct spam_sketch sketch;
    assert_false(spam_sketch(SLICE("\x01"), &sketch));
}

static void answers(uint64_t account, const char *text, unsigned number)
{
    voters[says(account, LABEL_GOOD, text, number)].quiet = true;
}

TEST(test_who_answers_is_heard_where_nobody_says_anything_of_what_is_like_it)
{
    answers(1, lottery, 1);
    says(2, LABEL_SPAM, minutes, 2);
    decide();
    assert_true(voters[0].heard);
    assert_false(voters[1].heard);
}

TEST(test_who_answers_is_heard_unless_somebody_calls_what_is_like_it_spam)
{
    answers(1, minutes, 1);
    answers(2, lottery, 2);
    says(3, LABEL_SPAM, lottery, 3);
    says(4, LABEL_GOOD, minutes, 4);
    decide();
    assert_true(voters[0].heard);
    assert_false(voters[1].heard);
    assert_false(voters[2].heard || voters[3].heard);
}

TEST(test_an_answer_is_nobodys_company_and_outweighs_nobody)
{
    for (uint64_t account = 10; account < 20; account++)
        answers(account, lottery, (unsigned)account);
    says(1, LABEL_SPAM, lottery, 1);
    says(2, LABEL_SPAM, lottery, 2);
    answers(3, minutes, 3);
    says(4, LABEL_GOOD, minutes, 4);
    decide();
    for (size_t i = 0; i < 10; i++)
        assert_false(voters[i].heard);
    assert_true(voters[10].heard && voters[11].heard);
    assert_false(voters[13].heard);
}

TEST(test_what_somebody_says_counts_although_he_has_answered_what_is_like_it)
{
    answers(1, lottery, 1);
    says(1, LABEL_GOOD, lottery, 2);
    answers(1, lottery, 3);
    says(2, LABEL_GOOD, lottery, 4);
    decide();
    assert_true(voters[1].heard && voters[3].heard);
}
