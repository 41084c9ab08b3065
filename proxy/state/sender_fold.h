/* SPDX-License-Identifier: ISC
 * What stays the same in a sender's address from one message to the next. Mailing lists, bounce
 * handlers and forwarders write a number, a hash, or the recipient into each envelope sender (VERP,
 * BATV, SRS); remembered as it stands, such a sender would be new forever. So, in lower case:
 *
 *   SRS0=HHH=TT=example.org=user@fwd.example     srs0=#=#=example.org=user@fwd.example
 *   prvs=1234567890=user@example.org             prvs=#=user@example.org (BATV; btv1, msprvs1 too)
 *   list-return-55-user=example.org@list.example list-#@list.example (a recipient inside: what
 *                                                follows the first - or + goes)
 *   user+tag@example.org                         user+#@example.org
 *   bounce-123456-abc@list.example               bounce-#-abc@list.example (four digits and more,
 *                                                or hexadecimal ones with a digit among them)
 *
 * Folding only makes two senders one, never one two. Pure. */
#ifndef PROXY_STATE_SENDER_FOLD_H
#define PROXY_STATE_SENDER_FOLD_H

#include "base/buf.h"

enum {
    /* What a command line may hold. A sender longer than this is none, and only put
     * into lower case. */
    SENDER_FOLD_MAX = 2048,
    /* It may get longer by a '#' for each of a few empty fields. */
    SENDER_FOLD_GROWTH = 4,
};

/* Appends the sender (without <>) to `out`. False: `out` is full. */
bool sender_fold(struct buf *out, struct slice sender);

#endif
