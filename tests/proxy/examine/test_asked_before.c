/* SPDX-License-Identifier: ISC */
#include "proxy/examine/asked_before.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

static const struct asked_sender joe = {
    {4, {192, 0, 2, 1}}, {"mx.example", 10}, {"example.com", 11}};
static const struct dns_wanted first[] = {{{"a.example.com", 13}, DNS_TXT, false},
                                          {{"b.example.com", 13}, DNS_MX, false}};
static const struct dns_wanted second[] = {{{"c.example.com", 13}, DNS_A, false}};

static struct asked_before *memory;

static void begin(void)
{
    assert_non_null(memory = asked_before_new());
}

static void end(void)
{
    asked_before_free(&memory);
}

EACH_TEST(begin, end);

static size_t found(const struct asked_sender *sender, int64_t now)
{
    const struct dns_wanted *names;
    return asked_before_find(memory, sender, now, &names);
}

TEST(test_of_a_stranger_nothing_is_known)
{
    assert_int_equal(found(&joe, 0), 0);
}

TEST(test_names_of_all_rounds_come_back_together)
{
    const struct dns_wanted *names;
    asked_before_note(memory, &joe, 0, first, 2);
    asked_before_note(memory, &joe, 10, second, 1);
    assert_int_equal(asked_before_find(memory, &joe, 20, &names), 3);
    assert_true(slice_eq(names[0].name, SLICE("a.example.com")));
    assert_true(slice_eq(names[1].name, SLICE("b.example.com")));
    assert_true(slice_eq(names[2].name, SLICE("c.example.com")));
    assert_int_equal(names[1].type, DNS_MX);
    assert_int_equal(names[2].type, DNS_A);
}

TEST(test_they_are_copies)
{
    char text[] = "a.example.com";
    struct dns_wanted name = {.name = {text, 13}, .type = DNS_TXT};
    const struct dns_wanted *names;
    asked_before_note(memory, &joe, 0, &name, 1);
    memset(text, 'x', 13);
    assert_int_equal(asked_before_find(memory, &joe, 0, &names), 1);
    assert_true(slice_eq(names[0].name, SLICE("a.example.com")));
}

TEST(test_another_client_helo_or_domain_is_another_sender)
{
    struct asked_sender client = joe, helo = joe, domain = joe, family = joe;
    client.client.bytes[3] = 2;
    family.client.family = 6;
    helo.helo = SLICE("my.example");
    domain.domain = SLICE("example.net");
    asked_before_note(memory, &joe, 0, first, 2);
    assert_int_equal(found(&client, 0) + found(&helo, 0) + found(&domain, 0) + found(&family, 0),
                     0);
    assert_int_equal(found(&joe, 0), 2);
}

TEST(test_an_hour_after_the_first_name_all_are_forgotten)
{
    asked_before_note(memory, &joe, 1000, first, 2);
    asked_before_note(memory, &joe, 1000 + ASKED_BEFORE_MS - 1, second, 1);
    assert_int_equal(found(&joe, 1000 + ASKED_BEFORE_MS - 1), 3);
    assert_int_equal(found(&joe, 1000 + ASKED_BEFORE_MS), 0);
    asked_before_note(memory, &joe, 1000 + ASKED_BEFORE_MS, second, 1);
    assert_int_equal(found(&joe, 1000 + ASKED_BEFORE_MS), 1);
}

TEST(test_with_more_names_than_it_keeps_it_begins_anew)
{
    struct dns_wanted many[ASKED_BEFORE_NAMES + 1];
    for (size_t i = 0; i <= ASKED_BEFORE_NAMES; i++)
        many[i] = first[0];
    asked_before_note(memory, &joe, 0, many, ASKED_BEFORE_NAMES);
    assert_int_equal(found(&joe, 0), ASKED_BEFORE_NAMES);
    asked_before_note(memory, &joe, 0, second, 1);
    assert_int_equal(found(&joe, 0), 1);
    asked_before_note(memory, &joe, 0, many, ASKED_BEFORE_NAMES + 1);
    assert_int_equal(found(&joe, 0), 1);
}

TEST(test_any_number_of_senders_takes_bounded_room)
{
    struct asked_sender sender = joe;
    char domain[32];
    size_t known = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < 5 * ASKED_BEFORE_SENDERS; i++) {
            int len = snprintf(domain, sizeof domain, "d%d.example", i);
            sender.domain = (struct slice){domain, (size_t)len};
            if (pass == 0)
                asked_before_note(memory, &sender, 0, first, 2);
            else
                known += found(&sender, 0) > 0;
        }
    assert_in_range(known, ASKED_BEFORE_SENDERS / 2, ASKED_BEFORE_SENDERS);
}
