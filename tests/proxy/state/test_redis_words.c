/* SPDX-License-Identifier: ISC */
#include "common/redis_place.h"
#include "proxy/state/redis_words.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is said ---- */

static void assert_said(struct buf *out, const char *expected)
{
    assert_true(slice_eq(buf_slice(out), slice_of(expected)));
    buf_release(out);
}

TEST(test_a_command_is_words_with_their_lengths)
{
    struct buf out = buf_init(4096);
    struct slice argv[] = {SLICE("SET"), SLICE("a\r\nb"), {NULL, 0}};
    assert_true(redis_put_command(&out, argv, 3));
    assert_said(&out, "*3\r\n$3\r\nSET\r\n$4\r\na\r\nb\r\n$0\r\n\r\n");
}

TEST(test_a_command_is_bounded)
{
    struct buf out = buf_init(64);
    struct slice argv[REDIS_WORDS_MAX + 1];
    char text[100] = {0};
    for (int i = 0; i <= REDIS_WORDS_MAX; i++)
        argv[i] = SLICE("x");
    assert_false(redis_put_command(&out, argv, 0));
    assert_false(redis_put_command(&out, argv, REDIS_WORDS_MAX + 1));
    assert_false(redis_put_command(&out, &(struct slice){text, sizeof text}, 1));
    assert_int_equal(buf_len(&out), 0);
    buf_release(&out);
}

TEST(test_a_script_goes_by_its_digest_or_whole)
{
    struct buf out = buf_init(4096);
    struct redis_script script;
    struct redis_arguments arguments;
    redis_script_init(&script, "return 1");
    assert_string_equal(script.sha1, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    assert_true(redis_arguments_make(&arguments, &SLICE("k\r\n"), 1, &SLICE("a"), 1));
    assert_true(redis_put_script(&out, &script, false, &arguments));
    assert_said(&out, "*5\r\n$7\r\nEVALSHA\r\n$40\r\ne0e1f9fabfc9d4800c877a703b823ac0578ff8db\r\n"
                      "$1\r\n1\r\n$3\r\nk\r\n\r\n$1\r\na\r\n");
    out = buf_init(4096);
    assert_true(redis_put_script(&out, &script, true, &arguments));
    assert_said(&out,
                "*5\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n1\r\n$3\r\nk\r\n\r\n$1\r\na\r\n");
    redis_arguments_free(&arguments);
    assert_null(arguments.bytes);
}

TEST(test_arguments_are_bounded)
{
    struct slice many[REDIS_WORDS_MAX];
    struct redis_arguments arguments;
    for (int i = 0; i < REDIS_WORDS_MAX; i++)
        many[i] = SLICE("x");
    assert_false(redis_arguments_make(&arguments, many, REDIS_WORDS_MAX, NULL, 0));
    assert_false(redis_arguments_make(&arguments, many, 100, many, REDIS_WORDS_MAX - 100));
    assert_false(redis_arguments_make(&arguments, many, 1, many, SIZE_MAX));
    assert_true(redis_arguments_make(&arguments, NULL, 0, NULL, 0));
    redis_arguments_free(&arguments);
}

/* ---- what is answered ---- */

static int answer_of(struct redis_answers *answers, const char *text, redisReply **reply,
                     const char **reason)
{
    assert_true(redis_answers_feed(answers, slice_of(text)));
    return redis_answers_next(answers, reply, reason);
}

TEST(test_replies_come_whole_and_byte_by_byte)
{
    static const char text[] = "*3\r\n:5\r\n*1\r\n$3\r\na\r\n\r\n$-1\r\n";
    for (int piecewise = 0; piecewise < 2; piecewise++) {
        struct redis_answers *answers = redis_answers_new();
        redisReply *reply = NULL;
        const char *reason;
        size_t at = 0, step = piecewise ? 1 : strlen(text);
        int got = 0;
        for (; got == 0 && at < strlen(text); at += step) {
            assert_true(redis_answers_feed(answers, (struct slice){text + at, step}));
            got = redis_answers_next(answers, &reply, &reason);
        }
        assert_int_equal(got, 1);
        assert_int_equal(at, strlen(text));
        assert_true(redis_answers_empty(answers));
        assert_int_equal(reply->elements, 3);
        assert_int_equal(reply->element[0]->integer, 5);
        assert_string_equal(reply->element[1]->element[0]->str, "a\r\n");
        assert_int_equal(reply->element[2]->type, REDIS_REPLY_NIL);
        freeReplyObject(reply);
        redis_answers_free(&answers);
        assert_null(answers);
    }
}

TEST(test_a_reply_behind_another_is_not_empty)
{
    struct redis_answers *answers = redis_answers_new();
    redisReply *reply;
    const char *reason;
    assert_int_equal(answer_of(answers, "+OK\r\n:1", &reply, &reason), 1);
    freeReplyObject(reply);
    assert_false(redis_answers_empty(answers));
    assert_int_equal(redis_answers_next(answers, &reply, &reason), 0);
    assert_int_equal(answer_of(answers, "2\r\n", &reply, &reason), 1);
    assert_int_equal(reply->integer, 12);
    freeReplyObject(reply);
    redis_answers_free(&answers);
}

static void assert_refused(const char *text, const char *why)
{
    struct redis_answers *answers = redis_answers_new();
    redisReply *reply;
    const char *reason;
    assert_int_equal(answer_of(answers, text, &reply, &reason), -1);
    assert_non_null(strstr(reason, why));
    assert_int_equal(redis_answers_next(answers, &reply, &reason), -1);
    redis_answers_free(&answers);
}

TEST(test_nonsense_is_refused)
{
    assert_refused("HTTP/1.1 200 OK\r\n", "");
    assert_refused("$-2\r\n", "");
    assert_refused("*-2\r\n", "");
    assert_refused(":twelve\r\n", "");
    assert_refused("$99999999999999999999999\r\n", "");
}

TEST(test_announced_elements_cost_no_memory)
{
    assert_refused("*2147483647\r\n", "too many elements");
    assert_refused("*65537\r\n", "too many elements");
    assert_refused("*40000\r\n*40000\r\n", "too many elements");
    assert_refused("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "");
}

TEST(test_each_reply_has_its_own_budget)
{
    struct redis_answers *answers = redis_answers_new();
    redisReply *reply;
    const char *reason;
    static char text[60000 * 4 + 16];
    int n = sprintf(text, "*60000\r\n");
    for (int i = 0; i < 60000; i++)
        memcpy(text + n + (ptrdiff_t)4 * i, ":1\r\n", 4);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(answer_of(answers, text, &reply, &reason), 1);
        freeReplyObject(reply);
    }
    redis_answers_free(&answers);
}

TEST(test_a_reply_without_end_is_refused)
{
    static char piece[65536];
    struct redis_answers *answers = redis_answers_new();
    redisReply *reply;
    const char *reason;
    memset(piece, 'x', sizeof piece);
    int got = answer_of(answers, "$900000000\r\n", &reply, &reason), pieces = 0;
    for (; got == 0; pieces++) {
        assert_true(redis_answers_feed(answers, (struct slice){piece, sizeof piece}));
        got = redis_answers_next(answers, &reply, &reason);
    }
    assert_int_equal(got, -1);
    assert_int_equal(pieces, REDIS_REPLY_MAX / sizeof piece);
    redis_answers_free(&answers);
}

TEST(test_an_error_has_a_class)
{
    static const struct {
        const char *text, *class;
    } cases[] = {
        {"OOM command not allowed", "OOM"},
        {"NOSCRIPT", "NOSCRIPT"},
        {"ERR unknown", "ERR"},
        {"", "ERR"},
        {" x", "ERR"},
        {"Oops x", "ERR"},
        {"\x1b[31m x", "ERR"},
        {"MY_CLASS x", "MY_CLASS"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        redisReply reply = {.str = (char *)(uintptr_t)cases[i].text, .len = strlen(cases[i].text)};
        assert_true(slice_eq(redis_error_class(&reply), slice_of(cases[i].class)));
    }
}

/* ---- where it is ---- */

TEST(test_addresses_are_read)
{
    static const struct {
        const char *text;
        int family;
        uint16_t port;
    } cases[] = {
        {"192.0.2.1:7000", 4, 7000},
        {"192.0.2.1", 4, 6379},
        {"[2001:db8::1]:7000", 6, 7000},
        {"[2001:db8::1]", 6, 6379},
        {"2001:db8::1", 6, 6379},
        {"redis.example.com", 0, 0},
        {"192.0.2.1:", 0, 0},
        {"192.0.2.1:0", 0, 0},
        {"192.0.2.1:65536", 0, 0},
        {"[::1", 0, 0},
        {"[::1]7000", 0, 0},
        {"[192.0.2.1]:7000", 0, 0},
        {"", 0, 0},
        {"[]:1", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ip ip = {.family = 0};
        uint16_t port = 0;
        assert_int_equal(redis_address(slice_of(cases[i].text), &ip, &port), cases[i].family != 0);
        if (cases[i].family) {
            assert_int_equal(ip.family, cases[i].family);
            assert_int_equal(port, cases[i].port);
        }
    }
}
