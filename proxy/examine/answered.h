/* SPDX-License-Identifier: ISC
 * Whom our users write to, and what of theirs is answered: asked about what comes in, remembered of what has
 * left. */
#ifndef PROXY_EXAMINE_ANSWERED_H
#define PROXY_EXAMINE_ANSWERED_H

#include "proxy/examine/examination.h"

enum {
    ANSWERED_RECIPIENTS_MOST = 100
}; /* of a message that leaves; it is remembered of the first */

/* sender.answered, of this recipient (as he is spelled). */
void answered_ask_sender(struct examination *e, struct slice recipient);
/* message.from_answered, of e->recipients: a scanner has told From. */
void answered_ask_author(struct examination *e);
/* message.in_reply_to_known: the message is there. */
void answered_ask_reply(struct examination *e);

/* Whether a person of ours has written what leaves: no program, and nobody else whose mail is passed on. */
bool answered_is_letter(const struct examination *e);

/* A message has left, and is with the relay for these (as they are spelled). What programs have written is not
 * remembered, nor what others have and is only passed on: else whoever is answered by a machine would have been
 * answered. Nothing is where no rule asks. added_id: the Message-ID that it was given here; empty: its own. */
void answered_remember(struct examination *e, const struct slice *recipients, size_t count,
                       struct slice added_id);

#endif
