/* SPDX-License-Identifier: ISC
 * Names of the DNS in the one spelling in which they are compared, looked up and remembered.
 *
 * "Bücher.Example." and "xn--bcher-kva.example" are one domain (RFC 5890 2.3.2.4). A struct
 * domain_name is made by domain_name_make alone, so whoever holds one need not ask how it was
 * spelled; what is no name of a domain never becomes one. */
#ifndef BASE_DOMAIN_NAME_H
#define BASE_DOMAIN_NAME_H

#include "base/arena.h"
#include "base/slice.h"

enum {
    DOMAIN_NAME_MAX = 253, /* RFC 1035 2.3.4, as text without a trailing dot */
    DOMAIN_LABEL_MAX = 63,
    DOMAIN_SPELLING_MAX = 1024, /* U-labels may take more octets than their A-labels */
};

/* Lower case, A-labels, no trailing dot. Empty: there is none. */
struct domain_name {
    struct slice text;
};

/* Makes *out, in the arena, from any spelling: case, a trailing dot, U-labels (IDNA2008 with the
 * mapping of UTS 46, non-transitional: "ß" stays itself; U+3002 is a dot). Labels that are ASCII
 * already are what the DNS has, and are not looked into. Letters, digits, '-' and '_'; so no
 * wildcard and no address literal is one. NULL: it is made. Else what is wrong, in words, and *out
 * is empty; also when the arena is full. */
const char *domain_name_make(struct arena *arena, struct slice spelling, struct domain_name *out);

/* Whether it is a name as it stands, in any case: ASCII, no dot at its end. */
bool domain_name_is_plain(struct slice name);

#endif
