/* SPDX-License-Identifier: ISC */
#include "filters/links/links.h"

#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The domains of a message with commas; "..." when they are cut. */
static void domains_of(struct slice message, char *out, size_t size)
{
    struct arena *arena = arena_new(64 << 20);
    struct mime_message parsed;
    struct value value;
    out[0] = '\0';
    assert_true(mime_parse(arena, message, &mime_limits_default, &parsed));
    struct links *links = links_new(arena, &parsed, LINKS_TEXT_MAX);
    assert_non_null(links);
    links_in_message(links, &parsed);
    links_end(&links, &value);
    assert_null(links);
    assert_int_equal(value.state, VALUE_KNOWN);
    for (size_t i = 0; i < value.list.count; i++)
        snprintf(out + strlen(out), size - strlen(out), "%s%.*s", i ? "," : "",
                 SLICE_ARGS(value.list.items[i].text));
    snprintf(out + strlen(out), size - strlen(out), "%s", value.list.cut ? "..." : "");
    arena_free(&arena);
}

static void expect(const char *header, const char *body, const char *expected)
{
    char message[4096], found[4096];
    int n =
        snprintf(message, sizeof message,
                 "From: A <a@mail.sender.example>\r\nMIME-Version: 1.0\r\n%s\r\n%s", header, body);
    domains_of((struct slice){message, (size_t)n}, found, sizeof found);
    if (strcmp(found, expected) != 0)
        fprintf(stderr, "for: %s\n", body);
    assert_string_equal(found, expected);
}

static void plain(const char *body, const char *expected)
{
    expect("Content-Type: text/plain\r\n", body, expected);
}

static void html(const char *body, const char *expected)
{
    expect("Content-Type: text/html\r\n", body, expected);
}

TEST(test_urls_and_addresses_in_plain_text)
{
    plain("see http://www.Evil.co.uk/x and HTTPS://b.example:8080?y, ftp://c.example.",
          "evil.co.uk,b.example,c.example");
    plain("<http://a.example>, (http://b.example), \"http://c.example\".",
          "a.example,b.example,c.example");
    plain("www.a.example or www.b.example/x; not awww.c.example", "a.example,b.example");
    plain("write to x@mail.d.example, or mailto:y@e.example?subject=z.", "d.example,e.example");
    plain("http:\\\\a.example\\x http:///b.example", "a.example,b.example");
    plain("http://a.example,x@b.example", "a.example,b.example");
    plain("a @ b.example, @twitter.example, 10:20, foo://bar.example", "");
}

TEST(test_text_after_a_host_in_another_script)
{
    /* IDNA reads that stop as a dot. */
    plain("http://a.example\xe3\x80\x82\xe6\xac\xa1", "a.example,example.xn--6jw");
    plain("http://b\xc3\xbc"
          "cher.example/",
          "xn--bcher-kva.example");
}

TEST(test_each_domain_stands_once_and_from_is_left_out)
{
    plain("http://x.a.example http://y.a.example http://sender.example z@www.sender.example "
          "http://b.example",
          "a.example,b.example");
}

TEST(test_addresses_and_names_that_nobody_can_register_are_left_out)
{
    plain("http://192.0.2.1/ http://0x7f.1/ http://2130706433/ http://[2001:db8::1]/ "
          "http://localhost/ http://co.uk/ http://.../ http://a..b.example/",
          "");
}

TEST(test_what_stands_before_the_at_is_no_host)
{
    plain("http://paypal.com@evil.example/", "evil.example");
    plain("http://paypal.com:80@evil.example:80/", "evil.example");
    plain("http://paypal.com%2Fx%40y@evil.example/", "evil.example");
    html("<a href='http://paypal.com&#64;evil.example/'>", "evil.example");
    html("<a href='http://paypal.com\\@evil.example/'>", "paypal.com,evil.example");
}

TEST(test_attributes_are_read_as_browsers_do)
{
    html("<a href=\"http://a.example/\"><IMG SRC=http://b.example/x.png><a href='//c.example'>",
         "a.example,b.example,c.example");
    html("<a href=\" \n ht\ntp:/\t/ev\r\nil.example/\">", "evil.example");
    html("<a href='http:/\\evil.example\\x'><a href='https:b.example/'>", "evil.example,b.example");
    html("<a href='http://%65vil%2eexample/'><a href='http&colon;&sol;&sol;b&period;example'>",
         "evil.example,b.example");
    html("<a href='http://a&#46;example&#x2f;'><a href='http://b&#46example/'>",
         "a.example,b.example");
    html("<a href='mailto:x%40a.example?cc=y@b.example'>", "a.example,b.example");
    html("<a href=\"/relative\"><a href=#x><img src=cid:x@y><a href='tel:1'>", "");
    html("<a href='https://r.example/?u=http%3A%2F%2Fevil.example%2Fx&v=https://b.example'>",
         "r.example,evil.example,b.example");
    html("<a href='http://\xe2\x93\x94vil.example/'>", "evil.example");
}

TEST(test_other_places_in_html)
{
    html("<p style=\"background:url('http://a.example/')\">"
         "<meta http-equiv=refresh content='0; url=http://b.example/'>"
         "<img srcset='http://c.example/1 1x, http://d.example/2 2x'>",
         "a.example,b.example,c.example,d.example");
    html("<style>a{background:url(http://a.example/)}</style><a href='http://b.example'>",
         "a.example,b.example");
    html("<script>if (a<b) location='http://a.example/'</script ><a href='http://b.example'>",
         "a.example,b.example");
    html("text http://a.example/&amp;x <b>www.b.example</b> x&commat;c&period;example",
         "a.example,b.example,c.example");
    html("<html xmlns='http://www.w3.org/1999/xhtml'><!DOCTYPE x 'http://w3.org'>", "");
}

TEST(test_comments_hide_only_what_clients_hide)
{
    html("<!-- http://a.example --><a href='http://b.example'>", "b.example");
    html("<!--><a href='http://a.example'>-->", "a.example");
    html("<!-- --!><a href='http://a.example'>-->", "a.example");
    html("<!--[if mso]><a href='http://a.example'><![endif]--><a href='http://b.example'>",
         "a.example,b.example");
    html("<!-- <a href='http://a.example'>", "");
}

TEST(test_broken_html_hides_nothing)
{
    html("<a href=\"http://a.example/", "a.example");
    html("<a title=> href=http://a.example/ <a\nhref\n=\nhttp://b.example/>",
         "a.example,b.example");
    html("<a/href='http://a.example/'/><a =x href='http://b.example/'>", "a.example,b.example");
    html("1 < 2 <a href=http://a.example>", "a.example");
}

TEST(test_encoded_parts_are_decoded)
{
    expect("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n",
           "aHR0cDovL2V2aWwuZXhhbXBsZS8=\r\n", "evil.example");
    expect("Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n",
           "<a href=3D\"http://ev=\r\nil.example=2Fx\">", "evil.example");
    expect("Content-Type: text/plain; charset=utf-16be\r\nContent-Transfer-Encoding: base64\r\n",
           "AGgAdAB0AHAAOgAvAC8AYQAuAGUAeABhAG0AcABsAGUACgB3AHcAdwAuAGIALgBlAHgAYQBtAHAAbABl\r\n",
           "a.example,b.example");
    expect("Content-Type: text/plain; charset=iso-8859-1\r\n",
           "http://b\xfc"
           "cher.example/",
           "xn--bcher-kva.example");
    expect("Content-Type: application/octet-stream; name=\"invoice.html\"\r\n",
           "<a href='http://a.example'>", "a.example");
    expect("Content-Type: application/octet-stream\r\n", "http://a.example/", "");
}

TEST(test_all_texts_of_a_message_are_read)
{
    expect("Content-Type: multipart/alternative; boundary=b\r\n",
           "--b\r\n\r\nhttp://a.example/\r\n--b\r\nContent-Type: text/html\r\n\r\n"
           "<a href='http://b.example'>\r\n--b--\r\n",
           "a.example,b.example");
}

TEST(test_too_many_domains_cut_the_list)
{
    char body[3000] = "";
    for (int i = 0; i <= LINKS_DOMAINS_MAX; i++)
        snprintf(body + strlen(body), sizeof body - strlen(body), "http://d%d.example ", i);
    char message[4096], found[4096];
    int n = snprintf(message, sizeof message, "From: <a@b.example>\r\n\r\n%s", body);
    domains_of((struct slice){message, (size_t)n}, found, sizeof found);
    assert_non_null(strstr(found, "d49.example..."));
    assert_null(strstr(found, "d50.example"));
}

/* Milliseconds of the processor; repeats a piece over more text than is looked at. */
static int64_t time_of(const char *header, const char *piece, char *found, size_t size)
{
    size_t len = LINKS_TEXT_MAX + 65536, n = (size_t)snprintf(NULL, 0, "%s", header);
    char *message = malloc(len + n + 1);
    assert_non_null(message);
    memcpy(message, header, n);
    for (size_t i = 0; i < len; i++)
        message[n + i] = piece[i % strlen(piece)];
    clock_t before = clock();
    domains_of((struct slice){message, n + len}, found, size);
    free(message);
    return (int64_t)(clock() - before) * 1000 / CLOCKS_PER_SEC;
}

TEST(test_hostile_text_takes_linear_time)
{
    static const char *const pieces[] = {
        "&",
        "<",
        "<a ",
        "<!--",
        "<!-",
        "<a href='",
        "<a x=",
        "http://",
        "http://a",
        "www.",
        "a@",
        "%3a%2f%2f",
        "://",
        "http%3A%2F%2F",
        "&#",
        "&#1",
        "<style>",
        "</",
        "@",
        "\xc3\xbc",
        "http://\xc3\xbc.example ",
        "<a href=\"\n",
        "<a href=x%41>",
        "a.",
        "--",
        "<script></",
        "%",
        "http://a@b:",
        "\\",
        "<a href='mailto:%'>",
    };
    char found[65536];
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        static const char *const headers[] = {"Content-Type: text/html\r\n\r\n",
                                              "Content-Type: text/plain\r\n\r\n"};
        for (size_t k = 0; k < 2; k++) {
            int64_t ms = time_of(headers[k], pieces[i], found, sizeof found);
            if (ms >= 1500)
                fprintf(stderr, "%lld ms: %s\n", (long long)ms, pieces[i]);
#ifndef SANITIZED
            assert_true(ms < 1500);
#endif
        }
    }
    time_of("Content-Type: text/plain\r\n\r\n", "x ", found, sizeof found);
    assert_string_equal(found, "...");
}

TEST(test_words_beside_the_message_count_as_its_own_within_the_same_bounds)
{
    struct arena *arena = arena_new(64 << 20);
    struct mime_message parsed;
    struct value value;
    assert_true(mime_parse(arena, SLICE("From: a@b.example\r\n\r\nhttp://one.example/"),
                           &mime_limits_default, &parsed));
    struct links *links = links_new(arena, &parsed, 120);
    links_in_message(links, &parsed);
    links_in_words(links, LINKS_REFERENCE, SLICE("http://two.example/path"));
    links_in_words(links, LINKS_TEXT, SLICE("see www.three.example"));
    links_in_words(links, LINKS_HTML, SLICE("<a href='//four.example'>x</a>"));
    links_in_words(links, LINKS_TEXT,
                   SLICE("a text that is too long for what is left, http://x.example"));
    links_in_words(links, LINKS_TEXT, SLICE("http://five.example"));
    links_end(&links, &value);
    assert_int_equal(value.list.count, 4);
    assert_true(slice_eq(value.list.items[3].text, SLICE("four.example")));
    assert_true(value.list.cut);
    arena_free(&arena);
}
