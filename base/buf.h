/* SPDX-License-Identifier: ISC
 * A byte queue with a hard maximum: appended at the end, consumed at the front. Holds no memory
 * while empty (after buf_release), so that an idle session costs nothing. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/slice.h"

#include <stdarg.h>
#include <string.h>

struct buf {
    char *data; /* owned */
    size_t head, tail, size;
    size_t max;
    bool failed; /* an append was refused: sticky until buf_clear */
    bool wipes;  /* memory that it gives back is wiped first; set by whoever puts secrets in it */
};

/* A buffer by value: struct buf b = buf_init(max). Nothing is allocated yet. */
struct buf buf_init(size_t max);
/* One that never asks for memory: it fills `room`, which stays the caller's. Not to be released. */
struct buf buf_over(char *room, size_t size);
void buf_release(struct buf *b); /* frees the memory; b is empty and usable */
/* What it holds, in memory that becomes the caller's (free()); b is empty and usable. NULL: it has none. */
char *buf_take(struct buf *b);
void buf_clear(struct buf *b); /* empties it and clears `failed`, keeps the memory */

size_t buf_len(const struct buf *b);
struct slice buf_slice(const struct buf *b); /* what it holds; valid until the next change */

/* Appends all or nothing. False past the maximum or out of memory; `failed` is then set, so a run
 * of appends may be checked once at its end. buf_printf needs room for one byte more. */
static inline bool buf_append(struct buf *b, struct slice s);
bool buf_char(struct buf *b, char c);
bool buf_cstr(struct buf *b, const char *cstr);
bool buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for `want` bytes at the end, for a read: returns where to write and in *room how
 * much fits (at least 1, never past the maximum); NULL when full. Follow with buf_commit of
 * what was written. */
char *buf_reserve(struct buf *b, size_t want, size_t *room);
void buf_commit(struct buf *b, size_t written);

/* Drops n bytes (at most buf_len) at the front. */
void buf_consume(struct buf *b, size_t n);

/* Where there is no room yet, or no more. */
bool buf_append_more(struct buf *b, struct slice s);

static inline bool buf_append(struct buf *b, struct slice s)
{
    if (b->failed || b->size - b->tail < s.len)
        return buf_append_more(b, s);
    if (s.len)
        memcpy(b->data + b->tail, s.ptr, s.len);
    b->tail += s.len;
    return true;
}

#endif
