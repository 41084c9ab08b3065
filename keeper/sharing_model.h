/* SPDX-License-Identifier: ISC
 * A model as gateways share it: what is told of it, and its octets, both sealed. */
#ifndef KEEPER_SHARING_MODEL_H
#define KEEPER_SHARING_MODEL_H

#include "common/sharing_scripts.h"
#include "keeper/labels_shared.h"
#include "keeper/models.h"

enum { SHARING_BY = 256, SHARING_HEAD_MOST = SHARING_HEAD_OCTETS };

struct sharing_head {
    uint64_t generation; /* of all that were shared; later ones have later ones */
    unsigned char model[LEARN_DIGEST];
    uint64_t octets;                 /* as they are sealed, */
    unsigned char sum[LEARN_DIGEST]; /* and their SHA-256 */
    int64_t made;                    /* seconds since 1970 */
    char by[SHARING_BY];             /* the gateway that has told it: its name, for people */
    char epoch[LABELS_EPOCH], read[LABELS_PLACE]; /* of the stream: what was
    * forgotten until there is not in it. Empty: nobody knows */
};

/* Appends it sealed. `prefix`: of the keys. False: out of memory. */
bool sharing_head_seal(const struct sharing_keys *keys, struct slice prefix,
                       const struct sharing_head *head, struct buf *out);
/* False: nobody with our key has made it. */
bool sharing_head_open(const struct sharing_keys *keys, struct slice prefix, struct slice sealed,
                       struct sharing_head *out);

/* Appends a model as it can be told: sealed, and with names for the numbers of its labels. False with
 * *reason. */
bool sharing_model_seal(struct labels *labels, struct slice prefix, const struct models *models,
                        const struct model_entry *entry, struct buf *out, const char **reason);

enum sharing_taking {
    SHARING_TAKEN,
    SHARING_FORGED, /* with *reason: nobody with our key has made it */
    SHARING_FAILED, /* with *reason: we cannot keep it, or not read it, as others may */
};

/* Adds one that was told, and has it used: with a number of ours, `number`. */
enum sharing_taking sharing_model_take(struct labels *labels, struct slice prefix,
                                       struct models *models, uint64_t number, struct slice sealed,
                                       const char **reason);

#endif
