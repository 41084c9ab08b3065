/* SPDX-License-Identifier: ISC */
#include "base/json.h"
#include "tests/harness/unit.h"

#include <math.h>
#include <string.h>

static void expect_json(struct slice text, const char *want)
{
    struct buf out = buf_init(10000);
    json_text(&out, text);
    buf_char(&out, '\0');
    assert_string_equal(buf_slice(&out).ptr, want);
    buf_release(&out);
}

TEST(test_strings_are_escaped)
{
    expect_json(SLICE(""), "\"\"");
    expect_json(SLICE("a\"b\\c/"), "\"a\\\"b\\\\c/\"");
    expect_json(SLICE("\r\n\t\x01\x7f"), "\"\\u000d\\n\\t\\u0001\\u007f\"");
    expect_json(SLICE("\0"), "\"\\u0000\"");
    expect_json((struct slice){NULL, 0}, "\"\"");
}

TEST(test_only_well_formed_utf8_passes)
{
    expect_json(SLICE("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
                "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
#define BAD "\xef\xbf\xbd"
    expect_json(SLICE("\x80"), "\"" BAD "\"");
    expect_json(SLICE("\xc0\xaf"), "\"" BAD BAD "\"");                 /* overlong */
    expect_json(SLICE("\xe0\x80\x80"), "\"" BAD BAD BAD "\"");         /* overlong */
    expect_json(SLICE("\xed\xa0\x80"), "\"" BAD BAD BAD "\"");         /* surrogate */
    expect_json(SLICE("\xf4\x90\x80\x80"), "\"" BAD BAD BAD BAD "\""); /* past U+10FFFF */
    expect_json(SLICE("\xe2\x82"), "\"" BAD BAD "\"");                 /* cut off */
    expect_json(SLICE("\xe2\"x"), "\"" BAD "\\\"x\"");                 /* hides no quote */
}

static void expect_number(double number, const char *want)
{
    struct buf out = buf_init(100);
    json_number(&out, number);
    buf_char(&out, '\0');
    assert_string_equal(buf_slice(&out).ptr, want);
    buf_release(&out);
}

TEST(test_numbers)
{
    expect_number(0, "0");
    expect_number(-17, "-17");
    expect_number(123456789012.0, "123456789012");
    expect_number(2.5, "2.5");
    expect_number((double)INFINITY, "null");
    expect_number((double)NAN, "null");
}

TEST(test_commas_stand_between)
{
    struct buf out = buf_init(1000);
    buf_char(&out, '{');
    json_key(&out, SLICE("a"));
    json_text(&out, SLICE("["));
    json_key(&out, SLICE("b"));
    buf_char(&out, '[');
    json_item(&out);
    json_number(&out, 1);
    json_item(&out);
    json_text(&out, SLICE("{"));
    json_item(&out);
    json_number(&out, 2);
    buf_cstr(&out, "]}");
    assert_true(slice_eq(buf_slice(&out), SLICE("{\"a\":\"[\",\"b\":[1,\"{\",2]}")));
    buf_release(&out);
}

TEST(test_overflow_shows)
{
    struct buf out = buf_init(5);
    json_text(&out, SLICE("too long"));
    assert_true(out.failed);
    buf_release(&out);
}
