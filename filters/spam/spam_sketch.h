/* SPDX-License-Identifier: ISC
 * What messages are alike: of two with half of their text in common most sketches share a band, of two
 * with a tenth hardly any (MinHash, in bands). */
#ifndef FILTERS_SPAM_SPAM_SKETCH_H
#define FILTERS_SPAM_SPAM_SKETCH_H

#include "filters/spam/spam_vector.h"

enum { SPAM_SKETCH_BANDS = 16, SPAM_SKETCH_ROWS = 3 };

struct spam_sketch {
    uint64_t bands[SPAM_SKETCH_BANDS];
};

/* Of the text of a vector, as mail of one program has the rest in common; of the whole where there is no
 * text. False: the vector is malformed. */
bool spam_sketch(struct slice vector, struct spam_sketch *out);

#endif
