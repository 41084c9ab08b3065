/* SPDX-License-Identifier: ISC
 * Of all that is taken, the least by each of some hashes: two sets have as many of these in common as
 * they have of all they hold. */
#ifndef FILTERS_SPAM_CAMPAIGN_MINIMA_H
#define FILTERS_SPAM_CAMPAIGN_MINIMA_H

#include "filters/spam/spam_walk.h"

enum { CAMPAIGN_SHINGLE = 3 /* pieces that stand behind each other */ };

struct campaign_minima {
    const struct spam_key *key;
    uint64_t *least;
    size_t count;                    /* of `least` */
    uint64_t last[CAMPAIGN_SHINGLE]; /* pieces, the newest first */
    size_t pieces;
    uint64_t met[4]; /* a bit for some of the different shingles */
};

struct campaign_minima campaign_minima_begin(const struct spam_key *key, uint64_t *least,
                                             size_t count);
/* A piece; with those before it, it makes a shingle. */
void campaign_minima_take(struct campaign_minima *minima, struct slice piece);
/* How many different shingles there were; more than some 100 are told as fewer. */
size_t campaign_minima_variety(const struct campaign_minima *minima);

void campaign_take_text(struct campaign_minima *minima, const struct value *text);
void campaign_take_html(struct campaign_minima *minima, struct slice html);

#endif
