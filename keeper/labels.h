/* SPDX-License-Identifier: ISC
 * What people have said of messages, in a database of its own: of each user one label a message, the
 * last. Of whom is known by a keyed digest alone, and of what was in the message by its vector, sealed:
 * who has written it cannot read it again, only gatepost-learn can. */
#ifndef KEEPER_LABELS_H
#define KEEPER_LABELS_H

#include "common/control.h"
#include "common/learning.h"
#include "keeper/label_choice.h"
#include "keeper/seal.h"

struct labels;

struct labels_bounds {
    uint64_t count; /* that are kept */
    int64_t age;    /* seconds */
    int64_t
        left; /* seconds that a message is left where it was read, to be good; 0: none ever is */
    int64_t
        answered; /* seconds in which an answer says that a message was good; 0: none ever does */
};

/* Opens or makes it and its key, in the folder that we are in. NULL with *reason. */
struct labels *labels_open(const struct labels_bounds *bounds, const char **reason);
void labels_close(struct labels **labels); /* NULL is fine */

const struct labels_bounds *labels_bounds(const struct labels *labels);

/* Vectors are sealed to this key from now on; those that were to another are not learnt any more.
 * Without a key none can be taken. */
void labels_seal_to(struct labels *labels, const struct seal_key *key);

/* ---- taking ---- */

enum labels_from {
    LABELS_OF_PROXIES, /* as far as they are believed: labels_take.c */
    LABELS_OF_ADMIN,
};

struct labels_taken {
    uint32_t taken;   /* all that are new, or others than before */
    uint32_t known;   /* as they are */
    uint32_t changed; /* of those that were taken: their class is another */
};

/* A packet of labels, a slice each: all, or with *reason none. `now`: seconds since 1970. They are
 * committed, and on the disk after labels_settle. */
bool labels_take(struct labels *labels, struct slice packet, enum labels_from from, int64_t now,
                 struct labels_taken *taken, const char **reason);
bool labels_settle(struct labels *labels, const char **reason);

/* A proxy that says something was released is believed where this says so. */
void labels_vouch(struct labels *labels, bool (*was_released)(void *ctx, struct slice reference),
                  void *ctx);

/* ---- what is read and left (labels_left.c) ---- */

/* A message that a user has read (common/left.h) waits to be a label, five a user and day. False with
 * *reason: it cannot be taken. */
bool labels_read(struct labels *labels, struct slice packet, int64_t now, const char **reason);
/* Some that he does not leave do not any more. */
bool labels_gone(struct labels *labels, struct slice packet, const char **reason);
/* Those become labels that were left long enough by a user who uses Junk; those of others go, and all whose account
 * is by other names than those of now: where labels are shared it is to be called when the keys are known
 * (labels_share_by). How many became one. */
uint64_t labels_ripen(struct labels *labels, int64_t now);

/* ---- what is answered (labels_answered.c) ---- */

/* A message that was delivered (common/answerable.h) waits for its recipient's answer, five a user and day. False with
 * *reason: it cannot be taken. */
bool labels_answerable(struct labels *labels, struct slice packet, int64_t now,
                       const char **reason);
/* One has left: what it answers is a label, if it waits, by one name of one message, and its user has said nothing of it;
 * five a user and day. The same; *count: how many became one. */
bool labels_answered(struct labels *labels, struct slice packet, int64_t now, uint64_t *count,
                     const char **reason);

/* ---- reading ---- */

/* Of those up to that number whose vectors are sealed to the key of today, in their order: what
 * label_choose wants to know. The caller's (free()); NULL with *reason, where *reason NULL: there are none. */
struct label_vote *labels_votes(struct labels *labels, uint64_t until, size_t *count,
                                const char **reason);

/* As it is kept; valid until the next call of labels_*. Empty: it is not there, or cannot be read. */
struct slice labels_vector(struct labels *labels, uint64_t number);

uint64_t labels_last(struct labels *labels); /* the greatest number; 0: there is none */

uint64_t labels_after(struct labels *labels, uint64_t number); /* how many have a greater one */

struct labels_counts {
    uint64_t of[LABEL_HOWS][LABEL_CLASSES];
    uint64_t pending;    /* messages that were read, and may be left where they are */
    uint64_t answerable; /* messages that were delivered, and may be answered */
};
bool labels_counts(struct labels *labels, struct labels_counts *out, const char **reason);

/* ---- taking out ---- */

/* Why nothing can be forgotten: what accounts are called where labels are shared is not known yet. */
#define LABELS_NO_NAMES "gatepost-learn has not told its key yet, try again"

/* Takes out all of what (common/control.h), those too that wait to be labels, and overwrites what they
 * held. How many; -1 with *reason. */
int64_t labels_forget(struct labels *labels, enum learn_forget what, struct slice which,
                      const char **reason);

/* How often labels were forgotten since it was opened: here, or by another gateway that shares them. */
uint64_t labels_forgets(const struct labels *labels);

/* Takes out what is too old, and the oldest of too many: of users first, beyond the half that is
 * theirs, so that what an admin has taught is not pushed out by what they say. The next build is without
 * them; it is compared as any. */
void labels_prune(struct labels *labels, int64_t now);

/* ---- what is known of builds; kept with them, so that a change and its number are one ---- */

struct labels_state {
    uint64_t changes; /* there ever were */
    uint64_t built;   /* of them, up to the last build */
    bool forgotten;   /* some are, since the model in use was made */
    int64_t time;     /* of the last build, seconds since 1970; 0: there was none */
    char outcome[16]; /* its word, or "failed" */
    char reason[LEARN_REASON_MOST + 1]; /* why */
};

const struct labels_state *labels_state(const struct labels *labels);
/* Only `changes` stays as it is. False: it cannot be written, and is so until the next start. */
bool labels_set_state(struct labels *labels, const struct labels_state *state);

#endif
