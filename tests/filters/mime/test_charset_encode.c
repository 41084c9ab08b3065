/* SPDX-License-Identifier: ISC */
#include "filters/mime/charset_encode.h"

#include "base/utf8.h"
#include "filters/mime/charset.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

enum { ROOM = 4096 };

static char written[ROOM], read_back[ROOM];
static size_t lost, all;

static struct slice encode(const char *charset, struct slice text)
{
    struct buf out = buf_over(written, sizeof written);
    lost = all = 0;
    assert_true(charset_encode(&out, charset_number(slice_of(charset)), text, &lost, &all));
    return buf_slice(&out);
}

static struct slice decode(const char *charset, struct slice octets)
{
    struct buf out = buf_over(read_back, sizeof read_back);
    assert_true(charset_append(&out, slice_of(charset), octets));
    return buf_slice(&out);
}

/* Unicode has some characters twice, and the yen of Japan is a backslash. */
enum { TWINS = 10, STEP = MANY(1, 5) };

TEST(test_what_was_written_is_read_back)
{
    for (int number = 0; number < CHARSETS; number++) {
        const char *charset = charset_name(number);
        size_t wrong = 0, said = 0;
        for (uint32_t code = 0xa1; code < 0xd800; code += STEP) {
            char room[8];
            struct buf one = buf_over(room, sizeof room);
            utf8_append(&one, code);
            if (charset_form(number) == CHARSET_NEVER || code == 0x2028 || code == 0x2029)
                continue;
            struct slice octets = encode(charset, buf_slice(&one));
            bool near =
                lost > 0 || (charset_near(code).ptr && slice_eq(octets, charset_near(code)));
            if (near)
                continue;
            said++;
            if (!slice_eq(decode(charset, octets), buf_slice(&one)) && wrong++ >= TWINS)
                printf("%s: U+%04x is read as %.*s\n", charset, code,
                       SLICE_ARGS(decode(charset, octets)));
        }
        if (wrong > TWINS)
            fail_msg("%s: %zu of %zu", charset, wrong, said);
    }
}

TEST(test_what_a_charset_has_not_is_written_as_what_is_near)
{
    assert_true(slice_eq(encode("us-ascii", SLICE("\xc3\xa9t\xc3\xa9 \xc5\x81\xc3\xb3"
                                                  "d\xc5\xba \xe2\x82\xac\xe2\x80\xa6")),
                         SLICE("ete Lodz EUR...")));
    assert_int_equal(lost, 0);
    assert_true(slice_eq(encode("us-ascii", SLICE("a \xd0\x96 b")), SLICE("a ? b")));
    assert_int_equal(lost, 1);
    assert_int_equal(all, 3);
    assert_true(slice_eq(encode("iso-8859-1", SLICE("\xe2\x82\xac")), SLICE("EUR")));
    assert_true(slice_eq(encode("windows-1252", SLICE("\xe2\x82\xac")), SLICE("\x80")));
}

TEST(test_escapes_are_taken_back)
{
    for (int i = 0; i < 2; i++) {
        struct slice out = encode("iso-2022-jp", SLICE("\xe5\xa4\x96"));
        assert_true(slice_eq(out, SLICE("\x1b$B30\x1b(B")));
        assert_true(slice_eq(encode("iso-2022-jp", SLICE("ascii")), SLICE("ascii")));
    }
    assert_true(
        slice_eq(encode("iso-2022-jp", SLICE("\xe5\xa4\x96\xc3\x9f")), SLICE("\x1b$B30\x1b(Bss")));
}

TEST(test_what_has_states_or_wide_units_takes_no_text)
{
    static const char *const never[] = {"utf-16",     "utf-16le",          "utf-16be",
                                        "utf-7",      "unicode-1-1-utf-7", "hz-gb-2312",
                                        "iso-2022-kr"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        assert_int_equal(charset_form(charset_number(slice_of(never[i]))), CHARSET_NEVER);
    assert_int_equal(charset_form(-1), CHARSET_NEVER);
    assert_int_equal(charset_form(CHARSETS), CHARSET_NEVER);
    assert_int_equal(charset_form(charset_number(SLICE("UTF-8"))), CHARSET_UTF8);
    assert_int_equal(charset_form(charset_number(SLICE("us-ascii"))), CHARSET_ASCII);
}

TEST(test_a_full_buffer_is_told)
{
    char room[4];
    struct buf out = buf_over(room, sizeof room);
    assert_false(charset_encode(&out, charset_number(SLICE("utf-8")), SLICE("12345"), &lost, &all));
}
