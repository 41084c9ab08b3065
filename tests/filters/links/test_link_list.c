/* SPDX-License-Identifier: ISC */
#include "filters/links/links.h"

#include "policy/types.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

ARENA_TESTS(64 << 20);

static struct value found;

static void read_message(struct slice message)
{
    struct mime_message parsed;
    struct value domains;
    assert_true(mime_parse(arena, message, &mime_limits_default, &parsed));
    struct links *links = links_new(arena, &parsed, LINKS_TEXT_MAX);
    assert_non_null(links);
    links_list_too(links, LINK_SOURCE_FILE);
    links_in_message(links, &parsed);
    links_in_words(links, LINKS_TEXT, SLICE("http://file.example/"));
    found = links_listed(links);
    links_end(&links, &domains);
    assert_int_equal(found.state, VALUE_KNOWN);
    assert_int_equal(domains.state, VALUE_KNOWN);
    /* the one of the file */
    if (!found.list.cut)
        assert_int_equal(found.list.items[--found.list.count].fields[link_source].integer,
                         LINK_SOURCE_FILE);
}

/* "url(text>domain)" of each. */
static const char *described(void)
{
    struct buf out = buf_init(1 << 20);
    for (size_t i = 0; i < found.list.count; i++) {
        const struct value *fields = found.list.items[i].fields;
        buf_cstr(&out, i ? " " : "");
        buf_append(&out, fields[link_url].text);
        if (fields[link_text].state == VALUE_KNOWN) {
            buf_char(&out, '(');
            buf_append(&out, fields[link_text].text);
            buf_char(&out, ')');
        }
        if (fields[link_text_domain].state == VALUE_KNOWN) {
            buf_char(&out, '>');
            buf_append(&out, fields[link_text_domain].text);
        }
    }
    const char *copy = arena_cstr(arena, buf_slice(&out));
    buf_release(&out);
    return copy;
}

static void body(const char *header, const char *text, const char *expected)
{
    char message[4096];
    int n = snprintf(message, sizeof message, "MIME-Version: 1.0\r\n%s\r\n%s", header, text);
    read_message((struct slice){message, (size_t)n});
    if (strcmp(described(), expected) != 0)
        fprintf(stderr, "for: %s\n", text);
    assert_string_equal(described(), expected);
}

static void plain(const char *text, const char *expected)
{
    body("Content-Type: text/plain\r\n", text, expected);
}

static void html(const char *text, const char *expected)
{
    body("Content-Type: text/html; charset=utf-8\r\n", text, expected);
}

TEST(test_links_in_plain_text)
{
    plain(
        "see http://a.example/x, HTTPS:\\\\B.example\\y (ftp://c.example). <http://d.example/?e=f>",
        "http://a.example/x https://b.example/y ftp://c.example http://d.example/?e=f");
    plain("www.a.example/x and wwww.b.example", "http://www.a.example/x");
    plain("mailto:a@a.example tel:1 a@b.example javascript:x data:,x", "");
    plain("http://a.example/?u=http://b.example/ http://c.example/?u=http%3A%2F%2Fd.example",
          "http://a.example/?u=http://b.example/ http://c.example/?u=http%3A%2F%2Fd.example");
    plain("http://a.example http://a.example/ http://a.example",
          "http://a.example http://a.example/");
    assert_int_equal(found.list.items[0].fields[link_source].integer, LINK_SOURCE_TEXT);
}

TEST(test_links_in_html_have_their_words)
{
    html("<a href=http://a.example>b <b>c</b>\r\n d</a>", "http://a.example(b c d)");
    html("<a href=' http://a.exam\nple '>b</a>", "http://a.example(b)");
    html("<a href=\"https://evil.example/\">www.bank.example/login</a>",
         "https://evil.example/(www.bank.example/login)>bank.example");
    html("<a href=//a.example>b<a href=http://c.example>d</a>e</a>",
         "http://a.example(b) http://c.example(d)");
    html("<a href=http://a.example>b", "http://a.example(b)");
    html("<a href=http://a.example>b</div>c<p>d</a>e", "http://a.example(b c d)");
    html("<a href=http&colon;&sol;&sol;a.example>b&uuml;</a>", "http://a.example(b\xc3\xbc)");
    html("<a href=http://a.example href=http://b.example>c</a>",
         "http://b.example http://a.example(c)");
    assert_int_equal(found.list.items[0].fields[link_source].integer, LINK_SOURCE_HTML);
}

TEST(test_hidden_words_are_none_of_a_link)
{
    html("<a href=http://a.example><i style='display:none'>b</i>c<i hidden>d</i></a>",
         "http://a.example(c)");
    html("<style>.h{display:none}</style><a href=http://a.example>pay<i class=h>x</i>pal.com</a>",
         "http://a.example(paypal.com)>paypal.com");
    html("<a href=http://a.example><img src=http://i.example/b.png alt=c></a>",
         "http://i.example/b.png http://a.example");
}

TEST(test_other_references_of_html)
{
    html("<img src=http://a.example/b><form action=http://c.example><area href=http://d.example>",
         "http://a.example/b http://c.example http://d.example");
    html("<meta http-equiv=refresh content='0;url=http://a.example/'>", "http://a.example/");
    html("<a href=/b>c</a><a href='#d'>e</a><a href=mailto:a@b.example>f</a><a href=tel:1>g</a>",
         "");
    html("go to http://a.example/b.", "http://a.example/b");
    html("<!--[if mso]><a href=http://a.example>b</a><![endif]-->", "http://a.example(b)");
    html("<a href=http://a.example/?u=http://b.example>c</a>",
         "http://a.example/?u=http://b.example(c)");
}

TEST(test_a_text_in_another_charset_is_read_once)
{
    body("Content-Type: text/html; charset=iso-8859-1\r\n", "<a href=http://a.example>b\xfc</a>",
         "http://a.example(b\xc3\xbc)");
    body("Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n",
         "aAB0AHQAcAA6AC8ALwBhAC4AZQB4AGEAbQBwAGwAZQA=", "http://a.example");
}

TEST(test_what_is_attached_is_a_file)
{
    body("Content-Type: text/html\r\nContent-Disposition: attachment; filename=a.html\r\n",
         "<a href=http://a.example>b</a>", "http://a.example(b)");
    assert_int_equal(found.list.items[0].fields[link_source].integer, LINK_SOURCE_FILE);
    body("Content-Type: text/calendar\r\n", "URL:http://a.example/", "http://a.example/");
    assert_int_equal(found.list.items[0].fields[link_source].integer, LINK_SOURCE_FILE);
}

TEST(test_fields_of_a_link)
{
    plain("http://3221225985/x https://bit.ly/y http://www.a.example/z?q",
          "http://192.0.2.1/x "
          "https://bit.ly/y http://www.a.example/z?q");
    const struct value *fields = found.list.items[0].fields;
    assert_true(fields[link_ip].truth && !fields[link_shortened].truth);
    assert_int_equal(fields[link_domain].state, VALUE_ABSENT);
    assert_true(slice_eq(fields[link_host].text, SLICE("192.0.2.1")));
    fields = found.list.items[1].fields;
    assert_true(!fields[link_ip].truth && fields[link_shortened].truth);
    fields = found.list.items[2].fields;
    assert_true(slice_eq(fields[link_host].text, SLICE("www.a.example")));
    assert_true(slice_eq(fields[link_domain].text, SLICE("a.example")));
    assert_true(slice_eq(fields[link_path].text, SLICE("/z")));
    assert_int_equal(fields[link_text].state, VALUE_ABSENT);
    assert_false(fields[link_ip].truth || fields[link_shortened].truth);
}

/* ---- bounds ---- */

static void many(const char *before, size_t count, size_t length)
{
    struct buf out = buf_init(16 << 20);
    buf_cstr(&out, "Content-Type: text/html\r\n\r\n");
    for (size_t i = 0; i < count; i++)
        buf_printf(&out, "%s%0*zu.example/%0*zu>a</a>\n", before, 6, i, (int)length, i);
    struct slice message = arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    read_message(message);
}

TEST(test_past_so_many_links_the_list_is_cut)
{
    many("<a href=http://a", LINKS_MAX - 1, 1);
    assert_int_equal(found.list.count, LINKS_MAX - 1);
    assert_false(found.list.cut);
    many("<a href=http://a", LINKS_MAX + 1, 1);
    assert_int_equal(found.list.count, LINKS_MAX);
    assert_true(found.list.cut);
    many("<a href=http://a", LINKS_MAX, 1000);
    assert_in_range(found.list.count, 60, 64);
    assert_true(found.list.cut);
    many("<a href=http://same.example/?", LINKS_TRIED_MAX + 10, 1);
    assert_true(found.list.cut);
}

TEST(test_the_words_of_a_link_are_shortened)
{
    char text[1200] = "<a href=http://a.example>";
    for (size_t i = strlen(text); i + 3 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 3);
    read_message(
        ARENA_JOIN(arena, SLICE("Content-Type: text/html; charset=utf-8\r\n\r\n"), slice_of(text)));
    struct slice words = found.list.items[0].fields[link_text].text;
    assert_in_range(words.len, LINK_TEXT_MAX - 1, LINK_TEXT_MAX);
    assert_true(slice_iends(words, SLICE("\xc3\xa9")));
}
