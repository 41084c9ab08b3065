/* SPDX-License-Identifier: ISC */
#include "tests/filters/dns/dns_rounds.h"
#include "tests/harness/memory_loader.h"

#include "filters/dns/client_names.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdlib.h>

struct asked {
    struct arena *arena;
    struct ip client;
    struct slice helo; /* NULL: the client's names */
    struct facts facts;
    struct dns_rounds seen;
};

static void ask_once(void *ctx, struct dns_answers *answers)
{
    struct asked *asked = ctx;
    bool room = asked->helo.ptr
                    ? helo_names(asked->arena, answers, &asked->client, asked->helo, &asked->facts)
                    : client_names(asked->arena, answers, &asked->client, &asked->facts);
    assert_true(room);
}

static struct asked ask(const char *zone, const char *client, const char *helo)
{
    struct asked asked = {.arena = arena_new(1 << 20), .helo = slice_of(helo)};
    asked.helo.ptr = helo ? asked.helo.ptr : NULL;
    assert_true(ip_parse(slice_of(client), &asked.client));
    asked.seen = dns_rounds(asked.arena, zone, ask_once, &asked);
    assert_true(asked.seen.ended);
    return asked;
}

static void end(struct asked *asked)
{
    arena_free(&asked->arena);
}

/* name: NULL absent; confirmed: 1, 0, -1 unknown. */
static void expect_client(const char *zone, const char *client, const char *name, int confirmed)
{
    struct asked asked = ask(zone, client, NULL);
    const struct value *ptr = &asked.facts.fact[FACT_CLIENT_PTR];
    const struct value *fcrdns = &asked.facts.fact[FACT_CLIENT_FCRDNS];
    if (name)
        assert_true(ptr->state == VALUE_KNOWN && slice_eq(ptr->text, slice_of(name)));
    else
        assert_int_equal(ptr->state, confirmed < 0 ? VALUE_UNKNOWN : VALUE_ABSENT);
    assert_int_equal(fcrdns->state, confirmed < 0 ? VALUE_UNKNOWN : VALUE_KNOWN);
    if (confirmed >= 0)
        assert_int_equal(fcrdns->truth, confirmed);
    end(&asked);
}

TEST(test_a_name_that_leads_back_is_confirmed)
{
    expect_client("1.2.0.192.in-addr.arpa PTR mx.client.example\nmx.client.example A 192.0.2.1\n",
                  "192.0.2.1", "mx.client.example", 1);
    expect_client("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR "
                  "v6.example\nv6.example AAAA 2001:db8::1\n",
                  "2001:db8::1", "v6.example", 1);
    expect_client("1.2.0.192.in-addr.arpa PTR mx.client.example\nmx.client.example A 192.0.2.9\n",
                  "192.0.2.1", "mx.client.example", 0);
    expect_client("", "192.0.2.1", NULL, 0);
}

TEST(test_the_confirmed_one_of_many_names_is_taken)
{
    static const char zone[] = "1.2.0.192.in-addr.arpa PTR a.example\n"
                               "1.2.0.192.in-addr.arpa PTR b.example\n"
                               "1.2.0.192.in-addr.arpa PTR c.example\n"
                               "a.example A 192.0.2.7\nb.example A 192.0.2.7\n"
                               "b.example A 192.0.2.1\n";
    expect_client(zone, "192.0.2.1", "b.example", 1);
    struct asked asked = ask(zone, "192.0.2.1", NULL);
    assert_int_equal(asked.seen.rounds, 2);
    assert_int_equal(asked.seen.questions, 4);
    end(&asked);
}

TEST(test_names_past_the_tenth_are_not_looked_at)
{
    char zone[2000] = "";
    for (int i = 0; i < 12; i++)
        snprintf(zone + strlen(zone), sizeof zone - strlen(zone),
                 "1.2.0.192.in-addr.arpa PTR n%d.example\n", i);
    strcat(zone, "n11.example A 192.0.2.1\n");
    expect_client(zone, "192.0.2.1", "n0.example", 0);
}

TEST(test_names_that_no_host_can_have_are_passed_over)
{
    expect_client("1.2.0.192.in-addr.arpa PTR bad name\n1.2.0.192.in-addr.arpa PTR Good.Example\n"
                  "good.example A 192.0.2.1\n",
                  "192.0.2.1", "good.example", 1);
    expect_client("1.2.0.192.in-addr.arpa PTR <script>\n", "192.0.2.1", NULL, 0);
}

TEST(test_failures_make_names_unknown)
{
    expect_client("1.2.0.192.in-addr.arpa TIMEOUT\n", "192.0.2.1", NULL, -1);
    expect_client("1.2.0.192.in-addr.arpa SERVFAIL\n", "192.0.2.1", NULL, -1);
    expect_client("1.2.0.192.in-addr.arpa PTR a.example\na.example SERVFAIL\n", "192.0.2.1",
                  "a.example", -1);
    expect_client("1.2.0.192.in-addr.arpa PTR a.example\na.example SERVFAIL\n"
                  "1.2.0.192.in-addr.arpa PTR b.example\nb.example A 192.0.2.1\n",
                  "192.0.2.1", "b.example", 1);
}

/* 1, 0, -1 unknown. */
static void expect_helo(const char *zone, const char *client, const char *helo, int resolves,
                        int fits)
{
    struct asked asked = ask(zone, client, helo);
    const struct value *values[] = {&asked.facts.fact[FACT_HELO_RESOLVES],
                                    &asked.facts.fact[FACT_HELO_FITS]};
    const int expected[] = {resolves, fits};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(values[i]->state, expected[i] < 0 ? VALUE_UNKNOWN : VALUE_KNOWN);
        if (expected[i] >= 0)
            assert_int_equal(values[i]->truth, expected[i]);
    }
    assert_true(asked.seen.rounds <= 1);
    end(&asked);
}

TEST(test_helo_leads_to_the_client_or_not)
{
    expect_helo("a.example A 192.0.2.1\n", "192.0.2.1", "A.example", 1, 1);
    expect_helo("a.example A 192.0.2.2\n", "192.0.2.1", "a.example", 1, 0);
    expect_helo("a.example AAAA 2001:db8::1\n", "2001:db8::1", "a.example", 1, 1);
    expect_helo("a.example AAAA 2001:db8::1\n", "192.0.2.1", "a.example", 1, 0);
    expect_helo("a.example MX mx.example\n", "192.0.2.1", "a.example", 1, 0);
    expect_helo("a.example MX \n", "192.0.2.1", "a.example", 0, 0);
    expect_helo("", "192.0.2.1", "a.example", 0, 0);
    expect_helo("localhost A 192.0.2.1\n", "192.0.2.1", "localhost", 0, 0);
    expect_helo("", "192.0.2.1", "", 0, 0);
    expect_helo("", "192.0.2.1", "-?-", 0, 0);
}

TEST(test_a_literal_is_its_own_address)
{
    expect_helo("", "192.0.2.1", "[192.0.2.1]", 1, 1);
    expect_helo("", "192.0.2.1", "[192.0.2.2]", 1, 0);
    expect_helo("", "2001:db8::1", "[IPv6:2001:DB8::1]", 1, 1);
    expect_helo("", "192.0.2.1", "192.0.2.1", 0, 0);
}

TEST(test_helo_is_unknown_where_a_failure_hides_it)
{
    expect_helo("a.example SERVFAIL\n", "192.0.2.1", "a.example", -1, -1);
    expect_helo("a.example TIMEOUT\na.example A 192.0.2.1\n", "192.0.2.1", "a.example", 1, 1);
    expect_helo("a.example TIMEOUT\na.example A 192.0.2.1\n", "2001:db8::1", "a.example", 1, -1);
}

static const char ours[] = "hostname \"mx.example.com\"\naddresses \"198.51.100.1\"\n"
                           "backend e { smtp \"10.0.0.1\" }\n"
                           "domain \"example.com\" \"*.example.org\" { backend e }\n";

/* A string of what holds: v valid, l literal, o ours. */
static void expect_form(const char *helo, const char *client, const char *expected)
{
    struct config *config = load_good(ours);
    struct arena *arena = arena_new(1 << 16);
    struct facts facts = {0};
    struct ip ip, local;
    char seen[4];
    assert_non_null(config);
    assert_true(ip_parse(slice_of(client), &ip) && ip_parse(SLICE("10.0.0.9"), &local));
    helo_form(arena, config, slice_of(helo), &ip, &local, &facts);
    snprintf(seen, sizeof seen, "%s%s%s", facts.fact[FACT_HELO_VALID].truth ? "v" : "",
             facts.fact[FACT_HELO_LITERAL].truth ? "l" : "",
             facts.fact[FACT_HELO_OURS].truth ? "o" : "");
    assert_string_equal(seen, expected);
    arena_free(&arena);
    config_free(&config);
}

TEST(test_the_form_of_helo)
{
    static const char *const forms[][2] = {
        {"client.example", "v"},
        {"localhost", "v"},
        {"a-b.example", "v"},
        {"a_b.example", ""},
        {"-a.example", ""},
        {"a-.example", ""},
        {"a..example", ""},
        {"client.example.", ""},
        {"", ""},
        {"192.0.2.1", ""},
        {"1.2.3", ""},
        {"3com.example", "v"},
        {"[192.0.2.1]", "vl"},
        {"[IPv6:2001:db8::1]", "vl"},
        {"[ipv6:::1]", "vl"},
        {"[2001:db8::1]", "l"},
        {"[IPv6:192.0.2.1]", "l"},
        {"[192.0.2.256]", ""},
        {"[tag:what]", ""},
        {"[]", ""},
        {"[192.0.2.1", ""},
        {"b\xc3\xbc"
         "cher.example",
         ""},
        {"a b.example", ""},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        expect_form(forms[i][0], "192.0.2.1", forms[i][1]);
}

TEST(test_helo_that_pretends_to_be_us)
{
    expect_form("MX.Example.com", "192.0.2.1", "vo");
    expect_form("mx.example.com.", "192.0.2.1", "o");
    expect_form("example.com", "192.0.2.1", "vo");
    expect_form("deep.sub.example.org", "192.0.2.1", "vo");
    expect_form("other.example.com", "192.0.2.1", "v");
    expect_form("example.org", "192.0.2.1", "v");
    expect_form("[198.51.100.1]", "192.0.2.1", "vlo");
    expect_form("198.51.100.1", "192.0.2.1", "o");
    expect_form("[10.0.0.9]", "192.0.2.1", "vlo");
    expect_form("[192.0.2.1]", "192.0.2.1", "vl");
}

TEST(test_we_ourselves_do_not_pretend)
{
    expect_form("mx.example.com", "198.51.100.1", "v");
    expect_form("[10.0.0.9]", "10.0.0.9", "vl");
}
