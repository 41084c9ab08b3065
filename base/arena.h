/* SPDX-License-Identifier: ISC
 * An arena: many small allocations that die together (a session's, a message's, a configuration's).
 * It has a hard maximum, so that what a peer sends can never make a process grow without bound. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

#include <stdarg.h>

struct arena;

/* An empty arena that will never hold more than `max` bytes. NULL when memory is out. */
struct arena *arena_new(size_t max);

/* Frees everything in it; *arena becomes NULL. NULL is fine. */
void arena_free(struct arena **arena);

/* Forgets all allocations but keeps one small block, so that what comes next seldom costs a malloc.
 * NULL is fine. */
void arena_reset(struct arena *arena);
/* The same, and it holds no memory until something is taken from it again. */
void arena_release(struct arena *arena);

/* All that was taken from `other` is the arena's from now on, and lives as long: for what is kept only
 * once it is known to be wanted. `other` is empty then. Memory of it does not move. */
void arena_adopt(struct arena *arena, struct arena *other);

/* Zeroed memory, aligned for any type; lives as long as the arena. NULL past the maximum or when
 * memory is out: the caller answers with its own "too large". */
void *arena_alloc(struct arena *arena, size_t size);

/* An array of n zeroed elements; NULL also when n * size overflows. */
void *arena_array(struct arena *arena, size_t n, size_t size);

/* Room for one more behind the first `used` elements of an array that has room for *room of them:
 * the array itself, or a copy with twice the room, zeroed behind what there was.
 * NULL: as above; the array stays as it is. At first array is NULL and *room 0. */
void *arena_grow(struct arena *arena, void *array, size_t used, size_t *room, size_t size);

/* The room of an array that arena_grow has grown, one by one from nothing, to `count` elements. */
size_t arena_room(size_t count);

/* Copies. A NUL follows the copied bytes (not counted). ptr is NULL when the arena is full. */
struct slice arena_copy(struct arena *arena, struct slice s);
char *arena_cstr(struct arena *arena, struct slice s);

/* Texts behind each other, a NUL behind them (not counted); ptr NULL when the arena is full.
 * ARENA_JOIN(arena, SLICE("a"), b). */
struct slice arena_join(struct arena *arena, const struct slice *texts, size_t count);
#define ARENA_JOIN(arena, ...)                                                                     \
    arena_join((arena), (const struct slice[]){__VA_ARGS__},                                       \
               sizeof((const struct slice[]){__VA_ARGS__}) / sizeof(struct slice))

/* Formatted text, NUL-terminated; ptr NULL when the arena is full. */
struct slice arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct slice arena_vprintf(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Whether an allocation was refused since the arena was made or reset:
 * what was built in it may lack something. */
bool arena_failed(const struct arena *arena);

/* Bytes handed out so far. */
size_t arena_used(const struct arena *arena);

#endif
