/* SPDX-License-Identifier: ISC
 * What archives, compressed files and disk images begin with, wherever in a file that is: unpackers
 * open what stands behind a picture or a program as well. A signature is short, and may be there by
 * chance or to mislead; so what follows it is looked at as far as the unpackers do. */
#ifndef FILTERS_ARCHIVE_SIGNS_H
#define FILTERS_ARCHIVE_SIGNS_H

#include "filters/archive/unpack.h"

struct sign {
    uint32_t at;            /* of the signature, behind the beginning */
    struct slice signature; /* two octets at least */
    /* May what begins so be one? Looks at a bounded number of octets. */
    bool (*fits)(struct slice content);
    enum unpack_format format; /* UNPACK_NONE: nothing here opens it */
    bool sure;                 /* what fits is one, and if it cannot be read, a damaged one */
    bool everywhere;           /* sought behind documents as well, whose parts hold files */
};

enum { SIGNS_COUNT = 28 };

extern const struct sign signs[SIGNS_COUNT];

#endif
