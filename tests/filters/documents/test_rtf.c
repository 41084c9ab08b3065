/* SPDX-License-Identifier: ISC
 * RTF: where objects are found, however their digits are written, and what else is told. */
#include "filters/cpu_budget.h"
#include "filters/documents/objects.h"
#include "filters/documents/rtf_findings.h"
#include "filters/documents/rtf_tokens.h"
#include "filters/files/filetype.h"
#include "filters/files/inspect.h"
#include "tests/harness/makers.h"

#include <stdio.h>
#include <stdlib.h>

ARENA_TESTS(64 << 20);

/* 2, label, path, two numbers, temporary path, data */
#define PACKAGE "\2\0label\0C:\\run.exe\0\0\0\3\0\2\0\0\0t\0\4\0\0\0MZxx"
#define OBJECT_HEX "0105000002000000080000005061636b61676500000000000000000025000000" PACKAGE_HEX
#define PACKAGE_HEX "02006c6162656c00433a5c72756e2e657865000000030002000000740004000000" DATA_HEX
#define DATA_HEX "4d5a7878"

struct seen {
    unsigned count;
    char names[200];
    bool program;
    const char *problem;
};

static bool note(void *ctx, struct slice name, struct slice content)
{
    struct seen *seen = ctx;
    size_t len = strlen(seen->names);
    snprintf(seen->names + len, sizeof seen->names - len, "%.*s ", SLICE_ARGS(name));
    seen->count++;
    seen->program = seen->program || slice_eq(content, SLICE("MZxx"));
    return true;
}

static struct seen objects_in(struct slice text)
{
    struct seen seen = {0};
    struct object_visitor visitor = {&seen, note};
    seen.problem = objects_each(arena, text, &visitor);
    return seen;
}

static struct rtf_findings find(const char *text)
{
    struct rtf_findings f;
    rtf_find(arena, slice_of(text), &f);
    return f;
}

TEST(test_the_package_of_this_suite_is_one)
{
    char hex[2 * sizeof PACKAGE];
    hex_text(SLICE(PACKAGE), hex);
    assert_string_equal(hex, PACKAGE_HEX);
    assert_int_equal(sizeof PACKAGE - 1, 0x25);
}

/* All as Word reads them: the program is found, once, and nothing is amiss. */
TEST(test_digits_are_found_however_they_are_written)
{
    static const char *const texts[] = {
        "{\\rtf1{\\object\\objemb{\\*\\objdata " OBJECT_HEX "}}}",
        "{\\rtf1{\\object\\objemb{\\*\\objdata0 " OBJECT_HEX "}}}",
        "{\\rtf1{\\object\\objemb{\\*\\objdata-12345678901234567890 " OBJECT_HEX "}}}",
        "{\\rt{\\object{\\objdata " OBJECT_HEX "}}}",
        "{\\rtf1{\\object\\objemb\\objdata " OBJECT_HEX "}}",
        "{\\rtf1{\\fonttbl{\\*\\objdata " OBJECT_HEX "}}}",
        "{\\rtf1{\\*\\other{\\*\\objdata " OBJECT_HEX "}}}",
        "\r\n\t {\\rtf1{\\*\\objdata " OBJECT_HEX "}}",
        "\xef\xbb\xbf{\\rtf1{\\*\\objdata " OBJECT_HEX "}}",
        "{\\rtf1{\\*\\objdata " OBJECT_HEX,
        "{\\rtf1{\\*\\objdata 01 05\r\n0\n0\\par 0002000000\\abc12 08\\*\\~0000005061636b6167{}6500"
        "{{000000}00}\\'zz 0000000025000000" PACKAGE_HEX "}}",
        "{\\rtf1{ \\* \\objdata " OBJECT_HEX "}}",
        "}}}{\\rtf1{\\*\\objdata " OBJECT_HEX "}}",
        "{\\rtf1{\\*\\objdata 01050000020000000800000050\\uc1 61636b6167650000000000\\u-3 "
        "0000000025000000" PACKAGE_HEX "}}",
        "{\\rtf1{\\*\\objdata " OBJECT_HEX "0}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bool begins = texts[i][0] != '}'; /* what does not is no RTF */
        struct seen seen = objects_in(slice_of(texts[i]));
        assert_true(seen.program == begins);
        assert_int_equal(seen.count, begins);
        assert_null(seen.problem);
    }
}

/* Those that programs read in two ways: one of them finds the program. */
TEST(test_what_is_read_in_two_ways_is_read_in_both)
{
    static const char *const texts[] = {
        "{\\rtf1{\\*\\objdata 0105{\\*\\foo abcdef}000002000000080000005061636b616765000000000000"
        "00000025000000" PACKAGE_HEX "}}",
        "{\\rtf1{\\*\\objdata 0105{\\*\\foo 0000}02000000080000005061636b616765000000000000"
        "00000025000000" PACKAGE_HEX "}}",
        "{\\rtf1{\\*\\objdata 0105{\\fonttbl abc}000002000000080000005061636b616765000000000000"
        "00000025000000" PACKAGE_HEX "}}",
        "{\\rtf1{\\*\\objdata 0105\\'000002000000080000005061636b616765000000000000000000250000"
        "00" PACKAGE_HEX "}}",
        "{\\rtf1{\\*\\objdata 0105\\'ff000002000000080000005061636b616765000000000000000000"
        "25000000" PACKAGE_HEX "}}",
        "{\\rtf1{\\*\\objdata abcd{\\*\\objdata " OBJECT_HEX "}}}",
        "{\\rtf1{\\*\\objdata 0105{\\*\\objdata 0000}02000000080000005061636b616765000000000000"
        "00000025000000" PACKAGE_HEX "}}",
        "{\\rtf1{\\*\\objdata abcd\\objdata " OBJECT_HEX "}}",
        "{\\rtf1{\\*\\objdata 0105\\objdata 000002000000080000005061636b616765000000000000000000"
        "25000000" PACKAGE_HEX "}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct seen seen = objects_in(slice_of(texts[i]));
        assert_true(seen.program);
        assert_true(seen.count > 1);
        assert_string_equal(seen.problem, "corrupt");
    }
}

#define HEAD_HEX "0105000002000000080000005061636b61676500000000000000000025000000"

TEST(test_raw_octets_are_data)
{
    struct seen seen = objects_in(SLICE("{\\rtf1{\\*\\objdata " HEAD_HEX "\\bin37 " PACKAGE "}}"));
    assert_true(seen.program && seen.count == 1 && !seen.problem);
    seen = objects_in(
        SLICE("{\\rtf1{\\*\\objdata " HEAD_HEX "\\bin0000000000000000000000037 " PACKAGE "}}"));
    assert_true(seen.program && seen.count == 1 && !seen.problem);
    seen = objects_in(SLICE("{\\rtf1{\\*\\objdata " HEAD_HEX "\\bin2 \2\0\\bin0 "
                            "6c6162656c00433a5c72756e2e657865000000030002000000740004000000\\bin4 "
                            "MZxx}}"));
    assert_true(seen.program && seen.count == 1 && !seen.problem);
}

TEST(test_raw_octets_of_pictures_are_nothing_else)
{
    struct seen seen =
        objects_in(SLICE("{\\rtf1{\\pict\\bin3 }{\\}{\\*\\objdata " OBJECT_HEX "}}"));
    assert_true(seen.program && seen.count == 1 && !seen.problem);
}

TEST(test_raw_octets_that_end_elsewhere_for_others_are_told)
{
    static const char *const texts[] = {
        "{\\rtf1{\\pict\\bin999999 {\\*\\objdata " OBJECT_HEX "}}}",
        "{\\rtf1{\\pict\\bin-1 {\\*\\objdata " OBJECT_HEX "}}}",
        "{\\rtf1{\\pict\\bin99999999999999999999 {\\*\\objdata " OBJECT_HEX "}}}",
        "{\\rtf1{\\pict\\bin40{\\*\\objdata " OBJECT_HEX "}}}",
        "{\\rtf1{\\pict\\bin40 {\\*\\objdata " OBJECT_HEX "}}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(objects_in(slice_of(texts[i])).problem, "corrupt");
}

TEST(test_objects_of_other_formats)
{
    /* A link, a picture, one without anything. */
    static const char *const texts[] = {
        "{\\rtf1{\\*\\objdata 010500000100000004000000457863000500000061622e63000000000000000000}}",
        "{\\rtf1{\\*\\objdata 010500000500000003000000444942000000000000000000000000}}",
        "{\\rtf1{\\*\\objdata 0105000000000000}}",
        "{\\rtf1{\\*\\objdata}}",
    };
    for (size_t i = 0; i < 4; i++) {
        struct seen seen = objects_in(slice_of(texts[i]));
        assert_int_equal(seen.count, 0);
        assert_null(seen.problem);
    }
    struct seen seen =
        objects_in(SLICE("{\\rtf1{\\*\\objdata 0105000005000000030000004449420000000000000000"
                         "020000004d5a}}"));
    assert_true(seen.count == 1 && !seen.problem);
}

TEST(test_forged_lengths_are_told_and_the_data_is_looked_at)
{
    struct seen seen = objects_in(SLICE(
        "{\\rtf1{\\*\\objdata 0105000002000000ffffffff5061636b6167650000d0cf11e0a1b11ae100}}"));
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.problem, "corrupt");
    seen = objects_in(SLICE("{\\rtf1{\\*\\objdata d0cf11e0a1b11ae100}}"));
    assert_true(seen.count == 1 && !seen.problem);
}

TEST(test_what_is_fetched_is_told)
{
    struct rtf_findings f = find("{\\rtf1{\\*\\template http://\\'61.example/x\\u46 ?dot}words}");
    assert_int_equal(f.n_targets, 1);
    assert_true(slice_eq(f.targets[0], SLICE("http://a.example/x.dot")));
    assert_false(f.embedded || f.linked || f.dde || f.equation || f.updates);
    f = find("{\\rtf1{\\field{\\*\\fldinst { INCLUDE}{PICTURE \\\\d \"http://b.example/a b.png\"}}"
             "{\\fldrslt words}}{\\field{\\*\\fldinst LINK Word.Document.8 "
             "\\\\\\\\\\\\\\\\c\\\\\\\\d.doc}}}");
    assert_int_equal(f.n_targets, 2);
    assert_true(slice_eq(f.targets[0], SLICE("http://b.example/a b.png")));
    assert_true(slice_eq(f.targets[1], SLICE("\\\\\\\\c\\\\d.doc")));
    assert_false(f.dde);
    f = find("{\\rtf1{\\field{\\*\\fldinst  DDEAUTO cmd \"/c calc\"}}}");
    assert_true(f.dde && f.n_targets == 0);
    assert_int_equal(find("{\\rtf1{\\field{\\*\\fldinst HYPERLINK \"http://a\"}}}").n_targets, 0);
}

TEST(test_objects_that_run_are_told)
{
    assert_true(find("{\\rtf1{\\object{\\*\\objclass Equation.3}}}").equation);
    assert_true(
        find("{\\rtf1{\\*\\objdata 01050000020000000b0000004571756174696f6e2e3300}}").equation);
    struct rtf_findings f = find("{\\rtf1{\\object\\objautlink\\objupdate}}");
    assert_true(f.embedded && f.linked && f.updates && !f.equation);
    f = find("{\\rtf1{\\*\\objdata "
             "010500000100000004000000457863000500000061622e63000000000000000000}}");
    assert_true(f.embedded && f.linked && f.n_targets == 1);
    assert_true(slice_eq(f.targets[0], SLICE("ab.c")));
}

TEST(test_the_page_that_mail_was_made_of_is_told)
{
    struct rtf_findings f = find("{\\rtf1\\fromhtml1{\\*\\htmltag84 <a href=\"http://a.example\">}"
                                 "\\htmlrtf {\\b\\htmlrtf0 words{\\*\\htmltag92 </a>}}");
    assert_true(slice_eq(f.html, SLICE("<a href=\"http://a.example\"></a>")));
}

TEST(test_words_that_only_look_like_it_are_nothing)
{
    static const char *const texts[] = {
        "{\\rtf1 \\\\objdata 4d5a}",
        "{\\rtf1 \\{\\*objdata 4d5a}",
        "{\\rtf1 \\objdatax 4d5a}",
        "{\\rtf1 \\xobjdata 4d5a}",
    };
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(objects_in(slice_of(texts[i])).count, 0);
        assert_false(find(texts[i]).embedded);
    }
}

TEST(test_blanks_in_front_do_not_hide_the_type)
{
    assert_true(slice_eq(filetype_of(arena, SLICE(" \r\n\t{\\rtf1 words}")), SLICE("text/rtf")));
    assert_false(slice_eq(filetype_of(arena, SLICE("x{\\rtf1 words}")), SLICE("text/rtf")));
}

TEST(test_the_tokens_are_the_text)
{
    struct rtf_tokens tokens = {.text = SLICE("{\\a-12 b\\'41\\'4\\*\\bin3 }{\\}c\\")};
    static const enum rtf_kind kinds[] = {RTF_OPEN, RTF_WORD,   RTF_TEXT, RTF_OCTET, RTF_SYMBOL,
                                          RTF_TEXT, RTF_SYMBOL, RTF_WORD, RTF_RAW,   RTF_CLOSE,
                                          RTF_TEXT, RTF_SYMBOL, RTF_END,  RTF_END};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct rtf_token t = rtf_next(&tokens);
        assert_int_equal(t.kind, kinds[i]);
        if (i == 1)
            assert_int_equal(t.number, -12);
        if (t.kind == RTF_OCTET)
            assert_int_equal(t.octet, 'A');
        if (t.kind == RTF_RAW)
            assert_true(slice_eq(t.text, SLICE("}{\\")));
    }
}

static struct inspection inspect(struct slice content)
{
    struct inspection in = inspection_of(arena, archive_default_limits());
    assert_true(inspect_file(&in, &SLICE("a.doc"), 1, content));
    return in;
}

TEST(test_objects_are_members)
{
    struct inspection in = inspect(SLICE("{\\rtf1{\\*\\objdata0 " OBJECT_HEX "}}"));
    assert_int_equal(in.count, 2);
    assert_true(slice_eq(in.first->next->path, SLICE("a.doc/C:\\run.exe")));
    assert_true(in.first->embedded && !in.first->why);
    in = inspect(SLICE("{\\rtf1{\\*\\objdata 0105000002000000 4d5a}}"));
    assert_string_equal(in.first->why, "corrupt");
}

/* Each of them, over and over: ten MiB (with sanitizers one) take as long as they take to be read. */
TEST(test_what_repeats_is_read_once)
{
    static const char *const pieces[] = {
        "{",  "}",       "\\objdata",  "{\\*\\objdata", "{\\*\\objdata 00", "\\objdata 00",
        "\\", "\\bin2 ", "{\\object ", "\\'00",         "{\\*\\fldinst a",  "0{\\*\\objdata 0}",
        "a",  "{}",      "\\u1 ",      "\\bin9999999 ", "{\\*\\htmltag a",
    };
    enum { LENGTH = MANY(10 << 20, 1 << 20) };
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct buf b = buf_init(LENGTH + 100);
        buf_cstr(&b, "{\\rtf1{\\*\\objdata ");
        while (buf_len(&b) < LENGTH)
            buf_cstr(&b, pieces[i]);
        struct rtf_findings found;
        cpu_budget_begin(0);
        objects_in(buf_slice(&b));
        rtf_find(arena, buf_slice(&b), &found);
        assert_true(arena_used(arena) < 2 * LENGTH);
        arena_reset(arena);
        buf_release(&b);
    }
}

TEST(test_more_groups_than_are_told_apart_are_told)
{
    struct buf b = buf_init(1 << 20);
    buf_cstr(&b, "{\\rtf1");
    for (int i = 0; i < 20000; i++)
        buf_char(&b, '{');
    for (int i = 0; i < 20000; i++)
        buf_char(&b, '}');
    buf_cstr(&b, "{\\*\\objdata " OBJECT_HEX "}}");
    struct seen seen = objects_in(buf_slice(&b));
    assert_true(seen.program);
    assert_string_equal(seen.problem, "limit: depth");
    buf_release(&b);
}

/* A copy that ends with its memory, so that what is read behind it is seen. */
static void read_exactly(struct slice text)
{
    char *exact = malloc(text.len + (text.len == 0));
    struct rtf_findings f;
    assert_non_null(exact);
    memcpy(exact, text.ptr, text.len);
    struct slice copy = {exact, text.len};
    objects_in(copy);
    rtf_find(arena, copy, &f);
    arena_reset(arena);
    free(exact);
}

#define ALL_OF_IT                                                                                  \
    "{\\rtf1{\\*\\template http://\\'61\\u46 ?}{\\field{\\*\\fldinst INCLUDETEXT \"a\"}}{\\object" \
    "\\objautlink{\\*\\objclass Equation.3}{\\*\\objdata 01{\\*\\objdata 05}\\'00\\bin2 "          \
    "xx" OBJECT_HEX "}}{\\*\\htmltag84 <a>}}"

TEST(test_every_cut_is_survived)
{
    for (size_t len = 0; len < sizeof ALL_OF_IT; len++)
        read_exactly(slice_sub(SLICE(ALL_OF_IT), 0, len));
}

TEST(test_every_flip_is_survived)
{
    char text[] = ALL_OF_IT;
    for (size_t bit = 0; bit < 8 * (sizeof text - 1); bit++) {
        text[bit / 8] ^= (char)(1 << bit % 8);
        read_exactly((struct slice){text, sizeof text - 1});
        text[bit / 8] ^= (char)(1 << bit % 8);
    }
}
