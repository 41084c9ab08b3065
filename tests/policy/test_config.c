/* SPDX-License-Identifier: ISC */
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdlib.h>

#define assert_slice(s, literal) assert_true(slice_eq((s), SLICE(literal)))

static const char whole[] =
    "hostname \"mx.example.com\"\n"
    "certificate \"mail.example.com\" \"*.Example.org\" { chain \"tls/mail.pem\"  key "
    "\"/abs/mail.key\" }\n"
    "listen smtp on \"0.0.0.0:25\" { starttls }\n"
    "listen smtp \"out\" on \"[::]:2525\" { starttls require_tls banner \"hello\" outbound }\n"
    "listen smtps on \"192.0.2.1\"\n"
    "domain \"example.com\" \"*.Example.org\" { backend exchange recipients users }\n"
    "domain \"a.example.org\" { backend exchange recipients { \"x@a.example.org\" } }\n"
    "backend exchange {\n"
    "  smtp \"10.0.0.5\"\n"
    "  smtps \"[2001:db8::5]:4650\" tls verify \"ex.example.com\" priority 20\n"
    "  connections 4  recipient_check off  probe off  sockets from \"10.0.0.1\"\n"
    "}\n"
    "table users { \"User@example.com\" \"@sub.example.org\" }\n"
    "limits { message_size 10MiB recipients 7 }\n"
    "timeouts { command 2min }\n"
    "smtp { bare_newlines on }\n"
    "log { decisions \"d.json\" }\n";

TEST(test_a_server_may_speak_lmtp)
{
    struct config *c =
        load_good("domain \"example.com\" { backend e }\n"
                  "backend e { lmtp \"10.0.0.5\"  lmtp \"[::1]:2424\" tls required }");
    const struct backend *b = &c->backends[0];
    assert_int_equal(b->server_count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(b->servers[i].lmtp && b->servers[i].protocol == PROTOCOL_SMTP);
    assert_int_equal(b->servers[0].port, 24);
    assert_int_equal(b->servers[0].tls, BACKEND_TLS_OPPORTUNISTIC);
    assert_int_equal(b->servers[1].port, 2424);
    config_free(&c);
}

TEST(test_a_whole_configuration_is_read)
{
    struct config *c = load_good(whole);
    assert_non_null(c);
    assert_slice(c->hostname, "mx.example.com");
    assert_int_equal(c->listener_count, 3);
    assert_true(c->listeners[0].starttls);
    assert_int_equal(c->listeners[0].port, 25);
    assert_slice(c->listeners[0].name, "smtp");
    assert_slice(c->listeners[1].name, "out");
    assert_int_equal(c->listeners[1].ip.family, 6);
    assert_int_equal(c->listeners[1].direction, DIRECTION_OUTBOUND);
    assert_slice(c->listeners[1].banner, "hello");
    assert_false(c->listeners[0].implicit_tls);
    assert_true(c->listeners[2].implicit_tls);
    assert_int_equal(c->listeners[2].port, 465);
    for (size_t i = 0; i < c->listener_count; i++)
        assert_int_equal(c->listeners[i].protocol, PROTOCOL_SMTP);
    assert_int_equal(c->backend_count, 1);
    const struct backend *b = &c->backends[0];
    assert_int_equal(b->server_count, 2);
    for (size_t i = 0; i < b->server_count; i++)
        assert_int_equal(b->servers[i].protocol, PROTOCOL_SMTP);
    assert_false(b->servers[0].implicit_tls);
    assert_true(b->servers[1].implicit_tls);
    assert_int_equal(b->servers[0].port, 25);
    assert_int_equal(b->servers[0].tls, BACKEND_TLS_OPPORTUNISTIC);
    assert_int_equal(b->servers[1].port, 4650);
    assert_int_equal(b->servers[1].tls, BACKEND_TLS_VERIFY);
    assert_slice(b->servers[1].tls_name, "ex.example.com");
    assert_int_equal(b->servers[1].priority, 20);
    assert_true(b->has_source && !b->probe && !b->recipient_check);
    assert_int_equal(c->certificate_count, 1);
    assert_slice(c->certificates[0].names[1], "*.example.org");
    assert_slice(c->certificates[0].chain_path, "tls/mail.pem");
    assert_slice(c->certificates[0].key_path, "/abs/mail.key");
    assert_true(c->settings.limits_message_size == 10 * 1024 * 1024);
    assert_int_equal(c->settings.limits_recipients, 7);
    assert_true(c->settings.timeouts_command == 120000);
    assert_true(c->settings.timeouts_data == 180000);
    assert_true(c->settings.smtp_bare_newlines);
    assert_slice(c->settings.log_decisions, "d.json");
    assert_slice(c->settings.tls_minimum, "1.2");
    config_free(&c);
    assert_null(c);
}

static const struct domain *domain_of(const struct config *config, const char *spelling)
{
    struct domain_name name;
    (void)domain_name_make(config->arena, slice_of(spelling), &name);
    return config_domain(config, name);
}

TEST(test_the_most_specific_domain_is_found)
{
    struct config *c = load_good(whole);
    assert_non_null(c);
    assert_slice(domain_of(c, "EXAMPLE.com.")->name.text, "example.com");
    assert_null(domain_of(c, "sub.example.com"));
    assert_null(domain_of(c, "example.org"));
    assert_true(domain_of(c, "x.y.example.org")->subdomains);
    assert_slice(domain_of(c, "a.example.org")->name.text, "a.example.org");
    assert_true(domain_of(c, "b.a.example.org")->subdomains);
    assert_null(domain_of(c, ""));
    assert_null(domain_of(c, "notexample.com"));
    const struct table *users = domain_of(c, "example.com")->recipients;
    assert_true(table_holds_text(users, SLICE("user@EXAMPLE.com")));
    assert_true(table_holds_text(users, SLICE("any@sub.example.org")));
    assert_false(table_holds_text(users, SLICE("other@example.com")));
    config_free(&c);
}

TEST(test_files_are_included_and_joined_with_their_folder)
{
    struct memory_files files = {{
        {"sub/b.conf", "include \"c.conf\" table t from file \"t.txt\" log { decisions \"x\" }"},
        {"sub/c.conf", "limits { errors 3 }"},
        {"sub/t.txt", "# users\n one@x.test \n\ntwo@x.test # second\n"},
    }};
    struct buf report = buf_init(65536);
    struct config *c = load_with(files,
                                 "include \"sub/b.conf\"\n"
                                 "backend e { smtp \"10.0.0.1\" }\n"
                                 "domain \"x.test\" { backend e recipients t }\n",
                                 &report);
    assert_non_null(c);
    assert_int_equal(c->settings.limits_errors, 3);
    assert_slice(c->settings.log_decisions, "sub/x");
    assert_true(table_holds_text(c->domains[0].recipients, SLICE("two@x.test")));
    assert_false(table_holds_text(c->domains[0].recipients, SLICE("second@x.test")));
    config_free(&c);
    buf_release(&report);
}

TEST(test_a_file_that_includes_itself_is_refused)
{
    struct buf report = buf_init(65536);
    assert_null(load_text("include \"t.conf\"\n", &report));
    assert_true(slice_search(buf_slice(&report), SLICE("it includes itself")) < buf_len(&report));
    buf_release(&report);
}

static void refuses(const char *text, const char *message)
{
    struct buf report = buf_init(65536);
    struct config *c = load_text(text, &report);
    bool said = slice_search(buf_slice(&report), slice_of(message)) < buf_len(&report);
    if (c || !said)
        fprintf(stderr, "for:\n%s\nexpected: %s\ngot: %.*s\n", text, message,
                SLICE_ARGS(buf_slice(&report)));
    assert_null(c);
    assert_true(said);
    buf_release(&report);
}

TEST(test_what_does_not_fit_is_refused)
{
    refuses("listen smtp on \"mail.example.com:25\"", "1:16: error: expected an address such as");
    refuses("listen smtp on \"1.2.3.4:0\"", "expected a port from 1 to 65535");
    refuses("listen smtp on \"1.2.3.4:\"", "expected a port from 1 to 65535");
    refuses("listen smtp on \"0.0.0.0:25\" { starttls }", "TLS needs a certificate");
    refuses("listen smtp on \"0.0.0.0:25\" { require_tls }", "require_tls without starttls");
    refuses("listen smtp on \"0.0.0.0:25\"\nlisten smtp on \"0.0.0.0\"", "line 1 listens on this");
    refuses("domain \"a.com\" { }", "this domain has no backend");
    refuses("domain \"a.com\" { backend e }\nbackend exch { smtp \"10.0.0.1\" }",
            "unknown backend 'e'");
    refuses("domain \"*\" { backend e }", "expected a domain");
    refuses("domain \"a.com\" { backend e }\ndomain \"A.com\" { backend e }\nbackend e { smtp "
            "\"10.0.0.1\" }",
            "t.conf:2:8: error: the domain \"A.com\" stands in line 1 already, as \"a.com\"");
    refuses("backend e { }", "this backend has no server");
    refuses("backend e { smtps \"10.0.0.1\" tls none }", "smtps is always encrypted");
    refuses("backend e { lmtp \"10.0.0.1:25\" }", "port 25 is SMTP's; expected the port of LMTP");
    refuses("listen lmtp on \"10.0.0.1\"", "unknown protocol (smtp, smtps, submission");
    refuses("limits { message_size 5 }", "expected a size, such as 25MiB, found '5'");
    refuses("limits { message_size 1B }", "expected 1KiB to 2147483647B");
    refuses("limits { recipients 5 recipients 6 }", "recipients stands in line 1 already");
    refuses("tls { minimum \"0.9\" }", "1.2 or 1.3");
    refuses("certificate \"a\" { chain \"x\" }", "needs both");
    refuses("table a { \"x\" }\ntable a { \"y\" }", "the table 'a' stands in line 1 already");
    refuses("table sender { \"x\" }", "'sender' is the name of a fact");
    refuses("hostname \"mx example\"", "expected a host name");
    refuses("listen smtp on \"0.0.0.0:25\" { banner \"h\xc3\xa9\" }", "ASCII characters");
    refuses("table a from file \"gone\"", "cannot read 'gone': no such file");
}

static bool takes_ipv4(const char *text, size_t listener)
{
    struct config *c = load_good(text);
    assert_non_null(c);
    bool takes = c->listeners[listener].takes_ipv4;
    config_free(&c);
    return takes;
}

TEST(test_all_of_ipv6_takes_ipv4_too_unless_that_is_apart)
{
    assert_true(takes_ipv4("listen smtp on \"[::]:25\"", 0));
    assert_true(takes_ipv4("listen smtp on \"[::]:25\"\nlisten smtp on \"0.0.0.0:26\"", 0));
    assert_false(takes_ipv4("listen smtp on \"[::]:25\" { ipv6_only }", 0));
    assert_false(takes_ipv4("listen smtp on \"[::]:25\"\nlisten smtp on \"0.0.0.0:25\"", 0));
    assert_false(takes_ipv4("listen smtp on \"192.0.2.1:25\"\nlisten smtp on \"[::]:25\"", 1));
    assert_false(takes_ipv4("listen smtp on \"[2001:db8::1]:25\"", 0));
    assert_false(takes_ipv4("listen smtp on \"0.0.0.0:25\"", 0));
    assert_false(takes_ipv4("listen smtp on \"[::ffff:0.0.0.0]:25\"", 0));
    refuses("listen smtp on \"[2001:db8::1]:25\" { ipv6_only }", "ipv6_only is for \"[::]\"");
    refuses("listen smtp on \"0.0.0.0:25\" { ipv6_only }", "ipv6_only is for \"[::]\"");
}

static unsigned hidden_from(const struct config *config, const char *address)
{
    struct ip ip;
    assert_true(ip_parse(slice_of(address), &ip));
    return listener_hides(&config->listeners[0], &ip);
}

TEST(test_keywords_are_hidden_from_networks)
{
    struct memory_files files = {{{"old.txt", "198.51.100.0/24\n::ffff:203.0.113.7\n"}}};
    struct buf report = buf_init(65536);
    struct config *c = load_with(files,
                                 "listen smtp on \"0.0.0.0:25\" {\n"
                                 "  hide \"CHUNKING\" \"dsn\" from old\n"
                                 "  hide \"STARTTLS\" from { \"192.0.2.7\" \"2001:db8::/32\" }\n"
                                 "  hide \"SMTPUTF8\" from file \"old.txt\"\n"
                                 "}\ntable old { \"192.0.2.0/24\" }\n",
                                 &report);
    assert_non_null(c);
    unsigned chunks = 1U << KEYWORD_CHUNKING | 1U << KEYWORD_DSN;
    assert_int_equal(hidden_from(c, "192.0.2.8"), chunks);
    assert_int_equal(hidden_from(c, "::ffff:192.0.2.8"), chunks);
    assert_int_equal(hidden_from(c, "192.0.2.7"), chunks | 1U << KEYWORD_STARTTLS);
    assert_int_equal(hidden_from(c, "2001:db8::7"), 1U << KEYWORD_STARTTLS);
    assert_int_equal(hidden_from(c, "203.0.113.7"), 1U << KEYWORD_UTF8);
    assert_int_equal(hidden_from(c, "203.0.113.8"), 0);
    config_free(&c);
    buf_release(&report);
}

TEST(test_what_would_hide_too_much_is_refused)
{
    static const char tls[] = "certificate \"a.test\" { chain \"c\" key \"k\" }\n";
    char text[400];
    refuses("listen smtp on \"0.0.0.0:25\" { hide \"CHUNKING\" from { \"0.0.0.0/0\" } }",
            "t.conf:1:31: error: this hides it from everybody");
    refuses("listen smtp on \"[::]:25\" { hide \"DSN\" from { \"192.0.2.1\" \"::/0\" } }",
            "hides it from everybody");
    refuses("listen smtp on \"[::]:25\" { hide \"DSN\" from { \"::ffff:0:0/96\" } }",
            "hides it from everybody");
    refuses("listen smtp on \"0.0.0.0:25\" { hide \"CHUNKNG\" from t }\ntable t { \"192.0.2.1\" }",
            "unknown keyword 'CHUNKNG'; did you mean 'CHUNKING'?");
    refuses("listen smtp on \"0.0.0.0:25\" { hide from t }\ntable t { \"192.0.2.1\" }",
            "expected a keyword of EHLO");
    refuses("listen smtp on \"0.0.0.0:25\" { hide \"DSN\" from gone }", "unknown table 'gone'");
    refuses("listen smtp on \"0.0.0.0:25\" { hide \"DSN\" from { \"old.example\" } }",
            "neither an address nor a network");
    refuses("listen pop3 on \"0.0.0.0:110\" { hide \"DSN\" from { \"192.0.2.1\" } backend b }\n"
            "backend b { pop3 \"10.0.0.1\" }",
            "'hide' is for listeners of SMTP");
    snprintf(text, sizeof text,
             "%slisten smtp on \"0.0.0.0:25\" { starttls require_tls hide \"STARTTLS\" from { "
             "\"192.0.2.1\" } }",
             tls);
    refuses(text, "require_tls: those who are offered no STARTTLS could never send");
    snprintf(text, sizeof text,
             "%slisten smtps on \"0.0.0.0:465\" { hide \"STARTTLS\" from { \"192.0.2.1\" } }", tls);
    refuses(text, "there is no STARTTLS to hide");
}

static size_t suites_if_plain(const char *text)
{
    struct config *c = load_good(text);
    assert_non_null(c);
    size_t len = c->settings.tls_ciphers_if_plain.len;
    config_free(&c);
    return len;
}

TEST(test_suites_that_were_chosen_hold_for_all)
{
    assert_true(suites_if_plain("limits { recipients 7 }") > 0);
    assert_int_equal(suites_if_plain("tls { ciphers \"A\" }"), 0);
    assert_int_equal(suites_if_plain("tls { ciphers \"A\" ciphers_if_plain \"BC\" }"), 2);
    assert_int_equal(suites_if_plain("tls { ciphers_if_plain \"\" }"), 0);
}

TEST(test_errors_show_the_line_a_caret_and_the_nearest_word)
{
    struct buf report = buf_init(65536);
    assert_null(
        load_text("limits {\n\trecipients 5\n\tmesage_size 5MiB\n}\nlisen smtp on \"0.0.0.0:25\"\n"
                  "backend x {\n  smtp 5\n}\n",
                  &report));
    assert_true(report_is(
        &report,
        "t.conf:3:2: error: unknown setting of limits 'mesage_size'; did you mean 'message_size'?\n"
        "     mesage_size 5MiB\n"
        "     ^\n"
        "t.conf:5:1: error: unknown sentence 'lisen'; did you mean 'listen'?\n"
        "    lisen smtp on \"0.0.0.0:25\"\n"
        "    ^\n"
        "t.conf:7:8: error: expected the server's address, such as \"10.0.0.5:25\", or 'original', "
        "found '5'\n"
        "      smtp 5\n"
        "           ^\n"));
    buf_release(&report);
}

TEST(test_no_more_than_twenty_errors_are_reported)
{
    char text[2000] = "";
    for (int i = 0; i < 40; i++)
        strcat(text, "limits { nothing 5 }\n");
    struct buf report = buf_init(65536);
    assert_null(load_text(text, &report));
    unsigned errors = 0;
    struct slice s = buf_slice(&report);
    for (size_t i = 0; i < s.len; i++)
        errors += slice_starts(slice_from(s, i), SLICE(": error: unknown"));
    assert_int_equal(errors, 20);
    buf_release(&report);
}

TEST(test_recipients_are_exempt_from_greylisting_by_a_table)
{
    struct config *c = load_good("greylist { delay 1min exempt whole passes 3 }\n"
                                 "table whole { \"@example.com\" }\n");
    assert_non_null(c);
    assert_true(table_holds_text(c->greylist_exempt, SLICE("a@example.com")));
    assert_true(c->settings.greylist_delay == 60000);
    assert_int_equal(c->settings.greylist_passes, 3);
    config_free(&c);
    c = load_good("greylist { exempt { \"a@b.test\" } }\n");
    assert_true(table_holds_text(c->greylist_exempt, SLICE("A@b.test")));
    config_free(&c);
    refuses("greylist { exempt hole }\ntable whole { \"x\" }",
            "1:19: error: unknown table 'hole'; did you mean 'whole'?");
    refuses("greylist { exempt t\nexempt t }\ntable t { \"x\" }",
            "2:1: error: exempt is given twice");
    refuses("smtp { bare_newlines_from { \"printer\" } }",
            "1:29: error: the entry \"printer\" is neither an address nor a network");
    refuses("greylist { exemt t }", "unknown setting of greylist 'exemt'; did you mean 'exempt'?");
    refuses("limits { exempt t }", "unknown setting of limits 'exempt'");
}

TEST(test_redis_is_at_one_place)
{
    struct config *c = load_good("redis { server \"[2001:db8::6]:6380\" tls_name \"r.test\" }\n");
    assert_non_null(c);
    config_free(&c);
    c = load_good("redis { socket \"/run/redis.sock\" server \"\" database 3 }\n");
    assert_non_null(c);
    config_free(&c);
    refuses("redis { server \"redis.test:6379\" }", "t.conf:1:16: error: expected an address");
    refuses("redis { server \"192.0.2.6:0\" }", "expected a port from 1 to 65535");
    refuses("redis { server \"192.0.2.6\" }\nredis { socket \"/s\" }",
            "t.conf:2:16: error: expected either server or socket, not both");
    refuses("redis { tls_name \"r.test\" }", "t.conf:1:18: error: tls_name needs a server");
    refuses("redis { server \"192.0.2.6\" server \"192.0.2.7\" }",
            "server stands in line 1 already");
}

TEST(test_sentinels_go_with_the_name_of_a_master_and_with_no_server)
{
    struct config *c = load_good("redis { sentinel \"192.0.2.7\" \"[2001:db8::7]:5000\" }\n"
                                 "redis { master \"senders\" tls_name \"r.test\" }\n");
    assert_int_equal(c->redis_sentinel_count, 2);
    assert_int_equal(c->redis_sentinels[0].port, 26379);
    assert_int_equal(c->redis_sentinels[1].port, 5000);
    config_free(&c);
    refuses("redis { sentinel \"192.0.2.7\" }",
            "t.conf:1:9: error: sentinel needs the name that they know the master by");
    refuses("redis { master \"senders\" }", "t.conf:1:16: error: master needs sentinels");
    refuses("redis { sentinel \"192.0.2.7\" master \"m\" server \"192.0.2.6\" }",
            "1:48: error: expected either sentinels or this, not both");
    refuses("redis { sentinel \"192.0.2.7\" master \"m\" socket \"/s\" }",
            "expected either sentinels or this, not both");
    refuses("redis { sentinel \"s1.test:26379\" master \"m\" }", "expected an address");
    refuses("redis { sentinel }", "expected a sentinel's address");
}

TEST(test_lists_have_codes_weights_and_tests)
{
    struct config *c = load_good(
        "blocklist \"Zen.Example.\" {\n"
        "  \"127.0.0.2\"..\"127.0.0.11\" weight 5  \"127.0.0.4\" weight 2.5\n"
        "  test \"192.0.2.9\" \"2001:db8::1\"\n"
        "}\n"
        "allowlist \"list.example\" { \"127.0.2.3\"..\"127.0.20.3\" }\n"
        "blocklist domain \"multi.example\" { \"127.0.0.2\" .. \"127.0.0.254\" bits 8 weight 3 }\n"
        "addresses \"192.0.2.1\" \"2001:db8::1\"\naddresses \"192.0.2.2\"\n");
    assert_non_null(c);
    assert_int_equal(c->blocklist_count, 3);
    const struct blocklist *zen = config_blocklist(c, SLICE("ZEN.example"));
    assert_non_null(zen);
    assert_slice(zen->zone, "zen.example");
    assert_false(zen->domains || zen->allow);
    assert_int_equal(zen->code_count, 2);
    assert_int_equal(zen->codes[0].low.bytes[3], 2);
    assert_int_equal(zen->codes[0].high.bytes[3], 11);
    assert_true(zen->codes[0].weight == 5 && zen->codes[1].weight == 2.5);
    assert_slice(zen->test_listed, "9.2.0.192");
    assert_slice(zen->test_unlisted,
                 "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2");
    const struct blocklist *list = config_blocklist(c, SLICE("list.example"));
    assert_true(list->allow && !list->domains && list->codes[0].weight == 1);
    assert_slice(list->test_listed, "2.0.0.127");
    assert_slice(list->test_unlisted, "1.0.0.127");
    const struct blocklist *multi = config_blocklist(c, SLICE("multi.example"));
    assert_true(multi->domains && multi->codes[0].bits == 8);
    assert_slice(multi->test_listed, "test");
    assert_slice(multi->test_unlisted, "invalid");
    assert_null(config_blocklist(c, SLICE("example")));
    assert_int_equal(c->address_count, 3);
    assert_int_equal(c->addresses[1].family, 6);
    config_free(&c);
}

TEST(test_lists_that_cannot_work_are_refused)
{
    refuses("blocklist \"a b\" { \"127.0.0.2\" }", "t.conf:1:11: error: expected a zone such as");
    refuses("blocklist \"a..b\" { \"127.0.0.2\" }", "expected a zone such as");
    refuses("blocklist \"\" { \"127.0.0.2\" }", "expected a zone such as");
    refuses("blocklist \"a.b\" { }", "t.conf:1:11: error: this list has no codes");
    refuses("blocklist \"a.b\" { \"128.0.0.2\" }", "t.conf:1:19: error: expected a code in 127.0");
    refuses("blocklist \"a.b\" { \"127.255.255.1\" }", "never a listing");
    refuses("blocklist \"a.b\" { \"127.0.0.2\"..\"127.255.255.254\" }", "never a listing");
    refuses("blocklist \"a.b\" { \"127.0.0.9\"..\"127.0.1.2\" }", "expected the greater code");
    refuses("blocklist \"a.b\" { \"127.0.0.2\".\"127.0.0.3\" }", "has no meaning here");
    refuses(
        "hostname \u201cmx.example.com\u201d\n",
        "t.conf:1:10: error: expected straight quotes, \"...\"; these are what word processors");
    refuses("hostname 'mx.example.com'", "a text stands in double quotes, \"...\"");
    refuses("rule \"r\" when score > 1 && score < 4 then accept", "expected the word and");
    refuses("rule \"r\" when score > 1 || score < 4 then accept", "expected the word or");
    refuses("limits { recipients\u00a07 }", "this blank is a no-break space");
    refuses("limits { recipients 7; }", "no semicolon is needed");
    refuses("backend b {\n  smtp \"10.0.0.5\"\n\ndomain \"example.com\" { backend b }\n",
            "t.conf:1:11: error: this block is not closed; expected '}' before line 4, where "
            "'domain' begins a sentence");
    refuses("blocklist \"a.b\" { \"127.0.0.2\" weight 0 }", "expected a weight above 0");
    refuses("blocklist \"a.b\" { \"127.0.0.2\" weight -1 }", "expected a weight above 0");
    refuses("blocklist \"a.b\" { \"127.0.0.2\" weight 1 weight 2 }", "weight is given twice");
    refuses("blocklist \"a.b\" { \"127.0.0.2\" bits 256 }", "a whole number from 1 to 255");
    refuses("blocklist \"a.b\" { \"127.0.0.2\" test \"x y\" \"z\" }",
            "expected a name or an address");
    refuses("blocklist \"a.b\" { test \"x\" \"y\" test \"x\" \"y\" }", "test is given twice");
    refuses("blocklist \"a.b\" { codes }", "expected a code, such as \"127.0.0.2\", or 'test'");
    refuses("blocklist \"a.b\" { \"127.0.0.2\" }\nallowlist domain \"A.B\" { \"127.0.0.2\" }",
            "t.conf:2:18: error: the list \"A.B\" is given twice");
    refuses("blocklsit \"a.b\" { }", "did you mean 'blocklist'?");
    refuses("addresses", "expected an address");
    refuses("addresses \"mx.example\"", "t.conf:1:11: error: expected an address such as");
    refuses("addresses \"192.0.2.1\" \"::ffff:192.0.2.1\"", "is given twice");
}

TEST(test_no_more_lists_than_there_are_bits)
{
    char text[8000] = "";
    for (int i = 0; i <= BLOCKLISTS_MAX; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "blocklist \"l%d.example\" { \"127.0.0.2\" }\n", i);
    refuses(text, "t.conf:65:11: error: expected at most 64 lists");
}
