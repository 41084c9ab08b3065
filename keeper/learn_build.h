/* SPDX-License-Identifier: ISC
 * Making a model of labels, as gatepost-learn does: a pure function of what it is given.
 *
 * It is used unless it is worse than the old one: by the last LEARN_COMPARED labels, each as it was taken
 * for before it was learnt (by the build that made the old one, or where that had not seen it by the old one as it is now), and both
 * calibrated as the new one is, so that only what was learnt makes a difference; and by the last
 * LEARN_COMPARED that the old one had learnt, which the new one must still know. Who teaches the contrary
 * of what is known does well by the former, as he is soon believed, and not by the latter. */
#ifndef KEEPER_LEARN_BUILD_H
#define KEEPER_LEARN_BUILD_H

#include "common/learning.h"
#include "filters/spam/spam_model.h"

enum {
    LEARN_COMPARED = 500,
    LEARN_TOLD_EACH = 250, /* labels */
};

struct learn_given {
    uint64_t number;
    struct slice labels;                     /* struct learn_item */
    struct slice old_model, old_predictions; /* empty, or of another version: there is none */
    const uint8_t *key;                      /* of features, SPAM_KEY_SIZE octets */
};

struct learn_helper {
    void *ctx;
    /* A vector, valid until the next call. False: it cannot be opened. */
    bool (*open)(void *ctx, struct slice sealed, struct slice *vector);
    void (*progress)(void *ctx, uint32_t done, uint32_t of);
};

struct learn_made {
    struct learn_built built;
    uint8_t model[SPAM_MODEL_SIZE]; /* of no weights where too few is known */
    struct buf predictions;         /* learn_prediction_pack; the caller's */
};

/* False with *reason: it is given nonsense, or out of memory; `made` holds nothing. */
bool learn_build(const struct learn_given *given, const struct learn_helper *helper,
                 struct learn_made *made, const char **reason);

#endif
