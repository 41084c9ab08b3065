/* SPDX-License-Identifier: ISC */
#include "console/transparent/capture_script.h"
#include "console/transparent/ranges.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

ARENA_TESTS(1 << 20);

static const struct capture_options routed = {.mark = 1, .table = 100};

/* The tables for this configuration, in the arena; NULL: there is no plan, and *why. */
static const char *tables_of(const char *text, const struct capture_options *options,
                             struct slice *why)
{
    struct config *config = load_good(text);
    struct capture_plan plan;
    struct capture_rules rules;
    struct buf out = buf_init(1 << 20);
    const char *tables = NULL;
    assert_non_null(config);
    if (capture_plan_make(config, &options->servers, arena, &plan, why)) {
        assert_true(capture_rules_make(&plan, options, arena, &rules));
        capture_tables(&out, &rules, options);
        tables = arena_cstr(arena, buf_slice(&out));
    }
    buf_release(&out);
    config_free(&config);
    return tables;
}

/* The rules of a table one behind the other, a line each, without those that are always there. */
static const char *rules_for(const char *text, const struct capture_options *options)
{
    struct slice why, line, rest = slice_of(tables_of(text, options, &why));
    struct buf out = buf_init(1 << 20);
    assert_true(rest.len > 0);
    while (slice_cut(rest, '\n', &line, &rest) || line.len) {
        line = slice_trim(line);
        if (slice_search(line, SLICE("tcp dport")) < line.len ||
            slice_search(line, SLICE("tcp sport")) < line.len) {
            buf_append(&out, line);
            buf_char(&out, '\n');
        }
        if (!rest.len)
            break;
    }
    const char *found = arena_cstr(arena, buf_slice(&out));
    buf_release(&out);
    return found;
}

#define EXCHANGE                                                                                   \
    "backend exchange { smtp \"10.0.0.5:25\"  imap \"10.0.0.6:143\"  pop3 \"10.0.0.6:110\""        \
    "  submission \"10.0.0.6:587\" }\n"                                                            \
    "domain \"example.com\" { backend exchange }\n"

TEST(test_what_goes_to_the_servers_of_domains_is_taken_and_else_refused)
{
    assert_string_equal(
        rules_for("listen smtp on \"0.0.0.0:10025\" { transparent }\n" EXCHANGE, &routed),
        "ip daddr 10.0.0.5 tcp dport 25 tproxy ip to :10025 meta mark set 0x1 accept\n"
        "ip daddr 10.0.0.5 tcp dport 25 reject with tcp reset\n");
}

TEST(test_what_is_passed_is_not_refused)
{
    struct capture_options options = routed;
    options.pass = true;
    options.mark = 0x20;
    assert_string_equal(
        rules_for("listen smtp on \"0.0.0.0:10025\" { transparent }\n" EXCHANGE, &options),
        "ip daddr 10.0.0.5 tcp dport 25 tproxy ip to :10025 meta mark set 0x20 accept\n");
}

TEST(test_each_service_has_its_standard_port)
{
    static const struct {
        const char *service, *options, *port;
    } rows[] = {{"smtp", "", "25"},
                {"submission", "allow_cleartext  backend exchange", "587"},
                {"pop3", "backend exchange", "110"},
                {"imap", "backend exchange", "143"}};
    struct capture_options options = routed;
    options.pass = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice text =
            arena_printf(arena, "listen %s on \"0.0.0.0:2000\" { transparent %s }\n%s",
                         rows[i].service, rows[i].options, EXCHANGE);
        struct slice expected =
            arena_printf(arena,
                         "ip daddr 10.0.0.%c tcp dport %s tproxy ip to :2000 meta mark set 0x1 "
                         "accept\n",
                         i ? '6' : '5', rows[i].port);
        assert_string_equal(rules_for(text.ptr, &options), expected.ptr);
    }
}

TEST(test_encrypted_services_have_their_own_ports)
{
    static const struct {
        const char *service, *port;
    } rows[] = {{"smtps", "465"}, {"submissions", "465"}, {"pop3s", "995"}, {"imaps", "993"}};
    struct capture_options options = routed;
    options.pass = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice text =
            arena_printf(arena,
                         "listen %s on \"0.0.0.0:2000\" { transparent %s }\n"
                         "certificate \"mx.test\" { chain \"c.pem\" key \"k.pem\" }\n%s",
                         rows[i].service, i ? "backend exchange" : "", EXCHANGE);
        struct slice piece = arena_printf(arena, "tcp dport %s tproxy ip to :2000", rows[i].port);
        struct slice found = slice_of(rules_for(text.ptr, &options));
        assert_true(slice_search(found, piece) < found.len);
    }
}

#define ANYWHERE "backend anywhere { smtp original }\n"

TEST(test_certain_clients_come_first_then_certain_servers_then_whatever_else)
{
    struct capture_options options = routed;
    options.pass = true;
    assert_string_equal(
        rules_for("listen imap on \"0.0.0.0:10143\" { transparent  backend mailboxes }\n"
                  "listen smtp on \"0.0.0.0:10025\" { transparent }\n"
                  "listen smtp \"out\" on \"0.0.0.0:10026\" { transparent  outbound from { "
                  "\"10.1.2.3/8\" \"10.0.0.0/16\" \"172.16.0.0/12\" }  relay anywhere }\n"
                  "backend mailboxes { imap original }\n" ANYWHERE EXCHANGE,
                  &options),
        "ip saddr { 10.0.0.0/8, 172.16.0.0/12 } tcp dport 25 tproxy ip to :10026 meta mark set "
        "0x1 accept\n"
        "ip daddr 10.0.0.5 tcp dport 25 tproxy ip to :10025 meta mark set 0x1 accept\n"
        "meta nfproto ipv4 tcp dport 143 tproxy ip to :10143 meta mark set 0x1 accept\n");
}

TEST(test_a_listener_on_both_families_has_rules_for_both)
{
    struct capture_options options = routed;
    options.pass = true;
    assert_string_equal(
        rules_for("listen imap on \"[::]:10143\" { transparent  backend mailboxes }\n"
                  "backend mailboxes { imap original }\n",
                  &options),
        "meta nfproto ipv4 tcp dport 143 tproxy ip to :10143 meta mark set 0x1 accept\n"
        "meta nfproto ipv6 tcp dport 143 tproxy ip6 to :10143 meta mark set 0x1 accept\n");
}

TEST(test_a_family_that_no_server_has_is_left_alone)
{
    struct capture_options options = routed;
    options.pass = true;
    assert_string_equal(
        rules_for("listen smtp on \"[::]:10025\" { transparent }\n" EXCHANGE, &options),
        "ip daddr 10.0.0.5 tcp dport 25 tproxy ip to :10025 meta mark set 0x1 accept\n");
}

TEST(test_a_listener_with_an_address_is_named_by_it)
{
    struct capture_options options = routed;
    options.pass = true;
    assert_string_equal(
        rules_for("listen imap on \"10.0.0.1:10143\" { transparent  backend mailboxes }\n"
                  "listen imap \"six\" on \"[2001:db8::1]:10143\" { transparent  backend mailboxes "
                  "}\n"
                  "backend mailboxes { imap original }\n",
                  &options),
        "meta nfproto ipv4 tcp dport 143 tproxy ip to 10.0.0.1:10143 meta mark set 0x1 accept\n"
        "meta nfproto ipv6 tcp dport 143 tproxy ip6 to [2001:db8::1]:10143 meta mark set 0x1 "
        "accept\n");
}

TEST(test_destinations_are_taken_beside_the_servers)
{
    struct capture_options options = routed;
    options.pass = true;
    assert_string_equal(
        rules_for("listen smtp on \"0.0.0.0:10025\" { transparent  destination { \"192.0.2.0/28\" "
                  "\"10.0.0.5\" } backend exchange }\n" EXCHANGE,
                  &options),
        "ip daddr { 10.0.0.5, 192.0.2.0/28 } tcp dport 25 tproxy ip to :10025 meta mark set 0x1 "
        "accept\n");
}

TEST(test_servers_narrow_what_goes_to_anywhere)
{
    struct network list[] = {{{4, {10, 0, 0, 0}}, 24}, {{4, {10, 0, 0, 7}}, 32}};
    struct capture_options options = routed;
    options.servers = (struct networks){list, 2};
    options.pass = true;
    assert_string_equal(
        rules_for("listen imap on \"[::]:10143\" { transparent  backend mailboxes }\n"
                  "backend mailboxes { imap original }\n",
                  &options),
        "ip daddr 10.0.0.0/24 tcp dport 143 tproxy ip to :10143 meta mark set 0x1 accept\n");
}

TEST(test_frames_are_lifted_off_a_bridge_in_both_directions)
{
    struct capture_options options = routed;
    options.bridge = "br0";
    snprintf(options.mac, sizeof options.mac, "02:00:00:00:00:01");
    const char *config = "listen smtp on \"0.0.0.0:10025\" { transparent }\n"
                         "listen imap on \"0.0.0.0:10143\" { transparent  backend mailboxes }\n"
                         "backend mailboxes { imap original  source client }\n" EXCHANGE;
    struct slice rules = slice_of(rules_for(config, &options));
    size_t at = slice_search(rules, SLICE("ip daddr 10.0.0.5 tcp dport 25 ether"));
    assert_string_equal(
        slice_from(rules, at).ptr,
        "ip daddr 10.0.0.5 tcp dport 25 ether daddr set 02:00:00:00:00:01 meta pkttype set host "
        "accept\n"
        "ip saddr 10.0.0.5 tcp sport 25 ether daddr set 02:00:00:00:00:01 meta pkttype set host "
        "accept\n"
        "ether type ip tcp dport 143 ether daddr set 02:00:00:00:00:01 meta pkttype set host "
        "accept\n"
        "ether type ip tcp sport 143 ether daddr set 02:00:00:00:00:01 meta pkttype set host "
        "accept\n");
}

TEST(test_answers_stay_on_the_bridge_where_servers_see_the_gateway)
{
    struct capture_options options = routed;
    options.bridge = "br0";
    struct slice rules = slice_of(
        rules_for("listen smtp on \"0.0.0.0:10025\" { transparent }\n" EXCHANGE, &options));
    assert_int_equal(slice_search(rules, SLICE("sport")), rules.len);
}

TEST(test_a_listener_that_would_get_nothing_is_an_error)
{
    struct slice why = {NULL, 0};
    const char *config = "listen imap on \"0.0.0.0:10143\" { transparent  backend mailboxes }\n"
                         "listen imap \"b\" on \"0.0.0.0:10144\" { transparent  backend mailboxes "
                         "}\n"
                         "backend mailboxes { imap original }\n";
    assert_null(tables_of(config, &routed, &why));
    assert_string_equal(why.ptr, "t.conf:2: nothing would come to this listener, as what it is for "
                                 "(port 143, IPv4, of the same servers) goes to the one of line 1");
}

TEST(test_listeners_that_are_not_transparent_have_no_rules)
{
    struct config *config = load_good("listen smtp on \"0.0.0.0:25\"\n" EXCHANGE);
    struct capture_plan plan;
    struct slice why;
    assert_true(capture_plan_make(config, &routed.servers, arena, &plan, &why));
    assert_int_equal(plan.count, 0);
    config_free(&config);
}

/* ---- sets, as nft writes them ---- */

static bool are_equal(const char *a, const char *b)
{
    json_t *first = json_loads(a, JSON_DECODE_ANY, NULL),
           *second = json_loads(b, JSON_DECODE_ANY, NULL);
    struct ranges one, other;
    assert_true(ranges_of_json(first, &one));
    assert_true(ranges_of_json(second, &other));
    bool equal = ranges_equal(&one, &other);
    ranges_free(&one);
    ranges_free(&other);
    json_decref(first);
    json_decref(second);
    return equal;
}

#define PREFIX(address, length) "{\"prefix\":{\"addr\":\"" address "\",\"len\":" #length "}}"

TEST(test_a_set_is_the_same_however_it_is_written)
{
    assert_true(are_equal("\"10.0.0.1\"", "{\"set\":[" PREFIX("10.0.0.1", 32) "]}"));
    assert_true(are_equal("{\"set\":[\"10.0.0.2\",\"10.0.0.1\"]}",
                          "{\"set\":[{\"range\":[\"10.0.0.1\",\"10.0.0.2\"]}]}"));
    assert_true(are_equal("{\"set\":[" PREFIX("10.128.0.0", 9) "," PREFIX("10.0.0.0", 9) "]}",
                          PREFIX("10.0.0.0", 8)));
    assert_true(are_equal("{\"set\":[" PREFIX("10.0.0.0", 8) "," PREFIX("10.1.0.0", 16) "]}",
                          PREFIX("10.0.0.0", 8)));
    assert_true(are_equal(
        "{\"set\":[" PREFIX("2001:db8::", 33) ",{\"range\":[\"2001:db8:8000::\","
                                              "\"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff\"]}]}",
        PREFIX("2001:db8::", 32)));
    assert_true(are_equal("{\"set\":[\"10.0.0.255\",\"10.0.1.0\"]}",
                          "{\"range\":[\"10.0.0.255\",\"10.0.1.0\"]}"));
}

TEST(test_sets_with_other_addresses_differ)
{
    assert_false(are_equal("\"10.0.0.1\"", "\"10.0.0.2\""));
    assert_false(are_equal(PREFIX("10.0.0.0", 8), PREFIX("10.0.0.0", 9)));
    assert_false(are_equal("\"10.0.0.1\"", "{\"set\":[\"10.0.0.1\",\"10.0.0.3\"]}"));
    assert_false(are_equal("\"255.255.255.255\"", "{\"set\":[\"255.255.255.255\",\"0.0.0.0\"]}"));
}

TEST(test_what_is_no_set_of_addresses_is_refused)
{
    static const char *const texts[] = {"25",
                                        "\"mail\"",
                                        "{}",
                                        "{\"set\":[]}",
                                        "{\"set\":[25]}",
                                        PREFIX("10.0.0.0", 33),
                                        PREFIX("10.0.0.0", -1),
                                        "{\"range\":[\"10.0.0.1\"]}",
                                        "null",
                                        "{\"prefix\":25}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *json = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        struct ranges ranges;
        assert_non_null(json);
        assert_false(ranges_of_json(json, &ranges));
        json_decref(json);
    }
}
