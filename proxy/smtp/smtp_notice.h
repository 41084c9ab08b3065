/* SPDX-License-Identifier: ISC
 * notify: somebody is told by a mail of Gatepost's own that a rule holds, once a day for each account
 * (and of mail that is no account's, once a day), over all gateways that share a Redis. It leaves by the
 * keeper, as copies do, from the null sender (RFC 3834), and no rule looks at it. It is the message's
 * matter in nothing: one that cannot be kept is logged and counted, and tried again with the next. */
#ifndef PROXY_SMTP_SMTP_NOTICE_H
#define PROXY_SMTP_SMTP_NOTICE_H

#include "proxy/smtp/smtp_session.h"

/* Sees to what the verdicts ask for, as far as it was not told today; then `then`. */
void smtp_notices(struct smtp_session *s, void (*then)(struct session *base));

#endif
