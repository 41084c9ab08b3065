/* SPDX-License-Identifier: ISC
 * The banners and disclaimers that rules give to a message, as changes of it. Pure. */
#ifndef FILTERS_BANNER_BANNER_EDITS_H
#define FILTERS_BANNER_BANNER_EDITS_H

#include "filters/banner/banner.h"
#include "filters/judge.h"

/* Whether the message has some where it is delivered, or goes to somebody else. */
bool banner_is_given(const struct verdict *verdict);

struct banner_input {
    struct slice message; /* as it came */
    bool eight_bit;       /* it has octets above 127 */
    const struct banner_sites *sites;
    const struct edit *edits; /* of all kinds */
    size_t edit_count;
    bool differ; /* struct ruling: banners_differ */
    const struct part_range *parts;
    size_t part_count;
};

struct banner_result {
    struct banner_fate {
        enum banner_state state; /* PLACED, or why there is none */
        bool plain, html;        /* where it stands */
    } fates[BANNER_SPOTS];
    struct banner_change changes[BANNER_SPOTS * BANNER_PLACES_MAX]; /* ascending, apart */
    size_t count;
};

/* All texts for a spot stand in each place there, in their order; none in a part that is stripped. False: the arena is
 * full. */
bool banner_edits(struct arena *arena, const struct banner_input *input, struct banner_result *out);

/* What became of this one: "in text and HTML", "left out: signed or encrypted". NULL: it is another
 * change, or nobody knows: the result is NULL, and recipients do not differ. */
const char *banner_fate(const struct banner_result *result, const struct edit *edit, bool differ);

#endif
