/* SPDX-License-Identifier: ISC
 * From a file's name to the extension that Windows would act on. Names come from strangers: all
 * that hides an extension from a reader or from a simple filter (blanks, dots, streams, class ids,
 * NUL, writing direction marks) is undone first. */
#ifndef FILTERS_MIME_EXTENSION_H
#define FILTERS_MIME_EXTENSION_H

#include "base/arena.h"

/* The extension of `name` (UTF-8 or raw bytes; a path with either separator), folded to lower case
 * and without its dot. Empty when there is none. A class id in braces becomes the extension of that
 * class when it is a known one ("hta"), else it is returned as it stands. Lives in `arena`; empty
 * when that is full. */
struct slice extension_of(struct arena *arena, struct slice name);

/* The last component of a path as Windows or Unix would see it,
 * up to its first NUL. A part of `path`. */
struct slice extension_basename(struct slice path);

#endif
