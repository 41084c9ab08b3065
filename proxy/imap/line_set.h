/* SPDX-License-Identifier: ISC
 * The lines of a message, to be found again: a server may wrap the same content anew each time it shows it, with other
 * boundaries. */
#ifndef PROXY_IMAP_LINE_SET_H
#define PROXY_IMAP_LINE_SET_H

#include "base/slice.h"

struct line_set;

/* NULL: no memory. The message must stay. */
struct line_set *line_set_new(struct slice message);
void line_set_free(struct line_set **set);

/* Whether all lines of content stand in the message, in whatever order; of the first and the last a part is enough, and
 * lines that part others ("--boundary") may be any. */
bool line_set_holds(const struct line_set *set, struct slice content);

#endif
