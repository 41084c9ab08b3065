/* SPDX-License-Identifier: ISC
 * A piece of an address list while it is read: its octets without quotes, comments and blanks, and
 * where it could be cut. */
#ifndef FILTERS_MIME_ADDRESS_TEXT_H
#define FILTERS_MIME_ADDRESS_TEXT_H

#include "base/arena.h"
#include "base/slice.h"

#define TEXT_NO_AT SIZE_MAX

struct address_text {
    char *ptr;
    size_t len;
    size_t at;   /* the first '@' outside quotes: what follows is the domain */
    bool joins;  /* it ends with an '@' or '.' outside quotes: blanks and comments do not end it */
    bool is_cut; /* blanks, a comment or a quote stand at its end */
};

/* Room for `size` octets. False when the arena is full. */
bool text_make(struct arena *arena, struct address_text *t, size_t size);
void text_clear(struct address_text *t);
void text_put(struct address_text *t, char c);  /* as it is: quoted */
void text_atom(struct address_text *t, char c); /* '@' and '.' mean what they mean */
void text_word(struct address_text *to,
               const struct address_text *from); /* a blank between the two */

struct slice text_slice(const struct address_text *t);
bool text_has_at(const struct address_text *t);
struct slice text_local(const struct address_text *t); /* all when there is no '@' */
struct slice
text_domain(const struct address_text *t); /* empty when there is no '@'; without a last dot */

/* What people take for an '@': the ASCII one, or a wide or small one. The offset behind the first,
 * or s.len + 1. */
size_t text_behind_at(struct slice s);

/* Octets that turn the order of characters around (U+200E, U+200F,
 * U+202A to U+202E, U+2066 to U+2069). */
bool text_is_turned(struct slice s);

#endif
