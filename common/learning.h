/* SPDX-License-Identifier: ISC
 * Learning what is spam: labels on their way to the keeper and as they are asked for; what the keeper
 * and gatepost-learn say to each other; and what gatepost-learn and the parent do. */
#ifndef COMMON_LEARNING_H
#define COMMON_LEARNING_H

#include "base/ipc.h"

/* ---- labels ---- */

enum { LABEL_MESSAGE = 32, LABEL_TEXT_MOST = 320, LABEL_VECTOR_MOST = 64 * 1024 };

enum label_class { LABEL_GOOD, LABEL_SPAM, LABEL_CLASSES };

/* How somebody has said so. */
enum label_how {
    LABEL_IMPORTED, /* an admin, of messages that he has */
    LABEL_RELEASED, /* somebody let go what was held */
    LABEL_MOVED,    /* a user, into Junk or out of it */
    LABEL_FLAGGED,  /* a user, by $Junk, $NotJunk and their like */
    LABEL_REPORTED, /* a user, or without an account the helpdesk: it was judged wrongly */
    LABEL_TRAP,     /* it came to an address that nobody has */
    LABEL_LEFT,     /* a user has read it and left it where it was */
    LABEL_ANSWERED, /* a user has answered it */
    LABEL_HOWS
};

struct label {
    uint64_t number;                      /* in the keeper; later ones have later ones */
    unsigned char message[LABEL_MESSAGE]; /* SHA-256 of it */
    enum label_class class;
    enum label_how how;
    struct slice account;   /* whose: an address; empty: the admin's */
    struct slice reference; /* of the decision; empty: none */
    int64_t time;           /* seconds since 1970; 0: now */
    struct slice vector;    /* filters/spam/spam_vector.h, or as it is kept: sealed */
};

const char *label_class_word(enum label_class class); /* "good", "spam" */
const char *label_how_word(enum label_how how);       /* "imported" ... */
bool label_how_of(struct slice word, enum label_how *out);

/* Texts and vector must outlive the label. What is longer than it may be is no label. */
void label_pack(struct buf *out, const struct label *label);
bool label_unpack(struct slice octets, struct label *label);

/* Why the keeper takes no more of a user's labels now (hold_answer.reason). */
#define LABEL_ENOUGH "enough is learnt of one user in a day"

/* Puts one on the keeper's queue. The socket on which hold_collect will have the answer, whether it is
 * on the disk; the caller's. -1 with errno (EAGAIN: the queue is full). */
int label_submit(int queue, const struct label *label);

/* Many, as the files of CONTROL_LEARN have them. */
enum { LABELS_AT_ONCE = 1000, LABELS_OCTETS_MOST = 16 * 1024 * 1024 };

/* ---- keeper and gatepost-learn, on a pair that the parent holds ---- */

enum learn_message {
    /* To gatepost-learn: the number of the build (u64); a sealed memfd of struct learn_item; then,
     * where the outcome is to be compared, the model in use, and then its predictions. */
    LEARN_BUILD = 1,
    LEARN_BUILT, /* to the keeper: struct learn_built; the model and its predictions, unless it is worse */
    LEARN_PROGRESS, /* to the keeper: the number (u64), how many labels are done (u32), of how many (u32) */
    LEARN_FAILED, /* to the keeper: the number (u64), why (slice) */
};

enum {
    LEARN_FILE_MOST = 1 << 30,      /* octets of all labels of a build */
    LEARN_SEALED_MOST = 72 * 1024,  /* of one sealed vector */
    LEARN_MODEL_MOST = 1024 * 1024, /* of a model */
    LEARN_LABELS_MOST = 1000000,    /* of a build */
    LEARN_REASON_MOST = 200,
    LEARN_DIGEST = 32,
    LEARN_WEIGHT = 1000,   /* a label that counts as one */
    LEARN_PREDICTION = 11, /* octets of a prediction */
    LEARN_OF_CLASS = 50,   /* labels of each class, at least, for a model */
};

/* What is said to who asks for the model before the first one is made, a moment after the first start. */
#define LEARN_NO_MODEL "there is no model yet"

/* What a vector is sealed with beside (keeper/seal.h). */
#define LEARN_ABOUT SLICE("gatepost spam vector 1")

/* A label of a build. */
struct learn_item {
    uint64_t number;
    enum label_class class;
    uint32_t weight; /* in thousandths */
    struct slice sealed;
    uint64_t
        account; /* 0: it counts; else it does where other accounts say the same of what is like it */
    bool
        quiet; /* nobody has said so: it is by what he did. Others do not count it, and one with an account counts
                  * unless somebody says the contrary of what is like it */
};

void learn_item_pack(struct buf *out, const struct learn_item *item);
/* The next of a file; what it holds must outlive it. False: there is no more, or it is none
 * (in->bad). */
bool learn_item_next(struct unpack *in, struct learn_item *item);

/* What was thought of a label before it was learnt. */
struct learn_prediction {
    uint64_t number;
    enum label_class class;
    uint16_t probability; /* that it is spam, in 65535ths */
};

void learn_prediction_pack(struct buf *out, const struct learn_prediction *prediction);
/* As learn_item_next. */
bool learn_prediction_next(struct unpack *in, struct learn_prediction *prediction);

enum learn_outcome {
    LEARN_PUBLISHED,
    LEARN_COLLECTING, /* there are too few labels: the model has no weights */
    LEARN_WORSE,      /* than the one in use */
    LEARN_OUTCOMES
};

const char *learn_outcome_word(enum learn_outcome outcome); /* "published", "collecting", "worse" */

struct learn_built {
    uint64_t number;
    enum learn_outcome outcome;
    uint32_t good, spam; /* learnt */
    uint32_t unread;     /* labels whose vector cannot be opened */
    uint32_t compared;   /* labels that both have predicted; 0: it was not compared */
    uint32_t loss,
        old_loss; /* the mean log-loss of the last predictions, and of the old ones, in millionths */
    unsigned char digest[LEARN_DIGEST]; /* the model's */
};

void learn_built_pack(struct buf *out, const struct learn_built *built);
bool learn_built_unpack(struct slice payload, struct learn_built *built);

/* ---- gatepost-learn and the parent ---- */

enum { LEARNER_CONTROL_FD = 3, LEARNER_KEEPER_FD, LEARNER_KEY_FD };
enum { LEARN_SHARED = 32 };

enum learner_message {
    LEARNER_END = 1, /* parent: exit 0 */
    /* it serves: the public key that vectors are to be sealed to (slice); the secret that gateways with the
     * same key seal with what they share (slice, LEARN_SHARED octets) */
    LEARNER_READY,
    LEARNER_FAILED, /* why it cannot (slice); it exits */
};

#endif
