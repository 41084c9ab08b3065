/* SPDX-License-Identifier: ISC
 * The people whom nobody should pass for. Built once, never changed. */
#ifndef FILTERS_LIKENESS_PEOPLE_H
#define FILTERS_LIKENESS_PEOPLE_H

#include "base/arena.h"
#include "policy/config.h"

struct people;

/* NULL: the arena is full. */
struct people *people_new(struct arena *arena, const struct person *persons, size_t count);

/* The first of them whose name (person_name.h), or whose address, a display name is or holds, unless
 * `address` is one of those of somebody with that name; what follows a '+' in its local part does not
 * count, nor does case. A single word is nobody's name but of who has no other. NULL: nobody. */
const struct person *people_find(const struct people *people, struct slice name,
                                 struct slice address);

#endif
