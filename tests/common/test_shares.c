/* SPDX-License-Identifier: ISC */
#include "common/shares.h"
#include "tests/harness/shared_table.h"

#include <arpa/inet.h>
#include <string.h>

enum { LIMIT = 100 };

static unsigned row, other;

static void set_up(void)
{
    make_shared();
    row = (unsigned)shared_row_claim(shared);
    other = (unsigned)shared_row_claim(shared);
}

EACH_TEST(set_up, free_shared);

static struct holder who(const char *text, bool unshared)
{
    struct ip ip = {.family = strchr(text, ':') ? 6 : 4};
    assert_int_equal(inet_pton(ip.family == 6 ? AF_INET6 : AF_INET, text, ip.bytes), 1);
    return holder_of(shared, &ip, unshared);
}

static enum shared_session take_at(unsigned of, const char *client, uint64_t listener)
{
    struct session_claim claim = {.holder = who(client, false),
                                  .listener = listener,
                                  .limit = LIMIT,
                                  .limit_per_client = LIMIT};
    return shared_session_take(shared, of, &claim);
}

static unsigned take_all(const char *client, uint64_t listener)
{
    unsigned taken = 0;
    while (take_at(taken % 2 ? row : other, client, listener) == SHARED_SESSION_TAKEN)
        taken++;
    return taken;
}

TEST(test_a_network_takes_no_more_once_half_is_in_use)
{
    assert_int_equal(take_all("192.0.2.1", 0), LIMIT / 2);
    assert_int_equal(take_at(row, "192.0.2.2", 0), SHARED_SESSION_TOO_MANY_OF_NETWORK);
    assert_int_equal(take_at(row, "192.0.3.2", 0), SHARED_SESSION_TAKEN);
}

TEST(test_beyond_half_a_network_has_a_quarter)
{
    take_all("192.0.2.1", 0);
    assert_int_equal(take_all("192.0.3.1", 0), LIMIT / 4);
    assert_int_equal(take_all("192.0.4.1", 0), LIMIT / 4);
    assert_int_equal(take_at(row, "192.0.5.1", 0), SHARED_SESSION_TOO_MANY);
}

TEST(test_many_customers_of_one_48_have_half)
{
    take_all("192.0.2.1", 0);
    assert_int_equal(take_all("2001:db8:1:1::1", 0), LIMIT / 4);
    assert_int_equal(take_at(row, "2001:db8:1:1::2", 0), SHARED_SESSION_TOO_MANY_OF_NETWORK);
    assert_int_equal(take_all("2001:db8:1:2::1", 0), LIMIT / 4);
}

TEST(test_more_than_half_is_more_than_one_48_may_have)
{
    static const char *const networks[] = {"2001:db8:1:1::1", "2001:db8:1:2::1", "2001:db8:1:3::1"};
    assert_int_equal(take_all(networks[0], 0), LIMIT / 2);
    assert_int_equal(take_at(row, networks[1], 0), SHARED_SESSION_TOO_MANY_OF_NETWORK);
    assert_int_equal(take_at(row, networks[2], 0), SHARED_SESSION_TOO_MANY_OF_NETWORK);
    assert_int_equal(take_at(row, "2001:db8:2:1::1", 0), SHARED_SESSION_TAKEN);
}

TEST(test_who_is_unshared_takes_all)
{
    struct session_claim claim = {
        .holder = who("192.0.2.1", true), .limit = LIMIT, .limit_per_client = LIMIT};
    for (int i = 0; i < LIMIT; i++)
        assert_int_equal(shared_session_take(shared, row, &claim), SHARED_SESSION_TAKEN);
    assert_int_equal(shared_session_take(shared, row, &claim), SHARED_SESSION_TOO_MANY);
}

TEST(test_one_listener_leaves_a_quarter_to_the_others)
{
    char client[] = "192.0.0.1";
    unsigned taken = 0;
    for (; take_at(row, client, 7) == SHARED_SESSION_TAKEN; taken++)
        client[6] = (char)('0' + taken / 10);
    assert_int_equal(taken, LIMIT - LIMIT / 4);
    assert_int_equal(take_at(row, "192.0.9.1", 7), SHARED_SESSION_TOO_MANY);
    assert_int_equal(take_at(row, "192.0.9.1", 8), SHARED_SESSION_TAKEN);
}

TEST(test_what_is_given_back_may_be_taken_by_its_network)
{
    take_all("192.0.2.1", 0);
    struct session_claim claim = {.holder = who("192.0.2.1", false)};
    for (int i = 0; i < LIMIT / 2; i++)
        shared_session_give(shared, i % 2 ? row : other, &claim);
    assert_int_equal(shared_sessions(shared), 0);
    assert_int_equal(share_count(shared, claim.holder.network, BUDGET_SESSIONS), 0);
    assert_int_equal(take_all("192.0.2.1", 0), LIMIT / 2);
}

TEST(test_a_body_of_the_greatest_size_has_room_beside_others)
{
    const struct spool_limit limit = {.limit = 1 << 20, .least = 400 << 10};
    struct holder first = who("192.0.2.1", false), second = who("192.0.3.1", false);
    assert_true(shared_spool_take(shared, row, &first, 500 << 10, &limit));
    assert_false(shared_spool_take(shared, row, &first, 64 << 10, &limit));
    assert_true(shared_spool_take(shared, row, &second, 400 << 10, &limit));
    assert_false(shared_spool_take(shared, row, &second, 4 << 10, &limit));
    shared_spool_give(shared, row, &second, 400 << 10);
    assert_int_equal(share_count(shared, second.network, BUDGET_SPOOL), 0);
}

TEST(test_logins_are_shared_like_sessions)
{
    struct holder first = who("192.0.2.1", false), second = who("192.0.3.1", false);
    for (int i = 0; i < 4; i++)
        assert_true(shared_login_take(shared, row, &first, 8));
    assert_false(shared_login_take(shared, other, &first, 8));
    assert_true(shared_login_take(shared, other, &second, 8));
    shared_login_give(shared, row, &first);
    shared_login_give(shared, row, &first);
    assert_true(shared_login_take(shared, row, &first, 8));
}

TEST(test_what_a_dead_process_held_is_no_share_any_more)
{
    struct holder holder = who("192.0.2.1", false);
    assert_true(shared_login_take(shared, row, &holder, 8));
    share_hold(shared, row, &holder, BUDGET_SCANS, 3);
    shared_row_clear(shared, row);
    assert_int_equal(share_count(shared, holder.network, BUDGET_LOGINS), 0);
    assert_int_equal(share_count(shared, holder.network, BUDGET_SCANS), 0);
}

static enum shared_scan scan(const char *client, uint64_t kib)
{
    const struct holder holder = who(client, false);
    return shared_scan_take(shared, row, &holder,
                            &(struct scan_claim){.octets = kib * 1024,
                                                 .limit = 1024 * 1024,
                                                 .since = 1000,
                                                 .now = 1000,
                                                 .age = 60000,
                                                 .patience = 60000});
}

TEST(test_a_network_has_its_share_of_what_scanners_have_and_makes_nobody_wait)
{
    assert_int_equal(scan("1.2.3.4", 256), SHARED_SCAN_TAKEN);
    assert_int_equal(scan("1.2.3.5", 256), SHARED_SCAN_TAKEN);
    assert_int_equal(scan("1.2.3.6", 16), SHARED_SCAN_TOO_MANY_OF_NETWORK);
    assert_int_equal(scan("9.2.3.4", 256), SHARED_SCAN_TAKEN);
    assert_int_equal(scan("9.2.3.4", 16), SHARED_SCAN_TOO_MANY_OF_NETWORK);
    assert_int_equal(scan("8.2.3.4", 512), SHARED_SCAN_NO_ROOM);
    assert_int_equal(scan("8.2.3.4", 256), SHARED_SCAN_TAKEN);
    const struct holder holder = who("1.2.3.4", false);
    shared_scan_give(shared, row, &holder, 256 * 1024);
    shared_scan_give(shared, row, &holder, 256 * 1024);
    assert_int_equal(scan("1.2.3.6", 16), SHARED_SCAN_TAKEN);
}

TEST(test_one_message_each_network_may_have)
{
    assert_int_equal(scan("1.2.3.4", 700), SHARED_SCAN_TAKEN);
    assert_int_equal(scan("9.2.3.4", 300), SHARED_SCAN_TAKEN);
}

TEST(test_jobs_of_slow_networks_are_bounded_for_each_family_over_all_rows)
{
    assert_true(shared_slow_scan_take(shared, row, 0, 2));
    assert_true(shared_slow_scan_take(shared, other, 0, 2));
    assert_false(shared_slow_scan_take(shared, other, 0, 2));
    assert_true(shared_slow_scan_take(shared, other, 1, 1));
    shared_slow_scan_give(shared, row, 0);
    assert_true(shared_slow_scan_take(shared, other, 0, 2));
    shared_row_clear(shared, other);
    assert_true(shared_slow_scan_take(shared, row, 0, 2));
}
