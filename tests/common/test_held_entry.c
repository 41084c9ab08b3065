/* SPDX-License-Identifier: ISC */
#include "common/hold.h"
#include "tests/harness/unit.h"

static const struct held_name named = {HELD_IN_JOURNAL, 17};

TEST(test_a_question_asks_of_the_place_that_it_names)
{
    struct buf out = buf_init(4096);
    const struct held_query query = {
        .place = HELD_IN_JOURNAL, .number = 3, .text = SLICE("u@example.com"), .most = 7};
    struct held_query read;
    held_query_pack(&out, &query);
    assert_true(held_query_unpack(buf_slice(&out), &read));
    assert_int_equal(read.place, HELD_IN_JOURNAL);
    assert_int_equal(read.number, 3);
    assert_true(slice_eq(read.text, query.text) && read.most == 7 && !read.all);
    buf_release(&out);
}

TEST(test_an_act_is_on_the_copy_that_it_names)
{
    struct buf out = buf_init(4096);
    struct held_name name;
    enum held_act act;
    held_act_pack(&out, &named, HELD_DELETE);
    assert_true(held_act_unpack(buf_slice(&out), &name, &act));
    assert_true(name.place == named.place && name.number == named.number && act == HELD_DELETE);
    buf_release(&out);
}

TEST(test_what_names_no_place_no_copy_or_no_act_is_no_question)
{
    static const char place[] = "\2\0\0\0\0\0\0\0\1", nothing[] = "\0\0\0\0\0\0\0\0\0";
    struct held_name name;
    struct held_query query;
    enum held_act act;
    struct buf out = buf_init(4096);
    assert_false(held_name_unpack((struct slice){place, 9}, &name));
    assert_false(held_name_unpack((struct slice){nothing, 9}, &name));
    assert_false(held_query_unpack((struct slice){place, 9}, &query));
    held_name_pack(&out, &named);
    for (size_t len = 0; len < buf_len(&out); len++)
        assert_false(held_name_unpack(slice_sub(buf_slice(&out), 0, len), &name));
    assert_true(held_name_unpack(buf_slice(&out), &name));
    pack_u8(&out, HELD_REPORT + 1);
    assert_false(held_act_unpack(buf_slice(&out), &name, &act));
    buf_release(&out);
}

TEST(test_a_request_goes_where_it_says)
{
    struct arena *arena = arena_new(1 << 20);
    for (enum held_place place = 0; place < HELD_PLACES; place++) {
        const struct hold_recipient to = {.address = SLICE("u@example.com"), .age = 9};
        const struct hold_request request = {.place = place,
                                             .subject = SLICE("hello"),
                                             .relay = SLICE("smart"),
                                             .destination = SLICE("192.0.2.1:25"),
                                             .led_to = place ? SLICE("other") : SLICE(""),
                                             .eight_bit = true,
                                             .recipients = &to,
                                             .recipient_count = 1};
        struct hold_request read;
        struct buf out = buf_init(HOLD_MAX);
        assert_true(hold_encode(&out, &request));
        assert_true(hold_decode(buf_slice(&out), arena, &read));
        assert_true(read.place == place && read.eight_bit && !read.utf8);
        assert_true(slice_eq(read.relay, request.relay) && !read.apart.len);
        assert_true(slice_eq(read.destination, request.destination));
        assert_true(slice_eq(read.led_to, request.led_to));
        assert_true(slice_eq(read.recipients[0].address, to.address));
        buf_release(&out);
    }
    arena_free(&arena);
}
