/* SPDX-License-Identifier: ISC
 * The quarantine. */
#ifndef PROXY_SMTP_SMTP_HOLD_H
#define PROXY_SMTP_SMTP_HOLD_H

#include "proxy/smtp/smtp_session.h"

/* Has the message held for those recipients whose verdict says so; then `deliveries` others are
 * delivered to, if there are any, or the sender is told that it was accepted. */
void smtp_hold(struct smtp_session *s, size_t deliveries);

/* The sender was told its reply. */
void smtp_hold_over(struct smtp_session *s, unsigned code);

#endif
