/* SPDX-License-Identifier: ISC
 * When nobody answers: whose fault it is. */
#include "filters/dns/dns_silence.h"

#include "tests/harness/unit.h"

#include <stdio.h>

static struct dns_silence silence;

static void start(void)
{
    silence = (struct dns_silence){0};
}

EACH_TEST(start, NULL);

/* So many questions, each a second after the other, spread over inquiries and domains. */
static bool is_its_own(unsigned questions, unsigned inquiries, unsigned domains)
{
    for (unsigned i = 0; i < questions; i++) {
        char name[32];
        snprintf(name, sizeof name, "x%u.D%u.Example", i, i % domains);
        dns_silence_note(&silence, name, 1 + i % inquiries, 1000 * i);
    }
    return dns_silence_is_its_own(&silence, 1000 * questions);
}

TEST(test_that_several_ask_of_several_in_vain_is_the_dns)
{
    assert_true(is_its_own(8, 3, 3));
}

TEST(test_one_message_is_not_enough_whatever_it_names)
{
    assert_false(is_its_own(100, 2, 100));
}

TEST(test_one_domain_is_not_enough_whoever_asks)
{
    assert_false(is_its_own(100, 100, 1));
}

TEST(test_a_sender_and_his_client_are_not_enough)
{
    assert_false(is_its_own(100, 100, 2));
}

TEST(test_a_few_questions_are_not_enough)
{
    assert_false(is_its_own(7, 7, 7));
}

TEST(test_a_short_while_is_not_enough)
{
    for (unsigned i = 0; i < 8; i++) {
        char name[] = "a.example";
        name[0] = (char)('a' + i);
        dns_silence_note(&silence, name, i, 5000);
    }
    assert_false(dns_silence_is_its_own(&silence, 7999));
    assert_true(dns_silence_is_its_own(&silence, 8000));
}

TEST(test_names_are_of_one_domain_however_they_are_written)
{
    static const char *const names[] = {"a.example", "A.EXAMPLE", "b.A.Example"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        dns_silence_note(&silence, names[i], i, 0);
    assert_int_equal(silence.domain_count, 1);
}
