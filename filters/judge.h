/* SPDX-License-Identifier: ISC
 * What becomes of a message: the verdict of each recipient, and what its sender is told of them
 * together. Pure; one for all who ask. */
#ifndef FILTERS_JUDGE_H
#define FILTERS_JUDGE_H

#include "filters/mime/parts.h"
#include "policy/config.h"

struct judge {
    const struct policy *policy;
    struct facts *facts;
    enum phase through; /* as policy_evaluate's */
    struct arena *arena;
    struct verdict **verdicts; /* one for each recipient, filled by judge_each */
    size_t count;              /* at least one */
    bool all_or_nobody; /* refused for one it is refused for all, by a reply that names him */
    /* Puts the facts that are this recipient's own in their places: `recipient`,
     * what Redis knows. */
    void (*turn)(void *ctx, size_t recipient);
    void *ctx;
};

/* Whether that is so of this mail. */
bool judge_all_or_nobody(const struct config *config, enum direction direction);

/* Where facts are missing and the message is not there yet, nothing speaks against a recipient so
 * far: accept. Afterwards it is the first one's turn again. False: out of memory. */
bool judge_each(const struct judge *judge);

enum ruling_kind {
    RULING_DELIVER,
    RULING_DISCARD,
    RULING_HOLD, /* nobody is delivered to, and somebody's is held, or goes to somebody else */
    RULING_REFUSE,
    RULING_SPLIT,  /* recipients fare differently: told apart at the next try, group by group */
    RULING_SEALED, /* what should be taken out stands in a signed or encrypted part */
};

/* What the sender is told. */
struct ruling {
    enum ruling_kind kind;
    const struct verdict *verdict; /* of all who are delivered to; or of all */
    size_t deliveries, holds;      /* recipients whose verdict is to deliver; judge_holds */
    /* Those who are delivered to, or whose message goes to somebody else, differ in banners and disclaimers that are
     * no reason to tell them apart: none has such a one. */
    bool banners_differ;
    bool refused_for_one; /* what others' verdicts say comes to nothing: nobody has it */
    enum action action;
    unsigned code;
    struct slice enhanced, text;
};

/* The message has `size` octets and these parts. */
struct ruling judge_together(const struct judge *judge, const struct part_range *parts,
                             size_t part_count, uint64_t size);

/* Whether the edit is made: a banner or disclaimer that is no reason to tell recipients apart is left out where they
 * differ in banners. */
bool judge_keeps_edit(const struct edit *edit, bool banners_differ);

/* Whether one reply can tell both verdicts: delivered alike, discarded or held beside a delivery, or
 * refused for the same. */
bool judge_same_fate(const struct verdict *a, const struct verdict *b);

bool judge_refuses(const struct verdict *verdict);

/* Whether the keeper must have the message before its sender is told 250: it is held, or leaves for
 * somebody else. */
bool judge_holds(const struct verdict *verdict);

#endif
