/* SPDX-License-Identifier: ISC
 * A message behind DATA, put together of what libmilter hands over piece by piece. */
#ifndef MILTER_TEXT_H
#define MILTER_TEXT_H

#include "milter/talk.h"

struct text {
    bool after_cr, line_start;
};

/* Dots at the start of lines are doubled (RFC 5321 4.5.2). */
void milter_put_text(struct text *t, struct talk *talk, const char *octets, size_t len);

/* Lines of a field's value come with LF alone; one that does not go on as a folded one has to would be a field of
 * its own, and is folded. */
void milter_put_value(struct text *t, struct talk *talk, const char *value);

#endif
