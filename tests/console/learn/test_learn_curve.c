/* SPDX-License-Identifier: ISC */
#include "console/learn/calibration.h"
#include "console/learn/curve.h"
#include "console/learn/plot.h"
#include "console/learn/progress.h"
#include "tests/harness/unit.h"

#include <string.h>

enum { MANY = 2000 };

static struct learn_prediction each[MANY];
static struct predictions all = {.each = each};

static void clear(void)
{
    all.count = 0;
}

EACH_TEST(clear, NULL);

static void add(size_t count, enum label_class class, double said)
{
    for (; count; count--)
        each[all.count++] = (struct learn_prediction){
            .class = class, .probability = (uint16_t)(said * UINT16_MAX + 0.5)};
}

static double recall(void)
{
    static uint16_t scratch[MANY];
    return curve_recall(each, all.count, scratch);
}

static void is_near(double a, double b)
{
    assert_true(a > b - 0.001 && a < b + 0.001);
}

/* ---- recall ---- */

TEST(test_one_good_message_in_a_hundred_may_be_taken_for_spam)
{
    add(99, LABEL_GOOD, 0.1);
    add(1, LABEL_GOOD, 0.9);
    add(30, LABEL_SPAM, 0.8);
    add(10, LABEL_SPAM, 0.05);
    is_near(recall(), 0.75);
    add(1, LABEL_GOOD, 0.95);
    is_near(recall(), 0);
}

TEST(test_of_fewer_than_a_hundred_none_may)
{
    add(98, LABEL_GOOD, 0.1);
    add(1, LABEL_GOOD, 0.9);
    add(10, LABEL_SPAM, 0.8);
    add(10, LABEL_SPAM, 0.95);
    is_near(recall(), 0.5);
}

TEST(test_spam_that_is_thought_of_like_good_mail_is_not_found)
{
    add(200, LABEL_GOOD, 0.5);
    add(200, LABEL_SPAM, 0.5);
    is_near(recall(), 0);
}

TEST(test_too_few_say_nothing)
{
    add(CURVE_LEAST - 1, LABEL_GOOD, 0.1);
    add(CURVE_LEAST, LABEL_SPAM, 0.9);
    assert_true(recall() < 0);
    add(1, LABEL_GOOD, 0.1);
    is_near(recall(), 1);
    clear();
    assert_true(recall() < 0);
}

TEST(test_a_point_looks_back_on_the_last_messages_alone)
{
    struct curve_point points[CURVE_POINTS];
    for (int i = 0; i < 500; i++) {
        add(1, LABEL_GOOD, 0.6);
        add(1, LABEL_SPAM, 0.5);
    }
    for (int i = 0; i < 250; i++) {
        add(1, LABEL_GOOD, 0.1);
        add(1, LABEL_SPAM, 0.9);
    }
    assert_int_equal(curve_make(&all, 0, points), CURVE_POINTS);
    assert_int_equal(points[CURVE_POINTS - 1].learnt, 1500);
    is_near(points[CURVE_POINTS - 1].recall, 1);
    is_near(points[CURVE_POINTS / 2].recall, 0);
    for (size_t i = 1; i < CURVE_POINTS; i++)
        assert_true(points[i].learnt > points[i - 1].learnt);
}

TEST(test_few_predictions_have_a_point_each)
{
    struct curve_point points[CURVE_POINTS];
    assert_int_equal(curve_make(&all, 0, points), 0);
    add(3, LABEL_GOOD, 0.1);
    assert_int_equal(curve_make(&all, 0, points), 3);
    assert_int_equal(points[2].learnt, 3);
    curve_make(&all, 1000, points);
    assert_int_equal(points[0].learnt, 1001);
    assert_true(points[2].recall < 0);
}

/* ---- calibration ---- */

TEST(test_bins_tell_what_was_said_and_what_was)
{
    struct calibration_bin bins[CALIBRATION_BINS];
    add(30, LABEL_GOOD, 0.72);
    add(70, LABEL_SPAM, 0.78);
    add(5, LABEL_GOOD, 0);
    add(5, LABEL_SPAM, 1);
    calibration_make(&all, bins);
    assert_int_equal(bins[7].count, 100);
    is_near(bins[7].said, 0.762);
    is_near(bins[7].was, 0.7);
    assert_int_equal(bins[0].count, 5);
    is_near(bins[0].was, 0);
    assert_int_equal(bins[9].count, 5);
    is_near(bins[9].said, 1);
    is_near(bins[9].was, 1);
    assert_int_equal(bins[3].count, 0);
}

/* ---- as it comes ---- */

TEST(test_predictions_come_in_base64)
{
    /* number 1, spam, 65535; number 2, good, 0 */
    struct predictions read;
    assert_true(predictions_read(SLICE("AQAAAAAAAAAB//8CAAAAAAAAAAAAAA=="), &read));
    assert_int_equal(read.count, 2);
    assert_int_equal(read.each[0].number, 1);
    assert_int_equal(read.each[0].class, LABEL_SPAM);
    is_near(prediction_said(&read.each[0]), 1);
    assert_int_equal(read.each[1].number, 2);
    is_near(prediction_said(&read.each[1]), 0);
    predictions_free(&read);
    assert_true(predictions_read(SLICE(""), &read));
    assert_int_equal(read.count, 0);
    predictions_free(&read);
}

TEST(test_what_are_no_predictions_is_refused)
{
    static const char *const texts[] = {"AQAA", "AQAAAAAAAAAB//8", "****", "=", "====",
                                        "AQAAAAAAAAAJ//8C", "AQAAAAAAAAAB/w=="};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct predictions read;
        bool ok = predictions_read(slice_of(texts[i]), &read);
        predictions_free(&read);
        assert_false(ok);
    }
}

/* ---- drawn ---- */

static char drawn[8192];

static const char *curve_drawn(bool blocks)
{
    struct curve_point points[CURVE_POINTS];
    struct buf out = buf_over(drawn, sizeof drawn);
    plot_curve(&out, points, curve_make(&all, 0, points), blocks);
    assert_true(buf_char(&out, '\0'));
    return drawn;
}

static const char *calibration_drawn(bool blocks)
{
    struct calibration_bin bins[CALIBRATION_BINS];
    struct buf out = buf_over(drawn, sizeof drawn);
    calibration_make(&all, bins);
    plot_calibration(&out, bins, blocks);
    assert_true(buf_char(&out, '\0'));
    return drawn;
}

TEST(test_nothing_but_ascii_is_drawn_where_blocks_are_not_wanted)
{
    add(300, LABEL_GOOD, 0.1);
    add(300, LABEL_SPAM, 0.9);
    assert_true(slice_is_ascii(slice_of(curve_drawn(false))));
    assert_non_null(strchr(drawn, '#'));
    assert_true(slice_is_ascii(slice_of(calibration_drawn(false))));
    assert_non_null(strchr(drawn, '#'));
    assert_non_null(strstr(curve_drawn(true), "█"));
    assert_non_null(strstr(calibration_drawn(true), "█"));
}

TEST(test_no_prediction_draws_no_curve)
{
    assert_string_equal(curve_drawn(true), "");
}

TEST(test_a_calibration_has_a_line_for_each_bin_that_something_is_in)
{
    add(50, LABEL_GOOD, 0);
    add(50, LABEL_SPAM, 1);
    assert_string_equal(calibration_drawn(false),
                        "     said      was  messages\n"
                        "    0.0 %    0.0 %       50  |\n"
                        "  100.0 %  100.0 %       50  #############################|\n");
}

/* ---- progress ---- */

TEST(test_a_bar_is_as_full_as_its_share)
{
    char room[64];
    struct buf out = buf_over(room, sizeof room);
    progress_bar(&out, 0, 4);
    progress_bar(&out, 0.5, 4);
    progress_bar(&out, 1, 4);
    assert_true(buf_char(&out, '\0'));
    assert_string_equal(room, "[....][##..][####]");
}

TEST(test_what_is_left_takes_as_long_as_what_is_done)
{
    assert_int_equal(progress_left(1, 4, 10000), 30000);
    assert_int_equal(progress_left(4, 4, 10000), 0);
    assert_int_equal(progress_left(0, 4, 10000), -1);
    assert_int_equal(progress_left(1, 4, 10), -1);
    assert_int_equal(progress_left(5, 4, 10000), -1);
}
