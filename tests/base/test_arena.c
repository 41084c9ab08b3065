/* SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <string.h>

TEST(test_memory_is_zeroed_and_aligned)
{
    struct arena *arena = arena_new(1024 * 1024);
    for (size_t size = 1; size < 3000; size += 37) {
        unsigned char *p = arena_alloc(arena, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xa5, size);
    }
    arena_reset(arena);
    unsigned char *again = arena_alloc(arena, 512);
    for (size_t i = 0; i < 512; i++)
        assert_int_equal(again[i], 0);
    arena_free(&arena);
    assert_null(arena);
    arena_free(&arena);
}

/* Of arrays that keep their room, and of those that only count. */
static void grows(bool keeps_room)
{
    struct arena *arena = arena_new(1 << 20);
    unsigned *numbers = NULL;
    size_t kept = 0;
    for (unsigned n = 0; n < 1000; n++) {
        size_t room = keeps_room ? kept : arena_room(n);
        assert_true(room >= n && (room == kept || n == 0));
        numbers = arena_grow(arena, numbers, n, &room, sizeof *numbers);
        assert_non_null(numbers);
        assert_true(room > n);
        assert_int_equal(numbers[n], 0);
        numbers[n] = n;
        kept = room;
    }
    for (unsigned n = 0; n < 1000; n++)
        assert_int_equal(numbers[n], n);
    assert_true(arena_used(arena) < 4 * 1024 * sizeof *numbers); /* it doubles */
    arena_free(&arena);
}

TEST(test_a_growing_array_keeps_what_it_holds)
{
    grows(true);
    grows(false);
}

TEST(test_an_array_with_room_stays_where_it_is)
{
    struct arena *arena = arena_new(1 << 20);
    size_t room = 0;
    char *first = arena_grow(arena, NULL, 0, &room, 1), *last = first;
    assert_true(room > 1);
    for (size_t used = 0; used < room; used++)
        assert_ptr_equal(arena_grow(arena, first, used, &room, 1), first);
    last = arena_grow(arena, first, room, &room, 1);
    assert_ptr_not_equal(last, first);
    arena_free(&arena);
}

TEST(test_an_array_that_cannot_grow_stays_as_it_is)
{
    struct arena *arena = arena_new(64);
    size_t room = 0, before;
    uint64_t *numbers = arena_grow(arena, NULL, 0, &room, sizeof *numbers);
    assert_non_null(numbers);
    numbers[0] = 7;
    before = room;
    assert_null(arena_grow(arena, numbers, room, &room, sizeof *numbers));
    assert_int_equal(room, before);
    assert_int_equal(numbers[0], 7);
    room = SIZE_MAX / 2 + 1; /* twice as much is no number */
    assert_null(arena_grow(arena, numbers, room, &room, sizeof *numbers));
    room = SIZE_MAX / 4;
    assert_null(arena_grow(arena, numbers, room, &room, sizeof *numbers));
    arena_free(&arena);
}

TEST(test_past_the_maximum_there_is_nothing)
{
    struct arena *arena = arena_new(1000);
    assert_null(arena_alloc(arena, 1001));
    assert_null(arena_alloc(arena, SIZE_MAX));
    assert_null(arena_alloc(arena, SIZE_MAX - 8));
    assert_non_null(arena_alloc(arena, 900));
    assert_null(arena_alloc(arena, 200));
    assert_non_null(arena_alloc(arena, 50)); /* a refusal takes nothing */
    assert_null(arena_copy(arena, (struct slice){(char[200]){0}, 200}).ptr);
    assert_null(arena_cstr(arena, (struct slice){(char[200]){0}, 200}));
    assert_null(arena_printf(arena, "%200s", "").ptr);
    assert_true(arena_used(arena) <= 1000);
    arena_reset(arena);
    assert_int_equal(arena_used(arena), 0);
    assert_non_null(arena_alloc(arena, 1000));
    arena_free(&arena);
}

TEST(test_an_array_that_overflows_is_refused)
{
    struct arena *arena = arena_new(SIZE_MAX / 2);
    assert_null(arena_array(arena, SIZE_MAX / 4 + 2, 8));
    assert_non_null(arena_array(arena, 10, 8));
    assert_non_null(arena_array(arena, 0, 8));
    arena_free(&arena);
}

TEST(test_copies_end_with_nul)
{
    struct arena *arena = arena_new(100000);
    struct slice copy = arena_copy(arena, SLICE("a\0b"));
    assert_int_equal(copy.len, 3);
    assert_memory_equal(copy.ptr, "a\0b\0", 4);
    assert_string_equal(arena_cstr(arena, (struct slice){NULL, 0}), "");
    assert_non_null(arena_copy(arena, (struct slice){NULL, 0}).ptr);
    struct slice text = arena_printf(arena, "%d %s", 7, "x");
    assert_int_equal(text.len, 3);
    assert_string_equal(text.ptr, "7 x");
    arena_free(&arena);
}

TEST(test_blocks_grow_for_what_is_large)
{
    struct arena *arena = arena_new(4 * 1024 * 1024);
    char *small = arena_alloc(arena, 16);
    char *large = arena_alloc(arena, 1024 * 1024);
    char *after = arena_alloc(arena, 16);
    assert_true(small && large && after);
    memset(large, 1, 1024 * 1024);
    assert_int_equal(*small, 0);
    assert_int_equal(*after, 0);
    arena_free(&arena);
}

TEST(test_what_is_adopted_stays_where_it_is_and_lives_as_long)
{
    struct arena *arena = arena_new(1 << 20), *other = arena_new(1 << 20);
    struct slice first = arena_copy(arena, SLICE("first"));
    for (int round = 0; round < 20; round++) {
        struct slice small = arena_copy(other, SLICE("small"));
        char *large = arena_alloc(other, 3000);
        memset(large, 'x', 3000);
        size_t used = arena_used(arena) + arena_used(other);
        arena_adopt(arena, other);
        assert_int_equal(arena_used(arena), used);
        assert_int_equal(arena_used(other), 0);
        arena_reset(other);
        memset(arena_alloc(other, 5000), 'y', 5000);
        assert_true(slice_eq(small, SLICE("small")));
        assert_int_equal(large[2999], 'x');
        arena_reset(other);
    }
    assert_true(slice_eq(first, SLICE("first")));
    arena_adopt(arena, other); /* nothing */
    arena_free(&other);
    arena_free(&arena);
}

TEST(test_an_empty_arena_adopts_and_what_failed_is_told)
{
    struct arena *arena = arena_new(100), *other = arena_new(100);
    assert_null(arena_alloc(other, 101));
    struct slice kept = arena_copy(other, SLICE("kept"));
    arena_adopt(arena, other);
    assert_true(arena_failed(arena) && !arena_failed(other));
    assert_true(slice_eq(kept, SLICE("kept")));
    assert_non_null(arena_alloc(other, 100));
    arena_adopt(arena, other);
    assert_null(arena_alloc(arena, 1)); /* it has more than its maximum now */
    arena_free(&other);
    arena_free(&arena);
}

TEST(test_texts_are_joined_and_end_with_nul)
{
    struct arena *arena = arena_new(64);
    struct slice joined = ARENA_JOIN(arena, SLICE("a"), (struct slice){NULL, 0}, SLICE("bc"));
    assert_true(slice_eq(joined, SLICE("abc")));
    assert_int_equal(joined.ptr[3], '\0');
    assert_int_equal(arena_join(arena, NULL, 0).len, 0);
    struct slice large = {"0123456789012345678901234567890123456789", 40};
    assert_null(ARENA_JOIN(arena, large, large).ptr);
    assert_true(arena_failed(arena));
    arena_free(&arena);
}

TEST(test_formatted_texts_may_be_long)
{
    struct arena *arena = arena_new(4096);
    for (int width = 500; width < 530; width++) {
        struct slice text = arena_printf(arena, "%*d", width, 7);
        assert_int_equal(text.len, width);
        assert_int_equal(text.ptr[width - 1], '7');
        assert_int_equal(text.ptr[width], '\0');
        arena_reset(arena);
    }
    arena_free(&arena);
}
