/* SPDX-License-Identifier: ISC
 * What a label of a domain looks like, in forms that are equal when a reader may take one label for the
 * other. Forms are texts in `struct label_form`; a longer one is cut. */
#ifndef FILTERS_LIKENESS_LABEL_H
#define FILTERS_LIKENESS_LABEL_H

#include "base/slice.h"

/* An A-label holds up to 59 letters (RFC 3492), and each looks like three of ASCII at most, or has four
 * octets itself. */
enum { LABEL_FORM_MAX = 240 };

struct label_form {
    char text[LABEL_FORM_MAX];
    size_t len;
};

struct slice label_form_slice(const struct label_form *form);

/* The label as it is shown (an A-label as its U-label, RFC 5891), folded (look.h). What is no A-label
 * but begins like one is taken as it stands. */
void label_look(struct slice label, struct label_form *out);

/* Of a look, or a part of one: with what may be exchanged for one another made equal. */
void label_letters(struct slice look, struct label_form *out);

/* The same with pairs that are read as one letter: rn is m, vv is w, cl is d. */
void label_pairs(struct slice look, struct label_form *out);

/* The letters that are in a form, a bit each; all that is no letter shares two bits. */
uint32_t label_set(struct slice form);

/* Whether one becomes the other by at most `most` (1 or 2) insertions, deletions, replacements and
 * exchanges of neighbours (optimal string alignment: none is touched twice). */
bool label_within(struct slice a, struct slice b, unsigned most);

#endif
