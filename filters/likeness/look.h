/* SPDX-License-Identifier: ISC
 * What a reader takes letters for: UTS 39's confusables, accents and forms folded into ASCII.
 *
 * looks.def is a table of ours and not ICU, which knows the same: it brings 30 MB of data into every
 * proxy for 2,000 letters that look like ASCII. It is written from ICU's data by
 * tests/filters/likeness/looks.py, and a test holds it to them; so a build needs neither ICU nor the
 * script. */
#ifndef FILTERS_LIKENESS_LOOK_H
#define FILTERS_LIKENESS_LOOK_H

#include "base/buf.h"

/* Letters of other scripts look like one ASCII letter when they are capital, and like another when
 * they are small (Greek N, n): by its shape a letter is what it looks like as it was written, by its
 * case what the small letter looks like, so that a name is the same name however it is written. */
enum look_by { LOOK_BY_SHAPE, LOOK_BY_CASE };

/* Appends what the text looks like: small letters and digits of ASCII, small letters that look like
 * none, and all else as it is. Marks, what is not seen, and octets that are no UTF-8 are left out. */
void look_fold(struct buf *out, struct slice text, enum look_by by);

/* What may be exchanged for one another among the letters and digits of ASCII: i and l are l, digits
 * are the letter that they are written for ("0" is o, "5" is s). */
char look_letter(char c);

/* The same for names of less than five letters, where digits mean something ("3m"): 0 is o, and 1 and i
 * are l, as in UTS 39. */
char look_letter_narrow(char c);

#endif
