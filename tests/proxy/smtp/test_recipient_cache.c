/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/recipient_cache.h"

#include "base/clock.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

static const struct slice exchange = {"exchange", 8};

static struct backend_reply answer(enum reply_class kind, unsigned code, const char *enhanced,
                                   const char *text)
{
    return (struct backend_reply){kind, code, slice_of(enhanced), slice_of(text)};
}

TEST(test_an_answer_is_remembered_for_its_time)
{
    struct recipient_cache *cache = recipient_cache_new();
    struct backend_reply no = answer(REPLY_RECIPIENT, 550, "5.1.1", "no such user"), got;
    assert_false(recipient_cache_find(cache, exchange, SLICE("a@b"), 0, &got));
    recipient_cache_store(cache, exchange, SLICE("a@b"), 0, &no, 1000);
    assert_false(recipient_cache_find(cache, exchange, SLICE("A@b"), 0, &got));
    assert_true(recipient_cache_find(cache, exchange, SLICE("a@b"), 0, &got));
    assert_int_equal(got.kind, REPLY_RECIPIENT);
    assert_int_equal(got.code, 550);
    assert_true(slice_eq(got.enhanced, SLICE("5.1.1")));
    assert_true(slice_eq(got.text, SLICE("no such user")));
    assert_false(recipient_cache_find(cache, SLICE("domino"), SLICE("a@b"), 0, &got));
    clock_advance(1001);
    assert_false(recipient_cache_find(cache, exchange, SLICE("a@b"), 0, &got));
    recipient_cache_free(&cache);
    assert_null(cache);
}

TEST(test_the_latest_answer_counts)
{
    struct recipient_cache *cache = recipient_cache_new();
    struct backend_reply no = answer(REPLY_RECIPIENT, 550, "5.1.1", "no such user"),
                         yes = answer(REPLY_YES, 250, "", ""), got;
    recipient_cache_store(cache, exchange, SLICE("a@b"), 0, &no, 1000);
    recipient_cache_store(cache, exchange, SLICE("a@b"), 0, &yes, 1000);
    assert_true(recipient_cache_find(cache, exchange, SLICE("a@b"), 0, &got));
    assert_int_equal(got.kind, REPLY_YES);
    recipient_cache_store(cache, exchange, SLICE("c@d"), 0, &yes, 0);
    assert_false(recipient_cache_find(cache, exchange, SLICE("c@d"), 0, &got));
    recipient_cache_free(&cache);
}

TEST(test_a_yes_holds_for_messages_up_to_the_size_that_was_asked_about)
{
    struct recipient_cache *cache = recipient_cache_new();
    struct backend_reply yes = answer(REPLY_YES, 250, "", ""),
                         no = answer(REPLY_RECIPIENT, 550, "5.1.1", "no such user"), got;
    recipient_cache_store(cache, exchange, SLICE("a@b"), 5000, &yes, 1000);
    assert_true(recipient_cache_find(cache, exchange, SLICE("a@b"), 5000, &got));
    assert_true(recipient_cache_find(cache, exchange, SLICE("a@b"), 0, &got));
    assert_false(recipient_cache_find(cache, exchange, SLICE("a@b"), 5001, &got));
    recipient_cache_store(cache, exchange, SLICE("a@b"), 10, &no, 1000);
    assert_true(recipient_cache_find(cache, exchange, SLICE("a@b"), 5001, &got));
    recipient_cache_store(cache, exchange, SLICE("a@b"), 0, &no, 0);
    assert_false(recipient_cache_find(cache, exchange, SLICE("a@b"), 0, &got));
    recipient_cache_free(&cache);
}

TEST(test_long_addresses_and_texts_are_bounded)
{
    static char text[5000];
    memset(text, 'x', sizeof text);
    struct recipient_cache *cache = recipient_cache_new();
    struct backend_reply no = {REPLY_RECIPIENT, 550, SLICE(""), {text, sizeof text}}, got;
    recipient_cache_store(cache, exchange, (struct slice){text, 5000}, 0, &no, 1000);
    assert_false(recipient_cache_find(cache, exchange, (struct slice){text, 5000}, 0, &got));
    recipient_cache_store(cache, exchange, (struct slice){text, 320}, 0, &no, 1000);
    assert_true(recipient_cache_find(cache, exchange, (struct slice){text, 320}, 0, &got));
    assert_true(got.text.len <= 256);
    recipient_cache_free(&cache);
}

TEST(test_a_flood_forgets_what_ends_first_and_nothing_else_breaks)
{
    struct recipient_cache *cache = recipient_cache_new();
    struct backend_reply yes = answer(REPLY_YES, 250, "", "ok"), got;
    unsigned kept = 0;
    char address[64];
    for (unsigned i = 0; i < 40000; i++) {
        int n = snprintf(address, sizeof address, "user%u@example.com", i);
        recipient_cache_store(cache, exchange, (struct slice){address, (size_t)n}, 0, &yes,
                              60000 + i);
    }
    for (unsigned i = 0; i < 40000; i++) {
        int n = snprintf(address, sizeof address, "user%u@example.com", i);
        kept += recipient_cache_find(cache, exchange, (struct slice){address, (size_t)n}, 0, &got);
    }
    assert_true(kept > 10000 && kept <= 16384);
    recipient_cache_free(&cache);
}
