/* SPDX-License-Identifier: ISC
 * data: URIs in pages: where they begin and end, and which of them anybody has to look at. */
#include "filters/containers/data_uri.h"
#include "filters/containers/data_uris.h"
#include "filters/files/inert.h"
#include "filters/files/picture_kind.h"
#include "filters/files/text_files.h"
#include "filters/files/wide_text.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

ARENA_TESTS(16 << 20);

static struct data_uris uris;
static struct data_file file;

static bool open_next(const char *text)
{
    assert_true(data_uris_open(arena, slice_of(text), &uris));
    return data_uris_next(&uris, &file);
}

static void assert_holds(const char *text, const char *type, const char *content)
{
    if (!open_next(text))
        fail_msg("nothing in %s", text);
    if (!slice_eq(file.type, slice_of(type)) || !slice_eq(file.content, slice_of(content)))
        fail_msg("%s: %.*s %.*s", text, SLICE_ARGS(file.type), SLICE_ARGS(file.content));
}

static void assert_none(const char *text)
{
    if (open_next(text))
        fail_msg("%s: %.*s %.*s", text, SLICE_ARGS(file.type), SLICE_ARGS(file.content));
}

static void assert_name(const char *text, const char *name)
{
    char room[DATA_NAME_MAX];
    assert_true(open_next(text));
    assert_true(slice_eq(data_uris_name(&uris, &file, room), slice_of(name)));
}

TEST(test_base64_and_percents_are_decoded)
{
    assert_holds("<a href=\"data:a/b;base64,Q2F0\">", "a/b", "Cat");
    assert_holds("<a href='DATA:a/b;x=y;BASE64,Q2F%30'>", "a/b", "Cat");
    assert_holds("<a href=data:a/b,C%61t>", "a/b", "Cat");
    assert_holds("url(data:;base64,Q2F0)", "", "Cat");
    assert_holds("`data:,Cat`", "", "Cat");
}

TEST(test_it_is_read_as_browsers_do)
{
    assert_holds("<a href=\"&#100;a&#x74;a&colon;a&sol;b;base64&#44;Q2&#70;0\">", "a/b", "Cat");
    assert_holds("<a href=\" da\n\tta:a/b;base64,Q2\r\nF0\">", "a/b", "Cat");
    assert_holds("\"data:a\\/b;base64,Q2\\F0\"", "a\\/b", "Cat");
    assert_holds("<a href=\"data:a/b,a b&quot;c'd\">", "a/b", "a b\"c'd");
    assert_holds("<a href=data:a/b,a b>", "a/b", "a");
}

TEST(test_a_quote_that_does_not_end_hides_no_more_than_a_word)
{
    assert_holds("'data:a/b,word and data:c/d,more", "a/b", "word");
    assert_true(data_uris_next(&uris, &file));
    assert_true(slice_eq(file.content, SLICE("more")));
    assert_false(data_uris_next(&uris, &file));
}

TEST(test_words_are_no_uris)
{
    assert_none("metadata:a/b,c x-data:a/b,c");
    assert_none("data: the facts, and more");
    assert_none("{data:function(a,b){}}");
    assert_none("\"data:a/b\", c");
    assert_none("data:a/b;base64");
    assert_none("data");
    assert_none("data:");
    assert_none("&&&d");
    assert_none("");
}

TEST(test_the_element_tells_the_name)
{
    assert_name("<a download=\"a &amp; b.js\" href=\"data:a/b,c\">", "a & b.js");
    assert_name("<a href='data:a/b,c' class=x DOWNLOAD = a.js>", "a.js");
    assert_name("<a download href='data:a/b,c'><a download=b.js>", "");
    assert_name("data:a/b,c", "");
}

static bool inert_is(struct slice type, struct slice content)
{
    return inert_picture(type, content) || inert_words(type, content);
}

TEST(test_what_pages_are_made_of_is_inert)
{
    assert_true(inert_is(SLICE("image/png"), SLICE("\x89PNG\r\n\x1a\n")));
    assert_true(inert_is(SLICE("font/woff2"), SLICE("wOF2")));
    assert_true(inert_is(SLICE("image/svg+xml"), SLICE("<svg><description/><path d='M0'/></svg>")));
    assert_true(inert_is(SLICE("text/css"), SLICE("a { b: c }")));
    assert_true(inert_is(SLICE(""), SLICE("words")));
    assert_true(inert_is(SLICE("a/b"), SLICE("")));
}

TEST(test_what_does_something_is_not)
{
    assert_false(inert_is(SLICE("image/png"), SLICE("GIF89aPK\3\4")));
    assert_false(inert_is(SLICE("image/png"), SLICE("MZ\x90\0\3\0\0\0")));
    assert_false(inert_is(SLICE("image/png"), SLICE("words")));
    assert_false(inert_is(SLICE("image/bmp"), SLICE("BM=1;alert()")));
    assert_false(inert_is(SLICE("text/plain"), SLICE("MZ\x90\0\3\0\0\0")));
    assert_false(inert_is(SLICE("text/html"), SLICE("words")));
    assert_false(inert_is(SLICE("image/svg+xml"), SLICE("<svg><SCRIPT>a()</script></svg>")));
    assert_false(inert_is(SLICE("image/svg+xml"), SLICE("<svg onload=\"a()\"></svg>")));
    assert_false(inert_is(SLICE("image/svg+xml"), SLICE("<svg><a href='javascript:a()'/></svg>")));
}

static bool holds_files(struct slice type, struct slice words)
{
    unsigned pictures = 0;
    return text_files_in_words(type, words, &pictures);
}

TEST(test_pictures_beside_are_told_by_their_kinds)
{
    unsigned pictures = 0;
    struct slice words = SLICE(
        "<img src='data:image/gif;base64,R0lGODlhAQAB'><img src='data:image/jpeg,%ff%d8%ff%e0'>");
    assert_false(text_files_in_words(SLICE("text/html"), words, &pictures));
    assert_int_equal(pictures, 1U << PICTURE_GIF | 1U << PICTURE_JPEG);
}

TEST(test_only_what_is_not_inert_makes_words_a_file)
{
    struct slice html = SLICE("text/html"), plain = SLICE("text/plain");
    struct slice zip = SLICE("<a href=\"data:a/b;base64,UEsDBAoA\">");
    assert_true(holds_files(html, zip));
    assert_false(holds_files(plain, zip));
    assert_false(holds_files(html, SLICE("<img src='data:image/gif;base64,R0lGODlhAQAB'>")));
    assert_true(holds_files(html, SLICE("<a download=a.js href='data:,a'>")));
}

TEST(test_wide_texts_are_read)
{
    struct slice wide = SLICE("\xff\xfe"
                              "d\0a\0t\0a\0:\0a\0/\0b\0,\0\1\1");
    char room[32];
    assert_true(wide_text_is(wide) && wide_text_is(slice_from(wide, 2)));
    assert_true(wide_text_is(SLICE("\0d\0a\0t\0a")));
    assert_false(wide_text_is(SLICE("data:a/b")) || wide_text_is(SLICE("")) ||
                 wide_text_is(SLICE("d\0a\0")));
    assert_true(slice_eq((struct slice){room, wide_text_narrow(wide, room)}, SLICE("data:a/b,?")));
    assert_true(holds_files(SLICE("text/html"), wide));
}

static const char whole[] = "<a download='a&#46;js' href='&#100;ata:a/b;base64,Q2F0'>"
                            "<img src=\"data:image/svg+xml,%3csvg&quot;\">url(data:,x)";

static void look_exactly(struct slice text)
{
    char *exact = malloc(text.len + (text.len == 0)), room[DATA_NAME_MAX];
    assert_non_null(exact);
    memcpy(exact, text.ptr, text.len);
    assert_true(data_uris_open(arena, (struct slice){exact, text.len}, &uris));
    while (data_uris_next(&uris, &file)) {
        data_uris_name(&uris, &file, room);
        inert_picture(file.type, file.content);
        inert_words(file.type, file.content);
    }
    arena_reset(arena);
    free(exact);
}

TEST(test_every_cut_and_flip_is_survived)
{
    char copy[sizeof whole];
    memcpy(copy, whole, sizeof whole);
    for (size_t len = 0; len < sizeof whole; len++)
        look_exactly((struct slice){whole, len});
    for (size_t bit = 0; bit < 8 * (sizeof whole - 1); bit++) {
        copy[bit / 8] ^= (char)(1 << bit % 8);
        look_exactly((struct slice){copy, sizeof whole - 1});
        copy[bit / 8] ^= (char)(1 << bit % 8);
    }
}

static const char *const tiresome[] = {"d",
                                       "&",
                                       "data:",
                                       "data:a",
                                       "data:,",
                                       "'data:,\"data:,`data:,",
                                       "d\n",
                                       "&#1",
                                       "da\n\n\n\n\n\n\n\n",
                                       "\"data:;base64,!",
                                       "<a download=data:a/b,",
                                       "data:a/b;base64,AAAA ",
                                       "&#00000000000"};

TEST(test_what_is_long_takes_its_time_but_no_more)
{
    enum { LONG = 1 << 20 };
    char *text = malloc(LONG);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof tiresome / sizeof *tiresome; i++) {
        struct slice piece = slice_of(tiresome[i]);
        for (size_t at = 0; at < LONG; at++)
            text[at] = piece.ptr[at % piece.len];
        look_exactly((struct slice){text, LONG});
    }
    free(text);
}
