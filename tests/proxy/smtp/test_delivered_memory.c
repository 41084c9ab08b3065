/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "proxy/smtp/delivered_memory.h"
#include "proxy/smtp/retry_memory.h"
#include "tests/harness/shared_table.h"

#include <string.h>

ARENA(1 << 16);
static struct retry_store store;
static const struct state_retry_answer no_answer;

static void open_all(void)
{
    make_shared();
    store = (struct retry_store){.shared = shared};
    make_arena();
}

static void close_all(void)
{
    free_shared();
    free_arena();
}

EACH_TEST(open_all, close_all);

static struct retry_place place(const char *client, const char *sender, const char *recipient)
{
    struct ip ip = {0};
    assert_true(ip_parse(slice_of(client), &ip));
    struct retry_who who = {&ip, SLICE(""), slice_of(sender), slice_of(recipient)};
    return retry_place(&who);
}

static struct delivered recalled(const char *sender, const char *recipient)
{
    struct retry_place at = place("192.0.2.7", sender, recipient);
    return delivered_recall(&store, &at, &no_answer);
}

/* A message whose digest is all this number. */
static struct delivered_message message(unsigned digest, uint64_t size)
{
    struct delivered_message made = {.size = size};
    memset(made.digest, (int)digest, sizeof made.digest);
    return made;
}

static void note(const char *sender, const char *recipient, unsigned digest, uint64_t size)
{
    struct delivered d = recalled(sender, recipient);
    struct delivered_message its = message(digest, size);
    delivered_add(&store, &d, &its);
}

static bool holds(const struct delivered *d, unsigned digest)
{
    return delivered_holds(d, message(digest, 0).digest);
}

TEST(test_a_digest_is_of_all_octets)
{
    uint8_t one[DELIVERED_DIGEST], again[DELIVERED_DIGEST], two[DELIVERED_DIGEST];
    assert_true(delivered_digest(SLICE("one"), one) && delivered_digest(SLICE("one"), again) &&
                delivered_digest(SLICE("onf"), two));
    assert_memory_equal(one, again, sizeof one);
    assert_memory_not_equal(one, two, sizeof one);
}

TEST(test_who_has_a_message_is_known_by_sender_recipient_and_octets)
{
    note("a@x.example", "b@y.example", 1, 100);
    struct delivered d = recalled("a@x.example", "b@y.example");
    assert_true(holds(&d, 1) && !holds(&d, 2));
    assert_true(delivered_holds_size(&d, 100) && !delivered_holds_size(&d, 101));
    assert_int_equal(recalled("b@y.example", "a@x.example").count, 0);
    assert_int_equal(recalled("a@x.exampleb", "@y.example").count, 0);
    assert_int_equal(recalled("", "b@y.example").count, 0);
}

TEST(test_it_is_known_whoever_brings_it)
{
    struct retry_place elsewhere = place("198.51.100.1", "a@x.example", "b@y.example");
    note("a@x.example", "b@y.example", 1, 100);
    struct delivered d = delivered_recall(&store, &elsewhere, &no_answer);
    assert_true(holds(&d, 1));
    assert_true(retry_is_awaited(&store, &elsewhere, &no_answer));
}

TEST(test_a_message_without_a_size_is_of_no_size)
{
    note("a@x.example", "b@y.example", 7, 0);
    struct delivered d = recalled("a@x.example", "b@y.example");
    assert_true(holds(&d, 7) && !delivered_holds_size(&d, 0));
}

TEST(test_the_oldest_gives_way)
{
    for (unsigned i = 1; i <= DELIVERED_MOST + 2; i++)
        note("a@x.example", "b@y.example", i, i);
    note("a@x.example", "b@y.example", 3, 33); /* once more: it is the latest now */
    struct delivered d = recalled("a@x.example", "b@y.example");
    assert_int_equal(d.count, DELIVERED_MOST);
    assert_true(!holds(&d, 2) && holds(&d, 3) && holds(&d, 4));
    assert_true(delivered_holds_size(&d, 33) && !delivered_holds_size(&d, 3));
    note("a@x.example", "b@y.example", 100, 0);
    d = recalled("a@x.example", "b@y.example");
    assert_true(holds(&d, 3) && !holds(&d, 4));
}

TEST(test_what_is_forgotten_leaves_the_others)
{
    note("a@x.example", "b@y.example", 1, 0);
    note("a@x.example", "b@y.example", 2, 0);
    struct delivered d = recalled("a@x.example", "b@y.example");
    delivered_forget(&store, &d, message(9, 0).digest);
    delivered_forget(&store, &d, message(1, 0).digest);
    d = recalled("a@x.example", "b@y.example");
    assert_true(!holds(&d, 1) && holds(&d, 2));
    delivered_forget(&store, &d, message(2, 0).digest);
    assert_int_equal(recalled("a@x.example", "b@y.example").count, 0);
}

/* ---- what stands in Redis ---- */

static struct slice form_of(struct delivered d, int64_t written)
{
    struct buf form = buf_init(RETRY_FORM_MAX);
    d.place.written = written;
    delivered_write(&form, &d);
    assert_false(form.failed);
    struct slice kept = arena_copy(arena, buf_slice(&form));
    buf_release(&form);
    return kept;
}

static struct delivered of_messages(unsigned count)
{
    struct delivered d = {.count = count};
    for (unsigned i = 0; i < count; i++)
        d.messages[i] = message(i + 1, UINT64_MAX - i);
    return d;
}

static struct state_retry_answer answer_of(const struct retry_place *at, struct slice form)
{
    struct buf sealed = buf_init(STATE_RETRY_MAX);
    assert_true(retry_seal(&sealed, at->secret, form));
    struct slice kept = arena_copy(arena, buf_slice(&sealed));
    buf_release(&sealed);
    return (struct state_retry_answer){.of_sender = true, .left = {SLICE(""), kept}};
}

TEST(test_what_another_gateway_has_delivered_is_known_and_what_was_written_last_counts)
{
    struct retry_place at = place("192.0.2.7", "a@x.example", "b@y.example");
    int64_t now = clock_wall_ms();
    note("a@x.example", "b@y.example", 50, 0);
    struct state_retry_answer later = answer_of(&at, form_of(of_messages(3), now + 1000)),
                              before = answer_of(&at, form_of(of_messages(3), now - 1000)),
                              over = answer_of(&at, form_of(of_messages(0), now + 1000));
    struct delivered d = delivered_recall(&store, &at, &later);
    assert_true(d.count == 3 && holds(&d, 3) && !holds(&d, 50));
    d = delivered_recall(&store, &at, &before);
    assert_true(d.count == 1 && holds(&d, 50));
    assert_int_equal(delivered_recall(&store, &at, &over).count, 0);
}

TEST(test_a_retry_is_no_delivery_and_no_delivery_a_retry)
{
    struct retry_place at = place("192.0.2.7", "a@x.example", "b@y.example");
    struct state_retry_answer answer =
        answer_of(&at, form_of(of_messages(1), clock_wall_ms() + 1000));
    assert_int_equal(retry_recall(&store, &at, &answer, arena).group, 0);
    retry_remember(&store, &at, &(struct retry){.group = 3});
    assert_int_equal(delivered_recall(&store, &at, &no_answer).count, 0);
    assert_int_equal(retry_recall(&store, &at, &no_answer, arena).group, 3);
}

TEST(test_a_form_that_is_cut_or_too_long_is_none)
{
    struct slice form = form_of(of_messages(DELIVERED_MOST), 1);
    struct delivered got;
    char more[RETRY_FORM_MAX + 1] = {0};
    memcpy(more, form.ptr, form.len);
    assert_true(delivered_read(form, &got) && got.count == DELIVERED_MOST);
    assert_int_equal(got.messages[0].size, UINT64_MAX);
    assert_false(delivered_read((struct slice){more, form.len + 1}, &got));
    for (size_t i = 0; i < form.len; i++)
        assert_false(delivered_read(slice_sub(form, 0, i), &got));
    more[9] = DELIVERED_MOST + 1;
    assert_false(delivered_read((struct slice){more, sizeof more}, &got));
}
