/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/trace.h"

#include "base/buf.h"

#include "filters/mime/headers.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

static struct ip client;

static struct trace sample(void)
{
    assert_true(ip_parse(SLICE("192.0.2.7"), &client));
    return (struct trace){.helo = SLICE("sender.example"),
                          .client = &client,
                          .hostname = SLICE("mx.example.com"),
                          .id = SLICE("0123456789ab"),
                          .esmtp = true,
                          .tls_version = "TLSv1.3",
                          .tls_cipher = "TLS_AES_256_GCM_SHA384",
                          .recipient = SLICE("user@example.com"),
                          .now = 1700000000};
}

ARENA_TESTS(100000);

static bool has(struct slice text, const char *what)
{
    return slice_search(text, slice_of(what)) < text.len;
}

/* One field, whatever the client said. */
static void expect_one_field(struct slice text)
{
    struct header field;
    struct slice block = text;
    assert_true(headers_next(&block, &field));
    assert_int_equal(block.len, 0);
    assert_true(slice_eq(field.name, SLICE("Received")));
    assert_memory_equal(text.ptr + text.len - 2, "\r\n", 2);
    for (size_t i = 0; i < text.len; i++)
        assert_true(text.ptr[i] != '\n' || (i > 0 && text.ptr[i - 1] == '\r'));
}

TEST(test_the_field_says_who_by_what)
{
    struct trace t = sample();
    struct slice text = trace_received(arena, &t);
    expect_one_field(text);
    assert_true(has(text, "from sender.example ([192.0.2.7])"));
    assert_true(has(text, "by mx.example.com (Gatepost) with ESMTP id 0123456789ab"));
    assert_true(has(text, "for <user@example.com>"));
    assert_true(has(text, "2023"));
    t.tls = true;
    t.recipient = SLICE("");
    text = trace_received(arena, &t);
    expect_one_field(text);
    assert_true(has(text, "with ESMTPS id"));
    assert_true(has(text, "(TLSv1.3 TLS_AES_256_GCM_SHA384)"));
    assert_false(has(text, "for <"));
    t.esmtp = t.tls = false;
    assert_true(has(trace_received(arena, &t), "with SMTP id"));
    t.utf8 = true;
    assert_true(has(trace_received(arena, &t), "with UTF8SMTP id"));
    assert_true(ip_parse(SLICE("2001:db8::1"), &client));
    assert_true(has(trace_received(arena, &t), "([IPv6:2001:db8::1])"));
}

/* RFC 3848, RFC 6531 4.3 */
TEST(test_the_protocol_s_word_says_what_was_used)
{
    static const char *const words[] = {"ESMTP",    "ESMTPA",    "ESMTPS",    "ESMTPSA",
                                        "UTF8SMTP", "UTF8SMTPA", "UTF8SMTPS", "UTF8SMTPSA"};
    for (unsigned i = 0; i < 8; i++) {
        struct trace t = sample();
        t.logged_in = i & 1;
        t.tls = i & 2;
        t.utf8 = i & 4;
        char wanted[32];
        snprintf(wanted, sizeof wanted, "with %s id", words[i]);
        assert_true(has(trace_received(arena, &t), wanted));
    }
}

TEST(test_of_who_is_hidden_neither_name_nor_address_is_told)
{
    struct trace t = sample();
    t.logged_in = t.hides = true;
    struct slice text = trace_received(arena, &t);
    expect_one_field(text);
    assert_true(has(text, "from mx.example.com (a user who has logged in)"));
    assert_false(has(text, "192.0.2.7") || has(text, "sender.example"));
}

TEST(test_a_hostile_helo_is_not_repeated)
{
    static const struct slice names[] = {SLICE("a\r\nX: y"), SLICE("(x"), SLICE(""), SLICE("a b"),
                                         SLICE("\xff")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct trace t = sample();
        t.helo = names[i];
        struct slice text = trace_received(arena, &t);
        expect_one_field(text);
        assert_true(has(text, "from invalid-name ("));
    }
}

TEST(test_a_full_arena_says_so)
{
    struct arena *small = arena_new(100);
    struct trace t = sample();
    assert_null(trace_received(small, &t).ptr);
    arena_free(&small);
}

static enum trace_loop loop_after(const char *helo, const char *hostname, unsigned times)
{
    struct buf message = buf_init(100000);
    struct trace t = sample();
    t.helo = slice_of(helo);
    for (unsigned i = 0; i < times; i++)
        buf_append(&message, trace_received(arena, &t));
    buf_cstr(&message, "Subject: x\r\n\r\nReceived: no header\r\n");
    enum trace_loop result = trace_loop(buf_slice(&message), 10, slice_of(hostname));
    buf_release(&message);
    return result;
}

TEST(test_loops_are_seen)
{
    assert_int_equal(loop_after("a.example", "mx.example.com", 0), TRACE_FINE);
    assert_int_equal(loop_after("a.example", "mx.example.com", 2), TRACE_FINE);
    assert_int_equal(loop_after("a.example", "MX.example.com", 3), TRACE_OURSELVES);
    assert_int_equal(loop_after("a.example", "other.example", 10), TRACE_FINE);
    assert_int_equal(loop_after("a.example", "other.example", 11), TRACE_TOO_MANY);
    assert_int_equal(loop_after("a.example", "mx.example", 3), TRACE_FINE);
}

TEST(test_a_name_that_ends_in_by_hides_no_loop)
{
    assert_int_equal(loop_after("standby", "mx.example.com", 3), TRACE_OURSELVES);
}
