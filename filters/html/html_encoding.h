/* SPDX-License-Identifier: ISC
 * The octets of a page as text: what browsers take them for where nobody says, and where a file says
 * so itself. Encodings in which ASCII means itself are left as they are: tags are ASCII. */
#ifndef FILTERS_HTML_HTML_ENCODING_H
#define FILTERS_HTML_HTML_ENCODING_H

#include "base/arena.h"

enum { HTML_READINGS_MAX = 2 };

/* The readings that are possible: parts of the content, or in `arena`, which has to have room for
 * eight times the content. UTF-16 with a mark or without becomes UTF-8, NULs go; escapes of
 * ISO-2022-JP, in which quotes and brackets may be parts of letters, make a second reading. 0: the
 * arena is full. */
size_t html_readings(struct arena *arena, struct slice content,
                     struct slice readings[HTML_READINGS_MAX]);

#endif
