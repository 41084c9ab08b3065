/* SPDX-License-Identifier: ISC */
#include "base/buf.h"

#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 512 };

struct buf buf_init(size_t max)
{
    return (struct buf){.max = max};
}

struct buf buf_over(char *room, size_t size)
{
    return (struct buf){.data = room, .size = size, .max = size};
}

static void give_back(struct buf *b)
{
    if (b->wipes && b->data)
        explicit_bzero(b->data, b->size);
    free(b->data);
}

void buf_release(struct buf *b)
{
    give_back(b);
    *b = (struct buf){.max = b->max, .wipes = b->wipes};
}

static void compact(struct buf *b)
{
    if (b->head == 0)
        return;
    memmove(b->data, b->data + b->head, buf_len(b));
    b->tail -= b->head;
    b->head = 0;
}

char *buf_take(struct buf *b)
{
    compact(b);
    char *data = b->data;
    *b = (struct buf){.max = b->max, .wipes = b->wipes};
    return data;
}

void buf_clear(struct buf *b)
{
    b->head = b->tail = 0;
    b->failed = false;
}

size_t buf_len(const struct buf *b)
{
    return b->tail - b->head;
}

struct slice buf_slice(const struct buf *b)
{
    return (struct slice){b->data ? b->data + b->head : "", b->tail - b->head};
}

/* realloc would leave what there was where it was. */
static char *larger(struct buf *b, size_t size)
{
    if (!b->wipes)
        return realloc(b->data, size);
    char *data = malloc(size);
    if (data && b->tail)
        memcpy(data, b->data, b->tail);
    if (data)
        give_back(b);
    return data;
}

static bool grow(struct buf *b, size_t size)
{
    char *data = larger(b, size);
    if (!data) {
        memory_was_refused();
        return false;
    }
    b->data = data;
    b->size = size;
    memory_in_large_pages(data, size);
    return true;
}

/* Makes `more` bytes fit behind tail, within max. */
static bool make_room(struct buf *b, size_t more)
{
    size_t len = buf_len(b);
    if (more > b->max - len)
        return false;
    if (b->size - b->tail >= more)
        return true;
    if (b->size - len >= more) {
        compact(b);
        return true;
    }
    size_t size = b->size ? b->size : FIRST_SIZE;
    while (size < len + more)
        size *= 2;
    if (size > b->max)
        size = b->max;
    compact(b);
    return grow(b, size);
}

bool buf_append_more(struct buf *b, struct slice s)
{
    if (b->failed || !make_room(b, s.len)) {
        b->failed = true;
        return false;
    }
    if (s.len)
        memcpy(b->data + b->tail, s.ptr, s.len);
    b->tail += s.len;
    return true;
}

bool buf_char(struct buf *b, char c)
{
    return buf_append(b, (struct slice){&c, 1});
}

bool buf_cstr(struct buf *b, const char *cstr)
{
    return buf_append(b, slice_of(cstr));
}

bool buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    /* one byte more for the NUL, which is not committed */
    if (n < 0 || b->failed || !make_room(b, (size_t)n + 1)) {
        b->failed = true;
        return false;
    }
    va_start(args, format);
    vsnprintf(b->data + b->tail, (size_t)n + 1, format, args);
    va_end(args);
    b->tail += (size_t)n;
    return true;
}

char *buf_reserve(struct buf *b, size_t want, size_t *room)
{
    size_t left = b->max - buf_len(b);
    if (want > left)
        want = left;
    if (want == 0 || !make_room(b, want))
        return NULL;
    *room = b->size - b->tail;
    if (*room > left)
        *room = left;
    return b->data + b->tail;
}

void buf_commit(struct buf *b, size_t written)
{
    assert(written <= b->size - b->tail);
    b->tail += written;
}

void buf_consume(struct buf *b, size_t n)
{
    assert(n <= buf_len(b));
    b->head += n;
    if (b->head == b->tail)
        b->head = b->tail = 0;
}
