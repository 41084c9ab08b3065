/* SPDX-License-Identifier: ISC
 * Running text in mdoc. */
#ifndef POLICY_MANUAL_TEXT_H
#define POLICY_MANUAL_TEXT_H

#include "base/buf.h"

/* As it is: nothing in it is taken for a request. */
void manual_text(struct buf *out, const char *text);

/* The same on a line of its own; as a sentence with its full stop. */
void manual_line(struct buf *out, const char *text);
void manual_sentence(struct buf *out, const char *text);

#endif
