/* SPDX-License-Identifier: ISC
 * A slice: some bytes that somebody else owns, with their length.
 * May hold NUL; is never NUL-terminated. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const char *ptr;
    size_t len;
};

/* A slice of a string literal. */
#define SLICE(literal) ((struct slice){("" literal), sizeof(literal) - 1})
/* printf("%.*s", SLICE_ARGS(s)); only for text that is already known to be harmless. */
#define SLICE_ARGS(s) (int)(s).len, (s).ptr

struct slice slice_of(const char *cstr);                        /* up to the NUL; empty for NULL */
struct slice slice_sub(struct slice s, size_t from, size_t to); /* [from, to), clamped to s */
struct slice slice_from(struct slice s, size_t from);           /* all from `from`, clamped */
struct slice slice_trim(struct slice s); /* without blanks, tabs, CR, LF at both ends */

/* Comparison of bytes; the `i` forms fold ASCII letters only. */
bool slice_eq(struct slice a, struct slice b);
bool slice_ieq(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_istarts(struct slice s, struct slice prefix);
bool slice_iends(struct slice s, struct slice suffix);
/* As memcmp, the shorter first when one begins the other. */
int slice_cmp(struct slice a, struct slice b);

bool slice_is_ascii(struct slice s); /* no octet above 127 */

/* Offset of the first (last) match; s.len when there is none. */
size_t slice_find(struct slice s, char c);
size_t slice_rfind(struct slice s, char c);
size_t slice_search(struct slice s, struct slice needle);

/* Decimal digits, whole slice, at most max. False for anything else, the empty slice included. */
bool slice_to_u64(struct slice s, uint64_t max, uint64_t *out);

/* A path as system calls want it, NUL-terminated.
 * False, with errno: it is too long, or holds a NUL, and would be another's. */
bool slice_to_path(struct slice s, char path[PATH_MAX]);

/* With a NUL, and zeros up to the end of the room, so that two can be compared as memory. False: it
 * does not fit. */
bool slice_to_text(struct slice s, char *out, size_t size);

/* Splits at the first `sep`: *head is what is before it, *rest what follows. False (and *head == s,
 * *rest empty) when sep does not occur. */
bool slice_cut(struct slice s, char sep, struct slice *head, struct slice *rest);

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static inline bool ascii_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ascii_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* 0..15, or -1. */
int hex_digit(char c);
/* Lower case, NUL-terminated: `out` has 2 * s.len + 1 octets. */
void hex_text(struct slice s, char *out);

#endif
