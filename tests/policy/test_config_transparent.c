/* SPDX-License-Identifier: ISC */
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <string.h>

ARENA_TESTS(1 << 20);

#define IMAP "listen imap on \"0.0.0.0:10143\" "
#define SMTP "listen smtp on \"0.0.0.0:10025\" "
#define ORIGINAL "backend b { smtp original  imap original  pop3 original }\n"
#define CLIENT "backend b { smtp \"10.0.0.5:25\"  imap \"10.0.0.5\"  source client }\n"
#define OTHER "backend other { smtp \"10.0.0.6\"  imap \"10.0.0.6\" }\n"
#define DOMAIN "domain \"example.com\" { backend b }\n"

static void refuses(const char *text, const char *message)
{
    assert_true(is_refused(text, message));
}

TEST(test_a_transparent_listener_its_servers_and_whose_address_they_see)
{
    struct config *c = load_good(IMAP "{ transparent backend b }\n" SMTP "{ transparent }\n"
                                      "backend b { imap original tls none  smtp original"
                                      " priority 5  source client }\n" DOMAIN);
    const struct backend *b = &c->backends[0];
    assert_true(c->listeners[0].transparent && c->listeners[1].transparent);
    assert_true(b->source_client && !b->has_source);
    assert_true(b->servers[0].original && b->servers[1].original);
    assert_int_equal(b->servers[0].ip.family, 0);
    assert_int_equal(b->servers[0].tls, BACKEND_TLS_NONE);
    assert_int_equal(b->servers[1].priority, 5);
    assert_true(backend_is_own(b) && backend_is_original(b) && config_sources_clients(c));
    config_free(&c);
}

/* Their connections, and whether they are up, are counted by that. */
TEST(test_originals_of_other_backends_and_protocols_are_others)
{
    struct config *c = load_good("backend a { smtp original  imap original }\n"
                                 "backend b { smtp original  imap original }\n");
    const struct server *all[] = {&c->backends[0].servers[0], &c->backends[0].servers[1],
                                  &c->backends[1].servers[0], &c->backends[1].servers[1]};
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < i; k++)
            assert_true(all[i]->port != all[k]->port ||
                        memcmp(all[i]->ip.bytes, all[k]->ip.bytes, 4) != 0);
    config_free(&c);
}

TEST(test_a_backend_without_either_is_shared_by_sessions)
{
    struct config *c =
        load_good(SMTP "\nbackend b { smtp \"10.0.0.5\" source \"127.0.0.1\" }\n"
                       "backend old { smtp \"10.0.0.6\" sockets from \"::1\" }\n" DOMAIN);
    assert_false(backend_is_own(&c->backends[0]) || config_sources_clients(c));
    assert_true(c->backends[0].has_source && c->backends[1].has_source);
    assert_int_equal(c->backends[1].source.family, 6);
    config_free(&c);
}

TEST(test_where_a_client_wanted_to_go_chooses_the_backend)
{
    struct config *c = load_good(
        IMAP "{ transparent backend b  destination { \"10.0.0.6\" } backend other\n"
             "  destination { \"10.1.0.0/16\" \"fd00::/8\" } backend b }\n" ORIGINAL OTHER);
    const struct listener *l = &c->listeners[0];
    static const struct {
        const char *wanted;
        int backend; /* -1: none */
    } cases[] = {{"10.0.0.6", 1}, {"10.1.2.3", 0}, {"fd00::1", 0}, {"10.0.0.7", -1}, {"::1", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ip ip;
        assert_true(ip_parse(slice_of(cases[i].wanted), &ip));
        const struct backend *to = cases[i].backend < 0 ? NULL : &c->backends[cases[i].backend];
        const struct mailbox_way way = {SLICE("u@example.net"), SLICE(""),
                                        listener_destination(l, &ip)};
        assert_ptr_equal(listener_destination(l, &ip), to);
        assert_ptr_equal(config_mailbox(c, arena, l, &way), to ? to : &c->backends[0]);
    }
    assert_true(config_leads(c, l, &c->backends[0]) && config_leads(c, l, &c->backends[1]));
    config_free(&c);
}

TEST(test_a_destination_alone_says_where_mailboxes_are)
{
    struct config *c =
        load_good(IMAP "{ transparent destination { \"10.0.0.6\" } backend other }\n" OTHER);
    config_free(&c);
}

TEST(test_what_only_a_transparent_listener_knows_is_asked_of_no_other)
{
    refuses(IMAP "{ backend b }\n" ORIGINAL, "does not know where they wanted to go");
    refuses(IMAP "{ backend b }\n" CLIENT, "does not know an address of theirs");
    refuses(SMTP "\n" ORIGINAL DOMAIN, "expected 'transparent' there");
    refuses(SMTP "{ outbound from { \"10.0.0.0/8\" } relay b }\nbackend b { smtp original }\n",
            "expected 'transparent' there");
    refuses(IMAP "{ transparent backend b }\nlisten pop3 on \"0.0.0.0\"\n" ORIGINAL DOMAIN,
            "listener in line 2");
}

TEST(test_what_goes_together_with_nothing_is_an_error)
{
    refuses(IMAP "{ backend other destination { \"10.0.0.6\" } backend other }\n" OTHER,
            "expected 'transparent' beside it");
    refuses(IMAP "{ transparent backend other proxy_protocol from { \"10.0.0.7\" } }\n" OTHER,
            "do not go together");
    refuses("listen milter on \"unix:/run/m.sock\" { transparent }\n", "mail servers ask here");
    refuses(IMAP "{ transparent backend b }\n"
                 "backend b { imap original source client source \"10.0.0.1\" }\n",
            "expected one 'source'");
    refuses(IMAP "{ transparent destination { \"nonsense\" } backend other }\n" OTHER, "nonsense");
    refuses(IMAP "{ transparent destination { \"10.0.0.6\" } backend nobody }\n" OTHER,
            "unknown backend");
    refuses(IMAP "{ transparent destination { \"10.0.0.6\" } backend s }\n"
                 "backend s { smtp \"10.0.0.6\" }\n" OTHER,
            "has no server for who comes");
}

TEST(test_whoever_a_client_wants_to_reach_is_told_no_password_of_ours)
{
    refuses(SMTP "{ transparent }\nbackend b { smtp original tls required login \"u\""
                 " password_file \"p\" }\n" DOMAIN,
            "would be told the password");
}

TEST(test_a_source_is_an_address_or_the_client)
{
    refuses("backend b { smtp \"10.0.0.5\" source nobody }\n", "a local address, or 'client'");
    refuses("backend b { smtp \"10.0.0.5\" source \"10.0.0.1:25\" }\n", "without a port");
    refuses("backend b { smtp elsewhere }\n", "or 'original'");
}

/* ---- foreign_tls ---- */

#define OUT(options)                                                                               \
    "listen smtp on \"0.0.0.0:10026\" { transparent outbound from { \"10.0.0.0/8\" } relay "       \
    "b " options " }\n"
#define IMAPS(options) "listen imaps on \"0.0.0.0:10993\" { transparent " options " }\n"

TEST(test_what_becomes_of_tls_that_we_cannot_end)
{
    struct config *c = load_good(OUT("foreign_tls pass") IMAPS("backend b foreign_tls pass") IMAP
                                 "{ transparent backend b foreign_tls refuse }\n" SMTP
                                 "{ transparent }\n" ORIGINAL);
    assert_int_equal(c->listeners[0].foreign_tls, FOREIGN_TLS_PASS);
    assert_int_equal(c->listeners[1].foreign_tls, FOREIGN_TLS_PASS);
    assert_int_equal(c->listeners[2].foreign_tls, FOREIGN_TLS_REFUSE);
    assert_int_equal(c->listeners[3].foreign_tls, FOREIGN_TLS_UNSAID);
    config_free(&c);
}

TEST(test_who_is_passed_on_goes_to_a_server_that_speaks_what_he_does)
{
    struct config *c = load_good(OUT("foreign_tls pass destination { \"10.0.0.6\" } backend other")
                                     IMAPS("backend b foreign_tls pass") ORIGINAL OTHER);
    struct ip anywhere, other;
    assert_true(ip_parse(SLICE("192.0.2.1"), &anywhere) && ip_parse(SLICE("10.0.0.6"), &other));
    assert_ptr_equal(listener_original(&c->listeners[0], &anywhere).server,
                     &c->backends[0].servers[0]);
    assert_ptr_equal(listener_original(&c->listeners[1], &anywhere).server,
                     &c->backends[0].servers[1]);
    assert_null(listener_original(&c->listeners[0], &other).server);
    config_free(&c);
}

TEST(test_foreign_tls_without_a_server_that_could_end_it_is_an_error)
{
    refuses("listen smtp on \"0.0.0.0:25\" { foreign_tls refuse }\n",
            "expected 'transparent' beside");
    refuses(OUT("starttls foreign_tls refuse") ORIGINAL, "either 'starttls' or 'foreign_tls'");
    refuses(OUT("foreign_tls maybe") ORIGINAL, "pass or refuse");
    refuses(OUT("foreign_tls pass") "backend b { smtp \"10.0.0.5\" }\n",
            "nothing leads to the server");
    refuses(SMTP "{ transparent foreign_tls pass }\n" ORIGINAL DOMAIN,
            "nothing leads to the server");
    refuses(IMAPS("backend b foreign_tls pass") "backend b { imap \"10.0.0.5\"  smtp original }\n",
            "nothing leads to the server");
}

TEST(test_who_passes_all_tls_on_needs_no_certificate)
{
    struct config *c = load_good(IMAPS("backend b foreign_tls pass") ORIGINAL);
    config_free(&c);
    refuses(IMAPS("backend b foreign_tls refuse") ORIGINAL, "TLS needs a certificate");
    refuses(IMAPS("backend b") ORIGINAL, "TLS needs a certificate");
}
