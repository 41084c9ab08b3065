/* SPDX-License-Identifier: ISC
 * The line before the scanners: who waits for what his own network has keeps nobody else waiting. */
#include "proxy/examine/scan_line.h"

#include "base/clock.h"
#include "filters/scanner/scan_serve.h"
#include "proxy/examine/scan_places.h"
#include "proxy/examine/scan_times.h"
#include "tests/harness/shared_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { WORKERS = 2, MIB = 1024 * 1024, MS = 60000, BUDGET_MS = 5000 };

/* Who sends messages that take long, and one of them. */
struct sender {
    struct holder holder;
    struct examination e;
};

static struct config config;
static struct proxy proxy;
static struct sender busy, other, unknown;
static int overruns;
static int queue[2];
static struct scan_channel channel; /* as a scanner has it */

enum { SERIAL = 7 };

static const struct scan_family family = {SCANNER_AV, WORKERS};

static void make_slow(uint64_t who)
{
    assert_true(scan_times_begin(proxy.scan_times, who, &family, clock_ms()));
    scan_times_end(proxy.scan_times, who, SCANNER_AV, MS, clock_ms());
}

static void make_sender(struct sender *sender, uint64_t network)
{
    sender->holder = (struct holder){network, network, 0};
    sender->e = (struct examination){.proxy = &proxy,
                                     .holder = &sender->holder,
                                     .ref = "",
                                     .whole = true,
                                     .spool = spool_over(SLICE("Subject: hello\r\n\r\nhello\r\n"))};
    assert_non_null(sender->e.spool);
}

static void overrun(void *ctx, enum scanner_kind kind)
{
    (void)ctx;
    overruns += kind == SCANNER_AV;
}

static void open_channel(void)
{
    static const struct scan_answers_owner owner = {.overrun = overrun};
    int pair[2];
    assert_int_equal(scan_channel_pair(pair), 0);
    channel = (struct scan_channel){.sock = pair[1], .serial = SERIAL};
    proxy.answers = scan_answers_new(proxy.base, &owner);
    assert_non_null(proxy.answers);
    assert_true(scan_answers_open(proxy.answers, SCANNER_AV, pair[0], proxy.row, SERIAL));
    overruns = 0;
}

static void start(void)
{
    make_shared();
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, queue), 0);
    config.settings.limits_scan_queue = MIB;
    config.settings.timeouts_scan = config.settings.timeouts_verdict = MS;
    proxy = (struct proxy){.config = &config,
                           .base = event_base_new(),
                           .shared = shared,
                           .row = (unsigned)shared_row_claim(shared),
                           .workers[SCANNER_AV] = WORKERS,
                           .queue[SCANNER_AV] = queue[0],
                           .scan_times = scan_times_new()};
    TAILQ_INIT(&proxy.line);
    TAILQ_INIT(&proxy.under_way);
    assert_true(proxy.base && proxy.scan_times);
    open_channel();
    proxy.job.limits.cpu = BUDGET_MS;
    make_sender(&busy, 7);
    make_sender(&other, 8);
    make_sender(&unknown, 9);
    make_slow(busy.holder.network);
    make_slow(other.holder.network);
}

static void end(struct sender *sender)
{
    examination_drop_scan(&sender->e, SCAN_ANTIVIRUS);
    spool_free(&sender->e.spool);
}

static void stop(void)
{
    end(&busy);
    end(&other);
    end(&unknown);
    close(queue[0]);
    close(queue[1]);
    close(channel.sock);
    scan_answers_free(&proxy.answers);
    if (proxy.line_clock)
        event_free(proxy.line_clock);
    event_base_free(proxy.base);
    free(proxy.scan_times);
    free_shared();
}

EACH_TEST(start, stop);

static enum scan_step step_of(const struct sender *sender)
{
    return sender->e.scans[SCAN_ANTIVIRUS].step;
}

/* Both wait, `busy` first, for the one place that slow networks have; then it is free. */
static void wait_for_the_slow_place(void)
{
    assert_true(shared_slow_scan_take(shared, proxy.row, SCANNER_AV, 1));
    scan_line_join(&busy.e, SCAN_ANTIVIRUS);
    scan_line_join(&other.e, SCAN_ANTIVIRUS);
    assert_int_equal(step_of(&busy), SCAN_IN_LINE);
    assert_int_equal(step_of(&other), SCAN_IN_LINE);
    shared_slow_scan_give(shared, proxy.row, SCANNER_AV);
}

TEST(test_of_two_slow_networks_the_first_is_served_first)
{
    wait_for_the_slow_place();
    scan_line_move(&proxy);
    assert_int_equal(step_of(&busy), SCAN_UNDER_WAY);
    assert_int_equal(step_of(&other), SCAN_IN_LINE);
}

TEST(test_a_slow_network_that_has_all_it_may_leaves_the_place_to_another)
{
    wait_for_the_slow_place();
    assert_true(scan_times_begin(proxy.scan_times, busy.holder.network, &family, clock_ms()));
    scan_line_move(&proxy);
    assert_int_equal(step_of(&busy), SCAN_IN_LINE);
    assert_int_equal(step_of(&other), SCAN_UNDER_WAY);
}

/* ---- who hangs up before the reply ---- */

enum { BEGINNING = 3, PIECE = 6, DIED = 7 }; /* of an answer */

static void say(const struct scan_reply *reply, uint16_t type, struct slice payload)
{
    const struct slice parts[] = {{(const char *)&reply->number, sizeof reply->number}, payload};
    assert_int_equal(ipc_send_parts(reply->sock, type, parts, 2, NULL, 0, false), 1);
}

/* The unknown network's message is in a scanner, that answers there. */
static struct scan_reply scan_the_unknown(struct arena *arena)
{
    struct scan_taken taken;
    scan_line_join(&unknown.e, SCAN_ANTIVIRUS);
    assert_int_equal(step_of(&unknown), SCAN_UNDER_WAY);
    assert_int_equal(scan_take(queue[1], false, arena, &taken), 1);
    assert_int_equal(taken.file, -1);
    assert_int_equal(taken.octets.len, spool_size(unknown.e.spool));
    assert_int_equal(taken.address.row, proxy.row);
    assert_int_equal(taken.address.serial, SERIAL);
    return (struct scan_reply){channel.sock, taken.address.number, &channel};
}

static void hear_scanners(void)
{
    event_base_loop(proxy.base, EVLOOP_NONBLOCK);
}

/* All that a message may take is what makes a network slow; what one is told to take here is not. */
static bool all_is_charged(void)
{
    return scan_place_is_slow(&unknown.e, SCANNER_AV, clock_ms());
}

static void refuses(const struct scan_reply *reply)
{
    struct scan_failure failure = {.reason = "no", .failing = SCAN_FAILS_NOW, .cpu = 900};
    assert_true(scan_refuse(reply, &failure));
}

static void answers(const struct scan_reply *reply)
{
    struct scan_answer answer = {.cpu = 900};
    assert_true(scan_answer(reply, &(struct scan_job){0}, &answer));
}

static void begins_a_large_answer(const struct scan_reply *reply)
{
    char room[8];
    struct buf first = buf_over(room, sizeof room);
    pack_u32(&first, 900);
    pack_u32(&first, MIB / 2);
    say(reply, BEGINNING, buf_slice(&first));
}

static void talks_nonsense(const struct scan_reply *reply)
{
    say(reply, PIECE, SLICE("abcd"));
}

static void dies(const struct scan_reply *reply)
{
    say(reply, DIED, SLICE(""));
}

/* Whether all is charged to whom the scanner answers so, after he has hung up. */
static bool all_is_charged_when_it(void (*act)(const struct scan_reply *reply))
{
    struct arena *arena = arena_new(MIB);
    struct scan_reply reply = scan_the_unknown(arena);
    examination_drop_scan(&unknown.e, SCAN_ANTIVIRUS);
    hear_scanners();
    assert_false(all_is_charged());
    act(&reply);
    hear_scanners();
    arena_free(&arena);
    return all_is_charged();
}

TEST(test_who_hangs_up_is_charged_what_his_message_took)
{
    assert_false(all_is_charged_when_it(answers));
    assert_false(all_is_charged_when_it(refuses));
    assert_false(all_is_charged_when_it(begins_a_large_answer));
}

TEST(test_who_hangs_up_on_a_scanner_that_dies_is_charged_all)
{
    assert_true(all_is_charged_when_it(dies));
}

TEST(test_who_hangs_up_on_a_scanner_that_talks_nonsense_is_charged_all)
{
    assert_true(all_is_charged_when_it(talks_nonsense));
}

TEST(test_who_hangs_up_while_the_answer_comes_is_charged_what_his_message_took)
{
    struct arena *arena = arena_new(MIB);
    struct scan_reply reply = scan_the_unknown(arena);
    unknown.e.arena = arena;
    begins_a_large_answer(&reply);
    hear_scanners();
    assert_int_equal(step_of(&unknown), SCAN_UNDER_WAY);
    examination_drop_scan(&unknown.e, SCAN_ANTIVIRUS);
    assert_false(all_is_charged());
    arena_free(&arena);
}

/* ---- who answers what he was not asked */

TEST(test_another_number_answers_no_job)
{
    struct arena *arena = arena_new(MIB);
    struct scan_reply reply = scan_the_unknown(arena), false_one = reply;
    unknown.e.arena = arena;
    false_one.number++;
    begins_a_large_answer(&false_one);
    answers(&false_one);
    dies(&false_one);
    hear_scanners();
    assert_int_equal(step_of(&unknown), SCAN_UNDER_WAY);
    assert_null(unknown.e.scans[SCAN_ANTIVIRUS].pieces.bytes);
    begins_a_large_answer(&reply);
    hear_scanners();
    assert_non_null(unknown.e.scans[SCAN_ANTIVIRUS].pieces.bytes);
    examination_drop_scan(&unknown.e, SCAN_ANTIVIRUS);
    arena_free(&arena);
}

TEST(test_a_scanner_of_another_kind_answers_no_job)
{
    struct arena *arena = arena_new(MIB);
    struct scan_reply reply = scan_the_unknown(arena), false_one = reply;
    int pair[2];
    unknown.e.arena = arena;
    assert_int_equal(scan_channel_pair(pair), 0);
    assert_true(scan_answers_open(proxy.answers, SCANNER_QR, pair[0], proxy.row, SERIAL));
    false_one.sock = pair[1];
    begins_a_large_answer(&false_one);
    hear_scanners();
    assert_null(unknown.e.scans[SCAN_ANTIVIRUS].pieces.bytes);
    assert_int_equal(step_of(&unknown), SCAN_UNDER_WAY);
    examination_drop_scan(&unknown.e, SCAN_ANTIVIRUS);
    close(pair[1]);
    arena_free(&arena);
}

TEST(test_numbers_cannot_be_told_from_one_another)
{
    struct arena *arena = arena_new(MIB);
    uint64_t last = 0;
    for (int i = 0; i < 4; i++) {
        struct scan_reply reply = scan_the_unknown(arena);
        uint64_t step = reply.number > last ? reply.number - last : last - reply.number;
        assert_true(step > 1 << 20);
        last = reply.number;
        answers(&reply);
        examination_drop_scan(&unknown.e, SCAN_ANTIVIRUS);
        hear_scanners();
    }
    arena_free(&arena);
}

/* So many packets that nobody asked for. */
static void flood(unsigned count)
{
    struct scan_reply reply = {channel.sock, 1, &channel};
    for (unsigned i = 0; i < count; i++) {
        dies(&reply);
        if (i % 50 == 49 || i + 1 == count)
            hear_scanners();
    }
}

TEST(test_a_flood_of_what_nobody_asked_is_told_once_and_a_later_one_again)
{
    flood(999);
    assert_int_equal(overruns, 0);
    flood(1);
    assert_int_equal(overruns, 1);
    flood(99999);
    assert_int_equal(overruns, 1);
    flood(1);
    assert_int_equal(overruns, 2);
}

TEST(test_each_job_lets_some_more_come_that_nobody_awaits)
{
    struct arena *arena = arena_new(MIB);
    struct scan_reply reply = scan_the_unknown(arena);
    examination_drop_scan(&unknown.e, SCAN_ANTIVIRUS);
    answers(&reply);
    hear_scanners();
    flood(1031);
    assert_int_equal(overruns, 0);
    flood(1);
    assert_int_equal(overruns, 1);
    arena_free(&arena);
}

TEST(test_packets_without_octets_do_not_keep_an_answer_away)
{
    struct arena *arena = arena_new(MIB);
    struct scan_reply reply = scan_the_unknown(arena);
    unknown.e.arena = arena;
    for (int i = 0; i < 3; i++)
        assert_int_equal(send(channel.sock, "", 0, 0), 0);
    hear_scanners();
    hear_scanners();
    begins_a_large_answer(&reply);
    hear_scanners();
    assert_non_null(unknown.e.scans[SCAN_ANTIVIRUS].pieces.bytes);
    examination_drop_scan(&unknown.e, SCAN_ANTIVIRUS);
    arena_free(&arena);
}
