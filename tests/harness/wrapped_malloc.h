/* SPDX-License-Identifier: ISC
 * The allocator's functions, which the linker wraps (see the Makefile). Whoever includes this
 * says when memory is out. */
#ifndef TESTS_HARNESS_WRAPPED_MALLOC_H
#define TESTS_HARNESS_WRAPPED_MALLOC_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Asked at each allocation; when true it has set errno, and the allocation fails. */
static bool is_out(void);

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

void *__wrap_malloc(size_t size)
{
    return is_out() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return is_out() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return is_out() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
    return is_out() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
    return is_out() ? NULL : __real_strndup(s, n);
}

#endif
