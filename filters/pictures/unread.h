/* SPDX-License-Identifier: ISC
 * qr.unread: what was not read for codes, each kind or reason once. */
#ifndef FILTERS_PICTURES_UNREAD_H
#define FILTERS_PICTURES_UNREAD_H

#include "policy/value.h"

enum { UNREAD_MAX = 24 };

struct unread {
    struct slice items[UNREAD_MAX];
    size_t count;
};

/* `what` outlives it: a media type, or a reason such as "too large". */
void unread_add(struct unread *unread, struct slice what);
/* The kinds of picture_kind that are not read, of a bit for each. */
void unread_add_kinds(struct unread *unread, unsigned kinds);
/* Those of a list. */
void unread_add_list(struct unread *unread, const struct value *list);

/* The fact; unknown when the arena is full. */
struct value unread_list(struct arena *arena, const struct unread *unread);

#endif
