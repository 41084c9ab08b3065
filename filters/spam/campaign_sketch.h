/* SPDX-License-Identifier: ISC
 * What messages of one campaign have in common, whatever names, greetings and tracking marks each has:
 * of their words, and of how their HTML is built (MinHash). Keyed with the site's secret: who sees the
 * numbers learns nothing of a message, and nobody outside can write one that shares them. */
#ifndef FILTERS_SPAM_CAMPAIGN_SKETCH_H
#define FILTERS_SPAM_CAMPAIGN_SKETCH_H

#include "filters/spam/spam_cell.h"
#include "policy/value.h"

enum {
    CAMPAIGN_TEXT = 16,
    CAMPAIGN_STRUCTURE = 8,
    CAMPAIGN_DIGESTS = CAMPAIGN_TEXT + CAMPAIGN_STRUCTURE,

    /* Messages are alike when so many numbers of their texts are the same; */
    CAMPAIGN_TEXT_LEAST = CAMPAIGN_TEXT / 2,
    /* ... or so many, and of their structures so many. */
    CAMPAIGN_TEXT_SOME = CAMPAIGN_TEXT * 3 / 8,
    CAMPAIGN_STRUCTURE_LEAST = CAMPAIGN_STRUCTURE - 1,

    CAMPAIGN_WORDS_MAX = 4000,      /* that are looked at, */
    CAMPAIGN_TAGS_MAX = 4000,       /* ... and tags, */
    CAMPAIGN_HTML_MAX = 256 * 1024, /* ... in so many octets of HTML, decoded */
};

/* Numbers of different places are never the same thing: texts come first. */
struct campaign_sketch {
    bool made;      /* it was asked for, and there was a key */
    bool text;      /* there is text enough; without it nothing is alike */
    bool structure; /* and HTML enough */
    uint64_t digests[CAMPAIGN_DIGESTS];
};

struct arena;
struct mime_message;

/* Of a message and its message.text, which counts as empty when it is not known. The arena holds the
 * HTML, decoded. False: it is full. */
bool campaign_sketch(struct arena *arena, const struct mime_message *message,
                     const struct value *text, const struct spam_key *key,
                     struct campaign_sketch *out);

#endif
