/* SPDX-License-Identifier: ISC */
#include "filters/mime/words.h"

#include "base/utf8.h"

#include "filters/mime/charset.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

ARENA(8 * 1024 * 1024);
static struct malformations odd;

static void set_up(void)
{
    make_arena();
    odd = (struct malformations){{0}};
}

EACH_TEST(set_up, free_arena);

static void assert_decodes_slice(struct slice in, const char *expected)
{
    struct slice out = words_decode(arena, in, &odd);
    if (!slice_eq(out, slice_of(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARGS(out), expected);
    assert_true(utf8_valid(out));
}

static void assert_decodes(const char *in, const char *expected)
{
    assert_decodes_slice(slice_of(in), expected);
}

TEST(test_words_decode)
{
    assert_decodes("plain text", "plain text");
    assert_decodes("=?iso-8859-1?Q?caf=E9_au_lait?=", "café au lait");
    assert_decodes("=?utf-8?b?Y2Fmw6k=?= noir", "café noir");
    assert_decodes("=?KOI8-R?B?08ncxdQ=?=", "сиэет");
    assert_decodes("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本");
    assert_decodes("=?utf-8*de?q?x?=", "x");
    assert_decodes("a =?utf-8?q?b?= c", "a b c");
}

TEST(test_adjacent_words_join)
{
    assert_decodes("=?utf-8?q?a?= =?utf-8?q?b?=", "ab");
    assert_decodes("=?utf-8?q?a?=  =?iso-8859-1?q?=E9?=", "aé");
    assert_decodes("=?utf-8?q?=C3?= =?utf-8?b?qQ==?=", "é");
}

TEST(test_words_within_words_and_quotes_decode)
{
    assert_decodes("\"=?utf-8?q?a?=\"", "\"a\"");
    assert_decodes("x=?utf-8?q?a?=y", "xay");
    assert_decodes("=?utf-8?q?a b?=", "a b");
}

TEST(test_what_is_no_word_stays)
{
    assert_decodes("=?utf-8?q?never ends", "=?utf-8?q?never ends");
    assert_decodes("=?utf-8?x?a?=", "=?utf-8?x?a?=");
    assert_decodes("=?", "=?");
    assert_decodes("=?=?=?", "=?=?=?");
    assert_decodes("1 =? 2", "1 =? 2");
}

TEST(test_controls_become_visible)
{
    assert_decodes_slice((struct slice){"a\0b\x1b\x7f", 5}, "a␀b␛␡");
    assert_decodes("=?utf-8?q?a=00=0D=0Ab?=", "a␀␍␊b");
    assert_decodes("tab\there", "tab here");
}

TEST(test_invalid_octets_become_latin)
{
    assert_decodes("caf\xe9", "café");
    assert_decodes("=?utf-8?q?caf=E9?=", "café");
    assert_decodes("=?x-unknown?q?caf=E9?=", "café");
    assert_true(malformations_has(&odd, MALFORMATION_CHARSET_UNKNOWN));
}

TEST(test_utf7_is_decoded_and_told)
{
    assert_decodes("=?utf-7?q?+ADw-b?=", "<b");
    assert_true(malformations_has(&odd, MALFORMATION_CHARSET_UTF7));
}

TEST(test_utf16_needs_no_mark)
{
    assert_decodes("=?utf-16?B?AGEALgBi?=", "a.b");
    assert_decodes("=?utf-16?B?YQAuAGIA?=", "a.b");
}

TEST(test_many_beginnings_take_no_time)
{
    enum { N = 200000 };
    char *text = malloc(N);
    for (size_t i = 0; i < N; i++)
        text[i] = "=?a?q?"[i % 6];
    words_decode(arena, (struct slice){text, N}, &odd);
    free(text);
}
