/* SPDX-License-Identifier: ISC
 * BER (X.690 8) read front to back: definite and indefinite lengths, strings in pieces. Nothing is
 * copied but a string that comes in pieces; an element that is longer than its input ends with it.
 * Each octet is looked at once, whatever is nested in what. */
#ifndef FILTERS_CONTAINERS_BER_H
#define FILTERS_CONTAINERS_BER_H

#include "base/arena.h"

enum ber_tag {
    BER_INTEGER = 0x02,
    BER_OCTETS = 0x04,
    BER_OID = 0x06,
    BER_IA5 = 0x16,
    BER_OCTETS_IN_PIECES = 0x24,
    BER_SEQUENCE = 0x30,
    BER_SET = 0x31,
    BER_EXPLICIT_0 = 0xa0,
    BER_EXPLICIT_1 = 0xa1,
};

struct ber {
    struct slice rest; /* what was not read yet */
    bool cut;          /* a length went beyond the end of the input: there is less than it said */
};

/* The identifier octet of the next element; 0 at the end, of the input or of an indefinite length
 * (8.1.5). */
unsigned ber_peek(const struct ber *in);

/* Goes into the next element: then in->rest begins with the first in it. Without a definite length
 * it goes on behind the element; its members end where ber_peek() is 0. False, and nothing is read,
 * when the tag is another. */
bool ber_enter(struct ber *in, enum ber_tag tag);

/* Leaves out the next element with all in it. False when the tag is another, or it has no end. */
bool ber_pass(struct ber *in, enum ber_tag tag);

/* Reads an OCTET STRING, in one piece or in pieces of pieces (8.7.3): a part of the input, or joined
 * in `arena`. False when it is none, it breaks off, the pieces are nested too deep, or the arena is
 * full; *out is then what there was before. */
bool ber_octets(struct arena *arena, struct ber *in, struct slice *out);

#endif
