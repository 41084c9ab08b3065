/* SPDX-License-Identifier: ISC
 * A message as it was before rules of this site put their marks on it: what is learnt must not be what they thought of
 * it, or a model would learn its own verdicts. */
#ifndef FILTERS_UNMARKED_H
#define FILTERS_UNMARKED_H

#include "base/slice.h"
#include "policy/marks.h"

/* Gives `put` its octets in their order, without fields that are marks, and without prefixes
 * of its first four fields Subject; what is behind the first MiB of the header stays as it is. False: `put` has said so. */
bool unmarked(struct slice message, const struct marks *marks,
              bool (*put)(void *ctx, struct slice octets), void *ctx);

/* Whether it has any such mark. */
bool is_marked(struct slice message, const struct marks *marks);

/* In the message's place its octets without marks, in the arena where it has any. False: that is full. */
bool unmarked_in(struct arena *arena, struct slice *message, const struct marks *marks);

#endif
