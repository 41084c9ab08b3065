/* SPDX-License-Identifier: ISC
 * Tables whose files have lost entries since they were served. */
#include "policy/table_shrink.h"

#include "policy/config.h"
#include "policy/table.h"
#include "tests/harness/unit.h"

#include <stdio.h>

/* n entries, the first so many of example.com. */
static const char *entries(size_t n, char room[static 4096])
{
    size_t len = 0;
    room[0] = '\0';
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(room + len, 4096 - len, "u%zu@example.com # one\r\n\r\n", i);
    return room;
}

struct served {
    const char *former; /* of r.txt; NULL: unknown */
    const char *now;
    bool accepted;
    char kept[200]; /* what was kept, "NAME PATH BEFORE NOW" */
};

static bool former(void *ctx, struct slice path, struct slice *content)
{
    struct served *served = ctx;
    *content = slice_of(served->former);
    return served->former && slice_eq(path, SLICE("r.txt"));
}

static bool keeps(void *ctx, const struct shrunk_table *table)
{
    struct served *served = ctx;
    snprintf(served->kept, sizeof served->kept, "%.*s %.*s %zu %zu", SLICE_ARGS(table->name),
             SLICE_ARGS(table->path), table->before, table->now);
    if (!served->accepted)
        served->now = served->former;
    return !served->accepted;
}

static const char *main_text;

static bool read_file(void *ctx, struct slice path, struct slice *content, const char **reason)
{
    const struct served *served = ctx;
    *reason = "none";
    *content = slice_of(slice_eq(path, SLICE("r.txt")) ? served->now : main_text);
    return true;
}

static const char named[] = "backend e { smtp \"10.0.0.1\" }\n"
                            "domain \"example.com\" { backend e recipients users }\n"
                            "table users from file \"r.txt\"\n";
static const char nameless[] =
    "backend e { smtp \"10.0.0.1\" }\n"
    "domain \"example.com\" { backend e recipients from file \"r.txt\" }\n";

static struct config *load(const char *text, struct served *served, struct buf *report)
{
    struct table_guard guard = {.ctx = served, .former = former, .keeps = keeps};
    struct loader loader = {.read = read_file, .ctx = served, .guard = &guard};
    main_text = text;
    return config_load(SLICE("t.conf"), &loader, SLICE("mx.test"), report);
}

static size_t recipients(const struct config *config)
{
    return table_count(config->domains[0].recipients);
}

/* How many entries it has in the end. */
static size_t left(const char *text, struct served *served, const char *warning)
{
    struct buf report = buf_init(65536);
    struct config *config = load(text, served, &report);
    assert_non_null(config);
    assert_true(slice_starts(buf_slice(&report), slice_of(warning)));
    assert_int_equal(buf_len(&report) > 0, *warning != '\0');
    size_t count = recipients(config);
    config_free(&config);
    buf_release(&report);
    return count;
}

static char old_text[4096], new_text[4096];

static size_t left_of(size_t before, size_t now, const char *warning)
{
    struct served served = {entries(before, old_text), entries(now, new_text), false, ""};
    return left(named, &served, warning);
}

TEST(test_more_than_half_of_twenty_or_more_do_not_go_unasked)
{
    assert_int_equal(
        left_of(20, 9,
                "t.conf:3:23: warning: the table 'users' keeps its 20 entries: 'r.txt' has only 9 "
                "now; if that is right: gatepostctl reload --accept-shrink users\n"),
        20);
    assert_int_equal(left_of(21, 10, "t.conf:3:23: warning: the table 'users' keeps its 21"), 21);
    assert_int_equal(left_of(60, 1, "t.conf:3:23: warning: the table 'users' keeps its 60"), 60);
}

TEST(test_no_entries_at_all_are_no_mistake_where_the_former_ones_are_kept)
{
    assert_int_equal(left_of(20, 0, "t.conf:3:23: warning: the table 'users' keeps its 20"), 20);
}

TEST(test_half_may_go_and_any_of_fewer_than_twenty_and_more_may_come)
{
    assert_int_equal(left_of(20, 10, ""), 10);
    assert_int_equal(left_of(21, 11, ""), 11);
    assert_int_equal(left_of(19, 1, ""), 1);
    assert_int_equal(left_of(20, 40, ""), 40);
}

TEST(test_where_nothing_was_served_before_what_is_there_is_taken)
{
    struct served served = {NULL, entries(1, new_text), false, ""};
    assert_int_equal(left(named, &served, ""), 1);
    assert_string_equal(served.kept, "");
}

TEST(test_who_accepts_it_is_asked_by_name_or_by_file_where_there_is_none)
{
    struct served served = {entries(30, old_text), entries(3, new_text), true, ""};
    assert_int_equal(left(named, &served, ""), 3);
    assert_string_equal(served.kept, "users r.txt 30 3");
    assert_int_equal(left(nameless, &served, ""), 3);
    assert_string_equal(served.kept, "r.txt r.txt 30 3");
}

TEST(test_a_file_that_is_wrong_is_an_error_however_long_it_was)
{
    static const char utf16[] = "\xff\xfe"
                                "b\0b\0";
    struct served served = {entries(30, old_text), utf16, false, ""};
    struct buf report = buf_init(65536);
    assert_null(load(named, &served, &report));
    assert_true(
        slice_starts(buf_slice(&report), SLICE("r.txt:1:1: error: this file is in UTF-16")));
    buf_release(&report);
}
