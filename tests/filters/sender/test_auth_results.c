/* SPDX-License-Identifier: ISC */
#include "filters/sender/auth_results.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ARENA(1 << 20);
static struct buf out;

static void set_up(void)
{
    make_arena();
    out = buf_init(1 << 16);
}

static void tear_down(void)
{
    free_arena();
    buf_release(&out);
}

EACH_TEST(set_up, tear_down);

static void assert_rendered(const char *expected)
{
    buf_char(&out, '\0');
    assert_string_equal(buf_slice(&out).ptr, expected);
}

static void render(const char *id, const struct auth_method *methods, size_t count)
{
    buf_clear(&out);
    assert_true(auth_results_render(&out, slice_of(id), methods, count));
}

TEST(test_nothing_done_is_none)
{
    render("mx.example.com", NULL, 0);
    assert_rendered("Authentication-Results: mx.example.com; none\r\n");
}

TEST(test_methods_stand_on_lines_of_their_own)
{
    const struct auth_property spf[] = {{"smtp.mailfrom", SLICE("a@b.example"), AUTH_ADDRESS},
                                        {"smtp.helo", SLICE(""), AUTH_DOMAIN}};
    const struct auth_property dkim[] = {
        {"header.d", SLICE("quite-a-long-domain.for-a-signature.example"), AUTH_DOMAIN},
        {"header.s", SLICE("selector2026"), AUTH_WORD},
        {"header.b", SLICE("Ab/+x=="), AUTH_WORD}};
    const struct auth_method methods[] = {{"spf", "pass", NULL, spf, 2},
                                          {"dkim", "fail", "body has changed", dkim, 3},
                                          {"arc", "none", NULL, NULL, 0},
                                          {"dmarc", "pass", NULL, dkim, 1}};
    render("mx.example.com", methods, 4);
    assert_rendered("Authentication-Results: mx.example.com;\r\n"
                    "\tspf=pass smtp.mailfrom=a@b.example;\r\n"
                    "\tdkim=fail reason=\"body has changed\"\r\n"
                    "\theader.d=quite-a-long-domain.for-a-signature.example\r\n"
                    "\theader.s=selector2026 header.b=\"Ab/+x==\";\r\n"
                    "\tarc=none;\r\n"
                    "\tdmarc=pass header.d=quite-a-long-domain.for-a-signature.example\r\n");
}

static void assert_value(struct slice value, enum auth_value kind, const char *expected)
{
    const struct auth_property property = {"smtp.mailfrom", value, kind};
    const struct auth_method method = {"spf", "pass", NULL, &property, 1};
    char field[1200];
    render("m", &method, 1);
    snprintf(field, sizeof field, "Authentication-Results: m;\r\n\tspf=pass smtp.mailfrom=%s\r\n",
             expected);
    assert_rendered(field);
}

TEST(test_values_cannot_inject)
{
    assert_value(SLICE("legitimate.com'a.attack.com"), AUTH_DOMAIN,
                 "\"legitimate.com?a.attack.com\"");
    assert_value(SLICE("any@legitimate.com(a.attack.com"), AUTH_ADDRESS,
                 "\"any@legitimate.com?a.attack.com\"");
    assert_value(SLICE("any@legitimate.com'@any.attack.com"), AUTH_ADDRESS,
                 "\"any@legitimate.com'@any.attack.com\"");
    assert_value(SLICE("x\"; dmarc=pass (@b.example"), AUTH_ADDRESS,
                 "\"x???dmarc=pass??@b.example\"");
    assert_value(SLICE("a\r\nSubject: x\0\\"), AUTH_WORD, "\"a??Subject:?x??\"");
    assert_value(SLICE("a\xc3\xa4@b.example\\"), AUTH_ADDRESS, "\"a??@b.example?\"");
    assert_value(SLICE("o'brien@b.example"), AUTH_ADDRESS, "\"o'brien@b.example\"");
    assert_value(SLICE("@b.example"), AUTH_ADDRESS, "@b.example");
    assert_value(SLICE("a@b@c"), AUTH_ADDRESS, "\"a@b@c\"");
}

TEST(test_too_long_a_value_is_not_half_shown)
{
    char text[600];
    memset(text, 'a', sizeof text);
    assert_value((struct slice){text, sizeof text}, AUTH_DOMAIN, "\"?\"");
}

TEST(test_no_room_is_told)
{
    struct buf small = buf_init(30);
    assert_false(auth_results_render(&small, SLICE("mx.example.com"), NULL, 0));
    buf_release(&small);
}

TEST(test_received_spf)
{
    const struct auth_property properties[] = {
        {"client-ip", SLICE("2001:db8::1"), AUTH_WORD},
        {"envelope-from", SLICE("a b@c.example"), AUTH_ADDRESS},
        {"helo", SLICE("mail.c.example"), AUTH_DOMAIN},
        {"identity", SLICE("mailfrom"), AUTH_WORD},
        {"problem", SLICE(""), AUTH_WORD}};
    assert_true(received_spf_render(&out, SLICE("mx.example.com"), "pass", properties, 5));
    assert_rendered(
        "Received-SPF: pass receiver=mx.example.com; client-ip=\"2001:db8::1\";\r\n"
        "\tenvelope-from=\"a?b@c.example\"; helo=mail.c.example; identity=mailfrom\r\n");
}

static bool is_ours(const char *field)
{
    struct slice block = slice_of(field);
    struct header header;
    assert_true(headers_next(&block, &header));
    return auth_results_is_ours(arena, &header, SLICE("mx.example.com"));
}

TEST(test_what_bears_our_name_is_ours)
{
    static const char *const ours[] = {
        "Authentication-Results: mx.example.com; dmarc=pass\r\n",
        "authentication-RESULTS : MX.Example.COM 1; dmarc=pass\r\n",
        "Authentication-Results:mx.example.com.;none\r\n",
        "Authentication-Results: mx.example.com\r\n",
        "Authentication-Results:\r\n\tmx.example.com\r\n\t; dmarc=pass\r\n",
        "Authentication-Results: (a (b) \\) ;) mx.example.com (c); dmarc=pass\r\n",
        "Authentication-Results: \"mx.example.com\"; dmarc=pass\r\n",
        "Authentication-Results: \"m\\x.example.com\"; dmarc=pass\r\n",
        "Authentication-Results: ( ; mx.example.com; dmarc=pass\r\n",
        "Authentication-Results: mx.(x)example.com; dmarc=pass\r\n",
        "Authentication-Results: mx.\001example.com; dmarc=pass\r\n",
        "Authentication-Results: =?utf-8?q?mx.example.com?=; dmarc=pass\r\n",
        "Authentication-Results: 1 mx.example.com; dmarc=pass\r\n",
        "Received-SPF: pass (mx.example.com: fine) client-ip=192.0.2.1\r\n",
        "Received-SPF: pass receiver=mx.example.com; client-ip=192.0.2.1\r\n",
    };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (!is_ours(ours[i]))
            fail_msg("%s", ours[i]);
}

TEST(test_an_indicator_of_bimi_is_of_who_judges)
{
    assert_true(is_ours("BIMI-Indicator: PHN2Zy8+\r\n"));
    assert_true(is_ours("bimi-location: v=BIMI1; l=https://evil.example/a.svg\r\n"));
}

TEST(test_what_others_wrote_stays)
{
    static const char *const others[] = {
        "Authentication-Results: mx.example.org; dmarc=pass\r\n",
        "Authentication-Results: a.mx.example.com; dmarc=pass\r\n",
        "Authentication-Results: mx.example.com.example.org; dmarc=pass\r\n",
        "Authentication-Results: amx.example.com; none\r\n",
        "Authentication-Results: other.example; spf=pass smtp.helo=mx.example.com\r\n",
        "Received-SPF: pass receiver=mx.example.org\r\n",
        "ARC-Authentication-Results: i=1; mx.example.com; none\r\n",
        "BIMI-Selector: v=BIMI1; s=brand\r\n",
        "DKIM2-Signature: i=1; d=mx.example.com\r\n",
        "Subject: mx.example.com;\r\n",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (is_ours(others[i]))
            fail_msg("%s", others[i]);
}
