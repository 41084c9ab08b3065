/* SPDX-License-Identifier: ISC
 * Which labels are learnt, and how much each counts: so that no single user teaches everybody, and a
 * message that went to many counts once. A pure function.
 *
 * What an admin has imported, what was released, what came into a trap, and what the helpdesk has
 * reported counts at once; of one message the newest of these, whatever users say of it. What users
 * say counts where several of them agree: about the same message, or the same decision, where its copies
 * are alike (keeper/learn_agree.h), as a reference can be forged; whom nobody joins
 * there nor contradicts may still have company in what is like it. Who has only
 * left a message where it was is heard where nobody says anything, and counts a quarter with those who did, too.
 * Who has answered it counts an eighth, without company: of a user the keeper has few (keeper/labels_answered.c), and
 * whoever says the contrary, if only of what is like it, is heard in his place. */
#ifndef KEEPER_LABEL_CHOICE_H
#define KEEPER_LABEL_CHOICE_H

#include "common/learning.h"

enum {
    LABELS_AGREEING = 2,      /* accounts at least, */
    LABELS_AGAINST = 2,       /* and so many for each that says the contrary */
    LABELS_LEFT_SHARE = 4,    /* a label of who has said nothing counts that part, */
    LABELS_ANSWERED_SHARE = 8 /* and that of who has answered and is alone with it */
};

struct label_vote {
    uint64_t number;
    unsigned char message[LABEL_MESSAGE];
    uint64_t reference; /* a keyed hash of it; 0: it has none */
    uint64_t account;   /* the same */
    enum label_class class;
    enum label_how how;
    uint32_t octets; /* of its vector, sealed */
    uint32_t weight; /* the outcome: in thousandths; 0: it is not learnt */
    bool alone;      /* the same: it is only where others say so of what is like it, as nobody
                      * joins or contradicts the user, or does of a copy with other octets; of who has
                      * answered, unless they say the contrary */
    bool settled;    /* while they are looked at: users are not asked about this message */
};

/* Of each account at most one vote a message. Afterwards they stand in the order of their numbers. */
void label_choose(struct label_vote *votes, size_t count);

/* Of those that were chosen no more than so many octets: the oldest are left out, of users first. How many. */
uint32_t label_fit(struct label_vote *votes, size_t count, uint64_t most);

#endif
