/* SPDX-License-Identifier: ISC */
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <stddef.h>

#define assert_slice(s, literal) assert_true(slice_eq((s), SLICE(literal)))

TEST(test_forwarders_and_stubs_are_read)
{
    struct config *c = load_good(
        "resolver {\n"
        "  forward \"192.0.2.53\" \"[2001:db8::53]:5353\"\n"
        "  timeout 3s  stub \"Example.COM.\" \"192.0.2.54:54\" \"192.0.2.55\"\n"
        "}\n"
        "resolver { forward \"192.0.2.56\" stub \"0/25.2.0.192.in-addr.arpa\" \"::1\" }\n");
    assert_non_null(c);
    assert_true(c->settings.resolver_timeout == 3000);
    assert_int_equal(c->name_server_count, 6);
    const struct name_server *s = c->name_servers;
    assert_int_equal(s[0].zone.len, 0);
    assert_int_equal(s[0].port, 53);
    assert_int_equal(s[1].ip.family, 6);
    assert_int_equal(s[1].port, 5353);
    assert_slice(s[2].zone, "example.com");
    assert_int_equal(s[2].port, 54);
    assert_slice(s[3].zone, "example.com");
    assert_int_equal(s[3].port, 53);
    assert_int_equal(s[4].ip.bytes[3], 56);
    assert_slice(s[5].zone, "0/25.2.0.192.in-addr.arpa");
    assert_int_equal(s[5].ip.family, 6);
    config_free(&c);
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

TEST(test_what_is_no_server_or_zone_is_refused)
{
    refuses("resolver { forward }", "1:20: error: expected a name server's address, such as");
    refuses("resolver { forward \"dns.example.com\" }", "1:20: error: expected an address such as");
    refuses("resolver { forward \"192.0.2.1:0\" }", "expected a port from 1 to 65535");
    refuses("resolver { forward \"192.0.2.1\" \"x\" }", "1:32: error: expected an address such as");
    refuses("resolver { stub \"example.com\" }", "expected a name server's address");
    refuses("resolver { stub 5 }", "expected the name of a zone, found '5'");
    refuses("resolver { stub \"\" \"192.0.2.1\" }", "1:17: error: expected a zone such as");
    refuses("resolver { stub \".\" \"192.0.2.1\" }", "expected a zone such as");
    refuses("resolver { stub \"a..b\" \"192.0.2.1\" }", "expected a zone such as");
    refuses("resolver { stub \".a\" \"192.0.2.1\" }", "expected a zone such as");
    refuses("resolver { stub \"a b\" \"192.0.2.1\" }", "expected a zone such as");
    refuses("resolver { forwrd \"192.0.2.1\" }", "did you mean 'forward'?");
}

TEST(test_there_are_not_too_many_servers)
{
    static char text[257 * 16 + 40] = "resolver { forward";
    for (int i = 0; i < 257; i++)
        strcat(text, " \"192.0.2.1\"");
    strcat(text, " }");
    refuses(text, "expected at most 256 name servers");
}
