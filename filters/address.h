/* SPDX-License-Identifier: ISC
 * Address lists of From, Sender, Reply-To, To (RFC 5322 3.4), read so that no address that any
 * program could see is missed. */
#ifndef FILTERS_ADDRESS_H
#define FILTERS_ADDRESS_H

#include "base/arena.h"
#include "base/slice.h"

enum address_flag {
    ADDRESS_GROUP = 1,            /* group syntax */
    ADDRESS_ENCODED_WORD = 2,     /* an encoded word where an address stands */
    ADDRESS_EIGHT_BIT = 4,        /* raw octets above 127 */
    ADDRESS_ROUTE = 8,            /* <@relay:user@domain> */
    ADDRESS_MALFORMED = 16,       /* the syntax is wrong: others may read it differently */
    ADDRESS_NAME_IS_ADDRESS = 32, /* the display name holds another address */
    ADDRESS_CONTROL = 64,         /* NUL or other controls */
    ADDRESS_MULTIPLE = 128,       /* more than one address */
    ADDRESS_TOO_MANY = 256,       /* more than were kept */
};

struct address {
    struct slice name;   /* display name or comment, decoded, clean UTF-8; may be empty */
    struct slice local;  /* before the last '@', quotes removed; as it stands otherwise */
    struct slice domain; /* after it, ASCII lower case; empty when there is no '@' */
};

struct addresses {
    struct address *items;
    size_t n;
    unsigned flags;
};

/* Parses a folded or unfolded value. At most `max` addresses are kept. False when the arena is
 * full. */
bool addresses_parse(struct arena *arena, struct slice value, size_t max, struct addresses *out);

#endif
