/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_line.h"
#include "tests/harness/unit.h"

#include <string.h>

struct sample {
    struct slice bytes;
    int result;
    size_t line, used;
};

static void check(const struct sample *sample, bool lf_ends)
{
    struct slice line = {NULL, 0}, bytes = sample->bytes;
    size_t used = 0;
    assert_int_equal(smtp_line(bytes, SMTP_LINE_MAX, lf_ends, &line, &used), sample->result);
    assert_int_equal(used, sample->used);
    if (sample->result == 1 || sample->result == -3)
        assert_true(slice_eq(line, slice_sub(bytes, 0, sample->line)));
    for (size_t n = 0; sample->result != 0 && n < sample->used; n++)
        assert_int_equal(smtp_line(slice_sub(bytes, 0, n), SMTP_LINE_MAX, lf_ends, &line, &used),
                         0);
}

TEST(test_lines_whole_and_byte_by_byte)
{
    static const struct sample samples[] = {
        {SLICE("NOOP\r\nQUIT\r\n"), 1, 4, 6},
        {SLICE("\r\n"), 1, 0, 2},
        {SLICE("NOOP"), 0, 0, 0},
        {SLICE("NOOP\r"), 0, 0, 0},
        {SLICE(""), 0, 0, 0},
        {SLICE("NOOP\nQUIT\r\n"), -3, 4, 5},
        {SLICE("NO\rOP\r\n"), -2, 0, 7},
        {SLICE("NO\0OP\r\n"), -2, 0, 7},
        {SLICE("NOOP\r\r\n"), -2, 0, 7},
        {SLICE("\n"), -3, 0, 1},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        check(&samples[i], false);
}

TEST(test_lf_ends_lines_where_newlines_are_normalised)
{
    static const struct sample samples[] = {
        {SLICE("NOOP\r\nQUIT\r\n"), 1, 4, 6},
        {SLICE("NOOP\nQUIT\r\n"), 1, 4, 5},
        {SLICE("NOOP\r\r\n"), 1, 4, 7},
        {SLICE("\n"), 1, 0, 1},
        {SLICE("NO\rOP\n"), -2, 0, 6},
        {SLICE("NO\0OP\n"), -2, 0, 6},
        {SLICE("NOOP"), 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        check(&samples[i], true);
}

TEST(test_a_line_has_a_longest)
{
    static char text[SMTP_LINE_MAX + 10];
    struct slice line;
    size_t used = 0;
    memset(text, 'x', sizeof text);
    text[SMTP_LINE_MAX - 2] = '\r';
    text[SMTP_LINE_MAX - 1] = '\n';
    assert_int_equal(
        smtp_line((struct slice){text, sizeof text}, SMTP_LINE_MAX, false, &line, &used), 1);
    assert_int_equal(used, SMTP_LINE_MAX);
    memset(text, 'x', sizeof text);
    text[SMTP_LINE_MAX - 1] = '\r';
    text[SMTP_LINE_MAX] = '\n';
    assert_int_equal(
        smtp_line((struct slice){text, sizeof text}, SMTP_LINE_MAX, false, &line, &used), -1);
    assert_int_equal(
        smtp_line((struct slice){text, SMTP_LINE_MAX - 1}, SMTP_LINE_MAX, false, &line, &used), 0);
}

TEST(test_the_rest_of_a_line_ends_with_crlf_wherever_it_is_split)
{
    static const struct slice rest = SLICE("NO\r OP\r\nQUIT\r\n");
    for (size_t at = 0; at <= 8; at++) {
        size_t used, more = 0;
        int r = smtp_line_rest(slice_sub(rest, 0, at), &used);
        assert_int_equal(r, at == 8);
        if (r == 0) {
            assert_true(used <= at);
            assert_int_equal(smtp_line_rest(slice_from(rest, used), &more), 1);
        }
        assert_int_equal(used + more, 8);
    }
    size_t used;
    assert_int_equal(smtp_line_rest(SLICE("NOOP\nQUIT\r\n"), &used), -3);
    assert_int_equal(smtp_line_rest(SLICE("\n"), &used), -3);
}

TEST(test_other_protocols_are_told_by_their_first_words)
{
    static const struct {
        struct slice line;
        const char *protocol;
    } lines[] = {
        {SLICE("GET / HTTP/1.1"), "HTTP"},
        {SLICE("post / HTTP/1.1"), "HTTP"},
        {SLICE("CONNECT mx.example.com:25 HTTP/1.1"), "HTTP"},
        {SLICE("PRI * HTTP/2.0"), "HTTP"},
        {SLICE("BREW /pot HTTP/1.1"), "HTTP"},
        {SLICE("HTTP/1.1 200 OK"), "HTTP"},
        {SLICE("DESCRIBE rtsp://x RTSP/1.0"), "RTSP"},
        {SLICE("INVITE sip:a@b.example SIP/2.0"), "SIP"},
        {SLICE("Host: mx.example.com:25"), "a header field"},
        {SLICE("Content-Length:200"), "a header field"},
        {SLICE("SSH-2.0-OpenSSH_9.2"), "SSH"},
        {SLICE("PROXY TCP4 192.0.2.1 192.0.2.2 1 25"), "PROXY"},
        {SLICE("\x16\x03\x01"), "TLS"},
        {SLICE("\x16"), "TLS"},
        {SLICE("\0"), "binary"},
        {SLICE("\x05\x01"), "binary"},
        {SLICE("*1"), "text"},
        {SLICE("{\"id\":1}"), "text"},
        {SLICE("<?xml version='1.0'?>"), "text"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *protocol = smtp_other_protocol(lines[i].line);
        if (!protocol || strcmp(protocol, lines[i].protocol) != 0)
            fail_msg("%.*s: %s", SLICE_ARGS(lines[i].line), protocol ? protocol : "SMTP");
    }
    static const struct slice smtp[] = {SLICE(""),
                                        SLICE("FOO"),
                                        SLICE(" RSET"),
                                        SLICE("\tRSET"),
                                        SLICE("*"),
                                        SLICE("+/9="),
                                        SLICE("220 mx.example.com"),
                                        SLICE("X-EXPS GSSAPI"),
                                        SLICE("XCLIENT ADDR=192.0.2.1"),
                                        SLICE("\xef\xbb\xbf"
                                              "EHLO x"),
                                        SLICE("\xff\xfb\x01"),
                                        SLICE("SEND FROM:<a@x.example>")};
    for (size_t i = 0; i < sizeof smtp / sizeof *smtp; i++)
        assert_null(smtp_other_protocol(smtp[i]));
}
