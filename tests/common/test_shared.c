/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "common/client_hash.h"
#include "common/shares.h"
#include "tests/harness/shared_table.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ip ip_of(const char *text)
{
    struct ip ip = {0};
    bool v6 = strchr(text, ':') != NULL;
    ip.family = v6 ? 6 : 4;
    if (v6) { /* "N:M" stands for 2001:db8:0:N::M */
        memcpy(ip.bytes, "\x20\x01\x0d\xb8", 4);
        ip.bytes[7] = (uint8_t)atoi(text);
        ip.bytes[15] = (uint8_t)atoi(strchr(text, ':') + 1);
    } else {
        ip.bytes[3] = (uint8_t)atoi(text);
    }
    return ip;
}

static unsigned row, other;

static void set_up(void)
{
    make_shared();
    row = (unsigned)shared_row_claim(shared);
    other = (unsigned)shared_row_claim(shared);
    assert_true(row != other);
}

EACH_TEST(set_up, free_shared);

static struct session_claim claim_of(const char *client)
{
    struct ip ip = ip_of(client);
    return (struct session_claim){.holder = holder_of(shared, &ip, true)};
}

static uint64_t sessions_of(const char *client)
{
    return share_count(shared, claim_of(client).holder.client, BUDGET_CLIENT);
}

static enum shared_session take(unsigned from, const char *client, unsigned limit, unsigned each)
{
    struct session_claim claim = claim_of(client);
    claim.limit = limit;
    claim.limit_per_client = each;
    return shared_session_take(shared, from, &claim);
}

static void give(unsigned from, const char *client)
{
    struct session_claim claim = claim_of(client);
    shared_session_give(shared, from, &claim);
}

static const struct holder anybody;

static bool spool_take(unsigned of, uint64_t octets, uint64_t limit)
{
    return shared_spool_take(shared, of, &anybody, octets, &(struct spool_limit){.limit = limit});
}

TEST(test_siphash_gives_the_published_value)
{
    uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    char bytes[15];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    assert_true(siphash(key, (struct slice){bytes, sizeof bytes}) == UINT64_C(0xa129ca6149be45e5));
}

TEST(test_sessions_of_all_rows_count_against_the_limit)
{
    assert_int_equal(take(row, "1", 2, 9), SHARED_SESSION_TAKEN);
    assert_int_equal(take(other, "2", 2, 9), SHARED_SESSION_TAKEN);
    assert_int_equal(take(row, "3", 2, 9), SHARED_SESSION_TOO_MANY);
    assert_int_equal(shared_sessions(shared), 2);
    give(other, "2");
    assert_int_equal(take(row, "3", 2, 9), SHARED_SESSION_TAKEN);
}

TEST(test_one_client_is_limited_over_all_rows)
{
    assert_int_equal(take(row, "1", 9, 2), SHARED_SESSION_TAKEN);
    assert_int_equal(take(other, "1", 9, 2), SHARED_SESSION_TAKEN);
    assert_int_equal(take(other, "1", 9, 2), SHARED_SESSION_TOO_MANY_OF_CLIENT);
    assert_int_equal(take(other, "2", 9, 2), SHARED_SESSION_TAKEN);
    assert_int_equal(shared_sessions(shared), 3);
    give(row, "1");
    assert_int_equal(take(row, "1", 9, 2), SHARED_SESSION_TAKEN);
}

TEST(test_a_v6_client_is_its_64)
{
    assert_int_equal(take(row, "7:1", 9, 1), SHARED_SESSION_TAKEN);
    assert_int_equal(take(row, "7:2", 9, 1), SHARED_SESSION_TOO_MANY_OF_CLIENT);
    assert_int_equal(take(row, "8:1", 9, 1), SHARED_SESSION_TAKEN);
}

enum { NOW = 100000, AGE = 60000, PATIENCE = 120000 };

static bool scan_take(unsigned of, uint64_t octets, uint64_t limit, int64_t since)
{
    return shared_scan_take(shared, of, &anybody,
                            &(struct scan_claim){.octets = octets,
                                                 .limit = limit,
                                                 .since = since,
                                                 .now = NOW,
                                                 .age = AGE,
                                                 .patience = PATIENCE}) == SHARED_SCAN_TAKEN;
}

TEST(test_scans_are_bounded_by_octets_over_all_rows)
{
    assert_true(scan_take(row, 60, 100, NOW));
    assert_false(scan_take(other, 41, 100, NOW));
    assert_true(scan_take(other, 40, 100, NOW));
    assert_int_equal(shared_scans(shared), 100);
    shared_scan_give(shared, row, &anybody, 60);
    assert_int_equal(shared_scans(shared), 40);
}

TEST(test_what_is_larger_than_all_room_is_scanned_alone)
{
    assert_true(scan_take(row, 10, 100, NOW));
    assert_false(scan_take(other, 1000, 100, NOW));
    shared_scan_give(shared, row, &anybody, 10);
    assert_true(scan_take(other, 1000, 100, NOW));
    assert_false(scan_take(row, 10, 100, NOW));
}

TEST(test_nothing_is_put_behind_a_job_that_is_too_old)
{
    shared_scan_oldest(shared, other, NOW - AGE - 1);
    assert_false(scan_take(row, 10, 100, NOW));
    shared_scan_oldest(shared, other, NOW - AGE);
    assert_true(scan_take(row, 10, 100, NOW));
}

TEST(test_whoever_waits_longest_in_any_row_is_first)
{
    shared_scan_first(shared, row, NOW - 20);
    shared_scan_first(shared, other, NOW - 10);
    assert_false(scan_take(other, 10, 100, NOW - 10));
    assert_true(scan_take(row, 10, 100, NOW - 20));
    shared_scan_first(shared, row, 0);
    assert_true(scan_take(other, 10, 100, NOW - 10));
}

TEST(test_a_row_that_does_not_serve_its_line_holds_nobody_up)
{
    shared_scan_first(shared, row, NOW - 1);
    struct scan_claim late = {.octets = 10,
                              .limit = 100,
                              .since = NOW,
                              .now = NOW + PATIENCE,
                              .age = AGE,
                              .patience = PATIENCE};
    assert_int_equal(shared_scan_take(shared, other, &anybody, &late), SHARED_SCAN_TAKEN);
}

TEST(test_a_cleared_row_gives_everything_back)
{
    struct ip server = ip_of("9");
    unsigned number = shared_server(shared, &server, 25);
    assert_int_equal(take(row, "1", 9, 9), SHARED_SESSION_TAKEN);
    assert_int_equal(take(other, "1", 9, 9), SHARED_SESSION_TAKEN);
    assert_true(spool_take(row, 1000, 1500));
    assert_false(spool_take(other, 501, 1500));
    assert_true(scan_take(row, 60, 100, 1000));
    shared_scan_oldest(shared, row, 1000);
    shared_scan_first(shared, row, 1000);
    assert_false(scan_take(other, 60, 100, 2000));
    assert_true(shared_backend_take(shared, row, number, 1));
    assert_false(shared_backend_take(shared, other, number, 1));

    shared_row_clear(shared, row);
    assert_int_equal(shared_sessions(shared), 1);
    assert_int_equal(sessions_of("1"), 1);
    assert_int_equal(shared_spool(shared), 0);
    assert_int_equal(shared_scans(shared), 0);
    assert_true(scan_take(other, 60, 100, 2000));
    assert_int_equal(shared_backend(shared, number), 0);
    assert_true(shared_backend_take(shared, other, number, 1));
    assert_int_equal(shared_row_claim(shared), (int)row);
}

TEST(test_rows_run_out_and_come_back)
{
    for (int i = 2; i < SHARED_ROWS; i++)
        assert_int_equal(shared_row_claim(shared), i);
    assert_int_equal(shared_row_claim(shared), -1);
    shared_row_clear(shared, 100);
    assert_int_equal(shared_row_claim(shared), 100);
}

TEST(test_giving_too_much_stops_at_zero)
{
    give(row, "1");
    shared_spool_give(shared, row, &anybody, 5);
    shared_scan_give(shared, row, &anybody, 5);
    shared_backend_give(shared, row, 3);
    assert_int_equal(shared_sessions(shared) + shared_spool(shared) + shared_scans(shared) +
                         shared_backend(shared, 3),
                     0);
}

TEST(test_a_server_has_one_number_and_others_another)
{
    struct ip ip = ip_of("9"), next = ip_of("10");
    unsigned number = shared_server(shared, &ip, 25);
    assert_int_equal(shared_server(shared, &ip, 25), number);
    assert_int_not_equal(shared_server(shared, &ip, 26), number);
    assert_int_not_equal(shared_server(shared, &next, 25), number);
}

TEST(test_more_clients_than_cells_lose_no_place)
{
    enum { CLIENTS = 100000 };
    struct ip ip = {.family = 4};
    struct session_claim claim = {.limit = CLIENTS, .limit_per_client = 1};
    for (uint32_t i = 0; i < CLIENTS; i++) {
        memcpy(ip.bytes, &i, sizeof i);
        claim.holder = holder_of(shared, &ip, true);
        assert_int_equal(shared_session_take(shared, row, &claim), SHARED_SESSION_TAKEN);
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        memcpy(ip.bytes, &i, sizeof i);
        claim.holder = holder_of(shared, &ip, true);
        shared_session_give(shared, row, &claim);
    }
    assert_int_equal(shared_sessions(shared), 0);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        memcpy(ip.bytes, &i, sizeof i);
        struct holder holder = holder_of(shared, &ip, true);
        assert_int_equal(share_count(shared, holder.client, BUDGET_CLIENT), 0);
    }
}

enum { HAMMERS = 4, STROKES = 20000, LIMIT = 3 };

/* Takes and gives as a proxy does; ends with what it is told to hold. Exit 1: a
 * limit was passed. */
static void hammer(unsigned mine, unsigned server)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0; i < STROKES; i++) {
        if (take(mine, "5", 100, LIMIT) == SHARED_SESSION_TAKEN)
            give(mine, "5");
        if (spool_take(mine, 10, 10 * LIMIT))
            shared_spool_give(shared, mine, &anybody, 10);
        if (shared_backend_take(shared, mine, server, LIMIT))
            shared_backend_give(shared, mine, server);
    }
    while (!spool_take(mine, 1, 10 * HAMMERS))
        ;
    for (;;)
        pause();
}

TEST(test_processes_at_once_leave_exact_sums_and_the_dead_leave_nothing)
{
    struct ip ip = ip_of("9");
    unsigned server = shared_server(shared, &ip, 25);
    pid_t pids[HAMMERS];
    unsigned rows[HAMMERS];
    for (int i = 0; i < HAMMERS; i++) {
        rows[i] = (unsigned)shared_row_claim(shared);
        pids[i] = fork();
        if (pids[i] == 0)
            hammer(rows[i], server);
    }
    while (shared_spool(shared) != HAMMERS ||
           shared_sessions(shared) + shared_backend(shared, server) > 0)
        sched_yield();
    assert_int_equal(sessions_of("5"), 0);
    for (int i = 0; i < HAMMERS; i++) {
        kill(pids[i], SIGKILL);
        assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
        shared_row_clear(shared, rows[i]);
        assert_int_equal(shared_spool(shared), HAMMERS - 1 - i);
    }
}

TEST(test_what_was_counted_outlives_its_row)
{
    shared_count(shared, row, COUNTER_MESSAGES, 2);
    shared_count(shared, other, COUNTER_MESSAGES, 3);
    shared_count(shared, row, COUNTER_REFUSED, 1);
    assert_int_equal(shared_counter(shared, COUNTER_MESSAGES), 5);
    shared_row_clear(shared, row);
    assert_int_equal(shared_counter(shared, COUNTER_MESSAGES), 5);
    assert_int_equal(shared_counter(shared, COUNTER_REFUSED), 1);
    assert_int_equal(shared_counter(shared, COUNTER_CONNECTIONS), 0);
    assert_int_equal(shared_row_claim(shared), row);
    shared_count(shared, row, COUNTER_MESSAGES, 1);
    assert_int_equal(shared_counter(shared, COUNTER_MESSAGES), 6);
    assert_string_equal(shared_counter_name(COUNTER_MESSAGES), "messages");
}

TEST(test_suspended_lists_are_those_of_one_configuration)
{
    assert_int_equal(shared_lists(shared, row, 7), 0);
    shared_watched_by(shared, row);
    shared_suspend(shared, row, 5);
    assert_int_equal(shared_suspended(shared), 5);
    assert_int_equal(shared_lists(shared, row, 7), 5);
    assert_int_equal(shared_lists(shared, row, 8), 0);
    assert_int_equal(shared_suspended(shared), 0);
}

TEST(test_lists_are_suspended_by_the_one_who_watches_them)
{
    shared_lists(shared, row, 7);
    shared_watched_by(shared, row);
    shared_suspend(shared, row, 5);
    shared_suspend(shared, other, 2);
    assert_int_equal(shared_suspended(shared), 5);
    assert_int_equal(shared_lists(shared, other, 7), 5);
    shared_watched_by(shared, other);
    shared_suspend(shared, row, 0);
    assert_int_equal(shared_suspended(shared), 5);
}

TEST(test_lists_stay_suspended_until_there_is_another_who_watches_them)
{
    shared_lists(shared, row, 7);
    shared_watched_by(shared, row);
    shared_suspend(shared, row, 5);
    shared_row_clear(shared, row);
    assert_int_equal(shared_suspended(shared), 5);
    assert_int_equal(shared_lists(shared, other, 8), 0);
    assert_int_equal(shared_lists(shared, other, 7), 5);
}

/* ---- servers ---- */

static bool is_down(unsigned server, int64_t *since, char why[static SHARED_WHY_MAX])
{
    return shared_server_is_down(shared, server, since, why);
}

TEST(test_a_server_is_down_until_somebody_finds_it_up)
{
    struct ip ip = ip_of("9");
    unsigned server = shared_server(shared, &ip, 25);
    char why[SHARED_WHY_MAX];
    int64_t since;
    assert_false(is_down(server, &since, why));
    shared_server_down(shared, row, server, 200, "refused");
    clock_advance(1);
    shared_server_down(shared, other, server, 100, "time-out");
    assert_true(is_down(server, &since, why));
    assert_int_equal(since, 100);
    assert_string_equal(why, "time-out");
    clock_advance(1);
    shared_server_up(shared, row, server);
    assert_false(is_down(server, &since, why));
    clock_advance(1);
    shared_server_down(shared, other, server, 100, "again");
    assert_true(is_down(server, &since, why));
    assert_string_equal(why, "again");
    shared_row_clear(shared, other);
    assert_false(is_down(server, &since, why));
}

TEST(test_of_one_process_the_last_word_counts_at_any_moment)
{
    char why[SHARED_WHY_MAX];
    int64_t since;
    for (int i = 0; i < 100; i++) {
        shared_server_up(shared, row, 3);
        assert_false(is_down(3, &since, why));
        shared_server_down(shared, row, 3, 100, "refused");
        assert_true(is_down(3, &since, why));
    }
}

TEST(test_a_server_takes_the_fewest_recipients_that_somebody_found_out)
{
    int64_t now = clock_ms();
    assert_int_equal(shared_server_recipients_most(shared, 3, now), 0);
    shared_server_recipients(shared, row, 3, 100, now + 1000);
    shared_server_recipients(shared, other, 3, 50, now + 500);
    assert_int_equal(shared_server_recipients_most(shared, 3, now), 50);
    assert_int_equal(shared_server_recipients_most(shared, 4, now), 0);
    assert_int_equal(shared_server_recipients_most(shared, 3, now + 600), 100);
    assert_int_equal(shared_server_recipients_most(shared, 3, now + 1000), 0);
}

TEST(test_what_is_said_to_be_known_for_too_long_is_not_believed)
{
    int64_t now = clock_ms();
    shared_server_recipients(shared, row, 3, 1, now + SHARED_KNOWN_MS + 1);
    assert_int_equal(shared_server_recipients_most(shared, 3, now), 0);
    shared_server_recipients(shared, row, 3, 1, now + SHARED_KNOWN_MS);
    assert_int_equal(shared_server_recipients_most(shared, 3, now), 1);
}

TEST(test_what_was_heard_last_of_a_server_is_what_it_offers)
{
    assert_int_equal(shared_server_offered(shared, 3), 0);
    shared_server_offers(shared, other, 3, 7);
    clock_advance(1);
    shared_server_offers(shared, row, 3, 9);
    assert_int_equal(shared_server_offered(shared, 3), 9);
    clock_advance(1);
    shared_server_offers(shared, other, 3, 8);
    assert_int_equal(shared_server_offered(shared, 3), 8);
}

static unsigned known_server(void)
{
    struct ip ip = ip_of("9");
    unsigned server = shared_server(shared, &ip, 25);
    shared_server_offers(shared, row, server, 9);
    shared_server_recipients(shared, row, server, 100, clock_ms() + 1000);
    return server;
}

TEST(test_what_a_process_found_out_of_servers_is_known_when_it_has_ended)
{
    unsigned server = known_server();
    shared_row_clear(shared, row);
    assert_int_equal(shared_server_offered(shared, server), 9);
    assert_int_equal(shared_server_recipients_most(shared, server, clock_ms()), 100);
    clock_advance(1);
    shared_server_offers(shared, other, server, 8);
    shared_server_recipients(shared, other, server, 50, clock_ms() + 1000);
    assert_int_equal(shared_server_offered(shared, server), 8);
    shared_row_clear(shared, other);
    assert_int_equal(shared_server_offered(shared, server), 8);
    assert_int_equal(shared_server_recipients_most(shared, server, clock_ms()), 50);
}

TEST(test_nothing_is_kept_of_one_that_may_have_been_taken_over)
{
    static const uint64_t hash = 77;
    unsigned server = known_server();
    char note[] = "note";
    shared_lists(shared, row, 7);
    shared_watched_by(shared, row);
    shared_suspend(shared, row, 5);
    notes_put(shared_notes(shared), shared_key(shared), hash, note, sizeof note, clock_ms() + 9999);
    assert_true(notes_get(shared_notes(shared), shared_key(shared), hash, note, 1, clock_ms()));
    shared_row_distrust(shared, row);
    shared_row_clear(shared, row);
    assert_int_equal(shared_server_offered(shared, server), 0);
    assert_int_equal(shared_server_recipients_most(shared, server, clock_ms()), 0);
    assert_int_equal(shared_suspended(shared), 0);
    assert_false(notes_get(shared_notes(shared), shared_key(shared), hash, note, 1, clock_ms()));
}

TEST(test_sessions_that_a_dead_process_has_left_go_and_those_of_others_stay)
{
    static const struct live_session session = {.id = "1"};
    struct live_session got;
    unsigned at = 0;
    struct live_sessions *dead = shared_live(shared, row), *alive = shared_live(shared, other);
    live_session_put(dead, live_session_begin(dead), &session);
    live_session_put(alive, live_session_begin(alive), &session);
    shared_row_clear(shared, row);
    assert_false(live_session_next(dead, &at, &got));
    at = 0;
    assert_true(live_session_next(alive, &at, &got));
}
