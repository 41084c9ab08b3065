/* SPDX-License-Identifier: ISC */
#include "filters/html/html_encoding.h"
#include "filters/html/html_reference.h"
#include "filters/html/html_tokens.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

ARENA_TESTS(1 << 20);

/* All tokens, a letter for the kind: t(ext) c(data) r(aw) <tag =attribute > /closing !comment ?declaration. */
static void write_tokens(struct slice text, enum html_syntax syntax, char *out, size_t size)
{
    static const char kinds[] = "tcr<=>/!?";
    struct html_tokens tokens = html_tokens_of(text, syntax);
    struct html_token token;
    size_t n = 0;
    out[0] = '\0';
    while (html_next(&tokens, &token) && n < size) {
        bool names = token.name.len > 0 && token.kind != HTML_TAG_END;
        n += (size_t)snprintf(out + n, size - n, "%c%.*s%s%.*s ", kinds[token.kind],
                              names ? (int)token.name.len : 0, token.name.ptr,
                              token.value.len ? ":" : "", SLICE_ARGS(token.value));
    }
}

static void expect(enum html_syntax syntax, const char *text, const char *expected)
{
    char found[1024];
    write_tokens(slice_of(text), syntax, found, sizeof found);
    assert_string_equal(found, expected);
}

TEST(test_tags_and_attributes)
{
    expect(HTML_PAGE, "a<B c=1 d='2>' e = \"3\" f/g>h</b i='>'>j",
           "t:a <B =c:1 =d:2> =e:3 =f =g > t:h /b t:j ");
    expect(HTML_PAGE, "<a =b=c d=>x", "<a ==b:c =d > t:x ");
    expect(HTML_PAGE, "1 < 2 <3 <", "t:1  t:< 2  t:<3  t:< ");
}

TEST(test_comments_and_declarations)
{
    expect(HTML_PAGE, "<!-- a > b --><!--><!---><!-- c --!>d", "!: a > b  ! ! !: c  t:d ");
    expect(HTML_PAGE, "<!DOCTYPE html><?x ?></ y>z", "?:!DOCTYPE html ?:?x ? ?:/ y t:z ");
    expect(HTML_PAGE, "a<!-- b", "t:a !: b ");
}

TEST(test_elements_that_hold_text)
{
    expect(HTML_PAGE, "<style>a<b>c</styles></STYLE >d",
           "<style > rstyle:a<b>c</styles> /STYLE t:d ");
    expect(HTML_PAGE, "<title><script>", "<title > rtitle:<script> ");
    expect(HTML_FLAT, "<title><script>a", "<title > <script > t:a ");
}

TEST(test_sections_are_text_of_xml)
{
    expect(HTML_XML, "<a><![CDATA[<b>]]></a>", "<a > c:<b> /a ");
    expect(HTML_PAGE, "<![CDATA[<b>]]>c", "c:<b> t:c ");
    expect(HTML_PAGE, "<![CDATA[a>b", "?:![CDATA[a t:b ");
}

TEST(test_declarations_of_xml_hold_others)
{
    expect(HTML_XML, "<!DOCTYPE a [<!ENTITY b \">\"><!-- ' --><?c '?>]>d",
           "?:!DOCTYPE a [<!ENTITY b \">\"><!-- ' --><?c '?>] t:d ");
    expect(HTML_XML, "<?a > ?>b", "?:?a >  t:b ");
}

TEST(test_every_beginning_ends)
{
    static const char text[] =
        "<!DOCTYPE a [<!ENTITY b '>'>]><a b='c' d=e f><style>x</style ><!-- y -->"
        "<![CDATA[z]]><script>1<!--</script><?p q?></a b=\"c\">&amp;";
    char out[2048];
    for (size_t len = 0; len < sizeof text; len++)
        for (int syntax = HTML_PAGE; syntax <= HTML_XML; syntax++)
            write_tokens((struct slice){text, len}, syntax, out, sizeof out);
}

TEST(test_references_are_decoded)
{
    char octets[64];
    struct buf room = buf_over(octets, sizeof octets);
    assert_true(
        slice_eq(html_decode(SLICE("a&#106;&#x41;&colon;&amp&x;"), &room), SLICE("ajA:&&x;")));
    assert_true(slice_eq(html_decode(SLICE("plain"), &room), SLICE("plain")));
}

static void read_as(struct slice content, const char *expected)
{
    struct slice readings[HTML_READINGS_MAX];
    assert_int_equal(html_readings(arena, content, readings), 1);
    assert_true(slice_eq(readings[0], slice_of(expected)));
}

static void stands_for(const char *reference, uint32_t code)
{
    uint32_t found = 0;
    if (html_reference(slice_of(reference), &found) != strlen(reference) || found != code)
        fail_msg("%s", reference);
}

TEST(test_references_by_number_and_name)
{
    stands_for("&amp;", '&');
    stands_for("&uuml;", 0xfc);
    stands_for("&Uuml", 0xdc);
    stands_for("&euro;", 0x20ac);
    stands_for("&hellip;", 0x2026);
    stands_for("&zwnj;", 0x200c);
    stands_for("&ZeroWidthSpace;", 0x200b);
    stands_for("&Tab;", '\t');
    stands_for("&#65;", 'A');
    stands_for("&#x41", 'A');
    stands_for("&#128;", 0x20ac);
    stands_for("&#x96;", 0x2013);
    stands_for("&#0;", 0xfffd);
    uint32_t code;
    assert_int_equal(html_reference(SLICE("&euro"), &code), 0);
    assert_int_equal(html_reference(SLICE("&ampere;"), &code), 0);
    assert_int_equal(html_reference(SLICE("&amp="), &code), 0);
    assert_int_equal(html_reference(SLICE("&"), &code), 0);
    assert_int_equal(html_reference(SLICE("&;"), &code), 0);
    assert_int_equal(html_reference(SLICE("&nonsensewithoutend"), &code), 0);
}

TEST(test_names_are_in_order)
{
    static const char *const names[] = {
#define NAME(name, code) name,
#define BARE(name, code) name,
#include "filters/html/html_names.def"
#undef NAME
#undef BARE
    };
    for (size_t i = 1; i < sizeof names / sizeof *names; i++)
        assert_true(strcmp(names[i - 1], names[i]) < 0);
}

TEST(test_encodings_of_pages)
{
    read_as(SLICE("\xef\xbb\xbf<a>"), "<a>");
    read_as(SLICE("\xff\xfe<\0a\0>\0"), "<a>");
    read_as(SLICE("\xfe\xff\0<\0a\0>"), "<a>");
    read_as(SLICE("<\0a\0>\0"), "<a>");
    read_as(SLICE("\0<\0a\0>"), "<a>");
    read_as(SLICE("<\0a\0>\0\x3d\xd8\0\xde"), "<a>\xf0\x9f\x98\x80");
    read_as(SLICE("<scr\0ipt long enough>"), "<script long enough>");
}

TEST(test_escapes_make_a_second_reading)
{
    struct slice readings[HTML_READINGS_MAX];
    assert_int_equal(html_readings(arena, SLICE("<a b=\"\x1b$B\"\x1b(B c>"), readings), 2);
    assert_true(slice_eq(readings[0], SLICE("<a b=\"\x1b$B\"\x1b(B c>")));
    assert_false(slice_eq(readings[1], readings[0]));
}
