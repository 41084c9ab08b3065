/* SPDX-License-Identifier: ISC
 * What a user thinks of a message, told by what he does with it in his mailbox: junk, or not. On its way
 * from a proxy to the keeper, and from there to who asks. */
#ifndef COMMON_OPINION_H
#define COMMON_OPINION_H

#include "base/ipc.h"

enum { OPINION_MESSAGE = 32, OPINION_TEXT_MOST = 320 };

enum opinion_how {
    OPINION_COPIED, /* into Junk, or out of it */
    OPINION_MOVED,
    OPINION_FLAGGED,  /* $Junk, $NotJunk and their like */
    OPINION_APPENDED, /* put there */
    OPINION_HOWS
};

struct opinion {
    uint64_t number;      /* in the keeper; later ones have later ones */
    struct slice account; /* whose: his address; as it is kept: a keyed digest of that, in hex */
    unsigned char message[OPINION_MESSAGE]; /* SHA-256 of it, as the server shows it */
    struct slice reference;                 /* of the decision when it came in; empty: unknown */
    bool junk;
    enum opinion_how how;
    int64_t time; /* seconds since 1970 */
};

const char *opinion_how_word(enum opinion_how how); /* "copied" ... */

/* Its texts must outlive it; what is longer than OPINION_TEXT_MOST is no opinion. */
void opinion_pack(struct buf *out, const struct opinion *opinion);
bool opinion_unpack(struct slice octets, struct opinion *opinion);

#endif
