/* SPDX-License-Identifier: ISC
 * One build: what gatepost-learn is given, and what it gives back. */
#ifndef KEEPER_LEARNING_BUILD_H
#define KEEPER_LEARNING_BUILD_H

#include "keeper/labels.h"
#include "keeper/models.h"

struct label_file;

struct learning_build {
    uint64_t number;   /* 0: none is under way */
    uint64_t until;    /* labels up to this number are in it */
    uint64_t changes;  /* there were when it began */
    bool mends;        /* it is without labels that were forgotten, and is not compared */
    uint64_t forgets;  /* labels_forgets when it began: what is forgotten since may be in it */
    bool asked;        /* somebody waits for it */
    bool leased;       /* all gateways that share a Redis leave it to us */
    int64_t heard;     /* clock_ms: gatepost-learn was heard */
    uint32_t done, of; /* labels */
    uint32_t left_out; /* for want of room */
    unsigned char key[SEAL_KEY_ID];
    struct label_file *file; /* owned; NULL: it is given */
};

/* Whether something that was forgotten still is in the model in use. */
bool learning_mends(const struct labels *labels, const struct models *models);

/* Chooses what is to be learnt. build->mends, number and key are the caller's, the rest is filled in. False
 * with *reason. */
bool learning_choose(struct learning_build *build, struct labels *labels,
                     const struct models *models, const char **reason);

/* Writes a piece of it down, and gives it to gatepost-learn with the last one, when build->file is NULL. False
 * with *reason: it could not be given. */
bool learning_give(struct learning_build *build, const struct models *models, int learner,
                   const char **reason);

/* The model of a build that is to be used: on the disk. False with *reason. */
bool learning_keep(const struct learning_build *build, const struct learn_built *built,
                   struct models *models, int model, int predictions, const char **reason);

#endif
