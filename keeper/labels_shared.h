/* SPDX-License-Identifier: ISC
 * Labels that several gateways share: what of them is to be told, and what is heard, each as an entry of a
 * stream that is the same for all (common/sharing_scripts.h). Its order is the order in which things were said: all
 * gateways take it so. An entry is sealed (keeper/sharing_seal.h), and about the stream, the gateway and
 * a number of the gateway's that only grows, so that one that is told again, or by somebody else, is known.
 *
 * A label of ours is told until it is read in the stream, where it then has its place; so what is lost on the
 * way, or with the stream, is told again. Where a label is forgotten or replaced, the place goes as well. */
#ifndef KEEPER_LABELS_SHARED_H
#define KEEPER_LABELS_SHARED_H

#include "common/sharing.h"
#include "keeper/labels.h"
#include "keeper/sharing_seal.h"

enum { LABELS_GATEWAY = 16, LABELS_PLACE = 44, LABELS_EPOCH = 33, LABELS_PREFIX = 65 };

/* Kept with them. */
struct labels_share {
    unsigned char gateway[LABELS_GATEWAY]; /* a name that is nobody else's */
    char epoch[LABELS_EPOCH];              /* of the stream that was read; empty: there is none */
    char cursor[LABELS_PLACE];             /* what was read of it last */
    char forgot[LABELS_PLACE];             /* the last of it by which something was forgotten */
    uint64_t said;                         /* the number of the last entry told */
    uint64_t generation;                   /* of the model that was shared last; 0: none was */
    unsigned char model[LEARN_DIGEST];     /* and that */
};

/* From now on accounts are known by the name that they have on all gateways; what users have said until now
 * under names of ours alone does not count any more, and is not told. `prefix`: of the keys, copied. False
 * with *reason. */
bool labels_share_by(struct labels *labels, const struct sharing_keys *keys, struct slice prefix,
                     const char **reason);
/* They are not shared now, but may have been: what accounts are called then, so that those can be forgotten. */
void labels_share_no_more(struct labels *labels, const struct sharing_keys *keys);
/* NULL: they are not shared, or the keys are not known yet. */
const struct labels_share *labels_share(const struct labels *labels);
const struct sharing_keys *labels_share_keys(const struct labels *labels);

/* Only `generation` and `model` are taken over. False: it cannot be written. */
bool labels_share_model(struct labels *labels, uint64_t generation,
                        const unsigned char digest[static LEARN_DIGEST]);

/* The stream is another, all of it is to be read, and all of ours to be told. */
bool labels_share_anew(struct labels *labels, struct slice epoch);

/* ---- telling ---- */

struct labels_telling {
    struct buf octets;                  /* that the words are in */
    struct sharing_words gone, entries; /* places that are to be taken out; what is to be told */
    int64_t last_gone, last_forgetting, last_label; /* the greatest numbers of ours; 0: none */
};

/* What is to be told next, no more than fits in one question: the caller's (labels_telling_free). False with
 * *reason. */
bool labels_to_tell(struct labels *labels, struct labels_telling *out, const char **reason);
void labels_telling_free(struct labels_telling *telling);
/* It was told. */
void labels_told(struct labels *labels, const struct labels_telling *telling);
/* The last of what was told has not been read. Also of one that is freed. */
bool labels_told_in_vain(struct labels *labels, const struct labels_telling *telling);

uint64_t labels_untold(struct labels *labels);    /* how many labels wait to be told or read */
bool labels_forget_untold(struct labels *labels); /* something forgotten is not known to all */

/* ---- hearing ---- */

struct labels_heard {
    uint32_t taken;     /* labels that are new, or others than before */
    uint32_t forgotten; /* that were taken out */
    uint32_t refused;   /* entries that nobody with our key has made */
};

/* Pairs of a place and an entry, from words->each[from] on: all, and how far it was read, or with *reason
 * none. */
bool labels_hear(struct labels *labels, const struct sharing_words *words, size_t from, int64_t now,
                 struct labels_heard *out, const char **reason);

/* Whether one place is behind another. Each is two numbers, "1700000000000-0". */
bool labels_place_after(const char *place, const char *other);

/* ---- names ---- */

/* What stands for each label on all gateways, in the order of our numbers: the caller's (free()). NULL with
 * *count 0: there are none; else out of memory. */
struct label_name {
    uint64_t number, name;
};
struct label_name *labels_names(struct labels *labels, size_t *count);

#endif
