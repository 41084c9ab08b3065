/* SPDX-License-Identifier: ISC */
#include "proxy/pop3/pop3_command.h"
#include "tests/harness/unit.h"

#include <string.h>

static int line_of(const char *bytes, size_t len, struct slice *line, size_t *used)
{
    return pop3_line((struct slice){bytes, len}, line, used);
}

TEST(test_lines_end_with_crlf_alone)
{
    struct slice line;
    size_t used;
    assert_int_equal(pop3_line(SLICE("STAT\r\nLIST\r\n"), &line, &used), 1);
    assert_true(slice_eq(line, SLICE("STAT")));
    assert_int_equal(used, 6);
    assert_int_equal(pop3_line(SLICE("STAT"), &line, &used), 0);
    assert_int_equal(pop3_line(SLICE("STAT\r"), &line, &used), 0);
    assert_int_equal(pop3_line(SLICE("STAT\n"), &line, &used), -2);
    assert_int_equal(pop3_line(SLICE("ST\rAT\r\n"), &line, &used), -2);
    assert_int_equal(line_of("ST\0AT\r\n", 7, &line, &used), -2);
    assert_int_equal(pop3_line(SLICE("\r\n"), &line, &used), 1);
    assert_int_equal(line.len, 0);
}

TEST(test_a_line_has_an_end)
{
    static char bytes[POP3_LINE_MAX + 8];
    struct slice line;
    size_t used;
    memset(bytes, 'a', sizeof bytes);
    assert_int_equal(line_of(bytes, POP3_LINE_MAX, &line, &used), 0);
    assert_int_equal(line_of(bytes, POP3_LINE_MAX + 1, &line, &used), -1);
    bytes[POP3_LINE_MAX - 2] = '\r';
    bytes[POP3_LINE_MAX - 1] = '\n';
    assert_int_equal(line_of(bytes, POP3_LINE_MAX, &line, &used), 1);
}

TEST(test_verbs_in_any_case)
{
    struct slice argument;
    assert_int_equal(pop3_verb(SLICE("rEtR  3 "), &argument), POP3_RETR);
    assert_true(slice_eq(argument, SLICE("3")));
    assert_int_equal(pop3_verb(SLICE("QUIT"), &argument), POP3_QUIT);
    static const struct slice unknown[] = {SLICE(""),         SLICE(" QUIT"), SLICE("QUITX"),
                                           SLICE("APOP a b"), SLICE("XTND"),  SLICE("LAST")};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_int_equal(pop3_verb(unknown[i], &argument), POP3_VERBS);
}

TEST(test_a_password_keeps_its_blanks)
{
    struct slice argument;
    assert_int_equal(pop3_verb(SLICE("PASS  two words "), &argument), POP3_PASS);
    assert_true(slice_eq(argument, SLICE(" two words ")));
}

TEST(test_numbers_are_numbers)
{
    uint32_t number, lines;
    assert_true(pop3_number(SLICE("4294967295"), &number));
    assert_int_equal(number, UINT32_MAX);
    static const struct slice bad[] = {SLICE(""), SLICE("4294967296"), SLICE("-1"), SLICE("1x"),
                                       SLICE("1 2")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(pop3_number(bad[i], &number));
    assert_true(pop3_numbers(SLICE("3  20"), &number, &lines));
    assert_int_equal(number, 3);
    assert_int_equal(lines, 20);
    assert_false(pop3_numbers(SLICE("3"), &number, &lines));
    assert_false(pop3_numbers(SLICE("3 x"), &number, &lines));
}
