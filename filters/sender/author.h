/* SPDX-License-Identifier: ISC
 * Whose name a message bears:
 * the domains of its From fields (RFC 9989 5.3.1), all that any program could show. */
#ifndef FILTERS_SENDER_AUTHOR_H
#define FILTERS_SENDER_AUTHOR_H

#include "base/arena.h"
#include "base/slice.h"

enum { AUTHOR_DOMAINS_MAX = 8 };

enum author_kind {
    AUTHOR_NONE,    /* no From, no address in it, or only an address literal */
    AUTHOR_ONE,     /* one field, one domain */
    AUTHOR_SEVERAL, /* several fields or domains: DMARC never passes */
    /* Control characters, what is no domain, an address without one beside
     * another, or too many: DMARC never passes. */
    AUTHOR_INVALID,
};

struct author {
    enum author_kind kind;
    /* Distinct, normalised; an address literal as it is. */
    struct slice domains[AUTHOR_DOMAINS_MAX];
    size_t count;
    /* Normalised, none of the above: what a program that reads From another way could show instead.
     * None of them makes a message its own; what they ask for DMARC holds. */
    struct slice others[AUTHOR_DOMAINS_MAX];
    size_t others_count;
    size_t fields;  /* From fields */
    unsigned flags; /* enum address_flag of all of them */
};

/* Reads the From fields of a header block. False when the arena is full. */
bool author_of(struct arena *arena, struct slice block, struct author *out);

/* An address literal, "[192.0.2.1]": no domain. */
bool author_is_literal(struct slice domain);

#endif
