/* SPDX-License-Identifier: ISC
 * The commands. */
#ifndef PROXY_SMTP_SMTP_VERBS_H
#define PROXY_SMTP_SMTP_VERBS_H

#include "proxy/smtp/smtp_session.h"

/* One command: a verb of smtp_verbs.def and its argument. */
void smtp_command(struct smtp_session *s, enum smtp_verb verb, struct slice argument);

#endif
