/* SPDX-License-Identifier: ISC
 * What servers behind are told by the PROXY protocol is what our own reader reads, and what its text demands. */
#include "proxy/upstream/proxy_introduction.h"

#include "proxy/session/proxy_header.h"
#include "tests/harness/unit.h"

#include <string.h>

static char octets[PROXY_INTRODUCTION_MAX];
static struct proxy_header header;

static struct told_client client_of(const char *ip, const char *reached)
{
    struct told_client client = {.port = 4321, .reached_port = 25};
    assert_true(ip_parse(slice_of(ip), &client.ip));
    if (reached)
        assert_true(ip_parse(slice_of(reached), &client.reached));
    return client;
}

static struct slice told(const struct told_client *client, bool tells_tls)
{
    return (struct slice){octets, proxy_introduction(client, tells_tls, octets)};
}

static void assert_read(struct slice bytes)
{
    const char *why = "";
    if (proxy_header_read(bytes, &header, &why) != PROXY_HEADER_READ)
        fail_msg("%s", why);
    assert_int_equal(proxy_header_reach(bytes), bytes.len);
}

static void assert_address(const struct ip *ip, const char *expected)
{
    char text[46];
    ip_text(ip, text);
    assert_string_equal(text, expected);
}

static void assert_ends(const char *ip, const char *reached)
{
    assert_address(&header.client, ip);
    assert_address(&header.server, reached);
    assert_int_equal(header.client_port, 4321);
    assert_int_equal(header.server_port, 25);
}

TEST(test_a_header_of_ipv4_octet_by_octet)
{
    static const char expected[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x13"
                                   "\xc0\0\2\1\xc6\x33\x64\7\x10\xe1\0\x19"
                                   "\3\0\4";
    struct told_client client = client_of("192.0.2.1", "198.51.100.7");
    struct slice bytes = told(&client, true);
    assert_int_equal(bytes.len, sizeof expected - 1 + 4);
    assert_memory_equal(bytes.ptr, expected, sizeof expected - 1);
    assert_read(bytes);
    assert_ends("192.0.2.1", "198.51.100.7");
    assert_false(header.local || header.tls);
}

TEST(test_ipv6_and_both_families_mixed)
{
    struct told_client client = client_of("2001:db8::1", "2001:db8::2");
    assert_read(told(&client, true));
    assert_ends("2001:db8::1", "2001:db8::2");
    client = client_of("192.0.2.1", "2001:db8::2");
    assert_int_equal((unsigned char)told(&client, true).ptr[13], 0x21);
    assert_read(told(&client, true));
    assert_ends("192.0.2.1", "2001:db8::2");
    client = client_of("2001:db8::1", "198.51.100.7");
    assert_read(told(&client, true));
    assert_ends("2001:db8::1", "198.51.100.7");
}

TEST(test_an_address_that_is_not_known_is_none)
{
    struct told_client client = client_of("2001:db8::1", NULL);
    assert_read(told(&client, true));
    assert_ends("2001:db8::1", "::");
    client = client_of("192.0.2.1", NULL);
    assert_read(told(&client, true));
    assert_ends("192.0.2.1", "0.0.0.0");
}

TEST(test_what_is_nobodys_is_local)
{
    struct told_client nobody = {.port = 0};
    struct slice bytes = told(&nobody, true);
    assert_int_equal(bytes.len, 16);
    assert_read(bytes);
    assert_true(header.local);
}

TEST(test_the_clients_tls_and_the_name_that_it_asked_for)
{
    struct told_client client = client_of("192.0.2.1", "198.51.100.7");
    client.tls_version = SLICE("TLSv1.3");
    client.server_name = SLICE("mail.example.com");
    assert_read(told(&client, true));
    assert_true(header.tls);
    assert_true(slice_eq(header.tls_version, SLICE("TLSv1.3")));
    assert_true(slice_eq(header.server_name, SLICE("mail.example.com")));
    assert_read(told(&client, false));
    assert_false(header.tls);
    assert_true(slice_eq(header.server_name, SLICE("mail.example.com")));
}

TEST(test_the_longest_texts_fit_and_longer_ones_are_left_out)
{
    static char name[256];
    memset(name, 'x', sizeof name);
    struct told_client client = client_of("2001:db8::1", "2001:db8::2");
    client.tls_version = (struct slice){name, sizeof name};
    client.server_name = (struct slice){name, 255};
    assert_read(told(&client, true));
    assert_int_equal(header.server_name.len, 255);
    assert_int_equal(header.tls_version.len, 64);
    client.server_name.len = 256;
    assert_read(told(&client, true));
    assert_int_equal(header.server_name.len, 0);
}

/* Its reader waits for each octet, and the sum finds each that was changed. */
TEST(test_cut_anywhere_it_is_unfinished_and_changed_anywhere_it_is_another)
{
    struct told_client client = client_of("192.0.2.1", "198.51.100.7");
    client.tls_version = SLICE("TLSv1.3");
    struct slice bytes = told(&client, true);
    const char *why;
    for (size_t i = 0; i < bytes.len; i++) {
        struct slice part = slice_sub(bytes, 0, i);
        assert_int_equal(proxy_header_read(part, &header, &why), PROXY_HEADER_UNFINISHED);
        assert_int_equal(proxy_header_reach(part), i);
    }
    for (size_t i = 16; i < bytes.len; i++) {
        octets[i] ^= 1;
        bool sum = i < bytes.len - 7 || i >= bytes.len - 4;
        assert_true(!sum || proxy_header_read(bytes, &header, &why) == PROXY_HEADER_BROKEN);
        octets[i] ^= 1;
    }
}
