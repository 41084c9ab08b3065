/* SPDX-License-Identifier: ISC
 * The end of a message: recorded, replied to with the transaction's
 * reference behind the text, forgotten. */
#ifndef PROXY_SMTP_SMTP_FINISH_H
#define PROXY_SMTP_SMTP_FINISH_H

#include "proxy/smtp/smtp_record.h"

void smtp_finish(struct smtp_session *s, const struct decision *decision, unsigned code,
                 struct slice enhanced, struct slice text);
void smtp_finish_say(struct smtp_session *s, const char *verdict, unsigned code,
                     const char *enhanced, const char *text);

#endif
