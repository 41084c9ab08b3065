/* SPDX-License-Identifier: ISC */
#include "base/log_line.h"
#include "tests/harness/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char written[40000];

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

TEST(test_a_field_that_has_no_room_is_left_out_whole_and_those_behind_it_are_told)
{
    static char text[600];
    struct log_field fields[32] = {0};
    memset(text, '"', sizeof text);
    for (size_t i = 0; i < 30; i++)
        fields[i] = field_text("a", (struct slice){text, sizeof text});
    fields[30] = field_num("last", 7);
    int pipe_ends[2], saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(pipe_ends), 0);
    dup2(pipe_ends[1], STDERR_FILENO);
    log_write(LEVEL_ERROR, "s", "event", fields);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(pipe_ends[1]);
    ssize_t n = read(pipe_ends[0], written, sizeof written);
    close(pipe_ends[0]);
    assert_true(n > 6000 && n <= 8192);
    assert_ptr_equal(memchr(written, '\n', (size_t)n), written + n - 1);
    written[n] = '\0';
    assert_non_null(strstr(written, "\\x22... last=7\n"));
}

TEST(test_a_field_may_have_a_bound_of_its_own)
{
    static char text[3000];
    memset(text, 'x', sizeof text);
    struct slice all = {text, sizeof text};
    size_t n = logged("", field_most("a", all, 2500));
    assert_true(n > 2500 && n < 2600);
    assert_non_null(strstr(written, "x...\n"));
    logged("", field_most("a", all, 10));
    assert_non_null(strstr(written, " a=xxxxxxxxxx...\n"));
    logged("", field_most("a", (struct slice){text, 10}, 10));
    assert_non_null(strstr(written, " a=xxxxxxxxxx\n"));
}

/* ---- nobody reads it ---- */

/* All that has been written by now. */
static void read_all(int fd)
{
    size_t used = 0;
    ssize_t n;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while ((n = read(fd, written + used, sizeof written - 1 - used)) > 0)
        used += (size_t)n;
    written[used] = '\0';
}

enum { LINES_TOLD = 20 };

static unsigned lines_written(void)
{
    unsigned lines = 0;
    for (const char *at = written; (at = strchr(at, '\n')); at++)
        lines++;
    return lines;
}

/* More is told than `ends` holds, and two lines once it was read. What is said of the lost is put into `said`. */
static void fill_and_read(const int ends[2], char said[static 64])
{
    static char text[3000];
    int saved = dup(STDERR_FILENO);
    memset(text, 'x', sizeof text);
    dup2(ends[1], STDERR_FILENO);
    log_open("test", SINK_STDERR, LEVEL_INFO);
    alarm(10);
    for (int i = 0; i < LINES_TOLD; i++)
        log_at(LEVEL_INFO, "", "event",
               field_most("a", (struct slice){text, sizeof text}, sizeof text));
    read_all(ends[0]);
    snprintf(said, 64, ": warning: log lines lost count=%u\n", LINES_TOLD - lines_written());
    log_at(LEVEL_INFO, "", "after");
    log_at(LEVEL_INFO, "", "later");
    alarm(0);
    read_all(ends[0]);
    dup2(saved, STDERR_FILENO);
    close(saved);
}

TEST(test_a_pipe_that_nobody_reads_is_not_waited_for_and_what_was_lost_is_told_once)
{
    int ends[2];
    char said[64];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 8192), 8192);
    fill_and_read(ends, said);
    assert_non_null(strstr(written, said));
    assert_non_null(strstr(written, ": info: after\n"));
    assert_non_null(strstr(written, ": info: later\n"));
    assert_null(strstr(strstr(written, "lost") + 1, "lost"));
    assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0); /* it is others' as well */
    close(ends[0]);
    close(ends[1]);
}

TEST(test_nor_is_a_socket)
{
    int ends[2], room = 4096;
    char said[64];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
    fill_and_read(ends, said);
    assert_non_null(strstr(written, said));
    assert_non_null(strstr(written, ": info: after\n"));
    close(ends[0]);
    close(ends[1]);
}

/* ---- the other forms ---- */

static struct slice formed(void (*form)(struct buf *out, const struct log_line *line), size_t size,
                           const char *id, const struct log_field *fields)
{
    struct buf out = buf_over(written, size);
    form(&out, &(struct log_line){.program = "gatepost-proxy",
                                  .pid = 17,
                                  .time = 1606713422007,
                                  .level = LEVEL_WARNING,
                                  .id = id,
                                  .event = "recipient refused",
                                  .fields = fields});
    return buf_slice(&out);
}

static const char every_kind[] = "q\"b\\n\nz\0e\xc3\xa4\xff";

TEST(test_as_json_an_event_is_one_object)
{
    const struct log_field fields[] = {
        field_str("client", "192.0.2.1"),
        field_num("code", -5),
        field_text("text", (struct slice){every_kind, sizeof every_kind - 1}),
        {.kind = FIELD_END}};
    struct slice line = formed(log_line_json, 8192, "id.1", fields);
    assert_true(slice_eq(
        line, slice_of("{\"time\":\"2020-11-30T05:17:02.007Z\",\"level\":\"warning\","
                       "\"program\":\"gatepost-proxy\",\"pid\":17,\"id\":\"id.1\","
                       "\"event\":\"recipient refused\",\"fields\":{\"client\":\"192.0.2.1\","
                       "\"code\":-5,\"text\":\"q\\\"b\\\\n\\nz\\u0000e\xc3\xa4\xef\xbf\xbd\"}}")));
}

TEST(test_json_that_has_no_room_for_all_is_an_object_nevertheless)
{
    static char text[600];
    memset(text, '\1', sizeof text);
    const struct log_field fields[] = {field_text("a", (struct slice){text, sizeof text}),
                                       field_text("b", (struct slice){text, sizeof text}),
                                       field_num("c", 1),
                                       {.kind = FIELD_END}};
    for (size_t size = 200; size < 8192; size++) {
        struct slice line = formed(log_line_json, size, "", fields);
        assert_true(slice_iends(line, SLICE("}}")));
        assert_true(line.len < size);
    }
}

TEST(test_the_journal_is_given_each_field_and_the_line)
{
    const struct log_field fields[] = {field_str("client", "192.0.2.1"),
                                       field_num("code", 550),
                                       field_str("message_id", "a b\nPRIORITY=0"),
                                       {.kind = FIELD_END}};
    struct slice datagram = formed(log_line_journal, 16384, "id.1", fields);
    assert_true(slice_eq(
        datagram,
        slice_of("PRIORITY=4\nSYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=gatepost-proxy\nSYSLOG_PID=17\n"
                 "MESSAGE=id.1 recipient refused client=192.0.2.1 code=550 "
                 "message_id=\"a b\\x0aPRIORITY=0\"\n"
                 "GATEPOST_EVENT=recipient refused\nGATEPOST_REFERENCE=id.1\n"
                 "GATEPOST_CLIENT=192.0.2.1\nGATEPOST_CODE=550\n"
                 "GATEPOST_MESSAGE_ID=a b\\x0aPRIORITY=0\n")));
}

TEST(test_no_octet_makes_a_field_of_the_journal_more_than_one)
{
    for (int c = 0; c < 256; c++) {
        char text[] = {'a', (char)c, 'P', '=', '0'};
        struct log_field fields[] = {field_text("x", (struct slice){text, sizeof text}),
                                     {.kind = FIELD_END}};
        struct slice datagram = formed(log_line_journal, 16384, "", fields);
        size_t lines = 0;
        for (size_t i = 0; i < datagram.len; i++)
            lines += datagram.ptr[i] == '\n';
        assert_int_equal(lines, 7);
    }
}

/* Where there is no journal, or none with room; stderr leads to it as systemd makes it. */
TEST(test_nobody_waits_for_a_journal_that_stands_still)
{
    enum { LINES = 2000, PATIENCE = 10 };
    static char text[500];
    int ends[2], saved = dup(STDERR_FILENO);
    memset(text, 'a', sizeof text);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    dup2(ends[1], STDERR_FILENO);
    log_open("test", SINK_JOURNALD, LEVEL_INFO);
    alarm(PATIENCE);
    for (int i = 0; i < LINES; i++)
        log_at(LEVEL_INFO, "", "event", field_text("text", (struct slice){text, sizeof text}));
    alarm(0);
    dup2(saved, STDERR_FILENO);
    log_open("test", SINK_STDERR, LEVEL_INFO);
    close(saved);
    close(ends[0]);
    close(ends[1]);
}

TEST(test_words_that_nobody_knows_change_nothing)
{
    log_open("test", SINK_STDERR, LEVEL_WARNING);
    assert_false(
        log_open_as("test", &(struct log_words){SLICE("Syslog"), SLICE("text"), SLICE("info")}));
    assert_false(
        log_open_as("test", &(struct log_words){SLICE("stderr"), SLICE("xml"), SLICE("info")}));
    assert_false(
        log_open_as("test", &(struct log_words){SLICE("stderr"), SLICE("json"), SLICE("")}));
    assert_false(log_wants(LEVEL_INFO));
    assert_true(
        log_open_as("test", &(struct log_words){SLICE("stderr"), SLICE("json"), SLICE("info")}));
    logged("id", field_num("a", 1));
    assert_int_equal(*written, '{');
    assert_non_null(strstr(written, "\"event\":\"event\",\"fields\":{\"a\":1}}\n"));
    assert_true(
        log_open_as("test", &(struct log_words){SLICE("stderr"), SLICE("text"), SLICE("info")}));
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
