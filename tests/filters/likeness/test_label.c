/* SPDX-License-Identifier: ISC */
#include "filters/likeness/label.h"

#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

static bool form_is(const struct label_form *form, const char *text)
{
    return slice_eq(label_form_slice(form), slice_of(text));
}

static bool same_letters(const char *a, const char *b)
{
    struct label_form one, other;
    label_letters(slice_of(a), &one);
    label_letters(slice_of(b), &other);
    return slice_eq(label_form_slice(&one), label_form_slice(&other));
}

static bool same_pairs(const char *a, const char *b)
{
    struct label_form one, other;
    label_pairs(slice_of(a), &one);
    label_pairs(slice_of(b), &other);
    return slice_eq(label_form_slice(&one), label_form_slice(&other));
}

TEST(test_an_a_label_looks_like_what_is_shown_of_it)
{
    static const char *const cases[][2] = {{"xn--bcher-kva", "bucher"},
                                           {"XN--BCHER-KVA", "bucher"},
                                           {"xn--", "xn--"},
                                           {"xn--\x7f", "xn--\x7f"},
                                           {"xn--99999999999", "xn--99999999999"},
                                           {"xn--pypl-53dc", "paypal"},
                                           {"paypal", "paypal"}};
    struct label_form form;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        label_look(slice_of(cases[i][0]), &form);
        assert_true(form_is(&form, cases[i][1]));
    }
}

TEST(test_letters_that_are_taken_for_one_another_are_equal)
{
    assert_true(same_letters("paypal", "paypai"));
    assert_true(same_letters("paypal", "paypa1"));
    assert_true(same_letters("microsoft", "m1cr0s0ft"));
    assert_true(same_letters("sparkasse", "5parka5se"));
    assert_true(same_letters("dhl", "dh1"));
    assert_false(same_letters("3mx", "emx"));
    assert_false(same_letters("paypal", "paypel"));
}

TEST(test_pairs_are_read_as_one_letter)
{
    assert_true(same_pairs("microsoft", "rnicrosoft"));
    assert_true(same_pairs("walmart", "vvalmart"));
    assert_true(same_pairs("dropbox", "clropbox"));
    assert_true(same_pairs("adobe", "ac1obe"));
    assert_true(same_pairs("microsoft", "rn1cros0ft"));
    assert_false(same_pairs("dropbox", "ciropbox"));
}

/* As the definition has it, without bounds. */
static unsigned distance(struct slice a, struct slice b)
{
    unsigned d[16][16];
    for (size_t i = 0; i <= a.len; i++)
        for (size_t j = 0; j <= b.len; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = (unsigned)(i + j);
                continue;
            }
            unsigned best = d[i - 1][j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
            best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
            best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1] &&
                d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[a.len][b.len];
}

static struct slice any_text(char room[static 12])
{
    size_t len = (size_t)rand() % 12;
    for (size_t i = 0; i < len; i++)
        room[i] = (char)('a' + rand() % 3);
    return (struct slice){room, len};
}

TEST(test_slips_are_counted_as_the_definition_counts_them)
{
    char one[12], other[12];
    srand(1);
    for (int i = 0; i < 200000; i++) {
        struct slice a = any_text(one), b = any_text(other);
        unsigned d = distance(a, b);
        assert_int_equal(label_within(a, b, 1), d <= 1);
        assert_int_equal(label_within(a, b, 2), d <= 2);
    }
}

TEST(test_what_is_longer_than_any_label_is_cut)
{
    char text[400];
    struct label_form form;
    memset(text, 'a', sizeof text);
    label_look((struct slice){text, sizeof text}, &form);
    assert_true(form.len <= LABEL_FORM_MAX);
    label_pairs((struct slice){text, sizeof text}, &form);
    assert_int_equal(form.len, LABEL_FORM_MAX);
    assert_false(label_within((struct slice){text, 400}, (struct slice){text, 400}, 2));
}

TEST(test_a_set_has_a_bit_for_each_letter)
{
    assert_int_equal(label_set(SLICE("abca")), 7);
    assert_int_equal(label_set(SLICE("a-b")), 3 | 1 << 26);
    assert_int_equal(label_set(SLICE("\xc3\xa4")), 1 << 27);
}
