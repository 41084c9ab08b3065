/* SPDX-License-Identifier: ISC */
#include "filters/documents/xml.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

ARENA_TESTS(16 << 20);

/* "<a", "text", "</a" ... */
static void read_all(struct slice content, char *out, size_t size)
{
    struct xml xml;
    struct xml_piece piece;
    enum xml_kind kind;
    size_t n = 0;
    out[0] = '\0';
    assert_true(xml_open(arena, content, &xml));
    while ((kind = xml_next(&xml, &piece)) != XML_END && n < size - 64) {
        struct slice shown = kind == XML_TEXT ? xml_text(&xml, &piece) : piece.name;
        n += (size_t)snprintf(out + n, size - n, "%s%.*s|",
                              kind == XML_ELEMENT ? "<"
                              : kind == XML_CLOSE ? "</"
                                                  : "",
                              (int)(shown.len < 32 ? shown.len : 32), shown.ptr);
    }
}

static void expect(struct slice content, const char *expected)
{
    char found[512];
    read_all(content, found, sizeof found);
    assert_string_equal(found, expected);
}

static void expect_attribute(struct slice content, const char *name, const char *expected)
{
    struct xml xml;
    struct xml_piece piece;
    struct slice value = SLICE("(none)");
    assert_true(xml_open(arena, content, &xml));
    assert_int_equal(xml_next(&xml, &piece), XML_ELEMENT);
    xml_attribute(&xml, &piece, slice_of(name), &value);
    if (!slice_eq(value, slice_of(expected)))
        fail_msg("\"%.*s\" instead of \"%s\"", SLICE_ARGS(value), expected);
}

TEST(test_elements_and_texts_come_one_after_the_other)
{
    expect(SLICE("<?xml version='1.0'?><w:a b='c'>one<d/>two</w:a>"), "<a|one|<d|two|</a|");
    expect(SLICE("\xef\xbb\xbf<a><!-- <b> --><![CDATA[<x>&amp;]]>&#x41;&#66;&lt;</a>"),
           "<a|<x>&amp;|AB<|</a|");
    expect(SLICE("<a x='>' y=\">\">t</a >"), "<a|t|</a|");
    expect(SLICE("words alone"), "words alone|");
    expect(SLICE(""), "");
}

TEST(test_what_never_ends_ends_with_the_file)
{
    expect(SLICE("<a b='"), "<a|");
    expect(SLICE("<!-- <a>"), "");
    expect(SLICE("<![CDATA[<a>"), "<a>|");
    expect(SLICE("<?x <a>"), "");
    expect(SLICE("<"), "<|");
}

TEST(test_attributes_are_found_by_their_name_without_prefix)
{
    expect_attribute(SLICE("<a r:id='1' Target = \"x&amp;y\"/>"), "Target", "x&y");
    expect_attribute(SLICE("<a b='macro&#x73;heet' c>"), "b", "macrosheet");
    expect_attribute(SLICE("<a c b=bare>"), "b", "bare");
    expect_attribute(SLICE("<a bb='no' b='yes'>"), "b", "yes");
    expect_attribute(SLICE("<a x='b=\"no\"'>"), "b", "(none)");
    expect_attribute(SLICE("<a b='&#x;&#99999999;&unknown;'>"), "b", "&#x;&#99999999;&unknown;");
}

TEST(test_both_orders_of_octets_are_read)
{
    expect(SLICE("\xff\xfe<\0a\0>\0\xe9\0<\0/\0a\0>\0"), "<a|\xc3\xa9|</a|");
    expect(SLICE("\xfe\xff\0<\0a\0>\0\xe9\0<\0/\0a\0>"), "<a|\xc3\xa9|</a|");
    expect(SLICE("<\0a\0>\0"), "<a|");
    expect(SLICE("\0<\0a\0>"), "<a|");
    expect(SLICE("<\0a\0 \0b\0=\0'\0\x3d\xd8\x00\xde'\0>\0"), "<a|");
    assert_true(xml_is(SLICE("\xff\xfe<\0")) && xml_is(SLICE("  \n<a>")) &&
                xml_is(SLICE("\xef\xbb\xbf<a>")));
    assert_false(xml_is(SLICE("PK\3\4")) || xml_is(SLICE("")) || xml_is(SLICE("\xff\xfe\1\0")));
}

TEST(test_entities_of_its_own_are_told)
{
    struct xml xml;
    struct xml_piece piece;
    assert_true(xml_open(arena, SLICE("<!DOCTYPE a [<!ENTITY m 'macro'>]><a b='&m;'/>"), &xml));
    assert_int_equal(xml_next(&xml, &piece), XML_ELEMENT);
    assert_true(xml.entities && slice_eq(piece.name, SLICE("a")));
    assert_true(xml_open(arena, SLICE("<!DOCTYPE html><a/>"), &xml));
    assert_int_equal(xml_next(&xml, &piece), XML_ELEMENT);
    assert_false(xml.entities);
}

TEST(test_every_cut_is_survived)
{
    static const struct slice text = SLICE("\xef\xbb\xbf<?xml?><!DOCTYPE a [<!ENTITY b 'c'>]><w:a "
                                           "b='&#x41;' c=\"d\"><![CDATA[x]]><!--y--></w:a>");
    char found[512];
    for (size_t n = 0; n <= text.len; n++) {
        arena_reset(arena);
        read_all(slice_sub(text, 0, n), found, sizeof found);
    }
}
