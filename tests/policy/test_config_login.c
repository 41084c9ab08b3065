/* SPDX-License-Identifier: ISC */
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#define assert_slice(s, literal) assert_true(slice_eq((s), SLICE(literal)))

ARENA_TESTS(1 << 20);

static const char all[] =
    "certificate \"pop.example.com\" { chain \"c\" key \"k\" }\n"
    "listen pop3 on \"0.0.0.0\" { starttls require_tls backend own login_domain \"Example.com\"\n"
    "  mechanisms { \"plain\" \"SCRAM-SHA-256\" }\n"
    "  server_name \"pop.B.example\" backend other  users vips backend third }\n"
    "listen pop3s \"secure\" on \"[::]\" { backend own }\n"
    "table vips { \"boss@example.com\" }\n"
    "domain \"example.net\" { backend third }\n"
    "domain \"example.org\" { backend mail }\n"
    "backend own { pop3 \"10.0.0.5\" tls required profile dovecot }\n"
    "backend other { pop3s \"10.0.0.6\" tls verify \"pop.b.example\" }\n"
    "backend third { pop3 \"10.0.0.7:1110\" smtp \"10.0.0.7\" }\n"
    "backend mail { smtp \"10.0.0.8\" }\n";

TEST(test_where_mail_is_read)
{
    struct config *c = load_good(all);
    const struct listener *pop3 = &c->listeners[0], *pop3s = &c->listeners[1];
    assert_int_equal(pop3->protocol, PROTOCOL_POP3);
    assert_int_equal(pop3->direction, DIRECTION_FETCH);
    assert_int_equal(pop3->port, 110);
    assert_true(pop3->starttls && pop3->require_tls && !pop3->implicit_tls);
    assert_slice(pop3->login_domain, "example.com");
    assert_slice(pop3->banner, "ready");
    assert_int_equal(pop3->line, 2);
    assert_int_equal(pop3s->line, 5);
    assert_true(pop3->file.len > 0);
    assert_int_equal(pop3s->port, 995);
    assert_true(pop3s->implicit_tls);
    assert_int_equal(c->backends[0].servers[0].port, 110);
    assert_int_equal(c->backends[1].servers[0].port, 995);
    assert_int_equal(pop3->mechanisms, 1U << MECHANISM_PLAIN | 1U << MECHANISM_SCRAM_SHA_256);
    assert_int_equal(pop3s->mechanisms,
                     1U << MECHANISM_USER | 1U << MECHANISM_PLAIN | 1U << MECHANISM_LOGIN);
    assert_true(c->backends[0].has_profile && !c->backends[1].has_profile);
    assert_int_equal(c->backends[0].profile, PROFILE_DOVECOT);
    assert_true(config_reads_mail(c));
    config_free(&c);
}

static void leads(const struct config *c, const char *user, const char *server_name,
                  const char *backend)
{
    const struct mailbox_way way = {slice_of(user), slice_of(server_name), NULL};
    const struct backend *found = config_mailbox(c, arena, &c->listeners[0], &way);
    assert_non_null(found);
    assert_true(slice_eq(found->name, slice_of(backend)));
}

TEST(test_a_mailbox_is_found_by_user_then_domain_then_name_of_the_server)
{
    struct config *c = load_good(all);
    leads(c, "alice@example.com", "", "own");
    leads(c, "alice", "", "own");
    leads(c, "alice@example.com", "POP.b.example", "other");
    leads(c, "Boss@Example.com", "pop.b.example", "third");
    leads(c, "alice@Example.NET", "pop.b.example", "third");
    leads(c, "alice@example.org", "", "own"); /* whose backend takes mail only */
    leads(c, "alice@", "nobody.example", "own");
    config_free(&c);
}

TEST(test_users_are_led_to_a_backend_by_listener_name_and_domain)
{
    struct config *c =
        load_good("listen pop3 on \"127.0.0.1:1\" { backend own  server_name \"b.example\" backend "
                  "other }\n"
                  "listen pop3 on \"127.0.0.1:2\" { backend own }\n"
                  "listen smtp on \"127.0.0.1:3\"\n"
                  "domain \"example.com\" { backend third }\n"
                  "backend own { pop3 \"10.0.0.5\" }\nbackend other { pop3 \"10.0.0.6\" }\n"
                  "backend third { pop3 \"10.0.0.7\"  smtp \"10.0.0.7\" }\n"
                  "backend unread { smtp \"10.0.0.8\" }\n");
    static const bool expected[][2] = {{true, true}, {true, false}, {true, true}, {false, false}};
    assert_non_null(c);
    for (size_t b = 0; b < 4; b++)
        for (size_t l = 0; l < 2; l++)
            assert_int_equal(config_leads(c, &c->listeners[l], &c->backends[b]), expected[b][l]);
    config_free(&c);
}

static void refuses(const char *text, const char *message)
{
    struct buf report = buf_init(65536);
    struct config *c = load_text(text, &report);
    if (c)
        fail_msg("taken: %s", text);
    if (slice_search(buf_slice(&report), slice_of(message)) >= buf_len(&report))
        fail_msg("expected: %s\ngot: %.*s", message, SLICE_ARGS(buf_slice(&report)));
    buf_release(&report);
}

#define OWN "backend own { pop3 \"10.0.0.5\" }\n"
#define MAIL "backend mail { smtp \"10.0.0.5\" }\n"

TEST(test_what_does_not_fit_is_refused)
{
    refuses("listen pop3 on \"0.0.0.0\" { backend own inbound }\n" OWN, "mail is read here");
    refuses("listen pop3 on \"0.0.0.0\"\n" OWN, "nobody knows where the mailboxes are");
    refuses("listen pop3 on \"0.0.0.0\" { backend mail }\n" MAIL, "has no pop3 server");
    refuses("listen pop3 on \"0.0.0.0\" { backend gone }\n" OWN, "unknown backend 'gone'");
    refuses("listen pop3 on \"0.0.0.0\" { backend own users vips backend own }\n" OWN,
            "unknown table");
    refuses("listen smtp on \"0.0.0.0\" { backend mail }\n" MAIL,
            "'backend' is for listeners where users log in");
    refuses("listen pop3 on \"0.0.0.0\" { require_tls backend own }\n" OWN,
            "nobody could ever log in");
    refuses("listen pop3s on \"0.0.0.0\" { starttls backend own }\n" OWN, "pop3s is encrypted");
    refuses("listen smtp on \"0.0.0.0\"\ndomain \"a.example\" { backend own }\n" OWN,
            "has no smtp server that could take mail");
    refuses("listen pop3 on \"0.0.0.0\" { backend own login_domain \"a b\" }\n" OWN,
            "expected a domain");
    refuses("listen pop3 on \"0.0.0.0\" { backend own mechanisms { \"XOAUTH\" } }\n" OWN,
            "unknown mechanism 'XOAUTH'; did you mean 'XOAUTH2'");
    refuses("listen pop3 on \"0.0.0.0\" { backend own mechanisms { } }\n" OWN,
            "expected at least one mechanism");
    refuses("listen smtp on \"0.0.0.0\" { mechanisms { \"PLAIN\" } }\n" OWN,
            "'mechanisms' is for listeners where users log in");
    refuses("backend own { pop3 \"10.0.0.5\" profile sendmail }\n", "unknown kind of server");
}

static void warns(const char *text, const char *warning)
{
    struct buf report = buf_init(65536);
    struct config *c = load_text(text, &report);
    assert_non_null(c);
    assert_true(report_is(&report, warning));
    buf_release(&report);
    config_free(&c);
}

#define READ "listen pop3 on \"0.0.0.0\" { backend own }\n"
#define SERVERS "backend own { pop3 \"10.0.0.5\" imap \"10.0.0.5\" "

TEST(test_a_server_that_takes_fewer_connections_than_the_gateway_sessions_is_warned_of)
{
    warns(READ SERVERS "profile courier }\n",
          "t.conf:2:55: warning: unless that was changed, courier takes fewer connections than may "
          "come from the gateway: 4 of one address (MAXPERIP), 40 in all (MAXDAEMONS); 2000 "
          "sessions (limits sessions) are taken at t.conf:1\n"
          "    backend own { pop3 \"10.0.0.5\" imap \"10.0.0.5\" profile courier }\n"
          "                                                          ^\n");
    warns(READ SERVERS "}\n", "");
    warns(READ SERVERS "profile courier }\nlimits { sessions 4 }\n", "");
    warns(READ SERVERS "profile dovecot }\n", "");
    warns(SERVERS "profile courier }\n", "");
}

#define SMTP "listen smtp on \"0.0.0.0\"\ndomain \"a.example\" { backend own }\n"

TEST(test_how_a_server_is_told_of_clients)
{
    struct config *c = load_good(
        SMTP "backend own { smtp \"10.0.0.5\" client_by xclient tls none\n"
             "  lmtp \"10.0.0.6\" client_by xclient  submission \"10.0.0.6\" client_by xclient\n"
             "  imap \"10.0.0.7\" client_by proxy_protocol  pop3 \"10.0.0.8\" }\n"
             "backend plain { smtp \"10.0.0.5\" imap \"10.0.0.7\" client_by proxy_protocol }\n");
    static const enum client_by expected[] = {CLIENT_BY_XCLIENT, CLIENT_BY_XCLIENT,
                                              CLIENT_BY_XCLIENT, CLIENT_BY_PROXY_PROTOCOL,
                                              CLIENT_BY_NOTHING};
    for (size_t i = 0; i < c->backends[0].server_count; i++)
        assert_int_equal(c->backends[0].servers[i].client_by, expected[i]);
    assert_true(backend_is_own(&c->backends[0]));
    assert_false(backend_is_own(&c->backends[1]));
    config_free(&c);
}

TEST(test_how_a_server_cannot_be_told_of_clients)
{
    refuses(SMTP "backend own { smtp \"10.0.0.5\" client_by xforward }\n",
            "unknown way to tell of clients (xclient, proxy_protocol) 'xforward'");
    refuses(SMTP "backend own { smtp \"10.0.0.5\"  imap \"10.0.0.5\" client_by xclient }\n",
            "expected 'proxy_protocol', or nothing");
    refuses(SMTP "backend own { smtp \"10.0.0.5\" tls required login \"u\" password_file \"p\" "
                 "client_by xclient }\n",
            "expected 'client_by' or 'login', not both");
}
