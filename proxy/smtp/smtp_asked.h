/* SPDX-License-Identifier: ISC
 * What is other where a mail server asks us as a milter (common/milter.h), and delivers itself. */
#ifndef PROXY_SMTP_SMTP_ASKED_H
#define PROXY_SMTP_SMTP_ASKED_H

#include "proxy/smtp/smtp_session.h"

/* "version cipher", or nothing. False: it is neither. */
bool smtp_asked_tls(struct smtp_session *s, struct slice argument);

/* The yes to RCPT: the one in that place of t.recipients, or of t.taught. A mail server that asks is given a tag
 * for it; to all others the same is said of each. */
enum asked_kind { ASKED_RECIPIENT = 'r', ASKED_TAUGHT = 't' };
void smtp_asked_note(struct smtp_session *s, enum asked_kind kind, size_t place);

/* In place of a delivery: it is to go on with the message, with these changes and the signatures, by its tagged sender,
 * without the recipients who are not to have it. It is given another body before it is answered; one that dies in the
 * middle of that, or is no more listened to, has no answer, and puts the message off. */
void smtp_asked_pass(struct smtp_session *s, const struct edit_input *input);

/* All that it was told and given is out. */
void smtp_asked_taken(struct smtp_session *s);

/* Before the 250 to a message: the lines that tell it what to do. */
void smtp_asked_tell(struct smtp_session *s);

#endif
