/* SPDX-License-Identifier: ISC
 * The registered domain above each domain, by the public suffix list that libpsl was built with:
 * for links and lists. DMARC's organisational domains are others (filters/sender/dmarc_walk.h). */
#ifndef FILTERS_DNS_ORG_DOMAIN_H
#define FILTERS_DNS_ORG_DOMAIN_H

#include "base/arena.h"
#include "base/slice.h"

/* What domain_name_make makes of it. False, and *out is empty: it is no name of a domain, or the
 * arena is full. */
bool domain_normalise(struct arena *arena, struct slice domain, struct slice *out);

/* The registered domain at or above a normalised one: a part of what was given. Empty when that is
 * itself a public suffix. */
struct slice org_domain(struct slice domain);

/* Whether that list has what a normalised domain ends with: a top-level domain that there is. */
bool domain_suffix_is_known(struct slice domain);

#endif
