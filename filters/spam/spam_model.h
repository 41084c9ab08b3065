/* SPDX-License-Identifier: ISC
 * What a site has learnt, as a file, and the score of a message by it: a pure function of the two.
 *
 *     octets   what (numbers: the lowest octet first; reals: IEEE 754)
 *     0..7     "gpspam1\n"
 *     8..11    SPAM_FEATURES_VERSION
 *     12..15   0
 *     16..31   the key of the cells
 *     32..39   how many good messages it has learnt, 40..47 how much spam
 *     48..55   scale, real: what 1 in a cell stands for
 *     56..71   a and b, reals: the probability is 1 / (1 + exp(-(a * log-odds + b)))
 *     72..     a cell each, one octet with a sign
 *     at the end  SHA-256 of all before it */
#ifndef FILTERS_SPAM_SPAM_MODEL_H
#define FILTERS_SPAM_SPAM_MODEL_H

#include "filters/spam/spam_vector.h"

enum {
    SPAM_MODEL_HEAD = 72,
    SPAM_MODEL_DIGEST = 32,
    SPAM_MODEL_SIZE = SPAM_MODEL_HEAD + SPAM_CELLS + SPAM_MODEL_DIGEST,
};

struct spam_model {
    struct spam_key key;
    uint64_t ham, spam; /* messages learnt */
    double scale, a, b;
    const int8_t *cells;   /* in the file */
    const uint8_t *digest; /* the same */
};

/* Looks at all of a file, which must outlive *out. False with *reason, static text: it is no model,
 * is damaged, or of another version. */
bool spam_model_open(struct slice file, struct spam_model *out, const char **reason);

/* Writes the file; *model has everything but the digest. */
void spam_model_write(const struct spam_model *model, uint8_t file[static SPAM_MODEL_SIZE]);

enum { SPAM_NO_WINDOW = -1 };

struct spam_score {
    double log_odds;    /* of the worst window, with all that belongs to the whole message */
    double probability; /* 0 to 1, at the mix of good mail and spam that was learnt */
    int window;         /* the worst; SPAM_NO_WINDOW: the message has none */
};

/* False: the vector is malformed. */
bool spam_score(const struct spam_model *model, struct slice vector, struct spam_score *out);

#endif
