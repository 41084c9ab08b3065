/* SPDX-License-Identifier: ISC
 * The PROXY protocol: what balancers say is read whole and octet by octet, and nothing behind it is taken. */
#include "proxy/session/proxy_header.h"

#include "base/crc32c.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

static struct proxy_header header;
static const char *why;

static enum proxy_header_state read_slice(struct slice bytes)
{
    why = "";
    return proxy_header_read(bytes, &header, &why);
}

static enum proxy_header_state read_text(const char *text)
{
    return read_slice(slice_of(text));
}

static void assert_ends(const struct ip *ip, uint16_t port, const char *address, unsigned expected)
{
    char text[46];
    ip_text(ip, text);
    assert_string_equal(text, address);
    assert_int_equal(port, expected);
}

#define V1 "PROXY TCP4 192.0.2.1 198.51.100.7 56324 25\r\n"

/* ---- version 1 ---- */

TEST(test_a_line_tells_both_ends_of_a_connection)
{
    assert_int_equal(read_text(V1), PROXY_HEADER_READ);
    assert_false(header.local);
    assert_ends(&header.client, header.client_port, "192.0.2.1", 56324);
    assert_ends(&header.server, header.server_port, "198.51.100.7", 25);
    assert_int_equal(read_text("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n"),
                     PROXY_HEADER_READ);
    assert_ends(&header.client, header.client_port, "2001:db8::1", 1);
    assert_ends(&header.server, header.server_port, "2001:db8::2", 65535);
    assert_false(header.tls);
}

TEST(test_an_ipv4_client_by_ipv6_is_one_of_ipv4)
{
    assert_int_equal(read_text("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n"),
                     PROXY_HEADER_READ);
    assert_int_equal(header.client.family, 4);
    assert_ends(&header.client, header.client_port, "192.0.2.1", 1);
}

TEST(test_unknown_is_the_balancers_own)
{
    assert_int_equal(read_text("PROXY UNKNOWN\r\n"), PROXY_HEADER_READ);
    assert_true(header.local);
    assert_int_equal(read_text("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"),
                     PROXY_HEADER_READ);
    assert_true(header.local);
}

TEST(test_lines_that_are_not_as_they_should_be_are_broken)
{
    static const char *const lines[] = {
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324 25\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324 65536\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324 025\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324 -1\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324 25 \r\n",
        "PROXY TCP4  192.0.2.1 198.51.100.7 56324 25\r\n",
        "PROXY TCP4 192.0.2.256 198.51.100.7 56324 25\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 56324 25\r\n",
        "PROXY TCP6 192.0.2.1 198.51.100.7 56324 25\r\n",
        "PROXY TCP5 192.0.2.1 198.51.100.7 56324 25\r\n",
        "PROXY UDP4 192.0.2.1 198.51.100.7 56324 25\r\n",
        "PROXY unknown\r\n",
        "PROXY \r\n",
        "PROXY\r\n",
        "proxy TCP4 192.0.2.1 198.51.100.7 56324 25\r\n",
        "EHLO client.example\r\n",
        V1 "EHLO client.example\r\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (read_text(lines[i]) != PROXY_HEADER_BROKEN || !*why)
            fail_msg("not broken: %s", lines[i]);
}

TEST(test_a_line_has_107_octets_at_most)
{
    char line[120] = "PROXY UNKNOWN ";
    memset(line + 14, 'x', sizeof line - 14);
    memcpy(line + 105, "\r\n", 2);
    assert_int_equal(read_slice((struct slice){line, 107}), PROXY_HEADER_READ);
    memset(line + 14, 'x', sizeof line - 14);
    assert_int_equal(read_slice((struct slice){line, 106}), PROXY_HEADER_UNFINISHED);
    assert_int_equal(read_slice((struct slice){line, 107}), PROXY_HEADER_BROKEN);
    memcpy(line + 106, "\r\n", 2);
    assert_int_equal(read_slice((struct slice){line, 108}), PROXY_HEADER_BROKEN);
}

/* ---- version 2 ---- */

static char room[PROXY_HEADER_MAX + 100];
static size_t len;

static void put(const void *bytes, size_t n)
{
    memcpy(room + len, bytes, n);
    len += n;
    room[14] = (char)((len - 16) >> 8);
    room[15] = (char)(len - 16);
}

#define PUT(text) put(text, sizeof(text) - 1)

static void begin(unsigned char command, unsigned char family)
{
    const char fixed[] = {'\r', '\n', '\r',          '\n',         0, '\r', '\n', 'Q', 'U', 'I',
                          'T',  '\n', (char)command, (char)family, 0, 0};
    memcpy(room, fixed, len = sizeof fixed);
}

static void begin_ipv4(void)
{
    begin(0x21, 0x11);
    PUT("\xc0\x00\x02\x01\xc6\x33\x64\x07\xdc\x04\x00\x19");
}

static void tell(unsigned char type, const void *value, size_t n)
{
    const char head[] = {(char)type, (char)(n >> 8), (char)n};
    put(head, sizeof head);
    put(value, n);
}

static enum proxy_header_state read_room(void)
{
    return read_slice((struct slice){room, len});
}

TEST(test_a_binary_header_tells_both_ends_of_a_connection)
{
    begin_ipv4();
    assert_int_equal(read_room(), PROXY_HEADER_READ);
    assert_ends(&header.client, header.client_port, "192.0.2.1", 56324);
    assert_ends(&header.server, header.server_port, "198.51.100.7", 25);
    begin(0x21, 0x21);
    PUT("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\0\1\0\2");
    assert_int_equal(read_room(), PROXY_HEADER_READ);
    assert_ends(&header.client, header.client_port, "2001:db8::1", 1);
    assert_ends(&header.server, header.server_port, "2001:db8::2", 2);
}

TEST(test_what_is_local_or_of_no_family_is_the_balancers_own)
{
    begin(0x20, 0x00);
    assert_int_equal(read_room(), PROXY_HEADER_READ);
    assert_true(header.local);
    begin(0x20, 0x11);
    PUT("whatever stands here");
    assert_int_equal(read_room(), PROXY_HEADER_READ);
    assert_true(header.local);
    begin(0x21, 0x00);
    assert_int_equal(read_room(), PROXY_HEADER_READ);
    assert_true(header.local);
}

TEST(test_what_it_tells_of_tls_is_read)
{
    begin_ipv4();
    tell(0x02, "mail.example.com", 16);
    tell(0x20, "\x01\0\0\0\0\x21\0\7TLSv1.3\x23\0\x16TLS_AES_256_GCM_SHA384", 5 + 10 + 25);
    tell(0x04, "\0\0\0", 3);
    assert_int_equal(read_room(), PROXY_HEADER_READ);
    assert_true(header.tls);
    assert_true(slice_eq(header.server_name, SLICE("mail.example.com")));
    assert_true(slice_eq(header.tls_version, SLICE("TLSv1.3")));
    assert_true(slice_eq(header.tls_cipher, SLICE("TLS_AES_256_GCM_SHA384")));
    begin_ipv4();
    tell(0x20, "\0\0\0\0\0", 5);
    assert_int_equal(read_room(), PROXY_HEADER_READ);
    assert_false(header.tls);
}

TEST(test_a_sum_is_checked_where_there_is_one)
{
    begin_ipv4();
    tell(0x03, "\0\0\0\0", 4);
    tell(0x04, "x", 1);
    uint32_t sum = crc32c(0, (struct slice){room, len});
    size_t at = 16 + 12 + 3;
    for (int i = 0; i < 4; i++)
        room[at + (size_t)i] = (char)(sum >> (24 - 8 * i));
    assert_int_equal(read_room(), PROXY_HEADER_READ);
    for (size_t i = 16; i < len; i++) {
        if (i == at - 3) /* it would be no sum any more */
            continue;
        room[i] ^= 1;
        assert_int_equal(read_room(), PROXY_HEADER_BROKEN);
        room[i] ^= 1;
    }
    begin_ipv4();
    tell(0x03, "\0\0\0", 3);
    assert_int_equal(read_room(), PROXY_HEADER_BROKEN);
}

TEST(test_crc32c_is_that_of_the_standard)
{
    assert_int_equal(crc32c(0, SLICE("123456789")), 0xe3069283); /* RFC 3720 has others */
    assert_int_equal(crc32c(crc32c(0, SLICE("1234")), SLICE("56789")), 0xe3069283);
    static const char zeros[32];
    assert_int_equal(crc32c(0, (struct slice){zeros, 32}), 0x8a9136aa);
}

TEST(test_binary_headers_that_are_not_as_they_should_be_are_broken)
{
    begin(0x11, 0x11); /* version 1 */
    assert_int_equal(read_room(), PROXY_HEADER_BROKEN);
    begin(0x22, 0x11); /* a command that there is not */
    assert_int_equal(read_room(), PROXY_HEADER_BROKEN);
    begin(0x21, 0x12); /* UDP */
    PUT("\xc0\x00\x02\x01\xc6\x33\x64\x07\xdc\x04\x00\x19");
    assert_int_equal(read_room(), PROXY_HEADER_BROKEN);
    begin(0x21, 0x31); /* a path */
    memset(room + len, 'x', 216);
    put(room + len, 216);
    assert_int_equal(read_room(), PROXY_HEADER_BROKEN);
    begin(0x21, 0x11);
    PUT("\xc0\x00\x02\x01\xc6\x33\x64\x07\xdc\x04\x00");
    assert_int_equal(read_room(), PROXY_HEADER_BROKEN);
    begin_ipv4();
    PUT("\x01\x00");
    assert_int_equal(read_room(), PROXY_HEADER_BROKEN);
    begin_ipv4();
    PUT("\x01\x00\x05h2");
    assert_int_equal(read_room(), PROXY_HEADER_BROKEN);
    begin_ipv4();
    tell(0x20, "\1\0\0\0", 4);
    assert_int_equal(read_room(), PROXY_HEADER_BROKEN);
    begin_ipv4();
    tell(0x20, "\1\0\0\0\0\x21\0\7TLS", 11);
    assert_int_equal(read_room(), PROXY_HEADER_BROKEN);
    begin_ipv4();
    room[14] = 0x10; /* 4096 and more */
    assert_int_equal(read_room(), PROXY_HEADER_BROKEN);
    begin_ipv4();
    room[len++] = 'E'; /* what the client says */
    assert_int_equal(read_room(), PROXY_HEADER_BROKEN);
    begin(0x20, 0x00);
    room[len++] = 'E';
    assert_int_equal(read_room(), PROXY_HEADER_BROKEN);
}

/* ---- as it comes ---- */

/* Taken off a connection in pieces of so many octets. */
static size_t taken_of(struct slice stream, size_t piece)
{
    size_t taken = 0;
    for (size_t seen = piece; taken < stream.len; seen += piece) {
        struct slice now = slice_sub(stream, 0, seen < stream.len ? seen : stream.len);
        size_t reach = proxy_header_reach(now);
        assert_true(reach <= now.len);
        if (reach == 0)
            return SIZE_MAX;
        taken = reach;
        if (read_slice(slice_sub(stream, 0, taken)) != PROXY_HEADER_UNFINISHED)
            break;
    }
    return taken;
}

TEST(test_nothing_of_what_the_client_says_is_taken_however_it_comes)
{
    static const char rest[] = "EHLO client.example\r\n";
    char line[200];
    int n = snprintf(line, sizeof line, "%s%s", V1, rest);
    for (size_t piece = 1; piece < sizeof line; piece++) {
        assert_int_equal(taken_of((struct slice){line, (size_t)n}, piece), strlen(V1));
        assert_int_equal(read_text(V1), PROXY_HEADER_READ);
    }
    begin_ipv4();
    tell(0x02, "mail.example.com", 16);
    size_t whole = len;
    memcpy(room + len, rest, sizeof rest);
    for (size_t piece = 1; piece < whole + sizeof rest; piece++)
        assert_int_equal(taken_of((struct slice){room, whole + sizeof rest}, piece), whole);
    for (size_t i = 0; i < whole; i++)
        assert_int_equal(read_slice((struct slice){room, i}), PROXY_HEADER_UNFINISHED);
}

TEST(test_who_begins_otherwise_is_known_at_his_first_wrong_octet)
{
    assert_int_equal(proxy_header_reach(SLICE("EHLO")), 0);
    assert_int_equal(proxy_header_reach(SLICE("PRO")), 3);
    assert_int_equal(proxy_header_reach(SLICE("PROXx")), 0);
    assert_int_equal(proxy_header_reach(SLICE("\r\n\r\nx")), 0);
    assert_int_equal(proxy_header_reach(SLICE("")), 0);
    assert_int_equal(proxy_header_reach(SLICE("\x16\x03\x01")), 0);
}
