/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "proxy/smtp/delivered_memory.h"
#include "tests/harness/shared_table.h"

SHARED_TESTS;

static struct delivered recalled(const char *sender, const char *recipient)
{
    return delivered_recall(shared, slice_of(sender), slice_of(recipient));
}

static void note(const char *sender, const char *recipient, uint64_t digest, uint64_t size)
{
    struct delivered d = recalled(sender, recipient);
    delivered_add(shared, &d, (struct delivered_message){digest, size});
}

TEST(test_who_has_a_message_is_known_by_sender_recipient_and_octets)
{
    uint64_t one = delivered_digest(shared, SLICE("one")),
             two = delivered_digest(shared, SLICE("two"));
    assert_true(one != two && one == delivered_digest(shared, SLICE("one")));
    note("a@x.example", "b@y.example", one, 100);
    struct delivered d = recalled("a@x.example", "b@y.example");
    assert_true(delivered_holds(&d, one) && !delivered_holds(&d, two));
    assert_true(delivered_holds_size(&d, 100) && !delivered_holds_size(&d, 101));
    assert_int_equal(recalled("b@y.example", "a@x.example").count, 0);
    assert_int_equal(recalled("a@x.exampleb", "@y.example").count, 0);
    assert_int_equal(recalled("", "b@y.example").count, 0);
}

TEST(test_a_message_without_a_size_is_of_no_size)
{
    note("a@x.example", "b@y.example", 7, 0);
    struct delivered d = recalled("a@x.example", "b@y.example");
    assert_true(delivered_holds(&d, 7) && !delivered_holds_size(&d, 0));
}

TEST(test_the_oldest_gives_way)
{
    for (uint64_t i = 1; i <= DELIVERED_MOST + 2; i++)
        note("a@x.example", "b@y.example", i, i);
    note("a@x.example", "b@y.example", 3, 33); /* once more: it is the latest now */
    struct delivered d = recalled("a@x.example", "b@y.example");
    assert_int_equal(d.count, DELIVERED_MOST);
    assert_true(!delivered_holds(&d, 2) && delivered_holds(&d, 3) && delivered_holds(&d, 4));
    assert_true(delivered_holds_size(&d, 33) && !delivered_holds_size(&d, 3));
    note("a@x.example", "b@y.example", 100, 0);
    d = recalled("a@x.example", "b@y.example");
    assert_true(delivered_holds(&d, 3) && !delivered_holds(&d, 4));
}

TEST(test_what_is_forgotten_leaves_the_others)
{
    note("a@x.example", "b@y.example", 1, 0);
    note("a@x.example", "b@y.example", 2, 0);
    struct delivered d = recalled("a@x.example", "b@y.example");
    delivered_forget(shared, &d, 9);
    delivered_forget(shared, &d, 1);
    d = recalled("a@x.example", "b@y.example");
    assert_true(!delivered_holds(&d, 1) && delivered_holds(&d, 2));
    delivered_forget(shared, &d, 2);
    assert_int_equal(recalled("a@x.example", "b@y.example").count, 0);
}

/* What a proxy that was taken over may have written there. */
TEST(test_whatever_a_note_says_it_stands_where_it_was_asked_for)
{
    struct delivered mine = recalled("a@x.example", "b@y.example"), spoilt = mine;
    spoilt.place = recalled("c@x.example", "d@y.example").place;
    spoilt.count = 1;
    notes_put(shared_notes(shared), shared_key(shared), mine.place, &spoilt, sizeof spoilt,
              clock_ms() + 1000);
    note("a@x.example", "b@y.example", 7, 7);
    assert_int_equal(recalled("c@x.example", "d@y.example").count, 0);
    assert_int_equal(recalled("a@x.example", "b@y.example").count, 2);
    spoilt.count = UINT32_MAX;
    notes_put(shared_notes(shared), shared_key(shared), mine.place, &spoilt, sizeof spoilt,
              clock_ms() + 1000);
    assert_int_equal(recalled("a@x.example", "b@y.example").count, 0);
}
