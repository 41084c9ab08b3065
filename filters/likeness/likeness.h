/* SPDX-License-Identifier: ISC
 * Whom From could be taken for: the facts of PRODUCER_LIKENESS. Pure, over facts of the message and the
 * configuration. */
#ifndef FILTERS_LIKENESS_LIKENESS_H
#define FILTERS_LIKENESS_LIKENESS_H

#include "policy/config.h"
#include "policy/facts.h"

struct likeness;

/* Of the configuration, which must outlive it. In the arena; NULL: that is full. */
struct likeness *likeness_new(struct arena *arena, const struct config *config);

/* Sets the facts, in the arena, once those of From are there; what could not be found out of From is
 * unknown of these too. Of From's domains the first 16 are looked at. */
void likeness_facts(const struct likeness *likeness, struct arena *arena, struct facts *facts);

#endif
