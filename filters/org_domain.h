/* SPDX-License-Identifier: ISC
 * Domains in one spelling, and the organisational domain above each (RFC 7489 3.2), by the public
 * suffix list that libpsl was built with. */
#ifndef FILTERS_ORG_DOMAIN_H
#define FILTERS_ORG_DOMAIN_H

#include "base/arena.h"
#include "base/slice.h"

/* Lower case, A-labels (IDNA2008 with UTS 46 mapping) and no trailing dot. False when it could not
 * be a host's name: an empty or too long label, more than 253 octets, anything besides letters,
 * digits, '-' and '_', or 8-bit text that IDNA refuses; or when the arena is full. */
bool domain_normalise(struct arena *arena, struct slice domain, struct slice *out);

/* The registered domain at or above a normalised one: a part of what was given. Empty when that is
 * itself a public suffix. */
struct slice org_domain(struct slice domain);

#endif
