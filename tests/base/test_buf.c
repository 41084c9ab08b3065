/* SPDX-License-Identifier: ISC */
#include "base/buf.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

TEST(test_appends_are_all_or_nothing)
{
    struct buf b = buf_init(10);
    assert_true(buf_append(&b, SLICE("12345678")));
    assert_false(buf_append(&b, SLICE("9ab")));
    assert_true(b.failed);
    assert_false(buf_char(&b, 'x')); /* sticky: a run of appends is checked once */
    assert_int_equal(buf_len(&b), 8);
    buf_clear(&b);
    assert_true(buf_cstr(&b, "1234567890"));
    assert_true(slice_eq(buf_slice(&b), SLICE("1234567890")));
    assert_false(buf_char(&b, 'x'));
    buf_release(&b);
    assert_null(b.data);
    assert_true(buf_append(&b, SLICE("again")));
    buf_release(&b);
}

TEST(test_an_empty_one_holds_no_memory)
{
    struct buf b = buf_init(100);
    assert_null(b.data);
    assert_int_equal(buf_slice(&b).len, 0);
    assert_true(buf_append(&b, (struct slice){NULL, 0}));
    assert_null(b.data);
    struct buf none = buf_init(0);
    assert_false(buf_char(&none, 'x'));
    buf_release(&b);
}

TEST(test_printf_needs_room_for_its_nul)
{
    struct buf b = buf_init(6);
    assert_true(buf_printf(&b, "%s", "12345"));
    assert_true(slice_eq(buf_slice(&b), SLICE("12345")));
    assert_false(buf_printf(&b, "%s", "6"));
    buf_clear(&b);
    assert_false(buf_printf(&b, "%s", "123456"));
    buf_release(&b);
}

TEST(test_room_is_never_past_the_maximum)
{
    struct buf b = buf_init(600);
    size_t room;
    assert_non_null(buf_reserve(&b, 10, &room));
    assert_true(room >= 10 && room <= 600);
    memset(buf_reserve(&b, 550, &room), 'a', 550);
    buf_commit(&b, 550);
    assert_non_null(buf_reserve(&b, 1000, &room));
    assert_int_equal(room, 50);
    memset(buf_reserve(&b, 50, &room), 'b', 50);
    buf_commit(&b, 50);
    assert_null(buf_reserve(&b, 1, &room));
    buf_consume(&b, 1);
    assert_non_null(buf_reserve(&b, 1, &room));
    buf_release(&b);
}

/* Against a plain array, over random appends and reads. */
TEST(test_bytes_come_out_as_they_went_in)
{
    struct buf b = buf_init(4096);
    unsigned char next_in = 0, next_out = 0;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        char bytes[300];
        size_t n = (size_t)rand() % sizeof bytes;
        if (rand() % 2) {
            for (size_t i = 0; i < n; i++)
                bytes[i] = (char)(next_in + i);
            if (buf_append(&b, (struct slice){bytes, n}))
                next_in = (unsigned char)(next_in + n);
            b.failed = false;
        } else {
            struct slice held = buf_slice(&b);
            n = n < held.len ? n : held.len;
            for (size_t i = 0; i < n; i++)
                assert_int_equal((unsigned char)held.ptr[i], next_out++);
            buf_consume(&b, n);
        }
        assert_true(buf_len(&b) <= 4096 && b.size <= 4096);
    }
    buf_release(&b);
}

TEST(test_megabytes_come_out_as_they_went_in)
{
    enum { MEGABYTES = 24, LINE = 4096 };
    char line[LINE];
    struct buf b = buf_init(MEGABYTES << 20);
    for (size_t n = 0; n < (MEGABYTES << 20) / LINE; n++) {
        memset(line, (int)(n % 251), LINE);
        assert_true(buf_append(&b, (struct slice){line, LINE}));
    }
    assert_false(buf_char(&b, 'x'));
    for (size_t n = 0; n < (MEGABYTES << 20) / LINE; n++)
        assert_int_equal((unsigned char)buf_slice(&b).ptr[n * LINE + n % LINE], n % 251);
    buf_release(&b);
}

TEST(test_what_it_holds_can_be_taken_out_of_it)
{
    struct buf b = buf_init(100);
    assert_null(buf_take(&b));
    assert_true(buf_append(&b, SLICE("gone, kept")));
    buf_consume(&b, strlen("gone, "));
    char *taken = buf_take(&b);
    assert_memory_equal(taken, "kept", 4);
    assert_int_equal(buf_len(&b), 0);
    assert_true(buf_append(&b, SLICE("others")));
    assert_memory_equal(taken, "kept", 4);
    buf_release(&b);
    free(taken);
}
