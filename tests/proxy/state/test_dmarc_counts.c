/* SPDX-License-Identifier: ISC */
#include "proxy/state/dmarc_counts.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

static struct event_base *base;
static struct dmarc_counts *counts;
static unsigned told, messages;
static char last[64];

static void tell(void *ctx, const struct dmarc_row *row)
{
    assert_ptr_equal(ctx, &told);
    told++;
    messages += row->count;
    snprintf(last, sizeof last, "%.*s %.*s %.*s %u", SLICE_ARGS(row->key), SLICE_ARGS(row->row),
             SLICE_ARGS(row->policy), row->count);
}

static void begin(void)
{
    base = event_base_new();
    counts = dmarc_counts_new(base, tell, &told);
    told = messages = 0;
    assert_non_null(counts);
}

static void end(void)
{
    dmarc_counts_free(&counts);
    event_base_free(base);
}

EACH_TEST(begin, end);

static void add(const char *key, const char *row, const char *policy)
{
    char texts[3][64];
    snprintf(texts[0], sizeof texts[0], "%s", key);
    snprintf(texts[1], sizeof texts[1], "%s", row);
    snprintf(texts[2], sizeof texts[2], "%s", policy);
    dmarc_counts_add(
        counts, &(struct dmarc_row){slice_of(texts[0]), slice_of(texts[1]), slice_of(texts[2]), 0});
    memset(texts, 'x', sizeof texts); /* whatever is needed was copied */
}

TEST(test_equal_rows_are_told_together_when_their_time_is_over)
{
    for (int i = 0; i < 5; i++)
        add("key", "row", "policy");
    assert_int_equal(told, 0);
    event_base_dispatch(base);
    assert_int_equal(told, 1);
    assert_string_equal(last, "key row policy 5");
    add("key", "row", "policy");
    event_base_dispatch(base);
    assert_string_equal(last, "key row policy 1");
}

TEST(test_rows_that_differ_in_anything_are_counted_apart)
{
    add("key", "row", "policy");
    add("ke", "yrow", "policy");
    add("key", "ro", "wpolicy");
    add("key", "row", "");
    event_base_dispatch(base);
    assert_int_equal(told, 4);
    assert_int_equal(messages, 4);
}

TEST(test_one_row_more_than_there_is_room_for_has_all_others_told)
{
    char row[16];
    for (int i = 0; i <= DMARC_COUNTS_MOST; i++) {
        snprintf(row, sizeof row, "%d", i);
        add("key", row, "policy");
    }
    assert_int_equal(told, DMARC_COUNTS_MOST);
    event_base_dispatch(base);
    assert_int_equal(told, DMARC_COUNTS_MOST + 1);
}

TEST(test_who_leaves_holds_nothing_back)
{
    add("key", "row", "policy");
    add("key", "row", "policy");
    dmarc_counts_settle(counts);
    assert_string_equal(last, "key row policy 2");
    add("key", "row", "policy");
    assert_int_equal(told, 2);
    assert_string_equal(last, "key row policy 1");
}

TEST(test_what_nobody_was_told_of_is_freed)
{
    add("key", "row", "policy");
}
