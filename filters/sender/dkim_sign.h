/* SPDX-License-Identifier: ISC
 * DKIM signatures as text (RFC 6376 3.5, RFC 8463): which fields are signed, the field without its
 * signature and what has to be signed of it, and the whole field. Who has the key is not asked
 * here. Always relaxed/relaxed, over the whole body. */
#ifndef FILTERS_SENDER_DKIM_SIGN_H
#define FILTERS_SENDER_DKIM_SIGN_H

#include "filters/sender/canonical.h"
#include "filters/sender/dkim_key.h"

/* Who signs. */
struct dkim_signer {
    struct slice domain, selector; /* d= and s=: A-labels */
    enum dkim_algorithm algorithm;
};

/* The names of h= for these fields, "From:From:To:...": each field that is there, and where another
 * one would show something else to people, once more than there are (RFC 6376 8.15). False: there
 * are too many, or the arena is full. */
bool dkim_sign_names(struct arena *arena, const struct field_list *fields, struct slice *names);

/* A signature that is not signed yet. */
struct dkim_draft {
    struct slice field; /* up to "b=" */
    unsigned char digest[DIGEST_OCTETS];
};

/* `names`: dkim_sign_names'; `body`: the digest of the canonical body; `now`: seconds since 1970.
 * False: the arena is full. */
bool dkim_sign_draft(struct arena *arena, const struct dkim_signer *signer,
                     struct field_list *fields, struct slice names,
                     const unsigned char body[static DIGEST_OCTETS], int64_t now,
                     struct dkim_draft *draft);

/* The field with its line end, once it is signed. ptr NULL: the arena is full. */
struct slice dkim_sign_field(struct arena *arena, const struct dkim_draft *draft,
                             struct slice signature);

#endif
