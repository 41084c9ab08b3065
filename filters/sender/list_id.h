/* SPDX-License-Identifier: ISC
 * Mailing lists (RFC 2919): a list changes what it passes on, so that the author's signature is no
 * longer good, and signs in its own name. */
#ifndef FILTERS_SENDER_LIST_ID_H
#define FILTERS_SENDER_LIST_ID_H

#include "filters/sender/dkim.h"

/* The identifier of the only List-Id field of a header block, normalised. Empty: there is none, or
 * not one alone. */
struct slice list_id(struct arena *arena, struct slice block);

enum list_signature {
    LIST_UNSIGNED,
    LIST_SIGNED,
    LIST_UNCERTAIN, /* a signature may be the list's, but the DNS does not tell now whether it is good */
};

/* Whether a signature that passed is the list's: of the registered domain that its identifier is
 * in. Anybody may have a list; what is signed so has not been forged in a list's name. */
enum list_signature list_signed(struct arena *arena, struct slice list,
                                const struct dkim_outcome *dkim);

#endif
