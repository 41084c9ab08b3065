/* SPDX-License-Identifier: ISC */
#include "tests/harness/store.h"
/* behind what includes the C library's own */
#include "tests/harness/disk.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { ROOM = 64 * MEGABYTE, ERA = 7, MARGIN = 15, AWAY_FOR = ERRAND_MS / 1000 + MARGIN };

ARENA(16 << 20);
static int64_t now;

static void reopen_as(uint64_t era)
{
    held_close(&held);
    held = open_store(ROOM, era);
}

static void reopen(void)
{
    reopen_as(ERA);
}

static void set_up(void)
{
    make_arena();
    make_base();
    read_keys();
    disk = (struct disk){.keeps_nothing = true, .allowed = -1, .error = ENOSPC};
    held = open_store(ROOM, ERA);
    now = clock_wall();
}

static void tear_down(void)
{
    disk.allowed = -1;
    if (held)
        held_close(&held);
    remove_tree(base);
    free_arena();
}

/* And whatever was done adds up. */
static void tear_down_tidily(void)
{
    assert_true(held_commit(held));
    assert_adds_up(held);
    reopen();
    assert_adds_up(held);
    tear_down();
}

EACH_TEST(set_up, tear_down_tidily);

#define LETTER(...) ((struct letter){__VA_ARGS__})
static const char hello[] = "Subject: hello\r\n\r\nA letter.\r\n";

/* ---- what is there ---- */

static struct held_entry entries[300];
static size_t entry_count;

static bool note(void *ctx, const struct held_entry *entry)
{
    (void)ctx;
    assert_true(entry_count < sizeof entries / sizeof *entries);
    struct held_entry *e = &entries[entry_count++];
    *e = *entry;
    e->address = arena_copy(arena, entry->address);
    e->said = arena_copy(arena, entry->said);
    e->asker = arena_copy(arena, entry->asker);
    e->sender = arena_copy(arena, entry->sender);
    return true;
}

static size_t find(struct held_query query)
{
    const char *reason = "";
    entry_count = 0;
    if (!query.most)
        query.most = 300;
    if (!held_find(held, &query, note, NULL, &reason))
        fail_msg("%s", reason);
    return entry_count;
}

static struct held_entry get(uint64_t number)
{
    assert_int_equal(find((struct held_query){.number = number}), 1);
    return entries[0];
}

#define assert_state(number, expected)                                                             \
    assert_string_equal(held_state_word(get(number).state), held_state_word(expected))

#define assert_holds(number, expected)                                                             \
    do {                                                                                           \
        struct slice there = open_container(held, get(number).id);                                 \
        assert_int_equal(there.len, strlen(expected));                                             \
        assert_memory_equal(there.ptr, expected, there.len);                                       \
    } while (0)

/* Held, on the disk; the number of its first copy, which was not held before. */
static uint64_t hold(struct letter letter)
{
    struct hold_answer answer = add(letter);
    if (!answer.held)
        fail_msg("%s", answer.reason);
    assert_true(held_commit(held));
    return answer.first;
}

static const char *refused(struct letter letter)
{
    struct hold_answer answer = add(letter);
    assert_false(answer.held);
    assert_true(held_commit(held));
    return answer.reason;
}

/* ---- what is done ---- */

static const char *act(uint64_t number, enum held_act what)
{
    const char *reason = "";
    return held_act(held, number, what, SLICE("root"), now, &reason) ? "" : reason;
}

static void release(uint64_t number)
{
    assert_string_equal(act(number, HELD_RELEASE), "");
}

/* The next that is due, or number 0; its container is closed. */
static struct errand due(void)
{
    struct errand errand;
    int container = -1;
    if (!held_due(held, now, arena, &errand, &container))
        return (struct errand){.number = 0};
    assert_true(container >= 0);
    close(container);
    return errand;
}

static struct held_entry told[20];
static size_t told_count;

static bool tell(void *ctx, const struct held_entry *entry)
{
    (void)ctx;
    told[told_count++] = *entry;
    return true;
}

static bool news(const struct errand *e, enum errand_message what, enum errand_outcome outcome,
                 const char *say)
{
    struct errand_news told_news = {e->number, e->attempt, outcome, slice_of(say)};
    told_count = 0;
    return held_news(held, &told_news, what, now, tell, NULL);
}

static void begins(const struct errand *e)
{
    assert_true(news(e, ERRAND_BEGINS, ERRAND_LATER, ""));
}

static void over(const struct errand *e, enum errand_outcome outcome, const char *say)
{
    assert_true(news(e, ERRAND_OVER, outcome, say));
}

static size_t look_after(void)
{
    size_t count = 0;
    told_count = 0;
    while (held_look_after(held, now, tell, NULL))
        count++;
    return count;
}

/* Both clocks go on together. */
static void pass_until_now(void)
{
    if (now > clock_wall())
        clock_advance((now - clock_wall()) * 1000);
}

static void prune(void)
{
    pass_until_now();
    told_count = 0;
    while (held_prune(held, now, tell, NULL))
        ;
}

/* ---- taking in ---- */

TEST(test_what_is_held_is_there_and_opens_again)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com", "v@example.com"}));
    reopen();
    assert_int_equal(find((struct held_query){.most = 10}), 2);
    assert_state(number, HELD_WAITING);
    assert_holds(number, hello);
    assert_int_equal(get(number).id, get(number + 1).id);
    assert_int_equal(get(number).size, strlen(hello));
}

TEST(test_an_empty_message_and_a_large_one_open_again)
{
    char *large = malloc(3 * MEGABYTE + 1);
    assert_non_null(large);
    for (size_t i = 0; i < 3 * MEGABYTE; i++)
        large[i] = (char)('a' + (i * i / 7) % 26);
    large[3 * MEGABYTE] = '\0';
    uint64_t empty = hold(LETTER("", .to = {"u@example.com"})),
             big = hold(LETTER(large, .to = {"u@example.com"}));
    reopen();
    assert_holds(empty, "");
    assert_holds(big, large);
    free(large);
}

TEST(test_without_a_key_nothing_is_held_and_it_is_said)
{
    held->has_key = false;
    assert_string_equal(refused(LETTER(hello, .to = {"u@example.com"})),
                        "there is no key to seal to yet");
    assert_int_equal(find((struct held_query){.all = true}), 0);
}

TEST(test_the_same_message_again_is_not_held_again)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    assert_int_equal(hold(LETTER(hello, .to = {"u@example.com"})), 0);
    assert_int_equal(hold(LETTER(hello, .to = {"u@example.com", "u@example.com"})), 0);
    assert_int_equal(find((struct held_query){.all = true}), 1);
    release(number);
    assert_int_equal(hold(LETTER(hello, .to = {"u@example.com"})), 0);
    struct errand e = due();
    assert_int_equal(hold(LETTER(hello, .to = {"u@example.com"})), 0);
    begins(&e);
    over(&e, ERRAND_DELIVERED, "250 ok");
    assert_int_equal(hold(LETTER(hello, .to = {"u@example.com"})), 0);
    assert_int_equal(find((struct held_query){.all = true}), 1);
}

TEST(test_another_message_sender_or_recipient_is_held_beside_it)
{
    hold(LETTER(hello, .to = {"u@example.com"}));
    assert_int_not_equal(hold(LETTER("other", .to = {"u@example.com"})), 0);
    assert_int_not_equal(hold(LETTER(hello, .sender = "", .to = {"u@example.com"})), 0);
    assert_int_not_equal(hold(LETTER(hello, .to = {"v@example.com"})), 0);
    assert_int_equal(find((struct held_query){.all = true}), 4);
}

TEST(test_the_same_message_for_more_recipients_is_held_for_those)
{
    uint64_t first = hold(LETTER(hello, .to = {"u@example.com"}));
    uint64_t next =
        hold(LETTER(hello, .to = {"u@example.com", "v@example.com", "w@other.example"}));
    assert_int_equal(find((struct held_query){.all = true}), 3);
    assert_int_equal(get(first).id, get(next).id);
    assert_holds(next + 1, hello);
    assert_adds_up(held);
    assert_string_equal(act(next + 1, HELD_DELETE), "");
    assert_adds_up(held);
    assert_string_equal(act(first, HELD_DELETE), "");
    assert_holds(next, hello);
}

TEST(test_the_same_message_after_its_deletion_is_held_anew)
{
    uint64_t first = hold(LETTER(hello, .to = {"u@example.com"}));
    assert_string_equal(act(first, HELD_DELETE), "");
    uint64_t again = hold(LETTER(hello, .to = {"u@example.com"}));
    assert_true(again > first);
    assert_holds(again, hello);
    assert_state(first, HELD_DELETED);
}

TEST(test_after_delivery_to_one_the_same_message_is_held_for_another_alone)
{
    uint64_t first = hold(LETTER(hello, .to = {"u@example.com"}));
    release(first);
    struct errand e = due();
    over(&e, ERRAND_DELIVERED, "250 ok");
    uint64_t again = hold(LETTER(hello, .to = {"u@example.com", "v@example.com"}));
    assert_int_equal(find((struct held_query){.all = true}), 2);
    assert_holds(again, hello);
    assert_memory_equal(get(again).address.ptr, "v@", 2);
}

TEST(test_many_in_one_change_are_all_there_or_none)
{
    for (int i = 0; i < 30; i++) {
        char text[32];
        snprintf(text, sizeof text, "letter %d", i);
        assert_true(add(LETTER(text, .to = {"u@example.com"})).held);
    }
    assert_true(add(LETTER("letter 7", .to = {"u@example.com"})).held);
    assert_true(held_commit(held));
    assert_int_equal(find((struct held_query){.all = true}), 30);
    for (int i = 0; i < 30; i++)
        assert_true(add(LETTER(i % 2 ? "a" : "b", .to = {"v@example.com"})).held);
    held_failed(held, "test");
    assert_false(held_commit(held));
    clock_advance(6000);
    assert_int_equal(find((struct held_query){.all = true}), 30);
}

TEST(test_after_a_failure_what_was_added_before_is_not_said_to_be_held)
{
    assert_true(add(LETTER("lost", .to = {"u@example.com"})).held);
    held_failed(held, "test");
    clock_advance(60000); /* whatever passes until it is asked */
    struct hold_answer later = add(LETTER("later", .to = {"u@example.com"}));
    bool committed = held_commit(held);
    clock_advance(60000);
    size_t count = find((struct held_query){.all = true});
    if (committed)
        fail_msg("one that is lost is told to be on the disk");
    assert_int_equal(count, 0);
    assert_false(later.held);
    assert_int_not_equal(hold(LETTER("lost", .to = {"u@example.com"})), 0);
}

/* ---- room ---- */

TEST(test_when_all_is_full_none_is_held_and_what_was_stays)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    held->size = held->octets + 50;
    assert_string_equal(refused(LETTER("Too much, with all that stands around it, for what is left",
                                       .to = {"u@example.com"})),
                        "it is full");
    assert_int_equal(hold(LETTER(hello, .to = {"u@example.com"})), 0); /* a retry needs none */
    assert_holds(number, hello);
    held->size = ROOM;
    assert_int_not_equal(hold(LETTER("Now", .to = {"u@example.com"})), 0);
}

TEST(test_a_full_domain_is_full_for_itself_alone)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}, .room = 400));
    assert_string_equal(refused(LETTER("another letter", .to = {"v@example.com"}, .room = 400)),
                        "it is full for this domain");
    assert_int_not_equal(hold(LETTER("another letter", .to = {"v@other.example"}, .room = 400)), 0);
    assert_string_equal(act(number, HELD_DELETE), "");
    assert_int_not_equal(hold(LETTER("another letter", .to = {"v@example.com"}, .room = 400)), 0);
}

TEST(test_of_a_message_with_one_recipient_too_many_for_the_room_no_copy_is_held)
{
    hold(LETTER(hello, .to = {"u@example.com"}, .room = 400));
    assert_true(add(LETTER("fits", .to = {"u@other.example"}, .room = 400)).held);
    assert_false(
        add(LETTER("second", .to = {"x@third.example", "u@example.com"}, .room = 400)).held);
    assert_true(held_commit(held));
    assert_int_equal(find((struct held_query){.all = true}), 2);
}

TEST(test_copies_that_came_later_take_room_of_their_domain_too)
{
    hold(LETTER(hello, .to = {"u@example.com"}, .room = 400));
    uint64_t later = hold(LETTER(hello, .to = {"v@other.example"}, .room = 400));
    assert_string_equal(refused(LETTER("another", .to = {"w@other.example"}, .room = 400)),
                        "it is full for this domain");
    assert_string_equal(act(later, HELD_DELETE), "");
    hold(LETTER("another", .to = {"w@other.example"}, .room = 400));
}

/* ---- withdrawing ---- */

TEST(test_what_its_sender_was_refused_is_withdrawn)
{
    struct hold_answer answer =
        add(LETTER(hello, .to = {"u@example.com", "v@example.com"}, .ticket = 7));
    assert_true(held_commit(held));
    held_withdraw(held, 7);
    assert_true(held_commit(held));
    assert_int_equal(find((struct held_query){.most = 10}), 0);
    assert_state(answer.first, HELD_DELETED);
    assert_state(answer.last, HELD_DELETED);
}

TEST(test_what_another_transaction_was_told_is_held_is_not_withdrawn)
{
    struct hold_answer one =
        add(LETTER(hello, .to = {"u@example.com", "v@example.com"}, .ticket = 7));
    struct hold_answer two =
        add(LETTER(hello, .to = {"w@example.com", "v@example.com"}, .ticket = 8));
    assert_true(held_commit(held));
    held_withdraw(held, 7);
    assert_true(held_commit(held));
    assert_state(one.first, HELD_DELETED);
    assert_state(one.last, HELD_WAITING); /* v, whom both were told of */
    assert_state(two.first, HELD_WAITING);
    assert_holds(two.first, hello);
    held_withdraw(held, 8);
    assert_true(held_commit(held));
    assert_state(one.last, HELD_DELETED);
    assert_state(two.first, HELD_DELETED);
}

/* ann comes with 7, is put off, and with 8 (and from another host with 9 at the same time). */
static uint64_t put_off_once(void)
{
    struct hold_answer first = add(LETTER(hello, .to = {"u@example.com"}, .ticket = 7));
    assert_int_equal(add(LETTER(hello, .to = {"u@example.com"}, .ticket = 9)).first, 0);
    held_put_off(held, 7);
    held_put_off(held, 7);
    assert_true(held_commit(held));
    assert_state(first.first, HELD_WAITING);
    return first.first;
}

TEST(test_who_was_put_off_and_is_refused_when_he_comes_again_has_nothing_held)
{
    uint64_t number = put_off_once();
    held_put_off(held, 9);
    struct hold_answer again =
        add(LETTER(hello, .to = {"u@example.com", "v@example.com"}, .ticket = 8));
    assert_int_equal(again.first, again.last);
    held_withdraw(held, 7); /* is nobody's any more */
    assert_true(held_commit(held));
    assert_state(number, HELD_WAITING);
    held_withdraw(held, 8);
    assert_true(held_commit(held));
    assert_state(number, HELD_DELETED);
    assert_state(again.first, HELD_DELETED);
}

TEST(test_who_was_told_250_beside_one_who_was_put_off_and_refused_has_his_copy_held)
{
    uint64_t number = put_off_once();
    add(LETTER(hello, .to = {"u@example.com"}, .ticket = 8));
    held_withdraw(held, 8);
    assert_true(held_commit(held));
    assert_state(number, HELD_WAITING); /* 9 was told */
    held_withdraw(held, 9);
    assert_true(held_commit(held));
    assert_state(number, HELD_DELETED);
}

TEST(test_what_was_released_meanwhile_is_not_withdrawn)
{
    struct hold_answer answer =
        add(LETTER(hello, .to = {"u@example.com", "v@example.com"}, .ticket = 7));
    assert_true(held_commit(held));
    release(answer.first);
    held_withdraw(held, 7);
    assert_true(held_commit(held));
    assert_state(answer.first, HELD_LEAVING);
    assert_state(answer.last, HELD_DELETED);
    assert_holds(answer.first, hello);
}

/* Or a proxy that was taken over could take out all that others were told is held. */
TEST(test_what_another_proxy_was_told_of_is_withdrawn_by_nobody_else)
{
    struct hold_answer one = add(LETTER(hello, .to = {"u@example.com"}, .ticket = 7));
    struct hold_answer two = add(LETTER("another", .to = {"v@example.com"}, .ticket = 8));
    assert_true(held_commit(held));
    held_withdraw(held, 0);
    held_withdraw(held, 9);
    held_withdraw(held, 8);
    assert_true(held_commit(held));
    assert_state(one.first, HELD_WAITING);
    assert_state(two.first, HELD_DELETED);
}

TEST(test_who_was_told_of_a_copy_is_forgotten_with_it)
{
    add(LETTER(hello, .to = {"u@example.com"}, .ticket = 7));
    assert_true(held_commit(held));
    held_withdraw(held, 7);
    add(LETTER("another", .to = {"u@example.com"}, .ticket = 8));
    assert_true(held_commit(held));
    const char *reason;
    assert_int_equal(held_forget(held, SLICE("u@example.com"), &reason), 1);
    assert_int_equal(find((struct held_query){.most = 10, .all = true}), 1);
}

TEST(test_the_same_octets_that_are_told_apart_are_held_beside_each_other)
{
    struct hold_answer one = add(LETTER(hello, .to = {"j@example.com"}, .apart = "for u")),
                       two = add(LETTER(hello, .to = {"j@example.com"}, .apart = "for v")),
                       again = add(LETTER(hello, .to = {"j@example.com"}, .apart = "for u"));
    assert_true(one.held && two.held && again.held && held_commit(held));
    assert_true(one.first && two.first && one.first != two.first && !again.first);
}

/* ---- delivering ---- */

TEST(test_what_was_released_and_taken_is_delivered_and_its_container_goes_with_the_last_copy)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com", "v@example.com"}));
    release(number);
    struct errand e = due();
    assert_int_equal(e.number, number);
    assert_int_equal(e.attempt, 1);
    assert_int_equal(due().number, 0);
    begins(&e);
    over(&e, ERRAND_DELIVERED, "250 ok");
    assert_int_equal(told_count, 1);
    assert_state(number, HELD_DELIVERED);
    assert_holds(number + 1, hello);
    release(number + 1);
    e = due();
    over(&e, ERRAND_DELIVERED, "250 ok");
    assert_null(open_container(held, e.about).ptr);
    assert_int_equal(find((struct held_query){.most = 10}), 0);
}

TEST(test_released_twice_it_says_why_not)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    release(number);
    assert_string_equal(act(number, HELD_RELEASE), "it is released already, and not delivered yet");
    assert_string_equal(act(number, HELD_DELETE), "it is released already, and not delivered yet");
    struct errand e = due();
    assert_string_equal(act(number, HELD_RELEASE_AGAIN),
                        "it is released already, and being delivered");
    over(&e, ERRAND_DELIVERED, "250 ok");
    assert_string_equal(act(number, HELD_RELEASE_AGAIN), "it was released and delivered");
    assert_string_equal(act(99, HELD_RELEASE), "there is none of that number");
}

TEST(test_refused_by_the_server_it_waits_again_for_a_week_and_the_reason_is_kept)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}, .age = 60));
    release(number);
    struct errand e = due();
    begins(&e);
    over(&e, ERRAND_REFUSED, "550 5.7.1 no");
    assert_int_equal(told_count, 1);
    assert_state(number, HELD_WAITING);
    assert_int_equal(get(number).until, now + 7 * DAY);
    assert_memory_equal(get(number).said.ptr, "550 5.7.1 no", 13);
    now += 120;
    prune();
    assert_holds(number, hello);
    release(number);
    assert_int_equal(due().attempt, 2);
}

TEST(test_what_is_put_off_is_tried_again_later_and_later)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    int64_t pause = 5;
    release(number);
    for (int i = 0; i < 15; i++) {
        struct errand e = due();
        assert_int_equal(e.number, number);
        begins(&e);
        over(&e, ERRAND_LATER, "451 later");
        assert_int_equal(told_count, 0);
        assert_state(number, HELD_LEAVING);
        now += pause - 1;
        assert_int_equal(due().number, 0);
        now += 1;
        pause = 2 * pause < 1800 ? 2 * pause : 1800;
    }
    struct errand e = due();
    over(&e, ERRAND_DELIVERED, "250 ok");
    assert_state(number, HELD_DELIVERED);
}

TEST(test_given_up_after_two_days_it_waits_again_and_is_not_destroyed)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}, .age = DAY));
    release(number);
    now += 2 * DAY - 1;
    struct errand e = due();
    over(&e, ERRAND_LATER, "451 later");
    assert_state(number, HELD_LEAVING);
    now += 1800;
    e = due();
    over(&e, ERRAND_LATER, "451 later");
    assert_int_equal(told_count, 1);
    assert_state(number, HELD_WAITING);
    prune();
    assert_state(number, HELD_WAITING);
    assert_holds(number, hello);
    assert_true(get(number).until >= now + 7 * DAY);
}

TEST(test_what_cannot_be_opened_waits_again)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    release(number);
    struct errand e = due();
    assert_true(news(&e, ERRAND_CLOSED, ERRAND_LATER, "no key has its id"));
    assert_state(number, HELD_WAITING);
    assert_memory_equal(get(number).said.ptr, "no key has its id", 17);
}

TEST(test_what_gatepost_release_does_not_take_is_due_again)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    release(number);
    struct errand e = due();
    held_not_sent(held, &e, now);
    assert_state(number, HELD_LEAVING);
    assert_int_equal(due().number, 0);
    now += 5;
    assert_int_equal(due().attempt, 2);
}

TEST(test_broken_off_when_the_server_may_have_it_it_is_sent_again_only_when_somebody_says_so)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    release(number);
    struct errand e = due();
    begins(&e);
    over(&e, ERRAND_DOUBTED, "closed by the server");
    assert_int_equal(told_count, 1);
    now += 3 * DAY;
    assert_int_equal(look_after(), 0);
    assert_int_equal(due().number, 0);
    assert_string_equal(act(number, HELD_RELEASE), "the server behind may have it already");
    assert_state(number, HELD_DOUBTED);
    assert_string_equal(act(number, HELD_RELEASE_AGAIN), "");
    e = due();
    assert_int_equal(e.attempt, 2);
    over(&e, ERRAND_DELIVERED, "250 ok");
    assert_state(number, HELD_DELIVERED);
}

TEST(test_begun_and_not_back_in_its_time_it_is_in_doubt)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    release(number);
    struct errand e = due();
    now += 30;
    begins(&e);
    now += AWAY_FOR - 1;
    assert_int_equal(look_after(), 0);
    now += 1;
    assert_int_equal(look_after(), 1);
    assert_int_equal(told_count, 1);
    assert_state(number, HELD_DOUBTED);
    assert_true(get(number).until >= now + 7 * DAY);
}

TEST(test_in_doubt_it_is_delivered_when_the_news_comes_late)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    release(number);
    struct errand e = due();
    begins(&e);
    now += AWAY_FOR;
    assert_int_equal(look_after(), 1);
    over(&e, ERRAND_LATER, "451 later");
    assert_state(number, HELD_DOUBTED);
    over(&e, ERRAND_DELIVERED, "250 ok");
    assert_state(number, HELD_DELIVERED);
}

TEST(test_lost_before_it_was_begun_it_is_tried_again)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    release(number);
    struct errand lost = due();
    now += AWAY_FOR;
    assert_int_equal(look_after(), 1);
    assert_state(number, HELD_LEAVING);
    now += 5;
    struct errand e = due();
    assert_int_equal(e.attempt, 2);
    assert_true(news(&lost, ERRAND_BEGINS, ERRAND_LATER, ""));
    over(&lost, ERRAND_REFUSED, "550 old");
    over(&lost, ERRAND_DELIVERED, "250 old");
    assert_int_equal(told_count, 0);
    assert_state(number, HELD_AWAY);
    over(&e, ERRAND_DELIVERED, "250 ok");
    assert_state(number, HELD_DELIVERED);
}

TEST(test_what_was_away_in_another_era_is_in_doubt_begun_or_not)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com", "v@example.com"}));
    release(number);
    release(number + 1);
    struct errand e = due();
    begins(&e);
    due();
    reopen();
    assert_int_equal(look_after(), 0);
    reopen_as(ERA + 1);
    assert_int_equal(look_after(), 2);
    assert_state(number, HELD_DOUBTED);
    assert_state(number + 1, HELD_DOUBTED);
    assert_int_equal(due().number, 0);
}

TEST(test_called_back_is_what_was_not_begun)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com", "v@example.com"}));
    release(number);
    release(number + 1);
    struct errand e = due();
    due();
    begins(&e);
    held_call_back(held, now);
    assert_state(e.number, HELD_AWAY);
    assert_int_equal(due().number, number + number + 1 - e.number);
}

TEST(test_news_of_what_nobody_knows_are_nothing)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    struct errand none = {.number = 77, .attempt = 1}, waits = {.number = number};
    over(&none, ERRAND_DELIVERED, "250 ok");
    over(&waits, ERRAND_DELIVERED, "250 ok");
    assert_true(news(&waits, ERRAND_BEGINS, ERRAND_LATER, ""));
    assert_int_equal(told_count, 0);
    assert_state(number, HELD_WAITING);
}

/* ---- what people ask ---- */

TEST(test_it_is_found_by_what_is_known_of_it)
{
    hold(LETTER("one", .to = {"Anna@example.com"}));
    hold(LETTER("two", .sender = "ben@far.example", .to = {"c@example.com"}));
    assert_int_equal(find((struct held_query){.text = SLICE("anna@EXAMPLE")}), 1);
    assert_int_equal(find((struct held_query){.text = SLICE("BEN@")}), 1);
    assert_int_equal(find((struct held_query){.text = SLICE("a subject")}), 2);
    assert_int_equal(find((struct held_query){.text = SLICE("%")}), 0);
    assert_int_equal(find((struct held_query){.why = SLICE("virus")}), 0);
    assert_int_equal(find((struct held_query){.reference = SLICE("reference")}), 2);
    assert_int_equal(find((struct held_query){.reference = SLICE("reference.1")}), 2);
    assert_int_equal(find((struct held_query){.reference = SLICE("refer")}), 0);
    assert_int_equal(find((struct held_query){.most = 1}), 1);
    assert_int_equal(entries[0].number, 2);
    assert_int_equal(find((struct held_query){.before = 2}), 1);
    assert_string_equal(act(1, HELD_DELETE), "");
    assert_int_equal(find((struct held_query){.most = 10}), 1);
    assert_int_equal(find((struct held_query){.all = true}), 2);
    assert_int_equal(find((struct held_query){.number = 1}), 1);
}

TEST(test_a_message_was_released_once_somebody_has_let_a_copy_of_it_go)
{
    static const struct slice it = SLICE("reference.1");
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com", "v@example.com"}));
    assert_false(held_released(held, it));
    assert_string_equal(act(number, HELD_DELETE), "");
    assert_false(held_released(held, it));
    release(number + 1);
    assert_true(held_released(held, it));
    assert_false(held_released(held, SLICE("reference")));
    assert_false(held_released(held, SLICE("")));
    struct errand e = due();
    begins(&e);
    assert_true(held_released(held, it));
    over(&e, ERRAND_DELIVERED, "250 ok");
    assert_true(held_released(held, it));
}

TEST(test_a_report_stays_with_it_whatever_becomes_of_it)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    assert_string_equal(act(number, HELD_REPORT), "");
    release(number);
    struct errand e = due();
    over(&e, ERRAND_DELIVERED, "250 ok");
    assert_true(get(number).wrongly);
    assert_state(number, HELD_DELIVERED);
}

TEST(test_the_counts_say_what_there_is)
{
    uint64_t number =
        hold(LETTER(hello, .to = {"u@example.com", "v@example.com", "w@example.com"}));
    struct held_counts counts = held_counts(held);
    assert_int_equal(counts.waiting, 3);
    assert_in_range(counts.oldest, now - 5, now + 5);
    release(number);
    release(number + 1);
    struct errand e = due();
    over(&e, ERRAND_DOUBTED, "?");
    counts = held_counts(held);
    assert_int_equal(counts.waiting, 1);
    assert_int_equal(counts.leaving, 1);
    assert_int_equal(counts.doubted, 1);
    assert_true(counts.octets > 0);
}

/* ---- time ---- */

TEST(test_when_its_time_is_over_it_goes_and_not_before)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}, .age = DAY));
    uint64_t later = hold(LETTER(hello, .to = {"v@example.com"}, .age = 2 * DAY));
    now = get(number).until - 1;
    prune();
    assert_state(number, HELD_WAITING);
    now += 1;
    prune();
    assert_int_equal(told_count, 1);
    assert_state(number, HELD_EXPIRED);
    assert_holds(later, hello);
    now += DAY + 5;
    prune();
    assert_int_equal(find((struct held_query){.most = 10}), 0);
}

TEST(test_a_clock_that_leaps_ends_nothing_for_a_day)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}, .age = DAY));
    prune();
    now += 40 * DAY;
    held_prune(held, now, tell, NULL);
    assert_state(number, HELD_WAITING);
    clock_advance((int64_t)DAY * 1000 + 1000);
    now += DAY + 1;
    held_prune(held, now, tell, NULL);
    assert_state(number, HELD_EXPIRED);
}

TEST(test_what_is_leaving_or_away_does_not_expire)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com", "v@example.com"}, .age = 60));
    release(number);
    release(number + 1);
    due();
    now += 40 * DAY;
    prune();
    assert_int_equal(told_count, 0);
    assert_holds(number, hello);
    assert_int_equal(find((struct held_query){.most = 10}), 2);
}

TEST(test_many_that_are_over_all_go)
{
    char text[32];
    for (int i = 0; i < 90; i++) {
        snprintf(text, sizeof text, "letter %d", i);
        assert_true(add(LETTER(text, .to = {"u@example.com", "v@example.com"}, .age = 60)).held);
    }
    assert_true(held_commit(held));
    now += 120;
    for (bool more = true; more;) {
        told_count = 0;
        more = held_prune(held, now, tell, NULL);
    }
    assert_int_equal(find((struct held_query){.most = 10}), 0);
}

TEST(test_what_was_delivered_is_a_retry_for_five_days_and_then_another_message)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    release(number);
    struct errand e = due();
    over(&e, ERRAND_DELIVERED, "250 ok");
    now += 5 * DAY - 10;
    pass_until_now();
    assert_int_equal(hold(LETTER(hello, .to = {"u@example.com"})), 0);
    now += 20;
    pass_until_now();
    assert_true(hold(LETTER(hello, .to = {"u@example.com"})) > number);
}

TEST(test_what_is_gone_is_told_of_for_thirty_days_and_then_forgotten)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    uint64_t waits = hold(LETTER("waits", .to = {"u@example.com"}, .age = 90 * DAY));
    release(number);
    struct errand e = due();
    over(&e, ERRAND_DELIVERED, "250 ok");
    now += 30 * DAY - 10;
    prune();
    assert_int_equal(find((struct held_query){.number = number}), 1);
    now += 20;
    prune();
    assert_int_equal(find((struct held_query){.number = number}), 0);
    assert_holds(waits, "waits");
}

/* ---- files that are not as they should be ---- */

static size_t folders_aside(char *name)
{
    size_t count = 0;
    DIR *all = opendir(base);
    for (struct dirent *e; (e = readdir(all));)
        if (strncmp(e->d_name, "held.damaged-", 13) == 0) {
            count++;
            snprintf(name, 80, "%.30s/%.40s", base, e->d_name);
        }
    closedir(all);
    return count;
}

static void overwrite(const char *name, size_t at, size_t len)
{
    char path[PATH_MAX], octets[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    memset(octets, 0xa5, sizeof octets);
    while (len) {
        size_t some = len < sizeof octets ? len : sizeof octets;
        assert_int_equal(pwrite(fd, octets, some, (off_t)at), some);
        at += some;
        len -= some;
    }
    close(fd);
}

/* Set aside with its containers, and what comes now is held. */
static void assert_begun_anew(uint64_t lost)
{
    char aside[96], path[160];
    assert_int_equal(folders_aside(aside), 1);
    snprintf(path, sizeof path, "%s/%016" PRIx64 ".sealed", aside, lost);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(find((struct held_query){.all = true}), 0);
    assert_int_not_equal(hold(LETTER(hello, .to = {"u@example.com"})), 0);
}

TEST(test_a_damaged_database_is_set_aside_with_its_containers_and_a_new_one_begun)
{
    uint64_t id = get(hold(LETTER(hello, .to = {"u@example.com"}))).id;
    held_close(&held);
    overwrite("held.db", 0, size_of_file("held.db"));
    held = open_store(ROOM, ERA);
    assert_begun_anew(id);
}

TEST(test_a_database_that_is_gone_costs_no_container)
{
    char path[PATH_MAX];
    uint64_t id = get(hold(LETTER(hello, .to = {"u@example.com"}))).id;
    held_close(&held);
    snprintf(path, sizeof path, "%s/held.db", folder);
    assert_int_equal(unlink(path), 0);
    held = open_store(ROOM, ERA);
    assert_begun_anew(id);
}

TEST(test_a_database_that_was_cut_to_nothing_costs_no_container)
{
    char path[PATH_MAX];
    uint64_t id = get(hold(LETTER(hello, .to = {"u@example.com"}))).id;
    held_close(&held);
    snprintf(path, sizeof path, "%s/held.db", folder);
    assert_int_equal(truncate(path, 0), 0);
    held = open_store(ROOM, ERA);
    assert_begun_anew(id);
}

TEST(test_each_page_that_is_damaged_costs_no_container_and_mail_is_held_again)
{
    size_t pages = 0;
    for (size_t page = 0; page == 0 || page < pages; page++) {
        uint64_t id = get(hold(LETTER(hello, .to = {"u@example.com"}))).id;
        for (int i = 0; i < 40; i++) {
            char text[32];
            snprintf(text, sizeof text, "letter %d", i);
            hold(LETTER(text, .to = {"u@example.com", "v@example.com"}));
        }
        held_close(&held);
        pages = size_of_file("held.db") / 4096;
        overwrite("held.db", page * 4096, 4096);
        held = open_store(ROOM, ERA);
        struct hold_answer answer = {.held = false};
        const char *acted = "the database fails";
        for (int i = 0; i < 3 && strcmp(acted, "the database fails") == 0; i++) {
            acted = act(2 * id + 1, HELD_RELEASE);
            struct errand e = due();
            bool written = !e.number;
            for (int j = 0; j < 3 && !written; j++) {
                written = news(&e, ERRAND_OVER, ERRAND_REFUSED, "550 no");
                clock_advance(6000);
            }
            if (!written)
                fail_msg("page %zu: what became of it can never be written", page);
            look_after();
            prune();
            clock_advance(6000);
        }
        if (strcmp(acted, "the database fails") == 0)
            fail_msg("page %zu: what is held cannot be released, nor is it set aside", page);
        for (int i = 0; i < 3 && !answer.held; i++) {
            answer = add(LETTER("new", .to = {"new@example.com"}));
            bool there = held_commit(held);
            answer.held = answer.held && there;
            clock_advance(6000);
        }
        if (!answer.held)
            fail_msg("page %zu: %s", page, answer.reason);
        char aside[96] = "", path[200];
        bool moved = folders_aside(aside) == 1;
        snprintf(path, sizeof path, "%s/%016" PRIx64 ".sealed", moved ? aside : folder, id);
        if (access(path, F_OK) != 0)
            fail_msg("page %zu: a container is gone", page);
        tear_down();
        set_up();
    }
    assert_true(pages > 5);
}

TEST(test_each_page_that_is_damaged_while_one_is_away_is_noticed_when_its_end_is_told)
{
    size_t pages = 0;
    for (size_t page = 0; page == 0 || page < pages; page++) {
        release(hold(LETTER(hello, .to = {"u@example.com"})));
        struct errand e = due();
        bool written = false;
        char aside[96];
        held_close(&held);
        pages = size_of_file("held.db") / 4096;
        overwrite("held.db", page * 4096, 4096);
        held = open_store(ROOM, ERA);
        for (int i = 0; i < 3 && !written; i++) {
            written = news(&e, ERRAND_OVER, ERRAND_REFUSED, "550 no");
            clock_advance(6000);
        }
        if (!written)
            fail_msg("page %zu: it can never be written", page);
        if (folders_aside(aside) == 0)
            assert_state(e.number, HELD_WAITING);
        tear_down();
        set_up();
    }
}

static void put_file(const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static bool is_file(const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

TEST(test_orphans_are_removed_at_the_start_and_nothing_else)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    uint64_t gone = hold(LETTER("another", .to = {"u@example.com"}));
    assert_string_equal(act(gone, HELD_DELETE), "");
    put_file("0000000000000002.sealed");
    put_file("0000000000000777.sealed");
    put_file("777.sealed");
    put_file("notes.txt");
    reopen();
    assert_false(is_file("0000000000000777.sealed"));
    assert_true(is_file("0000000000000777.unknown")); /* the database may be an old one */
    assert_false(is_file("0000000000000002.sealed"));
    assert_true(is_file("777.sealed") && is_file("notes.txt"));
    assert_holds(number, hello);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/777.sealed", folder);
    unlink(path);
}

TEST(test_a_container_that_is_not_there_is_told_when_it_is_due)
{
    struct errand e;
    int container = 7;
    char path[PATH_MAX];
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    snprintf(path, sizeof path, "%s/%016" PRIx64 ".sealed", folder, get(number).id);
    unlink(path);
    release(number);
    assert_true(held_due(held, now, arena, &e, &container));
    assert_int_equal(container, -1);
    assert_true(news(&e, ERRAND_CLOSED, ERRAND_LATER, "No such file"));
    assert_string_equal(act(number, HELD_DELETE), "");
}

/* ---- a disk that fails ---- */

struct copy {
    const char *text, *to;
    bool said; /* that it is held */
};

/* One way through it; which of the copies are said to be held. */
static void live(struct copy *copies, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct hold_answer answer = add(LETTER(copies[i].text, .to = {copies[i].to}));
        copies[i].said = held_commit(held) && answer.held;
    }
}

/* Each call fails in its turn; `count` tells how many there were. */
static void let_fail(long n, bool for_ever, int error)
{
    disk.allowed = n;
    disk.for_ever = for_ever;
    disk.error = error;
    disk.hit = disk.syncs = false;
}

static void come_back(void)
{
    disk.allowed = -1;
    clock_advance(6000);
    now = clock_wall();
}

static bool is_held(const struct copy *copy)
{
    size_t count = find((struct held_query){.most = 300});
    for (size_t i = 0; i < count; i++)
        if (slice_eq(entries[i].address, slice_of(copy->to))) {
            struct slice there = open_container(held, entries[i].id);
            if (!there.ptr)
                fail_msg("the copy for %s cannot be opened", copy->to);
            if (slice_eq(there, slice_of(copy->text)))
                return true;
        }
    return false;
}

static void check_failing(bool for_ever, int error, bool syncs)
{
    bool hit = true;
    for (long n = 0; hit; n++) {
        struct copy before = {"before", "a@example.com", false};
        struct copy during[] = {{"during", "b@example.com", false},
                                {"more", "c@example.com", false}};
        live(&before, 1);
        assert_true(before.said);
        let_fail(n, for_ever, error);
        disk.syncs = syncs;
        live(during, 2);
        hit = disk.hit;
        come_back();
        if (!is_held(&before))
            fail_msg("call %ld: what was there before is not", n);
        for (size_t i = 0; i < 2; i++)
            if (during[i].said && !is_held(&during[i]))
                fail_msg("call %ld: %s is said to be held and is not", n, during[i].text);
        live(during, 2); /* the retry */
        for (size_t i = 0; i < 2; i++)
            if (!during[i].said || !is_held(&during[i]))
                fail_msg("call %ld: %s is not held when there is room again", n, during[i].text);
        assert_adds_up(held);
        reopen();
        for (size_t i = 0; i < 2; i++)
            if (!is_held(&during[i]))
                fail_msg("call %ld: %s is lost at the next start", n, during[i].text);
        assert_adds_up(held);
        tear_down();
        set_up();
    }
}

TEST(test_whichever_call_finds_the_disk_full_what_is_said_to_be_held_is)
{
    check_failing(false, ENOSPC, false);
}

TEST(test_from_whichever_call_on_the_disk_is_full_what_is_said_to_be_held_is)
{
    check_failing(true, ENOSPC, false);
}

TEST(test_whichever_call_the_disk_fails_at_what_is_said_to_be_held_is)
{
    check_failing(false, EIO, false);
}

TEST(test_from_whichever_call_on_the_disk_fails_what_is_said_to_be_held_is)
{
    check_failing(true, EIO, false);
}

/* The end of a change is in the file then, and may count at the next opening. */
TEST(test_while_the_disk_takes_all_and_will_not_say_that_it_has_what_is_said_to_be_held_is)
{
    check_failing(true, EIO, true);
}

/* A release, its way, and its end while the disk fails for a while. */
static void check_leaving(long n, bool for_ever, int error, bool syncs, bool *hit)
{
    uint64_t number = hold(LETTER(hello, .to = {"u@example.com"}));
    bool delivered = false;
    int sent = 0;
    let_fail(n, for_ever, error);
    disk.syncs = syncs;
    for (int i = 0; i < 6 && !delivered; i++) {
        if (i == 3) {
            *hit = disk.hit;
            come_back();
        }
        const char *reason = "";
        held_act(held, number, HELD_RELEASE, SLICE("root"), now, &reason);
        struct errand e = due();
        if (!e.number) { /* that it is away may be written although it is not */
            now += AWAY_FOR;
            look_after();
            now += AWAY_FOR;
            continue;
        }
        sent++;
        for (int j = 0; j < 2 && !news(&e, ERRAND_BEGINS, ERRAND_LATER, ""); j++)
            come_back();
        for (int j = 0; j < 2 && !(delivered = news(&e, ERRAND_OVER, ERRAND_DELIVERED, "250")); j++)
            come_back();
    }
    *hit = disk.hit;
    come_back();
    if (!delivered || sent != 1)
        fail_msg("call %ld: sent %d times, told %d", n, sent, delivered);
    reopen();
    assert_state(number, HELD_DELIVERED);
    assert_int_equal(due().number, 0);
    assert_adds_up(held);
}

static void check_all_leaving(bool for_ever, int error, bool syncs)
{
    bool hit = true;
    for (long n = 0; hit; n++) {
        check_leaving(n, for_ever, error, syncs, &hit);
        tear_down();
        set_up();
    }
}

TEST(test_whichever_call_fails_what_is_released_is_sent_once_and_its_end_is_written_when_it_can_be)
{
    check_all_leaving(false, ENOSPC, false);
    check_all_leaving(false, EIO, false);
}

TEST(test_from_whichever_call_on_all_fail_what_is_released_is_sent_once)
{
    check_all_leaving(true, ENOSPC, false);
    check_all_leaving(true, EIO, false);
    check_all_leaving(true, EIO, true);
}

/* ---- killed ---- */

enum { ROUNDS = MANY(200, 40), A_FOLDER = 10 /* rounds */ };

/* Holds until it is killed, and tells what is held, and what became of it. */
static _Noreturn void toil(int out, int round)
{
    struct held_told {
        uint64_t number;
        int n, delivered;
    } line;
    for (int n = 0;; n++) {
        char text[64];
        snprintf(text, sizeof text, "letter %d of %d", n, round);
        struct hold_answer answer = add(LETTER(text, .to = {"u@example.com", "v@example.com"}));
        if (!answer.held || !held_commit(held))
            _exit(1);
        line = (struct held_told){answer.first, n, 0};
        if (syscall(SYS_write, out, &line, sizeof line) != sizeof line)
            _exit(2);
        if (n % 3 != 2)
            continue;
        struct errand e;
        const char *reason;
        int container;
        arena_reset(arena);
        if (!held_act(held, answer.first, HELD_RELEASE, SLICE("root"), now, &reason))
            _exit(3);
        do { /* what those before have not come to as well */
            if (!held_due(held, now, arena, &e, &container))
                _exit(4);
            close(container);
            begins(&e);
            over(&e, ERRAND_DELIVERED, "250 ok");
        } while (e.number != answer.first);
        line.delivered = 1;
        if (syscall(SYS_write, out, &line, sizeof line) != sizeof line)
            _exit(5);
    }
}

static void check_told(int in, int round)
{
    struct held_told {
        uint64_t number;
        int n, delivered;
    } line;
    while (read(in, &line, sizeof line) == sizeof line) {
        char text[64];
        arena_reset(arena);
        snprintf(text, sizeof text, "letter %d of %d", line.n, round);
        if (line.delivered)
            assert_state(line.number, HELD_DELIVERED);
        else if (get(line.number).state < HELD_DELIVERED)
            assert_holds(line.number, text);
        assert_holds(line.number + 1, text);
    }
}

TEST(test_killed_at_any_time_all_that_it_has_told_is_there)
{
    srand(1);
    for (int round = 0; round < ROUNDS; round++) {
        int pipe_ends[2];
        struct timespec time = {.tv_nsec = rand() % 12000000};
        held_close(&held);
        assert_int_equal(pipe(pipe_ends), 0);
        pid_t child = fork();
        if (child == 0) {
            close(pipe_ends[0]);
            held = open_store(ROOM, ERA);
            toil(pipe_ends[1], round);
        }
        close(pipe_ends[1]);
        nanosleep(&time, NULL);
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSIGNALED(status))
            fail_msg("round %d: ended with %d", round, WEXITSTATUS(status));
        held = open_store(ROOM, ERA);
        check_told(pipe_ends[0], round);
        close(pipe_ends[0]);
        assert_adds_up(held);
        if (round % A_FOLDER == A_FOLDER - 1) {
            tear_down();
            set_up();
        }
    }
}
