/* SPDX-License-Identifier: ISC
 * What libarchive may have, whatever an archive asks for. */
#include "filters/archive/unpack_memory.h"

#include "tests/harness/unit.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

enum { MIB = 1 << 20 };

#if defined __GLIBC__ && !defined SANITIZED

/* The compiler must not know that nobody looks at it. */
static void *volatile kept;

static bool gets(size_t size)
{
    kept = malloc(size);
    return kept != NULL;
}

TEST(test_a_large_dictionary_is_had_and_one_that_nobody_needs_is_not)
{
    unpack_memory_enter();
    assert_true(gets((size_t)128 * MIB));
    free(kept);
    assert_false(unpack_memory_leave());
    unpack_memory_enter();
    assert_false(gets((size_t)953 * MIB));
    assert_true(unpack_memory_leave());
}

TEST(test_all_together_have_no_more)
{
    unpack_memory_enter();
    assert_true(gets((size_t)100 * MIB));
    void *first = kept;
    unpack_memory_leave();
    unpack_memory_enter();
    assert_true(gets((size_t)30 * MIB));
    void *second = kept;
    assert_false(gets((size_t)30 * MIB));
    free(first);
    assert_true(gets((size_t)100 * MIB));
    free(kept);
    free(second);
    assert_true(unpack_memory_leave());
}

TEST(test_growing_counts_what_it_comes_to)
{
    unpack_memory_enter();
    void *block = NULL;
    for (size_t size = 1; size <= 256; size *= 2) {
        void *larger = realloc(block, size * MIB);
        kept = larger;
        if (larger)
            block = larger;
    }
    assert_null(kept);
    assert_true(malloc_usable_size(block) >= (size_t)128 * MIB);
    free(block);
    kept = calloc(1024, MIB);
    assert_null(kept);
    kept = calloc((size_t)128, MIB);
    assert_non_null(kept);
    free(kept);
    assert_true(unpack_memory_leave());
}

TEST(test_nobody_else_is_bound)
{
    assert_true(gets((size_t)953 * MIB));
    free(kept);
    unpack_memory_enter();
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(gets(MIB / 2));
        free(kept);
    }
    assert_true(gets((size_t)128 * MIB));
    free(kept);
    assert_false(unpack_memory_leave());
}

#else

TEST(test_there_is_no_bound_here)
{
    unpack_memory_enter();
    assert_false(unpack_memory_leave());
}

#endif
