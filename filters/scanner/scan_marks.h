/* SPDX-License-Identifier: ISC
 * The marks that a message is to be learnt without (policy/marks.h), as bytes in a job. */
#ifndef FILTERS_SCANNER_SCAN_MARKS_H
#define FILTERS_SCANNER_SCAN_MARKS_H

#include "base/arena.h"
#include "base/ipc.h"
#include "policy/marks.h"

/* NULL: there is no such job. More than MARKS_MOST of either fail. */
void scan_marks_pack(struct buf *out, const struct marks *marks);

/* False: malformed, or the arena is full. Texts stay in what is unpacked. */
bool scan_marks_unpack(struct unpack *in, struct arena *arena, const struct marks **marks);

#endif
