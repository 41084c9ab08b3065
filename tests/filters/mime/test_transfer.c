/* SPDX-License-Identifier: ISC */
#include "filters/mime/transfer.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_MAX = 4096 };

static void assert_octets(const char *out, size_t n, const char *expected)
{
    if (n != strlen(expected) || memcmp(out, expected, n) != 0)
        fail_msg("\"%.*s\" is not \"%s\"", (int)n, out, expected);
}

/* Decodes in pieces of `step` octets, each in memory of its own. */
static unsigned base64(const char *in, size_t step, char *out, size_t *n)
{
    struct base64 st = {0};
    size_t len = strlen(in);
    *n = 0;
    for (size_t at = 0; at < len; at += step)
        *n += base64_decode(&st, slice_sub(slice_of(in), at, at + step), out + *n);
    *n += base64_finish(&st, out + *n);
    return st.found;
}

TEST(test_base64_is_the_same_in_any_pieces)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"SGVsbG8=", "Hello"},
        {"SGVsbG8", "Hello"},
        {"SGVs\r\nbG8=\r\n", "Hello"},
        {"SG Vs b G8=", "Hello"},
        {"SGU=bGxv", "Hello"},
        {"====SGVsbG8=", "Hello"},
        {"S#G!V*sbG8=", "Hello"},
        {"SGV\nsbG8=", "Hello"},
        {"A", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[OUT_MAX];
        size_t n;
        unsigned whole = base64(cases[i][0], OUT_MAX, out, &n);
        assert_octets(out, n, cases[i][1]);
        assert_int_equal(base64(cases[i][0], 1, out, &n), whole);
        assert_octets(out, n, cases[i][1]);
    }
}

static unsigned base64_found(const char *in)
{
    char out[OUT_MAX];
    size_t n;
    return base64(in, OUT_MAX, out, &n);
}

TEST(test_base64_tells_what_is_odd)
{
    assert_int_equal(base64_found("SGVsbG8=\r\n"), 0);
    assert_int_equal(base64_found("SGVs\r\n\r\nbG8=\r\n"), 0);
    assert_int_equal(base64_found("SGVsbG8"), BASE64_NO_PADDING);
    assert_int_equal(base64_found("SGU="), 0);
    assert_int_equal(base64_found("SA=="), 0);
    assert_int_equal(base64_found("SA="), BASE64_NO_PADDING);
    assert_int_equal(base64_found("SA==="), BASE64_BAD_PADDING);
    assert_int_equal(base64_found("SGU=SGU="), BASE64_GOES_ON);
    assert_int_equal(base64_found("SG-Vs"), BASE64_JUNK);
    assert_int_equal(base64_found("SGV\nsbG8="), BASE64_RAGGED);
    assert_int_equal(base64_found("A"), BASE64_BAD_PADDING);
}

static void assert_qp(const char *in, const char *expected, unsigned expected_found)
{
    char out[OUT_MAX];
    unsigned found = 0;
    size_t n = qp_decode(slice_of(in), out, &found);
    assert_octets(out, n, expected);
    assert_int_equal(found, expected_found);
}

TEST(test_quoted_printable_is_decoded_leniently)
{
    assert_qp("a=3Db", "a=b", QP_UPPER);
    assert_qp("a=3db", "a=b", QP_LOWER);
    assert_qp("a=\r\nb=\nc= \t\r\nd", "abcd", 0);
    assert_qp("end=", "end", 0);
    assert_qp("end=  ", "end", 0);
    assert_qp("a=XYb", "a=XYb", QP_BROKEN);
    assert_qp("a==41", "a=A", QP_BROKEN);
    assert_qp("a=4", "a=4", QP_BROKEN);
}

TEST(test_uuencode_lines_are_decoded)
{
    char out[64];
    bool broken;
    assert_int_equal(uu_decode_line(SLICE("#0V%T"), out, &broken), 3);
    assert_octets(out, 3, "Cat");
    assert_false(broken);
    assert_int_equal(uu_decode_line(SLICE("`"), out, &broken), 0);
    assert_int_equal(uu_decode_line(SLICE("#0V"), out, &broken), 3);
    assert_int_equal(uu_decode_line(SLICE("M0V"), out, &broken), 45);
    assert_true(broken);
    assert_int_equal(uu_decode_line(SLICE("hello"), out, &broken), -1);
    assert_int_equal(uu_decode_line(SLICE(""), out, &broken), -1);
}

TEST(test_a_short_line_never_yields_more_than_it_holds)
{
    char in[1000], out[sizeof in + 4];
    unsigned found = 0;
    bool ended = false;
    for (size_t i = 0; i < sizeof in; i += 2)
        memcpy(in + i, "M\n", 2);
    assert_true(uu_decode((struct slice){in, sizeof in}, out, &found, &ended) <= sizeof in);
}

TEST(test_uuencode_is_found_in_a_text)
{
    struct uu_block block;
    struct slice text =
        SLICE("begin 1\nbegin 644 a\nwords\nbegin 644 b\n#0V%T\n\nend\nbegin 644 c\n#0V%T\n");
    assert_true(uu_find(text, 0, &block));
    assert_true(slice_eq(block.name, SLICE("b")) && block.ended && !block.base64);
    assert_true(slice_starts(block.body, SLICE("#0V%T\n")));
    assert_true(slice_starts(slice_from(text, block.to), SLICE("begin 644 c")));
    assert_true(uu_find(text, block.to, &block));
    assert_true(slice_eq(block.name, SLICE("c")) && !block.ended);
    assert_int_equal(block.to, text.len);
    assert_false(uu_find(text, block.to, &block));
}

TEST(test_begin_lines_need_a_mode_and_a_name)
{
    struct slice name;
    assert_true(uu_begin_line(SLICE("begin 644 a b.exe"), &name));
    assert_true(slice_eq(name, SLICE("a b.exe")));
    assert_true(uu_begin_line(SLICE("begin 0755 x"), &name));
    assert_false(uu_begin_line(SLICE("begin 644"), &name));
    assert_false(uu_begin_line(SLICE("begin 999 x"), &name));
    assert_false(uu_begin_line(SLICE("begin the day"), &name));
    assert_false(uu_begin_line(SLICE("Begin 644 x"), &name));
}
