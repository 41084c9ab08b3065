/* SPDX-License-Identifier: ISC
 * Keys of what gateways remember together, and how senders are folded. */
#include "proxy/state/sender_fold.h"
#include "proxy/state/state_keys.h"
#include "tests/harness/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NOW = 1700000000, HUGE_SENDER = 65536 };

static const struct settings settings = {
    .redis_prefix = {"test:", 5},
    .greylist_network4 = 24,
    .greylist_network6 = 64,
};

static struct state_keys *keys;

static void make_keys(void)
{
    keys = state_keys_new(&settings, SLICE("a secret"));
    assert_non_null(keys);
}

static void free_keys(void)
{
    state_keys_free(&keys);
}

ALL_TESTS(make_keys, free_keys);

static struct ip ip_of(const char *text)
{
    struct ip ip;
    assert_true(ip_parse(slice_of(text), &ip));
    return ip;
}

static bool same(struct state_key a, struct state_key b)
{
    assert_true(a.len > 0 && b.len > 0);
    return slice_eq(state_key_slice(&a), state_key_slice(&b));
}

static struct state_key network(const char *ip)
{
    struct ip client = ip_of(ip);
    return state_key_network(keys, &client);
}

static struct state_key meeting(const char *ip, const char *sender, const char *recipient)
{
    struct ip client = ip_of(ip);
    return state_key_greylist(keys, &client, slice_of(sender), slice_of(recipient));
}

static void assert_folds(const char *sender, const char *folded)
{
    struct buf out = buf_init(1024);
    assert_true(sender_fold(&out, slice_of(sender)));
    if (!slice_eq(buf_slice(&out), slice_of(folded)))
        fail_msg("%s became %.*s, not %s", sender, SLICE_ARGS(buf_slice(&out)), folded);
    buf_release(&out);
}

TEST(test_plain_senders_keep_their_words)
{
    assert_folds("", "");
    assert_folds("User@Example.ORG", "user@example.org");
    assert_folds("postmaster", "postmaster");
    assert_folds("feedback@example.org", "feedback@example.org");
    assert_folds("facade@example.org", "facade@example.org");
    assert_folds("john.smith-1974x@example1234.org", "john.smith-#x@example1234.org");
    assert_folds("a-123@example.org", "a-123@example.org");
    assert_folds("a=b@example.org", "a=b@example.org");
    assert_folds("\"a@b\"@example.org", "\"a@b\"@example.org");
}

TEST(test_numbers_are_folded)
{
    assert_folds("bounce-123456-abc@list.example", "bounce-#-abc@list.example");
    assert_folds("msg20231114x@list.example", "msg#x@list.example");
    assert_folds("0100018BCD-1a2b3c4d-feed-9999@ses.example", "#-#-#-#@ses.example");
    assert_folds("bounce_mc.us5_12345.678@mail.example", "bounce_mc.us5_#.678@mail.example");
}

TEST(test_recipients_inside_are_folded)
{
    assert_folds("bounce-123456-user=example.org@list.example", "bounce-#@list.example");
    assert_folds("list-return-55-john-smith=example.org@list.example", "list-#@list.example");
    assert_folds("user=example.org@fwd.example", "#@fwd.example");
    assert_folds("bounces+9-ab-user=example.org@mail.example", "bounces+#@mail.example");
}

TEST(test_tags_are_folded)
{
    assert_folds("user+tag@example.org", "user+#@example.org");
    assert_folds("user+@example.org", "user+#@example.org");
    assert_folds("user+a+b@example.org", "user+#@example.org");
}

TEST(test_signed_senders_are_folded)
{
    assert_folds("SRS0=HHH=TT=Example.org=john.smith@fwd.example",
                 "srs0=#=#=example.org=john.smith@fwd.example");
    assert_folds("SRS0+4fgd=TT=example.org=user@fwd.example",
                 "srs0+#=#=example.org=user@fwd.example");
    assert_folds("SRS1=HHH=one.example==GGG=TT=example.org=user@two.example",
                 "srs1=#=one.example==#=#=example.org=user@two.example");
    assert_folds("prvs=1234567890=user@example.org", "prvs=#=user@example.org");
    assert_folds("prvs=0123abc=user+tag@example.org", "prvs=#=user+#@example.org");
    assert_folds("btv1==123ab==user@example.org", "btv1==#==user@example.org");
    assert_folds("SRS0=", "srs0=");
    assert_folds("prvs=user@example.org", "prvs=user@example.org");
}

TEST(test_a_sender_longer_than_any_path_is_lowered_only)
{
    char sender[SENDER_FOLD_MAX + 2];
    memset(sender, '1', sizeof sender - 1);
    sender[sizeof sender - 1] = 0;
    struct buf out = buf_init(2 * sizeof sender);
    assert_true(sender_fold(&out, slice_of(sender)));
    assert_int_equal(buf_len(&out), SENDER_FOLD_MAX + 1);
    buf_release(&out);
}

TEST(test_a_sender_of_empty_fields_has_a_key)
{
    static const char *const senders[] = {"srs0===+", "srs1======", "srs1=====+", "btv1===+@"};
    for (size_t i = 0; i < sizeof senders / sizeof *senders; i++)
        assert_true(state_key_sender(keys, slice_of(senders[i])).len > 0);
    assert_folds("srs0===+", "srs0=#=#=+");
    assert_folds("prvs==+", "prvs=#=+#");
}

TEST(test_clients_of_one_network_share_a_key)
{
    assert_true(same(network("192.0.2.1"), network("192.0.2.255")));
    assert_false(same(network("192.0.2.1"), network("192.0.3.1")));
    assert_true(same(network("2001:db8:0:1::1"), network("2001:db8:0:1:ffff::2")));
    assert_false(same(network("2001:db8:0:1::1"), network("2001:db8:0:2::1")));
    assert_true(same(network("::ffff:192.0.2.7"), network("192.0.2.1")));
}

TEST(test_odd_network_lengths_are_masked_within_an_octet)
{
    struct settings odd = settings;
    odd.greylist_network4 = 20;
    struct state_keys *other = state_keys_new(&odd, SLICE("a secret"));
    struct ip a = ip_of("10.1.16.1"), b = ip_of("10.1.31.9"), c = ip_of("10.1.32.1");
    assert_true(same(state_key_network(other, &a), state_key_network(other, &b)));
    assert_false(same(state_key_network(other, &a), state_key_network(other, &c)));
    state_keys_free(&other);
}

TEST(test_each_part_of_a_meeting_matters)
{
    struct state_key key = meeting("192.0.2.1", "user@example.org", "rcpt@example.com");
    assert_true(same(key, meeting("192.0.2.9", "USER@example.org", "Rcpt@Example.com")));
    assert_false(same(key, meeting("192.0.9.1", "user@example.org", "rcpt@example.com")));
    assert_false(same(key, meeting("192.0.2.1", "other@example.org", "rcpt@example.com")));
    assert_false(same(key, meeting("192.0.2.1", "user@example.org", "other@example.com")));
    assert_false(same(meeting("192.0.2.1", "ab", "c"), meeting("192.0.2.1", "a", "bc")));
}

TEST(test_kinds_do_not_meet)
{
    assert_false(same(state_key_domain(keys, SLICE("example.org")),
                      state_key_sender(keys, SLICE("example.org"))));
    assert_true(same(state_key_domain(keys, SLICE("Example.org.")),
                     state_key_domain(keys, SLICE("example.org"))));
}

TEST(test_keys_are_short_and_readable_whatever_they_stand_for)
{
    char *sender = malloc(HUGE_SENDER);
    for (size_t i = 0; i < HUGE_SENDER; i++)
        sender[i] = (char)(i * 7);
    struct state_key key = state_key_sender(keys, (struct slice){sender, HUGE_SENDER});
    free(sender);
    assert_int_equal(key.len, strlen("test:sender:") + 32);
    assert_memory_equal(key.text, "test:sender:", 12);
    for (size_t i = 12; i < key.len; i++)
        assert_true(hex_digit(key.text[i]) >= 0);
}

TEST(test_a_long_prefix_is_cut)
{
    char prefix[1000];
    memset(prefix, 'p', sizeof prefix);
    struct settings longer = settings;
    longer.redis_prefix = (struct slice){prefix, sizeof prefix};
    struct state_keys *other = state_keys_new(&longer, SLICE("a secret"));
    struct state_key key = state_key_sender(other, SLICE("a"));
    assert_int_equal(key.len, REDIS_PREFIX_MAX + strlen("sender:") + 32);
    state_keys_free(&other);
}

TEST(test_a_digest_is_the_same_everywhere)
{
    /* SHA-256 of 00 00 00 00 00 00 00 0b and "example.org" */
    struct state_key key = state_key_domain(keys, SLICE("example.org"));
    assert_true(
        slice_eq(state_key_slice(&key), SLICE("test:domain:cc85c38df8793d3729e7f1ef83613541")));
}

/* ---- rates */

static const struct policy_key by_client = {
    .fact = FACT_RATE,
    .of = {{FACT_CLIENT_IP, false}},
    .of_count = 1,
    .window = 60000,
    .event = RATE_CONNECTIONS,
};

static struct facts facts_of(const char *ip, const char *sender)
{
    struct facts facts = {0};
    facts.fact[FACT_CLIENT_IP] = value_ip(ip_of(ip));
    facts.fact[FACT_SENDER] = sender ? value_text(slice_of(sender)) : value_absent();
    return facts;
}

static struct rate_keys rate_at(const struct policy_key *rate, const char *ip, const char *sender,
                                int64_t now)
{
    struct facts facts = facts_of(ip, sender);
    struct rate_keys out;
    assert_int_equal(state_key_rate(keys, rate, &facts, now, &out), RATE_COUNTABLE);
    return out;
}

static bool same_rate(const struct policy_key *rate, const char *ip_a, const char *sender_a,
                      const char *ip_b, const char *sender_b)
{
    return same(rate_at(rate, ip_a, sender_a, NOW).current,
                rate_at(rate, ip_b, sender_b, NOW).current);
}

TEST(test_a_window_follows_its_predecessor)
{
    int64_t start = NOW - NOW % 60;
    struct rate_keys a = rate_at(&by_client, "192.0.2.1", NULL, start);
    struct rate_keys b = rate_at(&by_client, "192.0.2.1", NULL, start + 59);
    struct rate_keys c = rate_at(&by_client, "192.0.2.1", NULL, start + 75);
    assert_true(same(a.current, b.current) && same(c.previous, a.current));
    assert_false(same(a.current, c.current));
    assert_int_equal(a.window, 60);
    assert_true(a.passed < 0.001 && fabs(c.passed - 0.25) < 0.001);
}

TEST(test_windows_are_whole_seconds)
{
    struct policy_key brief = by_client;
    brief.window = 1;
    assert_int_equal(rate_at(&brief, "192.0.2.1", NULL, NOW).window, 1);
    brief.window = 1001;
    assert_int_equal(rate_at(&brief, "192.0.2.1", NULL, NOW).window, 2);
}

TEST(test_rates_tell_ipv4_clients_and_ipv6_networks_apart)
{
    assert_false(same_rate(&by_client, "192.0.2.1", NULL, "192.0.2.2", NULL));
    assert_true(same_rate(&by_client, "2001:db8::1", NULL, "2001:db8::2", NULL));
    assert_false(same_rate(&by_client, "2001:db8::1", NULL, "2001:db8:0:1::1", NULL));
}

TEST(test_rates_of_a_domain_know_no_local_part)
{
    struct policy_key rate = by_client;
    rate.of[0].fact = FACT_SENDER;
    assert_false(same_rate(&rate, "192.0.2.1", "a@example.org", "192.0.2.1", "b@example.org"));
    assert_true(same_rate(&rate, "192.0.2.1", "a@example.org", "192.0.2.1", "A@Example.org"));
    rate.of[0].domain = true;
    assert_true(same_rate(&rate, "192.0.2.1", "a@example.org", "192.0.2.1", "b@EXAMPLE.org"));
    assert_false(same_rate(&rate, "192.0.2.1", "a@example.org", "192.0.2.1", "a@example.net"));
}

TEST(test_rates_differ_by_event_and_window)
{
    struct policy_key other = by_client;
    other.event = RATE_MESSAGES;
    struct state_key key = rate_at(&by_client, "192.0.2.1", NULL, NOW).current;
    assert_false(same(key, rate_at(&other, "192.0.2.1", NULL, NOW).current));
    other = by_client;
    other.window = 61000;
    assert_false(same(key, rate_at(&other, "192.0.2.1", NULL, NOW).current));
}

TEST(test_an_absent_fact_is_not_counted_and_an_unknown_one_is_unknown)
{
    struct policy_key rate = by_client;
    rate.of[1].fact = FACT_SENDER;
    rate.of_count = 2;
    struct facts facts = facts_of("192.0.2.1", NULL);
    struct rate_keys out;
    assert_int_equal(state_key_rate(keys, &rate, &facts, NOW, &out), RATE_ABSENT);
    facts.fact[FACT_SENDER] = value_unknown();
    assert_int_equal(state_key_rate(keys, &rate, &facts, NOW, &out), RATE_UNKNOWN);
    facts.fact[FACT_SENDER] = (struct value){.state = VALUE_PENDING};
    assert_int_equal(state_key_rate(keys, &rate, &facts, NOW, &out), RATE_UNKNOWN);
    facts.fact[FACT_CLIENT_IP] = value_absent();
    assert_int_equal(state_key_rate(keys, &rate, &facts, NOW, &out), RATE_ABSENT);
}
