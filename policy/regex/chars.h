/* SPDX-License-Identifier: ISC
 * Sets of characters, and what stands for them in a pattern: escapes and classes. */
#ifndef POLICY_REGEX_CHARS_H
#define POLICY_REGEX_CHARS_H

#include "base/buf.h"
#include "base/slice.h"

enum { REGEX_ASCII = 128 };

/* A set of characters: those of ASCII one by one, all others together. */
struct regex_chars {
    uint64_t ascii[2];
    bool beyond;
    struct slice example; /* of those beyond, as the pattern writes it; may be empty */
};

void regex_chars_add(struct regex_chars *set, unsigned char c);
bool regex_chars_has(const struct regex_chars *set, unsigned char c);
bool regex_chars_meet(const struct regex_chars *a, const struct regex_chars *b);
struct regex_chars regex_chars_both(const struct regex_chars *a, const struct regex_chars *b);
void regex_chars_join(struct regex_chars *into, const struct regex_chars *other);
void regex_chars_invert(struct regex_chars *set);
bool regex_chars_empty(const struct regex_chars *set);

/* Appends one of them, a usual one (a letter, a digit) or an `unusual` one (a line end, a mark);
 * nothing when there is none. */
void regex_chars_write(const struct regex_chars *set, bool unusual, struct buf *out);

/* ---- in a pattern */

/* Reads one escape at pattern[*at], which is a backslash, and moves *at behind it. False: it is no
 * character: an assertion, a back reference, "\Q". */
bool regex_read_escape(struct slice pattern, size_t *at, struct regex_chars *set);

/* Reads a class at pattern[*at], which is '[', and moves *at behind its end. */
void regex_read_class(struct slice pattern, size_t *at, bool fold, struct regex_chars *set);

/* Reads the character at pattern[*at], as itself. */
void regex_read_literal(struct slice pattern, size_t *at, bool fold, struct regex_chars *set);

/* '.' */
struct regex_chars regex_any(bool newlines_too);

#endif
