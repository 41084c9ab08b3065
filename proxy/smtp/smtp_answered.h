/* SPDX-License-Identifier: ISC
 * What users answer is good mail (learn.answered): of some messages that come in the keeper has what may be learnt of
 * them, and of answers that leave it hears which message they name. */
#ifndef PROXY_SMTP_SMTP_ANSWERED_H
#define PROXY_SMTP_SMTP_ANSWERED_H

#include "proxy/smtp/smtp_session.h"

/* The message is there, and not examined yet: whether a scanner is to give what may be learnt of it. */
void smtp_answered_choose(struct smtp_session *s);
/* It was delivered: it may be answered. */
void smtp_answered_came(struct smtp_session *s);
/* One has left, for these (as they are spelled): what it answers, if a user of ours has answered anything by hand. */
void smtp_answered_left(struct smtp_session *s, const struct slice *recipients, size_t count);

#endif
