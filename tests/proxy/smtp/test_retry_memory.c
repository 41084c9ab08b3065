/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/retry_memory.h"

#include "base/clock.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct shared *shared;
ARENA(1 << 20);

static void open_all(void)
{
    int fd;
    shared = shared_new(&fd);
    assert_non_null(shared);
    close(fd);
    make_arena();
}

static void close_all(void)
{
    shared_free(&shared);
    free_arena();
}

EACH_TEST(open_all, close_all);

static struct retry_place place(const char *client, const char *authenticated, const char *sender,
                                const char *recipient)
{
    struct ip ip = {0};
    assert_true(ip_parse(slice_of(client), &ip));
    struct retry_who who = {&ip, slice_of(authenticated), slice_of(sender), slice_of(recipient)};
    return retry_place(shared, &who);
}

static void remember(struct retry_place at, unsigned group)
{
    retry_remember(shared, &at, &(struct retry){.group = group});
}

static unsigned group(struct retry_place at)
{
    return retry_recall(shared, &at, arena).group;
}

TEST(test_a_group_is_told_at_the_retry_from_the_network)
{
    remember(place("192.0.2.7", "", "s@x", "a@b"), 1);
    remember(place("192.0.2.7", "", "s@x", "c@b"), 2);
    assert_int_equal(group(place("192.0.2.7", "", "s@x", "a@b")), 1);
    assert_int_equal(group(place("192.0.2.7", "", "s@x", "A@b")), 0);
    assert_int_equal(group(place("192.0.2.200", "", "s@x", "c@b")), 2);
    assert_int_equal(group(place("192.0.3.7", "", "s@x", "c@b")), 0);
    assert_int_equal(group(place("192.0.2.7", "", "t@x", "c@b")), 0);
    assert_int_equal(group(place("192.0.2.7", "", "s@xc", "@b")), 0);
    remember(place("192.0.2.7", "", "s@x", "a@b"), 3);
    assert_int_equal(group(place("192.0.2.7", "", "s@x", "a@b")), 3);
    clock_advance(24 * 3600 * 1000 + 1);
    assert_int_equal(group(place("192.0.2.7", "", "s@x", "a@b")), 0);
}

TEST(test_ipv6_counts_by_its_64)
{
    remember(place("2001:db8:1:2::1", "", "", "a@b"), 5);
    assert_int_equal(group(place("2001:db8:1:2:ffff::9", "", "", "a@b")), 5);
    assert_int_equal(group(place("2001:db8:1:3::1", "", "", "a@b")), 0);
}

TEST(test_a_pool_is_known_by_the_domain_that_spf_passed_for)
{
    remember(place("192.0.2.7", "pool.example", "s@pool.example", "a@b"), 4);
    assert_int_equal(group(place("198.51.100.1", "pool.example", "s@pool.example", "a@b")), 4);
    assert_int_equal(group(place("198.51.100.1", "", "s@pool.example", "a@b")), 0);
    assert_int_equal(group(place("192.0.2.9", "", "s@pool.example", "a@b")), 4);
    struct retry_place served = place("192.0.2.7", "pool.example", "s@pool.example", "a@b");
    retry_forget(shared, &served);
    assert_int_equal(group(place("192.0.2.9", "", "s@pool.example", "a@b")), 0);
    assert_int_equal(group(place("198.51.100.1", "pool.example", "s@pool.example", "a@b")), 0);
}

TEST(test_what_is_served_from_another_network_is_forgotten_in_all)
{
    remember(place("192.0.2.7", "pool.example", "s@pool.example", "a@b"), 4);
    struct retry_place there = place("198.51.100.1", "pool.example", "s@pool.example", "a@b");
    struct retry got = retry_recall(shared, &there, arena);
    assert_int_equal(got.group, 4);
    retry_forget(shared, &got.place);
    assert_int_equal(group(place("192.0.2.7", "", "s@pool.example", "a@b")), 0);
    assert_int_equal(group(there), 0);
    /* At RCPT its SPF was not known yet. */
    remember(place("192.0.2.7", "pool.example", "s@pool.example", "a@b"), 5);
    struct retry_place early = place("192.0.2.7", "", "s@pool.example", "a@b");
    got = retry_recall(shared, &early, arena);
    retry_forget(shared, &got.place);
    assert_int_equal(group(there), 0);
}

TEST(test_a_turn_is_kept_with_the_rest)
{
    struct retry_place at = place("192.0.2.7", "", "s@x", "turn@b");
    retry_remember(shared, &at, &(struct retry){.group = 3, .in_turn = true, .waits = 2});
    struct retry got = retry_recall(shared, &at, arena);
    assert_true(got.in_turn);
    assert_int_equal(got.waits, 2);
    got.waits--;
    retry_remember(shared, &got.place, &got);
    assert_int_equal(retry_recall(shared, &at, arena).waits, 1);
    assert_int_equal(group(at), 3);
}

TEST(test_another_s_message_is_known_by_its_size)
{
    struct retry large = {.has_size = true, .size = 5000}, none = {.has_size = false};
    assert_true(retry_is_anothers(&large, &(struct smtp_mail_params){.has_size = true, .size = 9}));
    assert_false(
        retry_is_anothers(&large, &(struct smtp_mail_params){.has_size = true, .size = 5000}));
    assert_false(retry_is_anothers(&large, &(struct smtp_mail_params){.has_size = false}));
    assert_false(retry_is_anothers(&large, &(struct smtp_mail_params){.has_size = true}));
    assert_false(retry_is_anothers(&none, &(struct smtp_mail_params){.has_size = true, .size = 9}));
}

TEST(test_a_reply_is_that_message_s_and_not_the_recipient_s)
{
    struct retry_place at = place("192.0.2.7", "", "s@x", "a@b");
    struct backend_reply full = {REPLY_RECIPIENT, 552, SLICE("5.2.2"), SLICE("mailbox full")};
    retry_remember(shared, &at,
                   &(struct retry){.group = 9, .has_size = true, .size = 5000, .reply = full});
    struct retry got = retry_recall(shared, &at, arena);
    assert_int_equal(got.group, 9);
    assert_int_equal(got.reply.code, 552);
    assert_int_equal(got.reply.kind, REPLY_RECIPIENT);
    assert_true(slice_eq(got.reply.enhanced, full.enhanced));
    assert_true(slice_eq(got.reply.text, full.text));
    assert_true(retry_is_of(&got, &(struct smtp_mail_params){.has_size = true, .size = 5000}));
    assert_false(retry_is_of(&got, &(struct smtp_mail_params){.has_size = true, .size = 500}));
    assert_false(retry_is_of(&got, &(struct smtp_mail_params){.has_size = false}));
    got.size = 0;
    assert_false(retry_is_of(&got, &(struct smtp_mail_params){.has_size = true, .size = 0}));
}

TEST(test_addresses_of_any_length_are_told_apart)
{
    char one[2000], other[2000];
    memset(one, 'a', sizeof one - 1);
    one[sizeof one - 1] = '\0';
    memcpy(other, one, sizeof one);
    other[sizeof other - 2] = 'b';
    remember(place("192.0.2.7", "", one, one), 6);
    assert_int_equal(group(place("192.0.2.7", "", one, one)), 6);
    assert_int_equal(group(place("192.0.2.7", "", one, other)), 0);
    assert_int_equal(group(place("192.0.2.7", "", other, one)), 0);
}

TEST(test_a_flood_stays_within_its_table)
{
    char address[64];
    unsigned kept = 0;
    for (unsigned i = 0; i < 50000; i++) {
        snprintf(address, sizeof address, "u%u@x", i);
        remember(place("192.0.2.7", "", "s@x", address), i % 7 + 1);
    }
    for (unsigned i = 0; i < 50000; i++) {
        snprintf(address, sizeof address, "u%u@x", i);
        unsigned number = group(place("192.0.2.7", "", "s@x", address));
        assert_true(number == 0 || number == i % 7 + 1);
        kept += number != 0;
        if (i % 1000 == 0)
            arena_reset(arena);
    }
    assert_true(kept > 8000 && kept <= 16384);
}

/* ---- written by a proxy that somebody has taken over ---- */

enum { SPOILT_TRIES = 200000 };

static bool is_printable(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return false;
    return true;
}

static void check_sound(const struct retry *got)
{
    const struct backend_reply *reply = &got->reply;
    if (got->place.count == 0) {
        assert_int_equal(got->group + reply->code, 0);
        return;
    }
    assert_true(got->place.count <= 2 && got->waits <= RETRY_WAITS_MOST);
    assert_true((unsigned)reply->kind <= REPLY_OURS);
    if (!reply->code)
        return;
    assert_true(reply->kind != REPLY_YES && reply->code >= 200 && reply->code < 600);
    assert_true(reply->kind == REPLY_OURS || reply->code >= 400);
    assert_true(reply->enhanced.len <= 9 && reply->text.len <= NOTE_MAX);
    assert_true(is_printable(reply->enhanced) && is_printable(reply->text));
    if (reply->enhanced.len)
        assert_int_equal(reply->enhanced.ptr[0] - '0', reply->code / 100);
}

/* Half of the octets are such as matter: small numbers, ends of lines, all ones. */
static unsigned char some_octet(uint64_t random)
{
    static const unsigned char telling[] = {0, 1, 2, 3, 4, 5, 9, 10, 12, 13, 17, 200, 201, 255};
    return random & 1 ? telling[(random >> 1) % sizeof telling] : (unsigned char)(random >> 8);
}

TEST(test_whatever_a_note_says_what_is_recalled_is_sound)
{
    struct retry_place at = place("192.0.2.7", "", "s@x", "a@b");
    struct backend_reply full = {REPLY_RECIPIENT, 552, SLICE("5.2.2"), SLICE("mailbox full")};
    unsigned char whole[NOTE_MAX], note[NOTE_MAX];
    uint64_t random = UINT64_C(88172645463325252);
    unsigned kept = 0;
    retry_remember(shared, &at, &(struct retry){.group = 9, .reply = full});
    assert_true(notes_get(shared_notes(shared), shared_key(shared), at.hash[0], whole, NOTE_MAX,
                          clock_ms()));
    for (int i = 0; i < SPOILT_TRIES; i++) {
        memcpy(note, whole, sizeof note);
        for (int n = 0; n < 1 + i % 4; n++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            note[(random >> 32) % (i % 2 ? 64 : sizeof note)] = some_octet(random);
        }
        notes_put(shared_notes(shared), shared_key(shared), at.hash[0], note, NOTE_MAX,
                  clock_ms() + 1000);
        struct retry got = retry_recall(shared, &at, arena);
        check_sound(&got);
        kept += got.group != 0;
        arena_reset(arena);
    }
    assert_true(kept > 0 && kept < SPOILT_TRIES);
}

TEST(test_a_reply_with_controls_is_remembered_without_them)
{
    struct retry_place at = place("192.0.2.7", "", "s@x", "a@b");
    struct backend_reply odd = {REPLY_RECIPIENT, 550, SLICE("5.1.1"),
                                SLICE("no\tsuch\x1buser\xc3\xa4")};
    retry_remember(shared, &at, &(struct retry){.group = 9, .reply = odd});
    struct retry got = retry_recall(shared, &at, arena);
    assert_int_equal(got.reply.code, 550);
    assert_true(slice_eq(got.reply.text, SLICE("no such user\xc3\xa4")));
}
