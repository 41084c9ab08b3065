/* SPDX-License-Identifier: ISC */
#include "proxy/pop3/pop3_body.h"
#include "tests/harness/unit.h"

#include <stdint.h>
#include <string.h>

struct taken {
    char text[256];
    size_t len;
};

static bool take(void *ctx, struct slice content)
{
    struct taken *taken = ctx;
    assert_true(taken->len + content.len < sizeof taken->text);
    memcpy(taken->text + taken->len, content.ptr, content.len);
    taken->len += content.len;
    return true;
}

/* In pieces of every length. */
static void reads(const char *raw, bool stuffed, const char *content, enum pop3_body_state state,
                  size_t left)
{
    size_t len = strlen(raw);
    for (size_t step = 1; step <= len; step++) {
        struct pop3_body body = {.stuffed = stuffed};
        struct taken taken = {.len = 0};
        size_t used = 0;
        while (used < len && body.state < POP3_BODY_END) {
            size_t n = len - used < step ? len - used : step;
            used += pop3_body_feed(&body, (struct slice){raw + used, n}, take, &taken);
        }
        assert_int_equal(body.state, state);
        assert_int_equal(len - used, left);
        assert_int_equal(taken.len, strlen(content));
        assert_memory_equal(taken.text, content, taken.len);
    }
}

TEST(test_a_response_ends_with_a_dot_alone)
{
    reads(".\r\n", false, "", POP3_BODY_END, 0);
    reads("a\r\nb\r\n.\r\n", false, "a\r\nb\r\n", POP3_BODY_END, 0);
    reads("a\r\n.\r\n+OK next\r\n", false, "a\r\n", POP3_BODY_END, 10);
    reads("a\r\n\r\n.\r\n", false, "a\r\n\r\n", POP3_BODY_END, 0);
}

TEST(test_doubled_dots_are_undone_or_left)
{
    reads("..\r\n..a\r\na.\r\n...\r\n.\r\n", false, ".\r\n.a\r\na.\r\n..\r\n", POP3_BODY_END, 0);
    reads("..\r\n..a\r\na.\r\n.\r\n", true, "..\r\n..a\r\na.\r\n", POP3_BODY_END, 0);
}

TEST(test_only_crlf_begins_a_line)
{
    reads("a\n.\n.b\r.\r\n.\r\n", false, "a\n.\n.b\r.\r\n", POP3_BODY_END, 0);
    reads("a\r\r\n.\r\n", false, "a\r\r\n", POP3_BODY_END, 0);
    reads("\n\r\n.\r\n", false, "\n\r\n", POP3_BODY_END, 0);
}

TEST(test_a_first_dot_that_is_not_doubled_is_noticed)
{
    struct pop3_body body = {.stuffed = false};
    struct taken taken = {.len = 0};
    pop3_body_feed(&body, SLICE(".Subject: a\r\n\r\n..b\r\n.\r\n"), take, &taken);
    assert_int_equal(body.state, POP3_BODY_END);
    assert_true(body.ambiguous);
    body = (struct pop3_body){.stuffed = false};
    pop3_body_feed(&body, SLICE("..Subject: a\r\n.\r\n"), take, &taken);
    assert_false(body.ambiguous);
}

TEST(test_a_dot_that_is_not_doubled_breaks_it)
{
    reads("x\r\n.a\r\n", false, "x\r\n", POP3_BODY_BROKEN, 2);
    reads("x\r\n.\n", false, "x\r\n", POP3_BODY_BROKEN, 0);
    reads("x\r\n.\rx", false, "x\r\n", POP3_BODY_BROKEN, 0);
}

static bool refuse(void *ctx, struct slice content)
{
    (void)ctx, (void)content;
    return false;
}

TEST(test_a_sink_can_end_it)
{
    struct pop3_body body = {.stuffed = false};
    assert_true(pop3_body_feed(&body, SLICE("a\r\n"), refuse, NULL) == SIZE_MAX);
}
