/* SPDX-License-Identifier: ISC
 * The command by which a server is told of a client: what is offered, what is not known, what does not fit, and octets
 * that would be others. */
#include "proxy/smtp/smtp_xclient.h"

#include "tests/harness/unit.h"

#include <string.h>

#define ALL "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"

static char line[XCLIENT_LINE_MAX];

static struct told_client client_of(const char *ip)
{
    struct told_client client = {.port = 4321, .helo = SLICE("client.example"), .esmtp = true};
    assert_true(ip_parse(slice_of(ip), &client.ip));
    return client;
}

static void expect(const struct told_client *client, const char *offered, const char *expected)
{
    smtp_xclient_line(client, smtp_xclient_offered(slice_of(offered)), line);
    assert_string_equal(line, expected);
}

TEST(test_all_that_is_known_is_told)
{
    struct told_client client = client_of("192.0.2.1");
    client.name = SLICE("mail.client.example");
    client.login = SLICE("ann");
    client.reached_port = 25;
    assert_true(ip_parse(SLICE("2001:db8::25"), &client.reached));
    expect(&client, ALL,
           "XCLIENT ADDR=192.0.2.1 PORT=4321 PROTO=ESMTP DESTADDR=IPV6:2001:db8::25 DESTPORT=25 "
           "LOGIN=ann NAME=mail.client.example HELO=client.example\r\n");
}

TEST(test_only_what_is_offered_is_told)
{
    struct told_client client = client_of("2001:db8::1");
    expect(&client, "addr  Helo TTL", "XCLIENT ADDR=IPV6:2001:db8::1 HELO=client.example\r\n");
    assert_int_equal(smtp_xclient_offered(SLICE("TTL TIMEOUT ADDRESS")), 0);
}

TEST(test_what_is_not_known_is_unavailable_and_not_left_out)
{
    struct told_client nobody = {.port = 0};
    expect(&nobody, ALL,
           "XCLIENT ADDR=[UNAVAILABLE] PORT=[UNAVAILABLE] PROTO=SMTP DESTADDR=[UNAVAILABLE] "
           "DESTPORT=[UNAVAILABLE] LOGIN=[UNAVAILABLE] NAME=[UNAVAILABLE] HELO=[UNAVAILABLE]\r\n");
}

TEST(test_odd_octets_are_xtext)
{
    struct told_client client = client_of("192.0.2.1");
    client.helo = SLICE("a b+c=d\r\nDATA\x7f\xc3\xbc");
    expect(&client, "HELO", "XCLIENT HELO=a+20b+2Bc+3Dd+0D+0ADATA+7F+C3+BC\r\n");
}

TEST(test_a_line_is_never_too_long)
{
    static char text[256];
    struct told_client client = client_of("2001:db8:1111:2222:3333:4444:5555:6666");
    for (int octet = 'a'; octet != 0; octet = octet == 'a' ? '=' : 0)
        for (size_t helo = 0; helo <= sizeof text; helo++)
            for (size_t login = 0; login <= sizeof text; login += 16) {
                memset(text, octet, sizeof text);
                client.helo = (struct slice){text, helo};
                client.login = client.name = (struct slice){text, login};
                smtp_xclient_line(&client, smtp_xclient_offered(SLICE(ALL)), line);
                assert_in_range(strlen(line), 1, 512);
                assert_string_equal(line + strlen(line) - 2, "\r\n");
                assert_non_null(strstr(line, " HELO="));
            }
}

TEST(test_what_does_not_fit_is_unavailable)
{
    static char text[256];
    struct told_client client = client_of("192.0.2.1");
    memset(text, 'x', sizeof text);
    client.helo = (struct slice){text, 256};
    expect(&client, "HELO", "XCLIENT HELO=[UNAVAILABLE]\r\n");
    memset(text, '=', sizeof text);
    client.helo.len = 255;
    expect(&client, "ADDR HELO", "XCLIENT ADDR=192.0.2.1 HELO=[UNAVAILABLE]\r\n");
}
