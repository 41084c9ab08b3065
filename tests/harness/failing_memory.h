/* SPDX-License-Identifier: ISC
 * Memory that is out at a chosen allocation: what our own code asks for,
 * from arenas as well (the linker wraps the functions, see the Makefile),
 * and libevent. What other libraries allocate is theirs. */
#ifndef TESTS_HARNESS_FAILING_MEMORY_H
#define TESTS_HARNESS_FAILING_MEMORY_H

#include "tests/harness/unit.h"
#include "tests/harness/wrapped_malloc.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>

void *__real_arena_alloc(struct arena *arena, size_t size);
void *__real_arena_array(struct arena *arena, size_t n, size_t size);
struct slice __real_arena_copy(struct arena *arena, struct slice s);
char *__real_arena_cstr(struct arena *arena, struct slice s);
struct slice __real_arena_vprintf(struct arena *arena, const char *format, va_list args);
void *__wrap_arena_alloc(struct arena *arena, size_t size);
void *__wrap_arena_array(struct arena *arena, size_t n, size_t size);
struct slice __wrap_arena_copy(struct arena *arena, struct slice s);
char *__wrap_arena_cstr(struct arena *arena, struct slice s);
struct slice __wrap_arena_vprintf(struct arena *arena, const char *format, va_list args);
struct slice __wrap_arena_printf(struct arena *arena, const char *format, ...);

static long allowed = -1;  /* allocations until one fails; -1: none does */
static bool for_ever, hit; /* all that follow fail as well; one has failed */

static bool is_out(void)
{
    if (allowed < 0 || (allowed > 0 && allowed--))
        return false;
    hit = true;
    errno = ENOMEM;
    if (!for_ever)
        allowed = -1;
    return true;
}

/* An arena that cannot give knows that it failed: here it is asked for more than any may hold. */
static void *refused(struct arena *arena)
{
    return __real_arena_alloc(arena, SIZE_MAX);
}

void *__wrap_arena_alloc(struct arena *arena, size_t size)
{
    return is_out() ? refused(arena) : __real_arena_alloc(arena, size);
}

void *__wrap_arena_array(struct arena *arena, size_t n, size_t size)
{
    return is_out() ? refused(arena) : __real_arena_array(arena, n, size);
}

struct slice __wrap_arena_copy(struct arena *arena, struct slice s)
{
    return is_out() ? (struct slice){refused(arena), 0} : __real_arena_copy(arena, s);
}

char *__wrap_arena_cstr(struct arena *arena, struct slice s)
{
    return is_out() ? refused(arena) : __real_arena_cstr(arena, s);
}

struct slice __wrap_arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    return is_out() ? (struct slice){refused(arena), 0} : __real_arena_vprintf(arena, format, args);
}

struct slice __wrap_arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct slice text = __wrap_arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

/* While a test does what is not to fail. */
static inline long memory_suffices(void)
{
    long before = allowed;
    allowed = -1;
    return before;
}

static inline void memory_fails_again(long before)
{
    allowed = before;
}

/* Events are ours; the tables that libevent keeps of them are its own. */
static void *libevent_malloc(size_t size)
{
    return size == event_get_struct_event_size() ? __wrap_malloc(size) : __real_malloc(size);
}

/* Before anything else of libevent is called. */
static inline void memory_take_libevent(void)
{
    event_set_mem_functions(libevent_malloc, __real_realloc, free);
}

/* Calls `work` with the first allocation failing, then the second, and so on, until it needs no
 * more; each alone, and each with all that follow. At least `least` were tried. */
static inline void memory_fails_everywhere(void (*work)(void), long least)
{
    for (int mode = 0; mode < 2; mode++) {
        long n = 0;
        do {
            for_ever = mode == 1;
            hit = false;
            allowed = n++;
            work();
            allowed = -1;
        } while (hit);
        if (n <= least)
            fail_msg("only %ld allocations were tried", n - 1);
    }
}

#endif
