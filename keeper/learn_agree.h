/* SPDX-License-Identifier: ISC
 * Whether several users say the same of messages that are alike (filters/spam/spam_sketch.h): what one
 * alone says teaches nobody else. A pure function. */
#ifndef KEEPER_LEARN_AGREE_H
#define KEEPER_LEARN_AGREE_H

#include "common/learning.h"
#include "filters/spam/spam_sketch.h"

struct learn_voter {
    struct spam_sketch sketch;
    uint64_t account; /* 0: who counts in any case */
    enum label_class class;
    bool quiet; /* learn_item.quiet */
    bool heard; /* the outcome, of those with an account */
};

/* Heard is who has more company than contradiction: LABELS_AGREEING accounts of his class, himself
 * and who counts in any case among them, and LABELS_AGAINST for each of the other class. Who is quiet is
 * nobody's company and contradicts nobody; he is heard unless he has more contradiction than company. False: out of
 * memory. */
bool learn_agree(struct learn_voter *voters, size_t count);

#endif
