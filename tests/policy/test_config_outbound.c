/* SPDX-License-Identifier: ISC */
#include "policy/table.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

ARENA_TESTS(1 << 20);

#define RELAY "backend out { smtp \"192.0.2.25:587\" tls verify \"smart.example\" }\n"

static void refuses(const char *text, const char *message)
{
    assert_true(is_refused(text, message));
}

static bool trusts(const struct listener *listener, const char *address)
{
    struct ip ip;
    assert_true(ip_parse(slice_of(address), &ip));
    return table_holds_ip(listener->trusted, &ip);
}

TEST(test_who_sends_out_and_by_which_way)
{
    struct config *c = load_good(
        "listen smtp on \"0.0.0.0:25\"\n"
        "listen smtp \"out\" on \"10.0.0.1:2525\" { outbound from servers  relay out }\n"
        "listen smtp \"too\" on \"10.0.0.1:2526\" { relay out outbound from { \"::1\" } }\n"
        "table servers { \"10.0.0.5\" \"10.1.0.0/16\" }\n" RELAY);
    const struct listener *in = &c->listeners[0], *out = &c->listeners[1], *too = &c->listeners[2];
    assert_null(in->relay);
    assert_null(in->trusted);
    assert_int_equal(out->direction, DIRECTION_OUTBOUND);
    assert_ptr_equal(out->relay, &c->backends[0]);
    assert_true(trusts(out, "10.0.0.5") && trusts(out, "10.1.255.1"));
    assert_false(trusts(out, "10.0.0.6") || trusts(out, "::1"));
    assert_ptr_equal(too->relay, &c->backends[0]);
    assert_true(trusts(too, "::1"));
    assert_true(config_leads(c, out, &c->backends[0]) && !config_leads(c, in, &c->backends[0]));
    config_free(&c);
}

TEST(test_all_that_comes_in_by_a_way_out_is_led_to_its_relay)
{
    struct config *c = load_good(
        "listen smtp \"out\" on \"10.0.0.1:2525\" { outbound from { \"10.0.0.5\" }  relay out }\n"
        "listen smtp on \"0.0.0.0:25\"\n" RELAY "backend own { smtp \"10.0.0.9:25\" }\n"
        "domain \"example.com\" { backend own }\n");
    const struct listener *out = &c->listeners[0], *in = &c->listeners[1];
    const struct backend *relay = &c->backends[0], *own = &c->backends[1];
    assert_true(config_leads(c, out, relay) && !config_leads(c, out, own));
    assert_true(config_leads(c, in, own) && !config_leads(c, in, relay));
    config_free(&c);
}

TEST(test_a_way_for_everybody_or_for_nobody_is_an_error)
{
#define OUT(options) "listen smtp on \"10.0.0.1:2525\" { " options " }\n" RELAY
    refuses(OUT("outbound relay out"), "nobody may send through here");
    refuses(OUT("relay out"), "a relay is for mail that leaves");
    refuses(OUT("inbound relay out"), "a relay is for mail that leaves");
    refuses(OUT("outbound from { \"10.0.0.5\" }"), "nothing says by which way mail leaves");
    refuses(OUT("outbound from { \"0.0.0.0/0\" \"::/0\" } relay out"), "everybody could send");
    refuses(OUT("outbound from { \"mail.example.com\" } relay out"), "network");
    refuses(OUT("outbound from { \"10.0.0.5\" } relay elsewhere"), "backend");
    refuses("listen smtp on \"10.0.0.1:2525\" { outbound from { \"10.0.0.5\" } relay box }\n"
            "backend box { lmtp \"10.0.0.9:24\" }\n",
            "mail for anywhere leaves by SMTP");
}

TEST(test_as_whom_a_server_is_logged_in_to)
{
    struct config *c =
        load_good("backend out { smtp \"192.0.2.25:587\" tls verify \"smart.example\" priority 5\n"
                  "  login \"gatepost\" password_file \"relay.password\" }\n");
    const struct server *server = &c->backends[0].servers[0];
    assert_true(slice_eq(server->login_user, SLICE("gatepost")));
    assert_true(slice_eq(server->login_password_file, SLICE("relay.password")));
    assert_int_equal(server->priority, 5);
    config_free(&c);
}

TEST(test_a_password_never_goes_in_the_clear_nor_to_users_servers)
{
    refuses("backend out { smtp \"192.0.2.25\" login \"a\" password_file \"p\" }\n",
            "the password could go in the clear");
    refuses("backend out { smtp \"192.0.2.25\" login \"a\" password_file \"p\" tls none }\n",
            "the password could go in the clear");
    refuses("backend out { smtp \"192.0.2.25\" tls verify \"x\" login \"\" password_file \"p\" }\n",
            "expected a user of 1 to 255 octets");
    refuses("backend out { imaps \"192.0.2.25\" login \"a\" password_file \"p\" }\n",
            "Gatepost logs in to SMTP servers alone");
    refuses("backend out { smtp \"192.0.2.25\" tls required login \"a\" password \"p\" }\n",
            "password_file");
}

static void reports(const char *tls, const char *said)
{
    char text[300];
    struct buf report = buf_init(65536);
    snprintf(text, sizeof text, "backend out { %s login \"a\" password_file \"p\" }\n", tls);
    struct config *c = load_text(text, &report);
    assert_non_null(c);
    bool warned = buf_len(&report) > 0;
    assert_int_equal(warned, *said != '\0');
    assert_true(!warned || slice_search(buf_slice(&report), slice_of(said)) < buf_len(&report));
    buf_release(&report);
    config_free(&c);
}

TEST(test_a_password_for_whoever_answers_is_warned_of)
{
    static const char warning[] = "whoever stands between reads the password";
    reports("smtp \"192.0.2.25\" tls required", warning);
    reports("smtps \"192.0.2.25\"", warning);
    reports("smtp \"192.0.2.25\" tls verify \"smart.example\"", "");
}

TEST(test_a_password_file_holds_one_line)
{
    struct slice one = SLICE("  secret word \r\n"), two = SLICE("a\nb\n"), none = SLICE(" \n");
    assert_true(server_password(&one));
    assert_true(slice_eq(one, SLICE("secret word")));
    assert_false(server_password(&two));
    assert_false(server_password(&none));
}

TEST(test_at_a_milter_the_mail_server_says_who_may_send)
{
    struct config *c =
        load_good("listen milter on \"127.0.0.1\"\n"
                  "listen milter \"out\" on \"127.0.0.1:8892\" { outbound relay out }\n" RELAY);
    assert_int_equal(c->listeners[0].protocol, PROTOCOL_MILTER);
    assert_int_equal(c->listeners[0].port, 8891);
    assert_int_equal(c->listeners[0].direction, DIRECTION_INBOUND);
    assert_ptr_equal(c->listeners[1].relay, &c->backends[0]);
    config_free(&c);
#define MILTER(options) "listen milter on \"127.0.0.1:8891\" { " options " }\n" RELAY
    refuses(MILTER("outbound from { \"10.0.0.5\" } relay out"), "who may send is for the mail");
    refuses(MILTER("outbound"), "what is held on its way out could never leave");
    refuses(MILTER("relay out"), "a relay is for mail that leaves");
    refuses(MILTER("starttls"), "mail servers ask here");
    refuses(MILTER("banner \"x\""), "mail servers ask here");
    refuses(MILTER("proxy_protocol from { \"192.0.2.1\" }"), "mail servers ask here");
    refuses(MILTER("backend out"), "is for listeners where users log in");
}

TEST(test_a_milter_has_an_address_or_a_path)
{
    struct config *c = load_good("listen milter on \"unix:/run/gatepost/milter.sock\"\n"
                                 "listen milter \"b\" on \"unix:/run/gatepost/other.sock\"\n");
    assert_true(slice_eq(c->listeners[0].path, SLICE("/run/gatepost/milter.sock")));
    assert_int_equal(c->listeners[0].port, 0);
    config_free(&c);
    refuses("listen milter on \"unix:relative\"\n", "expected a path from /");
    refuses("listen milter on \"unix:/\"\n", "expected a path from /");
    refuses("listen smtp on \"unix:/run/smtp\"\n", "expected an address such as");
    refuses("listen milter on \"unix:/a\"\nlisten milter \"b\" on \"unix:/a\"\n",
            "line 1 listens on this address");
}

/* ---- who says whose a connection is */

TEST(test_load_balancers_are_named_by_their_addresses)
{
    struct config *config =
        load_good(OUT("proxy_protocol from { \"192.0.2.1\" \"2001:db8::/64\" }"));
    struct ip ip;
    assert_true(ip_parse(SLICE("192.0.2.1"), &ip));
    assert_true(table_holds_ip(config->listeners[0].balancers, &ip));
    assert_true(ip_parse(SLICE("192.0.2.2"), &ip));
    assert_false(table_holds_ip(config->listeners[0].balancers, &ip));
    config_free(&config);
}

TEST(test_tls_may_be_required_where_it_ends_at_a_load_balancer)
{
    struct config *config = load_good("listen smtp on \"0.0.0.0\" { require_tls  "
                                      "proxy_protocol from { \"192.0.2.1\" } }\n");
    assert_true(config->listeners[0].require_tls);
    config_free(&config);
    refuses("listen smtp on \"0.0.0.0\" { require_tls }\n", "nobody could ever send");
}

TEST(test_who_is_a_load_balancer_is_said_and_is_not_everybody)
{
    refuses(OUT("proxy_protocol"), "expected 'from' and the addresses of load balancers");
    refuses(OUT("proxy_protocol { \"192.0.2.1\" }"), "expected 'from'");
    refuses(OUT("proxy_protocol from { \"0.0.0.0/0\" }"), "anybody could come as anybody");
    refuses(OUT("proxy_protocol from { \"balancer\" }"), "neither an address nor a network");
}
