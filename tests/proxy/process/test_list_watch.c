/* SPDX-License-Identifier: ISC
 * The inquiry of this test answers from a zone when it is told to. */
#include "tests/harness/memory_loader.h"
#include "tests/harness/spf_zone.h"

#include "base/log.h"
#include "filters/dns/inquiry.h"
#include "proxy/process/list_watch.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const char configuration[] = "blocklist \"a.test\" { \"127.0.0.2\" }\n"
                                    "blocklist domain \"d.test\" { \"127.0.1.2\" }\n"
                                    "blocklist \"b.test\" { \"127.0.0.2\" }\n"
                                    "addresses \"192.0.2.1\" \"2001:db8::1\"\n";

#define HEALTHY_A "2.0.0.127.a.test A 127.0.0.2\n"
#define HEALTHY_B "2.0.0.127.b.test A 127.0.0.2\n"
#define HEALTHY_D "test.d.test A 127.0.1.2\n"
#define HEALTHY HEALTHY_A HEALTHY_B HEALTHY_D

static struct bench {
    struct event_base *base;
    struct config *config;
    struct shared *shared;
    struct list_watch *watch;
    const char *zone;
    unsigned asked;
    bool at_hand; /* answers are cached */
    struct inquiry *waiting;
    int log;
} bench;

void inquiry_begin(struct inquiry *inquiry, struct resolver *resolver, struct arena *arena,
                   struct dns_answers *answers, void (*done)(void *ctx), void *ctx)
{
    *inquiry = (struct inquiry){
        .resolver = resolver, .arena = arena, .answers = answers, .done = done, .ctx = ctx};
}

unsigned inquiry_ask(struct inquiry *inquiry, const struct dns_wanted *wanted, size_t count)
{
    bench.asked += (unsigned)count;
    for (size_t i = 0; i < count; i++) {
        struct dns_answer answer =
            spf_zone_answer(inquiry->arena, slice_of(bench.zone), wanted[i].name, wanted[i].type);
        dns_answers_add(inquiry->answers, wanted[i].name, wanted[i].type, &answer);
    }
    bench.waiting = bench.at_hand ? NULL : inquiry;
    inquiry->pending = bench.at_hand ? 0 : (unsigned)count;
    return inquiry->pending;
}

void inquiry_cancel(struct inquiry *inquiry)
{
    inquiry->pending = 0;
    bench.waiting = NULL;
}

static void answer_all(void)
{
    while (bench.waiting) {
        struct inquiry *inquiry = bench.waiting;
        bench.waiting = NULL;
        inquiry->pending = 0;
        inquiry->done(inquiry->ctx);
    }
}

static void set_up(void)
{
    int fd, row;
    log_open("test", SINK_STDERR, LEVEL_INFO);
    bench = (struct bench){.base = event_base_new(), .config = load_good(configuration)};
    bench.shared = shared_new(&fd);
    close(fd);
    row = shared_row_claim(bench.shared);
    shared_watched_by(bench.shared, (unsigned)row);
    bench.watch = list_watch_new(bench.base, NULL, bench.config, bench.shared, (unsigned)row);
    bench.log = memfd_create("log", 0);
    assert_true(bench.config && bench.watch && bench.log >= 0);
}

static void tear_down(void)
{
    list_watch_free(&bench.watch);
    config_free(&bench.config);
    shared_free(&bench.shared);
    event_base_free(bench.base);
    close(bench.log);
}

EACH_TEST(set_up, tear_down);

/* One check on that zone, with what is logged meanwhile. */
static const char *check(const char *zone)
{
    static char text[8192];
    int err = dup(STDERR_FILENO);
    bench.zone = zone;
    assert_int_equal(ftruncate(bench.log, 0), 0);
    lseek(bench.log, 0, SEEK_SET);
    dup2(bench.log, STDERR_FILENO);
    list_watch_check(bench.watch);
    answer_all();
    dup2(err, STDERR_FILENO);
    close(err);
    ssize_t n = pread(bench.log, text, sizeof text - 1, 0);
    text[n < 0 ? 0 : n] = '\0';
    return text;
}

static uint64_t suspended(void)
{
    return shared_suspended(bench.shared);
}

static void logs(const char *text, const char *expected)
{
    if (!strstr(text, expected))
        fprintf(stderr, "expected: %s\ngot: %s\n", expected, text);
    assert_non_null(strstr(text, expected));
}

TEST(test_healthy_lists_are_used_and_nothing_is_said)
{
    assert_string_equal(check(HEALTHY), "");
    assert_int_equal(suspended(), 0);
    assert_int_equal(bench.asked, 6 + 2 * 2);
}

TEST(test_a_broken_list_is_suspended_and_comes_back)
{
    const char *said = check(HEALTHY_A "test.d.test A 127.255.255.254\n" HEALTHY_B);
    logs(said, "blocklist suspended zone=d.test");
    logs(said, "public resolvers");
    assert_int_equal(suspended(), 2);
    assert_int_equal(shared_counter(bench.shared, COUNTER_LISTS_SUSPENDED), 1);
    assert_string_equal(check(HEALTHY_A "test.d.test A 127.255.255.254\n" HEALTHY_B), "");
    assert_int_equal(suspended(), 2);
    logs(check(HEALTHY), "blocklist in use again zone=d.test");
    assert_int_equal(suspended(), 0);
    assert_int_equal(shared_counter(bench.shared, COUNTER_LISTS_SUSPENDED), 1);
}

TEST(test_a_dns_that_fails_suspends_nothing)
{
    assert_string_equal(check("2.0.0.127.a.test TIMEOUT\n" HEALTHY_B "test.d.test SERVFAIL\n"), "");
    assert_int_equal(suspended(), 0);
}

TEST(test_our_addresses_are_looked_up_once_an_hour)
{
    const char *zone = HEALTHY "1.2.0.192.b.test A 127.0.0.2\n";
    logs(check(zone), "own address listed address=192.0.2.1 zone=b.test");
    assert_int_equal(shared_counter(bench.shared, COUNTER_OWN_ADDRESS_LISTED), 1);
    for (int i = 1; i < LIST_WATCH_ADDRESSES_EVERY; i++) {
        bench.asked = 0;
        assert_string_equal(check(HEALTHY), "");
        assert_int_equal(bench.asked, 6);
    }
    assert_string_equal(check(zone), "");
    for (int i = 1; i < LIST_WATCH_ADDRESSES_EVERY; i++)
        check(zone);
    logs(check(HEALTHY), "own address no longer listed address=192.0.2.1 zone=b.test");
    assert_int_equal(shared_counter(bench.shared, COUNTER_OWN_ADDRESS_LISTED), 1);
}

TEST(test_a_failure_ends_no_listing_of_ours)
{
    logs(check(HEALTHY "1.2.0.192.b.test A 127.0.0.2\n"), "own address listed");
    for (int i = 1; i < LIST_WATCH_ADDRESSES_EVERY; i++)
        check(HEALTHY);
    assert_string_equal(check(HEALTHY "1.2.0.192.b.test TIMEOUT\n"), "");
}

TEST(test_a_suspended_list_is_not_asked_about_us)
{
    const char *said = check(HEALTHY_A HEALTHY_D "2.0.0.127.b.test A 203.0.113.1\n"
                                                 "1.2.0.192.b.test A 203.0.113.1\n");
    logs(said, "outside 127.0.0.0/8");
    assert_null(strstr(said, "own address"));
    assert_int_equal(bench.asked, 6 + 2);
}

TEST(test_answers_at_hand_need_no_waiting)
{
    bench.at_hand = true;
    logs(check("2.0.0.127.a.test A 127.0.0.2\n"), "blocklist suspended zone=b.test");
    assert_int_equal(suspended(), 6);
}

TEST(test_the_first_check_comes_with_the_loop)
{
    bench.zone = HEALTHY;
    assert_int_equal(event_base_loop(bench.base, EVLOOP_ONCE), 0);
    assert_non_null(bench.waiting);
    list_watch_check(bench.watch); /* one is under way */
    assert_int_equal(bench.asked, 6);
    list_watch_free(&bench.watch);
    assert_null(bench.waiting);
}
