/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char written[20000];

/* What one event writes to stderr. */
static size_t logged(const char *id, struct log_field field)
{
    int pipe_ends[2], saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(pipe_ends), 0);
    dup2(pipe_ends[1], STDERR_FILENO);
    close(pipe_ends[1]);
    log_at(LEVEL_INFO, id, "event", field);
    dup2(saved, STDERR_FILENO);
    close(saved);
    size_t used = 0;
    ssize_t n;
    while ((n = read(pipe_ends[0], written + used, sizeof written - 1 - used)) > 0)
        used += (size_t)n;
    close(pipe_ends[0]);
    written[used] = '\0';
    return used;
}

TEST(test_no_byte_breaks_a_line_or_fakes_a_field)
{
    log_open("test", SINK_STDERR, LEVEL_INFO);
    for (int c = 0; c < 256; c++) {
        char text[] = {'a', (char)c, 'x', '=', 'y'};
        size_t n = logged("id", field_text("key", (struct slice){text, sizeof text}));
        assert_int_equal(written[n - 1], '\n');
        for (size_t i = 0; i + 1 < n; i++)
            assert_true(written[i] >= 0x20 && written[i] < 0x7f);
        char *value = strstr(written, " key=\"");
        assert_non_null(value); /* quoted, since it holds '=' */
        assert_ptr_equal(strchr(value + 6, '"'), written + n - 2);
    }
}

TEST(test_values_are_quoted_only_where_needed)
{
    logged("", field_str("a", "plain"));
    assert_non_null(strstr(written, ": info: event a=plain\n"));
    logged("s1", field_str("a", ""));
    assert_non_null(strstr(written, "s1 event a=\"\"\n"));
    logged("s1", field_num("a", -5));
    assert_non_null(strstr(written, " a=-5\n"));
    logged("s1", field_str("a", NULL));
    assert_non_null(strstr(written, " a=\"\"\n"));
}

TEST(test_long_values_are_cut)
{
    static char text[100000];
    memset(text, '\n', sizeof text);
    size_t n = logged("s1", field_text("a", (struct slice){text, sizeof text}));
    assert_true(n < 8192);
    assert_non_null(strstr(written, "\\x0a...\n"));
}

TEST(test_a_line_has_an_end_however_many_fields_there_are)
{
    static char text[600];
    struct log_field fields[31] = {0};
    memset(text, '"', sizeof text);
    for (size_t i = 0; i < 30; i++)
        fields[i] = field_text("a", (struct slice){text, sizeof text});
    int pipe_ends[2], saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(pipe_ends), 0);
    dup2(pipe_ends[1], STDERR_FILENO);
    log_write(LEVEL_ERROR, "s", "event", fields);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(pipe_ends[1]);
    ssize_t n = read(pipe_ends[0], written, sizeof written);
    close(pipe_ends[0]);
    assert_true(n > 7000 && n <= 8192);
    assert_ptr_equal(memchr(written, '\n', (size_t)n), written + n - 1);
}

TEST(test_levels)
{
    enum log_level level = LEVEL_INFO;
    assert_true(log_level_parse(SLICE("warning"), &level));
    assert_int_equal(level, LEVEL_WARNING);
    assert_false(log_level_parse(SLICE("panic"), &level));
    assert_false(log_level_parse(SLICE("Warning"), &level));
    log_open("test", SINK_STDERR, LEVEL_WARNING);
    assert_false(log_wants(LEVEL_INFO));
    assert_true(log_wants(LEVEL_WARNING));
    assert_int_equal(logged("s", field_num("a", 1)), 0);
}
