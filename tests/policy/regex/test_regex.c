/* SPDX-License-Identifier: ISC
 * Matches end soon, whatever the text, and long texts are matched as short ones are. */
#include "base/buf.h"
#include "policy/regex/regex.h"
#include "tests/harness/unit.h"

#include <time.h>

static struct buf text;

static void begin(void)
{
    text = buf_init(1 << 20);
}

static void end(void)
{
    buf_release(&text);
}

EACH_TEST(begin, end);

static void repeat(const char *word, size_t size)
{
    while (buf_len(&text) < size)
        assert_true(buf_cstr(&text, word));
}

static int matched(const char *pattern)
{
    char error[REGEX_ERROR_SIZE];
    size_t at;
    struct regex *regex = regex_new(slice_of(pattern), false, error, &at);
    if (!regex)
        fail_msg("%s: %s", pattern, error);
    uint64_t steps = UINT64_MAX;
    int found = regex_match(regex, buf_slice(&text), &steps);
    regex_free(regex);
    return found;
}

/* From each "a" of 3,000 octets more steps are needed than all are granted at first. */
static void fill(const char *last)
{
    buf_clear(&text);
    repeat("ab", 3000);
    buf_cstr(&text, last);
}

TEST(test_the_only_match_is_found_wherever_it_begins)
{
    fill("ab7");
    assert_int_equal(matched("a.*b\\d"), 1);
    assert_int_equal(matched("a.*b7$"), 1);
    assert_int_equal(matched("^a.*b\\d"), 1);
    assert_int_equal(matched("(?<=b)a.*b\\d"), 1);
    assert_int_equal(matched("a.*b8"), 0);
    assert_int_equal(matched("^b.*b\\d"), 0);
    assert_int_equal(matched("\\Ga.*b\\d"), 1);
    assert_int_equal(matched("\\Gb.*b\\d"), 0);
    fill("");
    assert_int_equal(matched("a.*b\\d"), 0);
    fill("xa\nxab7");
    assert_int_equal(matched("x.*b\\d"), 1);
    assert_int_equal(matched("(?m)^x.*b\\d"), 1);
    assert_int_equal(matched("(?m)^a.*b\\d"), 0);
    assert_int_equal(matched(".*b\\d$"), 1);
}

TEST(test_characters_beyond_ascii_and_octets_that_are_none_are_passed)
{
    repeat("\xc3\xbc"
           "b",
           3000);
    assert_int_equal(matched("\xc3\xbc.*b\\d"), 0);
    buf_cstr(&text, "7");
    assert_int_equal(matched("\xc3\xbc.*b\\d"), 1);
    buf_cstr(&text, "\xbc\xff"
                    "ab8");
    assert_int_equal(matched("a.*b8$"), 1);
    assert_int_equal(matched("a.*b\\d\\d"), 0);
}

TEST(test_an_empty_text_and_an_empty_match_are_found)
{
    assert_int_equal(matched("^$"), 1);
    assert_int_equal(matched("a"), 0);
    fill("");
    assert_int_equal(matched("$"), 1);
    assert_int_equal(matched("(?:a.*b\\d)?$"), 1);
}

/* Without a bound on all beginnings together the longest takes 20 s here; with it half a second, and
 * a few where the machine is slow and sanitizes. */
enum { SECONDS_MOST = 8 };

TEST(test_no_text_takes_long)
{
    static const char *const patterns[] = {"a.*b\\d", "[ab]+\\d", "a.*b.*c\\d", "(?:a|b)*?\\d",
                                           "(?<=b)a.*b\\d"};
    for (size_t size = 20000; size < 50000; size += 14000) {
        buf_clear(&text);
        repeat("ab", size);
        for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
            clock_t start = clock();
            assert_int_not_equal(matched(patterns[i]), 1);
            if (clock() - start > SECONDS_MOST * CLOCKS_PER_SEC)
                fail_msg("%s takes too long for %zu octets", patterns[i], size);
        }
    }
}
