/* SPDX-License-Identifier: ISC
 * Mail that came in and may be answered, and answers that have left, on their way from proxies to the keeper: what a user
 * answers is learnt as good mail (learn.answered). */
#ifndef COMMON_ANSWERABLE_H
#define COMMON_ANSWERABLE_H

#include "common/learning.h"

enum {
    ANSWERABLE_ID_MOST = 998,       /* octets of a Message-ID */
    ANSWERABLE_RECIPIENTS_MOST = 4, /* of a message that comes, who may answer it */
    ANSWER_RECIPIENTS_MOST = 16,    /* what goes to more is no answer to one of them */
};

/* A message that was delivered (KEEPING_ANSWERABLE): its recipient (label.account) may answer it. */
struct answerable {
    struct label
        label; /* LABEL_GOOD, LABEL_ANSWERED; it has a reference, by which what is said later is known to be of it */
    struct slice id; /* its Message-ID, with its brackets */
    struct slice sender;
};

/* Its texts and vector must outlive it. False: it is none. */
void answerable_pack(struct buf *out, const struct answerable *answerable);
bool answerable_unpack(struct slice octets, struct answerable *answerable);

/* A user has answered one, and his answer has left (KEEPING_ANSWER). */
struct answer_sent {
    struct slice account;                            /* his address */
    struct slice id;                                 /* the Message-ID of what he answers */
    struct slice recipients[ANSWER_RECIPIENTS_MOST]; /* of his answer */
    size_t count;
};

/* The same. */
void answer_sent_pack(struct buf *out, const struct answer_sent *answer);
bool answer_sent_unpack(struct slice octets, struct answer_sent *answer);

#endif
