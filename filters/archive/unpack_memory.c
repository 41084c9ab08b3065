/* SPDX-License-Identifier: ISC
 * The C library's allocator with a bound; glibc lets a program put its own in front of it. With another
 * C library, or a sanitizer, there is none but the process's. */
#include "filters/archive/unpack_memory.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

enum {
    LARGE = 1 << 20,  /* what is smaller is not counted */
    MOST = 136 << 20, /* a window of 128 MiB (zstd --ultra), or two of 64 (xz -9 in 7z) */
};

static bool inside, refused;

void unpack_memory_enter(void)
{
    inside = true;
    refused = false;
}

bool unpack_memory_leave(void)
{
    inside = false;
    return refused;
}

#if defined __GLIBC__ && !defined SANITIZED

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

static size_t taken;

static size_t counted(void *p)
{
    size_t size = inside && p ? malloc_usable_size(p) : 0;
    return size >= LARGE ? size : 0;
}

static void *took(void *p)
{
    taken += counted(p);
    return p;
}

static void gives(size_t size)
{
    taken -= size < taken ? size : taken;
}

static bool is_too_much(size_t size, size_t had)
{
    size_t others = taken - had;
    if (!inside || size < LARGE || (others <= MOST && size <= MOST - others))
        return false;
    refused = true;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return is_too_much(size, 0) ? NULL : took(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    size_t all = size && n > SIZE_MAX / size ? SIZE_MAX : n * size;
    return is_too_much(all, 0) ? NULL : took(__libc_calloc(n, size));
}

void *realloc(void *p, size_t size)
{
    size_t had = counted(p);
    if (had > taken)
        had = taken;
    if (is_too_much(size, had))
        return NULL;
    void *moved = __libc_realloc(p, size);
    if (moved || size == 0)
        gives(had);
    return moved ? took(moved) : NULL;
}

void free(void *p)
{
    gives(counted(p));
    __libc_free(p);
}

#endif
