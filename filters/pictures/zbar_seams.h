/* SPDX-License-Identifier: ISC
 * Where we stand between libzbar's parts. It collects lines across what may be a corner of a code,
 * and matches all with all: a picture drawn for that takes it many seconds. So it hears of no more
 * than so many; noise all over the largest picture that is read has fewer. And it can tell others
 * over D-Bus of what it has found, for which it wants a library that we do without. */
#ifndef FILTERS_PICTURES_ZBAR_SEAMS_H
#define FILTERS_PICTURES_ZBAR_SEAMS_H

#include <stdbool.h>

enum { ZBAR_LINES_MAX = 40000 }; /* across, and as many down */

/* Another picture begins: none of its lines was told yet. */
void zbar_lines_begin(void);
/* Were there more of them? */
bool zbar_lines_cut(void);

#endif
