/* SPDX-License-Identifier: ISC
 * Whether a domain that SPF or a signature has verified is the author's (RFC 9989 4.4, 4.10.2). */
#ifndef FILTERS_SENDER_DMARC_ALIGN_H
#define FILTERS_SENDER_DMARC_ALIGN_H

#include "filters/sender/author.h"
#include "filters/sender/dmarc_walk.h"

enum dmarc_alignment {
    DMARC_APART,
    DMARC_ALIGNED,
    DMARC_UNCERTAIN, /* an answer that it hangs on has not come */
};

/* `walk` began at the author's domain: it and the identifier (any spelling) are aligned when they
 * have one organisational domain. NULL: they have to be the same (strict). For the identifier's a
 * walk of its own is made, where it can be the same; after a miss the result is void. */
enum dmarc_alignment dmarc_align(struct arena *arena, struct dns_answers *dns,
                                 struct slice identifier, struct slice author,
                                 const struct dmarc_walk *walk);

/* The names that this will ask for are noted as wanted, for a domain (any spelling) that shares two
 * labels with an author's and is not the same. For others nothing will be asked: strangers choose
 * no questions. */
void dmarc_prefetch_identifier(struct arena *arena, struct dns_answers *dns,
                               const struct author *author, struct slice domain);

#endif
