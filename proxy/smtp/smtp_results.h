/* SPDX-License-Identifier: ISC
 * What was found out about the sender, written for those behind. */
#ifndef PROXY_SMTP_SMTP_RESULTS_H
#define PROXY_SMTP_SMTP_RESULTS_H

#include "proxy/smtp/smtp_session.h"

/* Authentication-Results and Received-SPF of what the rules had found out; may be empty. ptr NULL:
 * out of memory. */
struct slice smtp_results(struct smtp_session *s);
struct slice smtp_authserv_id(const struct smtp_session *s);

#endif
