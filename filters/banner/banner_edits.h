/* SPDX-License-Identifier: ISC
 * The banners that rules give to a message, as changes of it. Pure. */
#ifndef FILTERS_BANNER_BANNER_EDITS_H
#define FILTERS_BANNER_BANNER_EDITS_H

#include "filters/banner/banner.h"
#include "filters/judge.h"

/* Whether the message has one where it is delivered, or goes to somebody else. */
bool banner_is_given(const struct verdict *verdict);

struct banner_input {
    struct slice message; /* as it came */
    bool eight_bit;       /* it has octets above 127 */
    const struct banner_places *places;
    const struct edit *edits; /* of all kinds */
    size_t edit_count;
    bool differ; /* struct ruling: banners_differ */
    const struct part_range *parts;
    size_t part_count;
};

struct banner_result {
    enum banner_state state;                         /* PLACED, or why there is none */
    bool plain, html;                                /* where it stands */
    struct banner_change changes[BANNER_PLACES_MAX]; /* ascending, apart */
    size_t count;
};

/* All texts stand in each place, in their order; none in a part that is stripped. False: the arena is
 * full. */
bool banner_edits(struct arena *arena, const struct banner_input *input, struct banner_result *out);

/* What became of this one: "in text and HTML", "left out: signed or encrypted". The result may be NULL for one
 * that is left out because recipients differ. */
const char *banner_fate(const struct banner_result *result, const struct edit *banner, bool differ);

#endif
