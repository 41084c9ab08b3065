/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/retry_form.h"

#include "base/clock.h"
#include "common/client_hash.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct retry_store store;
static const struct state_retry_answer no_answer;
ARENA(1 << 20);

static void open_all(void)
{
    int fd;
    store = (struct retry_store){.shared = shared_new(&fd)};
    assert_non_null(store.shared);
    close(fd);
    make_arena();
}

static void close_all(void)
{
    shared_free(&store.shared);
    free_arena();
}

EACH_TEST(open_all, close_all);

static struct retry_place place(const char *client, const char *authenticated, const char *sender,
                                const char *recipient)
{
    struct ip ip = {0};
    assert_true(ip_parse(slice_of(client), &ip));
    struct retry_who who = {&ip, slice_of(authenticated), slice_of(sender), slice_of(recipient)};
    return retry_place(&who);
}

static void remember(struct retry_place at, unsigned group)
{
    retry_remember(&store, &at, &(struct retry){.group = group});
}

static struct retry recall(const struct retry_place *at)
{
    return retry_recall(&store, at, &no_answer, arena);
}

static unsigned group(struct retry_place at)
{
    return recall(&at).group;
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
    retry_forget(&store, &served);
    assert_int_equal(group(place("192.0.2.9", "", "s@pool.example", "a@b")), 0);
    assert_int_equal(group(place("198.51.100.1", "pool.example", "s@pool.example", "a@b")), 0);
}

TEST(test_what_is_served_from_another_network_is_forgotten_in_all)
{
    remember(place("192.0.2.7", "pool.example", "s@pool.example", "a@b"), 4);
    struct retry_place there = place("198.51.100.1", "pool.example", "s@pool.example", "a@b");
    struct retry got = recall(&there);
    assert_int_equal(got.group, 4);
    retry_forget(&store, &got.place);
    assert_int_equal(group(place("192.0.2.7", "", "s@pool.example", "a@b")), 0);
    assert_int_equal(group(there), 0);
    /* At RCPT its SPF was not known yet. */
    remember(place("192.0.2.7", "pool.example", "s@pool.example", "a@b"), 5);
    struct retry_place early = place("192.0.2.7", "", "s@pool.example", "a@b");
    got = recall(&early);
    retry_forget(&store, &got.place);
    assert_int_equal(group(there), 0);
}

TEST(test_a_turn_is_kept_with_the_rest)
{
    struct retry_place at = place("192.0.2.7", "", "s@x", "turn@b");
    retry_remember(&store, &at, &(struct retry){.group = 3, .in_turn = true, .waits = 2});
    struct retry got = recall(&at);
    assert_true(got.in_turn);
    assert_int_equal(got.waits, 2);
    got.waits--;
    retry_remember(&store, &got.place, &got);
    assert_int_equal(recall(&at).waits, 1);
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
    retry_remember(&store, &at,
                   &(struct retry){.group = 9, .has_size = true, .size = 5000, .reply = full});
    struct retry got = recall(&at);
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

/* ---- what stands in Redis ---- */

static const struct retry left = {
    .group = 9,
    .has_size = true,
    .size = 5000,
    .reply = {REPLY_RECIPIENT, 552, {"5.2.2", 5}, {"mailbox full", 12}},
    .waits = 2,
    .in_turn = true,
};

static struct slice form_of(const struct retry *retry, struct retry_place at, int64_t written)
{
    struct buf form = buf_init(RETRY_FORM_MAX);
    at.written = written;
    retry_write(&form, retry, &at);
    assert_false(form.failed);
    struct slice kept = arena_copy(arena, buf_slice(&form));
    buf_release(&form);
    return kept;
}

static struct slice sealed_for(const struct retry_place *at, struct slice form)
{
    struct buf sealed = buf_init(STATE_RETRY_MAX);
    assert_true(retry_seal(&sealed, at->secret, form));
    struct slice kept = arena_copy(arena, buf_slice(&sealed));
    buf_release(&sealed);
    return kept;
}

static struct retry told(const struct retry_place *at, struct slice one, struct slice other)
{
    struct state_retry_answer answer = {.of_sender = true, .left = {one, other}};
    return retry_recall(&store, at, &answer, arena);
}

TEST(test_another_gateway_s_try_is_recalled_with_all_that_it_says)
{
    struct retry_place first = place("192.0.2.7", "pool.example", "s@pool.example", "a@b"),
                       then = place("198.51.100.1", "pool.example", "s@pool.example", "a@b");
    struct slice sealed = sealed_for(&first, form_of(&left, first, clock_wall_ms()));
    struct retry got = told(&then, SLICE(""), sealed);
    assert_int_equal(got.group, 9);
    assert_int_equal(got.waits, 2);
    assert_true(got.has_size && got.in_turn);
    assert_int_equal(got.size, 5000);
    assert_int_equal(got.reply.kind, REPLY_RECIPIENT);
    assert_true(slice_eq(got.reply.text, left.reply.text));
    assert_memory_equal(&got.place.where, &first.where, sizeof first.where);
    assert_memory_equal(got.place.secret, first.secret, sizeof first.secret);
}

TEST(test_what_was_written_last_counts_here_or_there)
{
    struct retry_place at = place("192.0.2.7", "", "s@x", "last@b");
    int64_t now = clock_wall_ms();
    remember(at, 3);
    struct retry served = {.group = 0}, later = left;
    struct slice before = sealed_for(&at, form_of(&left, at, now - 1000)),
                 over = sealed_for(&at, form_of(&served, at, now + 1000)),
                 after = sealed_for(&at, form_of(&later, at, now + 2000));
    assert_int_equal(told(&at, before, SLICE("")).group, 3);
    assert_int_equal(told(&at, over, SLICE("")).group, 0);
    assert_int_equal(told(&at, over, before).group, 0);
    assert_int_equal(told(&at, over, after).group, 9);
    assert_int_equal(told(&at, SLICE(""), SLICE("")).group, 3);
}

TEST(test_a_clock_that_is_behind_writes_later_than_what_it_has_read)
{
    struct retry_place at = place("192.0.2.7", "", "s@x", "clock@b");
    struct slice ahead = sealed_for(&at, form_of(&left, at, clock_wall_ms() + 60000));
    struct retry got = told(&at, ahead, SLICE(""));
    got.waits = 1;
    retry_remember(&store, &got.place, &got);
    assert_int_equal(told(&at, ahead, SLICE("")).waits, 1);
}

TEST(test_one_that_was_kept_for_longer_than_it_should_is_none)
{
    struct retry_place at = place("192.0.2.7", "", "s@x", "old@b");
    struct slice old = sealed_for(&at, form_of(&left, at, clock_wall_ms()));
    clock_advance(24 * 3600 * 1000 - 1000);
    assert_int_equal(told(&at, old, SLICE("")).group, 9);
    clock_advance(2000);
    assert_int_equal(told(&at, old, SLICE("")).group, 0);
}

TEST(test_only_who_knows_sender_and_recipient_reads_or_makes_one)
{
    struct retry_place at = place("192.0.2.7", "", "s@x", "a@b"),
                       other = place("192.0.2.7", "", "s@x", "c@b"),
                       another = place("192.0.2.7", "", "t@x", "a@b");
    struct slice form = form_of(&left, at, clock_wall_ms()), sealed = sealed_for(&at, form);
    assert_int_equal(slice_search(sealed, left.reply.text), sealed.len);
    assert_int_equal(told(&at, sealed, SLICE("")).group, 9);
    assert_int_equal(told(&other, sealed, sealed).group, 0);
    assert_int_equal(told(&another, sealed, sealed).group, 0);
    assert_int_equal(told(&at, form, SLICE("")).group, 0);
    for (size_t i = 0; i < sealed.len; i++) {
        char *spoilt = (char *)(uintptr_t)arena_copy(arena, sealed).ptr;
        spoilt[i] ^= 0x10;
        assert_int_equal(told(&at, (struct slice){spoilt, sealed.len}, SLICE("")).group, 0);
        assert_int_equal(told(&at, slice_sub(sealed, 0, i), SLICE("")).group, 0);
    }
}

static bool reads(struct retry retry)
{
    struct retry_place at = place("192.0.2.7", "", "s@x", "a@b");
    struct retry got;
    return retry_read(form_of(&retry, at, 1), &got);
}

TEST(test_what_says_anything_but_a_refusal_is_no_retry)
{
    struct retry yes = left, high = left, ours = left, mixed = left, odd = left, none = left;
    yes.reply.kind = REPLY_YES;
    yes.reply.code = 250;
    high.reply.code = 700;
    ours.reply.kind = REPLY_OURS;
    mixed.reply.code = 452;
    odd.reply.enhanced = SLICE("5.2\r\n250 ok");
    none.reply = (struct backend_reply){.code = 0};
    assert_true(reads(left));
    assert_true(reads(none));
    assert_false(reads(yes) || reads(high) || reads(ours) || reads(mixed) || reads(odd));
}

TEST(test_a_form_that_is_cut_or_too_long_is_none)
{
    struct retry_place at = place("192.0.2.7", "pool.example", "s@x", "a@b");
    struct slice form = form_of(&left, at, 1);
    struct retry got;
    char more[RETRY_FORM_MAX + 1] = {0};
    memcpy(more, form.ptr, form.len);
    assert_false(retry_read((struct slice){more, form.len + 1}, &got));
    for (size_t i = 0; i < form.len; i++)
        assert_false(retry_read(slice_sub(form, 0, i), &got));
}

TEST(test_texts_of_any_length_fit)
{
    char text[4000];
    memset(text, 'x', sizeof text);
    struct retry retry = left;
    struct retry_place at = place("192.0.2.7", "pool.example", "s@x", "long@b");
    retry.size = UINT64_MAX;
    retry.group = UINT16_MAX;
    retry.reply.text = retry.reply.enhanced = (struct slice){text, sizeof text};
    (void)form_of(&retry, at, INT64_MAX - 1);
    retry.reply.enhanced = SLICE("5.200.200");
    retry_remember(&store, &at, &retry);
    assert_int_equal(recall(&at).reply.text.len, 200);
}

TEST(test_a_sender_is_awaited_of_whom_something_is_remembered)
{
    struct retry_place at = place("192.0.2.7", "", "await@x", "a@b"),
                       elsewhere = place("198.51.100.1", "", "await@x", "other@b");
    struct state_retry_answer some = {.of_sender = true};
    assert_false(retry_is_awaited(&store, &elsewhere, &no_answer));
    assert_true(retry_is_awaited(&store, &elsewhere, &some));
    remember(at, 1);
    assert_true(retry_is_awaited(&store, &elsewhere, &no_answer));
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
    if (got->place.where.count == 0) {
        assert_int_equal(got->group + reply->code, 0);
        return;
    }
    assert_true(got->place.where.count <= 2 && got->waits <= RETRY_WAITS_MOST);
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
    struct shared *shared = store.shared;
    uint64_t hash =
        siphash(shared_key(shared), (struct slice){(const char *)at.where.at[0], STATE_DIGEST});
    retry_remember(&store, &at, &(struct retry){.group = 9, .reply = full});
    assert_true(
        notes_get(shared_notes(shared), shared_key(shared), hash, whole, NOTE_MAX, clock_ms()));
    for (int i = 0; i < SPOILT_TRIES; i++) {
        memcpy(note, whole, sizeof note);
        for (int n = 0; n < 1 + i % 4; n++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            note[(random >> 32) % (i % 2 ? 64 : sizeof note)] = some_octet(random);
        }
        notes_put(shared_notes(shared), shared_key(shared), hash, note, NOTE_MAX,
                  clock_ms() + 1000);
        struct retry got = recall(&at);
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
    retry_remember(&store, &at, &(struct retry){.group = 9, .reply = odd});
    struct retry got = recall(&at);
    assert_int_equal(got.reply.code, 550);
    assert_true(slice_eq(got.reply.text, SLICE("no such user\xc3\xa4")));
}
