/* SPDX-License-Identifier: ISC
 * The last models, each with its predictions in a file of its own, and which of them is in use. What a
 * model is, only gatepost-learn and the scanners know: here it is octets.
 *
 * A file is whole and on the disk before it has its name; one that is damaged, or of another version, is
 * left out, and that is logged. */
#ifndef KEEPER_MODELS_H
#define KEEPER_MODELS_H

#include "common/learning.h"
#include "keeper/seal.h"

enum { MODELS_MOST = 5 };

struct model_entry {
    uint64_t number; /* of its build; later ones have later ones */
    uint64_t until;  /* the greatest number of a label that the build knew of */
    int64_t made;    /* seconds since 1970 */
    unsigned char digest[LEARN_DIGEST];
    unsigned char key[SEAL_KEY_ID]; /* the id of the key of gatepost-learn */
    bool weights;                   /* it has learnt something */
    uint32_t good, spam;            /* learnt */
    uint32_t loss;                  /* struct learn_built */
};

struct models;

/* Opens the folder, or makes it. NULL with *reason. */
struct models *models_open(const char *folder, const char **reason);
void models_close(struct models **models); /* NULL is fine */

/* The newest first. */
size_t models_count(const struct models *models);
const struct model_entry *models_at(const struct models *models, size_t index);
const struct model_entry *models_in_use(const struct models *models); /* NULL: there is none */

/* It is in use once it is on the disk. The oldest of too many go, and those of another key. False with
 * *reason: all is as it was. */
bool models_add(struct models *models, const struct model_entry *entry, struct slice model,
                struct slice predictions, const char **reason);

/* Another one is in use. The same. */
bool models_use(struct models *models, uint64_t number, const char **reason);

/* Only the one in use stays: the others have learnt what was forgotten. */
void models_forget(struct models *models);

/* Sealed memfds, the caller's; `predictions` may be NULL. False with *reason: it cannot be read any more. */
bool models_load(const struct models *models, const struct model_entry *entry, int *model,
                 int *predictions, const char **reason);

#endif
