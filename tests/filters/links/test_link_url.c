/* SPDX-License-Identifier: ISC */
#include "filters/links/link_url.h"

#include "filters/links/shorteners.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

ARENA_TESTS(16 << 20);

static struct link_url read;

static void reads(const char *text, const char *url)
{
    char found[256];
    assert_true(link_url_read(arena, slice_of(text), &read));
    snprintf(found, sizeof found, "%.*s", SLICE_ARGS(read.url));
    if (strcmp(found, url) != 0)
        fprintf(stderr, "for: %s\n", text);
    assert_string_equal(found, url);
}

static void has(const char *text, const char *host, const char *domain, const char *path)
{
    assert_true(link_url_read(arena, slice_of(text), &read));
    if (!slice_eq(read.host.text, slice_of(host)) || !slice_eq(read.path, slice_of(path)))
        fprintf(stderr, "for: %s\n", text);
    assert_true(slice_eq(read.host.text, slice_of(host)));
    assert_true(slice_eq(read.host.domain, slice_of(domain)));
    assert_true(slice_eq(read.path, slice_of(path)));
}

static void is_none(const char *text)
{
    if (link_url_read(arena, slice_of(text), &read))
        fprintf(stderr, "for: %s\n", text);
    assert_false(link_url_read(arena, slice_of(text), &read));
}

TEST(test_a_url_is_read_as_browsers_do)
{
    reads("http://a.example/b?c#d", "http://a.example/b?c#d");
    reads("HTTP:\\\\A.Example\\B?C\\D", "http://a.example/B?C\\D");
    reads("https:/a.example/b", "https://a.example/b");
    reads("https:a.example", "https://a.example");
    reads("ftp:////a.example/b", "ftp://a.example/b");
    reads("//a.example/b", "http://a.example/b");
    reads("www.a.example", "http://www.a.example");
    reads("http://user:pass@a.example:8080/", "http://user:pass@a.example:8080/");
    reads("http://www.bank.example@a.example/", "http://www.bank.example@a.example/");
    reads("http://www.bank.example\\@a.example/", "http://www.bank.example/@a.example/");
    reads("http://a%2eexample./x", "http://a.example/x");
    reads("http://b\xc3\xbc"
          "cher.example/\xc3\xbc",
          "http://xn--bcher-kva.example/\xc3\xbc");
    reads("http://\xef\xbd\x81.example/", "http://a.example/");
    reads("http://[2001:DB8::1]:80/x", "http://[2001:db8::1]:80/x");
    reads("http://localhost/x", "http://localhost/x");
    is_none("http:///");
    is_none("http://");
    is_none("http://a b.example/");
    is_none("http://[::g]/");
    is_none("http://1.2.3.4.5/");
    is_none("http://256.1.1.1/");
    is_none("http://1.2.3.0x1g.1/");
}

TEST(test_hosts_domains_and_paths)
{
    has("http://www.a.co.uk/b/c?d/e", "www.a.co.uk", "a.co.uk", "/b/c");
    has("http://a.example", "a.example", "a.example", "/");
    has("http://a.example?b/c", "a.example", "a.example", "/");
    has("http://a.example#b/c", "a.example", "a.example", "/");
    has("http://a.example\\b\\c", "a.example", "a.example", "/b/c");
    has("http://co.uk/", "co.uk", "", "/");
    has("http://localhost/", "localhost", "", "/");
    has("http://192.0.2.1:80/a", "192.0.2.1", "", "/a");
    has("http://[::1]/a", "::1", "", "/a");
}

TEST(test_addresses_in_every_spelling)
{
    static const char fullwidth[] = "\xef\xbc\x91"
                                    "92.0.2.1";
    static const char *const same[] = {
        "192.0.2.1",   "192.0.2.1.",       "192.0.513",    "192.513",           "3221225985",
        "0xC0000201",  "0xc0.0x0.0x2.0x1", "0300.0.02.01", "030000001001",      "0xC0.0.513",
        "192.0.2.0x1", "%3192.0.2.1",      fullwidth,      "[::ffff:192.0.2.1]"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        char url[64];
        snprintf(url, sizeof url, "http://%s/", same[i]);
        has(url, "192.0.2.1", "", "/");
        assert_true(read.host.ip);
        reads(url, "http://192.0.2.1/");
    }
    has("http://0x/", "0.0.0.0", "", "/");
    has("http://0/", "0.0.0.0", "", "/");
    has("http://192.0.2.1.example/", "192.0.2.1.example", "1.example", "/");
    assert_false(read.host.ip);
}

TEST(test_a_long_url_is_kept_in_part)
{
    char text[3 * LINK_URL_MAX];
    int n = snprintf(text, sizeof text, "http://a.example/");
    for (size_t i = (size_t)n; i + 1 < sizeof text; i += 2) {
        text[i] = '\xc3';
        text[i + 1] = '\xa9';
    }
    assert_true(link_url_read(
        arena, (struct slice){text, (size_t)n + (sizeof text - (size_t)n) / 2 * 2}, &read));
    assert_in_range(read.url.len, LINK_URL_MAX - 1, LINK_URL_MAX);
    assert_true(slice_iends(read.url, SLICE("\xc3\xa9")));
}

TEST(test_where_a_url_ends_in_a_sentence)
{
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {
        {"http://a.example/b c", 18},
        {"http://a.example/b. C", 18},
        {"http://a.example/b, c", 18},
        {"http://a.example/b)", 18},
        {"http://a.example/(b)", 20},
        {"http://a.example/b\">c", 18},
        {"http://a.example/b>c", 18},
        {"http://a.example/b!?", 18},
        {"http://a.example/b?c", 20},
        {"...", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(link_url_length(slice_of(cases[i].text)), cases[i].length);
}

static void shows(const char *text, const char *domain)
{
    struct slice found = link_domain_shown(arena, slice_of(text));
    if (!slice_eq(found, slice_of(domain)))
        fprintf(stderr, "for: %s, not %.*s\n", text, SLICE_ARGS(found));
    assert_true(slice_eq(found, slice_of(domain)));
}

TEST(test_the_domain_that_a_text_shows)
{
    shows("www.bank.example", "bank.example");
    shows("https://login.bank.example/x", "bank.example");
    shows("go to (www.bank.example) now", "bank.example");
    shows("see https://bank.example/x, or else", "bank.example");
    shows("paypal.com", "paypal.com");
    shows("PayPal.com/signin", "paypal.com");
    shows("paypal.com.", "paypal.com");
    shows("pay at paypal.com", "");
    shows("info@paypal.com", "");
    shows("invoice.zip", "");
    shows("report.docx", "");
    shows("3.14", "");
    shows("192.0.2.1", "");
    shows("http://192.0.2.1/", "");
    shows("click here", "");
    shows("", "");
}

TEST(test_shorteners_are_known_with_what_is_below)
{
    assert_true(link_is_shortened(SLICE("bit.ly")));
    assert_true(link_is_shortened(SLICE("tinyurl.com")));
    assert_true(link_is_shortened(SLICE("www.tinyurl.com")));
    assert_true(link_is_shortened(SLICE("on.ft.com")));
    assert_false(link_is_shortened(SLICE("ft.com")));
    assert_false(link_is_shortened(SLICE("notbit.ly")));
    assert_false(link_is_shortened(SLICE("bit.ly.example")));
    assert_false(link_is_shortened(SLICE("localhost")));
    assert_true(link_url_read(arena, SLICE("https://Bit.LY/x"), &read) && read.host.shortened);
}

TEST(test_shorteners_are_in_order)
{
    static const char *const hosts[] = {
#define SHORTENER(host) host,
#include "filters/links/shorteners.def"
#undef SHORTENER
    };
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        assert_true(i == 0 || strcmp(hosts[i - 1], hosts[i]) < 0);
        assert_true(link_is_shortened(slice_of(hosts[i])));
    }
}
