/* SPDX-License-Identifier: ISC
 * Copies. */
#ifndef PROXY_SMTP_SMTP_COPY_H
#define PROXY_SMTP_SMTP_COPY_H

#include "proxy/smtp/smtp_session.h"

/* Whether any recipient's verdict wants a copy made. */
bool smtp_is_copied(const struct smtp_session *s);

/* Has the keeper take the copies that are wanted; then, in any case, smtp_hold_go_on. */
void smtp_copy(struct smtp_session *s);

#endif
