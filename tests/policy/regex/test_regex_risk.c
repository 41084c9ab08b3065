/* SPDX-License-Identifier: ISC
 * Patterns that can take too long are refused, and told where; those that people write are not. */
#include "policy/regex/regex.h"
#include "policy/regex/ambiguity.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

ARENA_TESTS(4 << 20);

static char error[REGEX_ERROR_SIZE];
static size_t at;

static bool refused(const char *pattern, bool fold)
{
    struct regex *regex = regex_new(slice_of(pattern), fold, error, &at);
    regex_free(regex);
    return !regex;
}

static bool refused_for(const char *pattern, const char *reason)
{
    return refused(pattern, false) && strstr(error, reason) != NULL;
}

/* How many lines of a file hold a pattern of which `refused` is not as it should be. */
static unsigned wrong_in(const char *path, bool should_be_refused, bool fold, unsigned *total)
{
    char line[1024];
    unsigned wrong = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (*total = 0; fgets(line, sizeof line, file);) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "# ", 2) == 0 || !line[0])
            continue;
        ++*total;
        bool is_refused = refused(line, fold);
        if (is_refused && !strstr(error, "too many ways"))
            fail_msg("%s is no pattern: %s", line, error);
        if (is_refused == should_be_refused)
            continue;
        print_error("%s\n%s\n", line, is_refused ? error : "is not refused");
        wrong++;
    }
    fclose(file);
    return wrong;
}

TEST(test_no_pattern_that_people_write_is_refused)
{
    unsigned total;
    assert_int_equal(wrong_in("tests/policy/regex/patterns/ordinary.txt", false, false, &total), 0);
    assert_true(total >= 200);
    assert_int_equal(wrong_in("tests/policy/regex/patterns/ordinary.txt", false, true, &total), 0);
}

TEST(test_every_pattern_that_explodes_is_refused)
{
    unsigned total;
    assert_int_equal(wrong_in("tests/policy/regex/patterns/exploding.txt", true, false, &total), 0);
    assert_true(total >= 60);
}

TEST(test_the_place_and_the_kind_are_told)
{
    assert_true(refused_for("abc(a+)+$", "\"(a+)+\" can read the same text"));
    assert_int_equal(at, 3);
    assert_true(refused_for("^x|(?:y(a|aa)+)?$", "\"(a|aa)+\" can read the same text"));
    assert_int_equal(at, 7);
    assert_true(refused_for("x.*.*.*y", "\".*\" and the repeats behind it"));
    assert_int_equal(at, 1);
    assert_true(refused_for("(?:a{1,4}(b+)+){2}x", "\"(b+)+\" can read"));
    assert_int_equal(at, 9);
    assert_true(
        refused_for("((one|two|three|four|five|six)*)*x", "\"((one|two|three|four|fiv...\""));
}

TEST(test_what_is_wrong_is_told_as_before)
{
    assert_true(refused_for("a(b", "parenthesis"));
    assert_true(refused_for("[a", "terminating ]"));
    assert_int_equal(at, 2);
}

TEST(test_groups_of_all_kinds_are_looked_into)
{
    static const char *const patterns[] = {
        "(?<n>a+)+$",       "(?P<n>a+)+$",
        "(?'n'a+)+$",       "(?:a+)+$",
        "(?|(a+)|b)+$",     "(?i:a+)+$",
        "(?i)(?-i:a+)+$",   "(?=b?(a+)+$)a",
        "(?!(a+)+$)a",      "(?x) ( a + # x\n ) + $",
        "(\\Qa\\E+)+$",     "(?#(a++)+)(a+)+$",
        "(?(?=a)(a+)+|b)$", "(?<=b)(a+)+$",
    };
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (!refused(patterns[i], false))
            fail_msg("%s is not refused", patterns[i]);
}

TEST(test_characters_are_what_the_pattern_says)
{
    static const char *const alike[] = {
        "\\d|\\w",     "\\x41|A", "[^a]|b",   "\\s|[ \\t]", "[[:digit:]]|5", "\\x{e9}|\xc3\xa9",
        "[a-f]|[c-z]", "\\W|\\s", "[\\w-]|-", "\\N|a",      "\\101|A",       "\\p{L}|a"};
    static const char *const others[] = {"\\d|\\s", "a|b",     "[a-f]|[g-z]", "[^\\d]|\\d",
                                         "\\w|-",   "\\t|\\n", "[]]|a",       "[a\\]]|b"};
    char pattern[64];
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++) {
        snprintf(pattern, sizeof pattern, "^(?:%s)+\x01$", alike[i]);
        if (!refused(pattern, false))
            fail_msg("%s is not refused", pattern);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(pattern, sizeof pattern, "^(?:%s)+\x01$", others[i]);
        if (refused(pattern, false))
            fail_msg("%s: %s", pattern, error);
    }
    assert_false(refused("^(?:k|K)+\x01$", false));
    assert_true(refused("^(?:k|K)+\x01$", true));
}

static size_t ambiguous(const char *pattern, const char *expected)
{
    struct regex_ambiguity found[8];
    struct regex_tree tree;
    size_t steps = 10000, n = 0;
    assert_true(regex_tree_read(arena, slice_of(pattern), false, &tree));
    for (size_t i = 0; i < tree.count; i++)
        if (tree.nodes[i].kind == REGEX_REPEAT && tree.nodes[i].parent == tree.root)
            n = regex_ambiguities(&tree, (int)i, found, 8, &steps);
    if (n && !slice_eq(found[0].texts[0], slice_of(expected)))
        fail_msg("\"%.*s\" for %s", SLICE_ARGS(found[0].texts[0]), pattern);
    return n;
}

TEST(test_texts_that_can_be_read_in_two_ways_are_found)
{
    assert_int_equal(ambiguous("(a+)+", "a"), 1);
    assert_true(ambiguous("(ab|a|b)*", "baba") > 0);
    assert_true(ambiguous("(\\w\\s?)*(a a |a ){0,9}", " a a a a") > 0);
    assert_int_equal(ambiguous("(ab|ac)*", ""), 0);
    assert_int_equal(ambiguous("(a+b)*", ""), 0);
    assert_int_equal(ambiguous("(a?b)*", ""), 0);
    assert_true(ambiguous("(a?)*", "a") == 0);
    assert_true(ambiguous("(a?){9}", "a") > 0);
}

TEST(test_large_patterns_take_bounded_time)
{
    struct buf pattern = buf_init(8192);
    for (int i = 0; i < 500; i++)
        buf_append(&pattern, SLICE("(a*|b)*"));
    struct slice many = buf_slice(&pattern);
    regex_free(regex_new(many, false, error, &at));
    buf_clear(&pattern);
    buf_append(&pattern, SLICE("^("));
    for (int i = 0; i < 800; i++)
        buf_append(&pattern, SLICE("\\w|a"));
    buf_append(&pattern, SLICE(")*\x01"));
    regex_free(regex_new(buf_slice(&pattern), false, error, &at));
    buf_clear(&pattern);
    for (int i = 0; i < 1300; i++)
        buf_append(&pattern, SLICE(".*,"));
    regex_free(regex_new(buf_slice(&pattern), false, error, &at));
    buf_release(&pattern);
}
