/* SPDX-License-Identifier: ISC
 * Address lists of From, Sender, Reply-To, To (RFC 5322 3.4, and its obsolete forms, 4.4), read so
 * that no address that any program could see is missed. */
#ifndef FILTERS_MIME_ADDRESS_H
#define FILTERS_MIME_ADDRESS_H

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
    ADDRESS_UNCLEAR = 512,        /* what could be an address has no domain, or an unknown one */
};

struct address {
    struct slice name;   /* display name or comment, decoded, clean UTF-8; may be empty */
    struct slice local;  /* before the first '@' outside quotes, quotes removed */
    struct slice domain; /* after it, ASCII lower case; empty when there is no '@' */
};

enum { ADDRESS_OTHERS_MAX = 16 };

struct addresses {
    struct address *items;
    size_t n;
    /* What stands behind an '@' for a program that reads another way: that ends a domain at a blank
     * or comment, or joins what these part, or takes an address before '<' for the mailbox's. In
     * part no domains. */
    struct slice others[ADDRESS_OTHERS_MAX];
    size_t others_count;
    unsigned flags;
};

/* Parses a folded or unfolded value. At most `max` addresses are kept. A name with a comma that
 * should be in quotes is taken for a name, when an address in brackets follows. False when the
 * arena is full. */
bool addresses_parse(struct arena *arena, struct slice value, size_t max, struct addresses *out);

#endif
