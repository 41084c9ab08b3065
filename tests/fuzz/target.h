/* SPDX-License-Identifier: ISC
 * What all fuzz targets have in common: a target says what is done with one input.
 *
 *     FUZZ(in)
 *     {
 *         require(parse(in) <= in.len);
 *     }
 */
#ifndef TESTS_FUZZ_TARGET_H
#define TESTS_FUZZ_TARGET_H

#include "base/arena.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static inline void require(bool holds)
{
    if (!holds)
        abort();
}

#define FUZZ(in)                                                                                   \
    static void fuzz(struct slice in);                                                             \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)                                   \
    {                                                                                              \
        fuzz((struct slice){(const char *)data, size});                                            \
        return 0;                                                                                  \
    }                                                                                              \
    static void fuzz(struct slice in)

/* With an `arena` of at most `max` octets for each input. */
#define FUZZ_WITH_ARENA(in, max)                                                                   \
    static void fuzz_in(struct arena *arena, struct slice in);                                     \
    FUZZ(in)                                                                                       \
    {                                                                                              \
        struct arena *arena = arena_new(max);                                                      \
        if (arena)                                                                                 \
            fuzz_in(arena, in);                                                                    \
        arena_free(&arena);                                                                        \
    }                                                                                              \
    static void fuzz_in(struct arena *arena, struct slice in)

/* What is done once, before the first input; false gives up. */
#define FUZZ_WARM_UP()                                                                             \
    static bool warm_up(void);                                                                     \
    int LLVMFuzzerInitialize(int *argc, char ***argv)                                              \
    {                                                                                              \
        (void)argc, (void)argv;                                                                    \
        require(warm_up());                                                                        \
        return 0;                                                                                  \
    }                                                                                              \
    static bool warm_up(void)

/* The first octet of what is left of an input, which loses it; 0 when there is none. */
static inline uint8_t fuzz_octet(struct slice *in)
{
    uint8_t octet = in->len ? (uint8_t)in->ptr[0] : 0;
    *in = slice_from(*in, 1);
    return octet;
}

#endif
