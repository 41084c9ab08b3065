/* SPDX-License-Identifier: ISC
 * The line before the scanners: who waits for what his own network has keeps nobody else waiting. */
#include "proxy/examine/scan_line.h"

#include "base/clock.h"
#include "proxy/examine/scan_places.h"
#include "proxy/examine/scan_times.h"
#include "tests/harness/shared_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { WORKERS = 2, MIB = 1024 * 1024, MS = 60000 };

/* Who sends messages that take long, and one of them. */
struct sender {
    struct holder holder;
    struct examination e;
};

static struct config config;
static struct proxy proxy;
static struct sender busy, other;
static int queue[2];

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
    make_slow(network);
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
    make_sender(&busy, 7);
    make_sender(&other, 8);
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
    close(queue[0]);
    close(queue[1]);
    event_base_loop(proxy.base, EVLOOP_NONBLOCK); /* what was under way is over */
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
