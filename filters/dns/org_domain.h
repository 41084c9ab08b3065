/* SPDX-License-Identifier: ISC
 * The organisational domain above each domain (RFC 7489 3.2), by the public
 * suffix list that libpsl was built with. */
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

#endif
