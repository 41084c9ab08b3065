/* SPDX-License-Identifier: ISC */
#include "base/arena.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_MIN = 1024 - 32, /* what an idle session holds */
    BLOCK_GROWN = 64 * 1024,
    BLOCK_KEPT = 4096, /* the most that is kept for what comes next */
    ALIGN = 16,
    FIRST_ROOM = 4,
};

struct block {
    struct block *older;
    size_t size, used;
    _Alignas(ALIGN) char data[];
};

struct arena {
    struct block *newest;
    size_t max, used;
    bool failed;
};

struct arena *arena_new(size_t max)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (arena)
        arena->max = max;
    else
        memory_was_refused();
    return arena;
}

void arena_release(struct arena *arena)
{
    for (struct block *b = arena->newest, *older; b; b = older) {
        older = b->older;
        free(b);
    }
    *arena = (struct arena){.max = arena->max};
}

void arena_free(struct arena **arena)
{
    if (!*arena)
        return;
    arena_release(*arena);
    free(*arena);
    *arena = NULL;
}

/* All but the largest block that is worth keeping. */
static struct block *drop_blocks(struct block *b)
{
    struct block *keep = NULL;
    for (struct block *older; b; b = older) {
        older = b->older;
        if (!keep && b->size <= BLOCK_KEPT)
            keep = b;
        else
            free(b);
    }
    return keep;
}

void arena_reset(struct arena *arena)
{
    if (!arena)
        return;
    struct block *keep = drop_blocks(arena->newest);
    if (keep)
        *keep = (struct block){.size = keep->size};
    *arena = (struct arena){.newest = keep, .max = arena->max};
}

/* Behind the newest block, which still has room. */
void arena_adopt(struct arena *arena, struct arena *other)
{
    struct block *oldest = other->newest;
    while (oldest && oldest->older)
        oldest = oldest->older;
    struct block **place = arena->newest ? &arena->newest->older : &arena->newest;
    if (oldest) {
        oldest->older = *place;
        *place = other->newest;
    }
    arena->used += other->used;
    arena->failed = arena->failed || other->failed;
    *other = (struct arena){.max = other->max};
}

static struct block *block_for(struct arena *arena, size_t size)
{
    struct block *b = arena->newest;
    if (b && b->size - b->used >= size)
        return b;
    size_t want = !b ? BLOCK_MIN : b->size < BLOCK_GROWN ? b->size * 2 : BLOCK_GROWN;
    if (want < size)
        want = size;
    b = malloc(sizeof *b + want);
    if (!b) {
        memory_was_refused();
        return NULL;
    }
    *b = (struct block){.older = arena->newest, .size = want};
    arena->newest = b;
    return b;
}

static void *try_take(struct arena *arena, size_t size)
{
    if (size > arena->max || arena->used > arena->max - size)
        return NULL;
    size_t rounded = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (rounded < size)
        return NULL;
    struct block *b = block_for(arena, rounded);
    if (!b)
        return NULL;
    void *p = b->data + b->used;
    b->used += rounded;
    arena->used += rounded;
    return p;
}

static void *take(struct arena *arena, size_t size)
{
    void *p = try_take(arena, size);
    arena->failed = arena->failed || !p;
    return p;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *p = take(arena, size);
    return p ? memset(p, 0, size) : NULL;
}

void *arena_array(struct arena *arena, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size)
        return NULL;
    return arena_alloc(arena, n * size);
}

void *arena_grow(struct arena *arena, void *array, size_t used, size_t *room, size_t size)
{
    if (used < *room)
        return array;
    size_t more = *room ? *room * 2 : FIRST_ROOM;
    void *larger = more > *room ? arena_array(arena, more, size) : NULL;
    if (!larger)
        return NULL;
    if (*room)
        memcpy(larger, array, *room * size);
    *room = more;
    return larger;
}

size_t arena_room(size_t count)
{
    size_t room = count ? FIRST_ROOM : 0;
    while (room < count)
        room *= 2;
    return room;
}

struct slice arena_copy(struct arena *arena, struct slice s)
{
    char *p = s.len < SIZE_MAX ? take(arena, s.len + 1) : NULL;
    if (!p)
        return (struct slice){NULL, 0};
    if (s.len)
        memcpy(p, s.ptr, s.len);
    p[s.len] = '\0';
    return (struct slice){p, s.len};
}

char *arena_cstr(struct arena *arena, struct slice s)
{
    char *p = s.len < SIZE_MAX ? take(arena, s.len + 1) : NULL;
    if (!p)
        return NULL;
    if (s.len)
        memcpy(p, s.ptr, s.len);
    p[s.len] = '\0';
    return p;
}

struct slice arena_join(struct arena *arena, const struct slice *texts, size_t count)
{
    size_t len = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        len += texts[i].len;
    char *p = take(arena, len + 1);
    if (!p)
        return (struct slice){NULL, 0};
    for (size_t i = 0; i < count; at += texts[i++].len)
        if (texts[i].len)
            memcpy(p + at, texts[i].ptr, texts[i].len);
    p[len] = '\0';
    return (struct slice){p, len};
}

/* Most are short, and formatted once. */
struct slice arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    char room[512];
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(room, sizeof room, format, again);
    va_end(again);
    char *p = n < 0 ? NULL : take(arena, (size_t)n + 1);
    if (!p)
        return (struct slice){NULL, 0};
    if ((size_t)n < sizeof room)
        memcpy(p, room, (size_t)n + 1);
    else
        vsnprintf(p, (size_t)n + 1, format, args);
    return (struct slice){p, (size_t)n};
}

struct slice arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct slice s = arena_vprintf(arena, format, args);
    va_end(args);
    return s;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}

bool arena_failed(const struct arena *arena)
{
    return arena->failed;
}
