/* SPDX-License-Identifier: ISC */
#include "filters/likeness/look.h"

#include "tests/harness/unit.h"

#include <stdio.h>

static bool looks(const char *text, enum look_by by, const char *expected)
{
    char room[256];
    struct buf out = buf_over(room, sizeof room);
    look_fold(&out, slice_of(text), by);
    bool same = slice_eq(buf_slice(&out), slice_of(expected));
    if (!same)
        fprintf(stderr, "%s: %.*s, not %s\n", text, SLICE_ARGS(buf_slice(&out)), expected);
    return same;
}

TEST(test_letters_of_other_scripts_and_forms_look_like_ascii)
{
    static const struct {
        const char *text, *looks;
    } cases[] = {
        {"PayPal", "paypal"},
        {"раураl", "paypal"},          /* Cyrillic */
        {"ΡΑΥΡΑL", "paypal"},          /* Greek capitals */
        {"ɡооɡⅼе", "google"},          /* script g, Cyrillic, Roman numeral */
        {"ａｍａｚｏｎ", "amazon"},    /* fullwidth */
        {"ＡＭＡＺＯＮ２", "amazon2"}, /* fullwidth capitals */
        {"𝐀𝐦𝐚𝐳𝐨𝐧", "amazon"},          /* mathematical bold */
        {"𝒂𝓫𝔠𝟙", "abc1"},
        {"Ⓜⓘcrosoft", "microsoft"},
        {"🅿aypal", "paypal"},
        {"ﬁne", "fine"},
        {"Müller", "muller"},
        {"Mu\xcc\x88ller", "muller"}, /* with a combining mark */
        {"Ørsted Łukasz Đoković", "orsted lukasz dokovic"},
        {"straße œuvre Æ", "strasse oeuvre ae"},
        {"pay\xe2\x80\x8bpal", "paypal"}, /* a blank of no width */
        {"pay\xc2\xadpal", "paypal"},     /* a soft hyphen */
        {"ваnк", "bank"},                 /* small capitals */
        {"日本", "日本"},
        {"a\xff"
         "b",
         "ab"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(looks(cases[i].text, LOOK_BY_SHAPE, cases[i].looks));
}

TEST(test_by_case_a_name_looks_the_same_in_small_and_capital_letters)
{
    static const char *const names[][2] = {{"Νίκος Παπάς", "ΝΙΚΟΣ ΠΑΠΑΣ"},
                                           {"Владимир Щукин", "ВЛАДИМИР ЩУКИН"},
                                           {"Անի", "ԱՆԻ"},
                                           {"Žofia", "ŽOFIA"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char room[2][256];
        struct buf a = buf_over(room[0], sizeof room[0]), b = buf_over(room[1], sizeof room[1]);
        look_fold(&a, slice_of(names[i][0]), LOOK_BY_CASE);
        look_fold(&b, slice_of(names[i][1]), LOOK_BY_CASE);
        assert_true(slice_eq(buf_slice(&a), buf_slice(&b)));
    }
}

TEST(test_digits_are_letters_in_long_names_and_few_of_them_in_short_ones)
{
    static const char digits[] = "0123456789", letters[] = "olzeasgtbg", narrow[] = "ol23456789";
    for (size_t i = 0; digits[i]; i++) {
        assert_int_equal(look_letter(digits[i]), letters[i]);
        assert_int_equal(look_letter_narrow(digits[i]), narrow[i]);
    }
    assert_int_equal(look_letter('i'), 'l');
    assert_int_equal(look_letter('m'), 'm');
}
