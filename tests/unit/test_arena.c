/* SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "tests/unit/harness.h"

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
