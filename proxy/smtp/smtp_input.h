/* SPDX-License-Identifier: ISC
 * Command lines as they come in. */
#ifndef PROXY_SMTP_SMTP_INPUT_H
#define PROXY_SMTP_SMTP_INPUT_H

#include "proxy/smtp/smtp_session.h"

/* One command at most, off the front of `bytes`: how many were used;
 * 0: it is not complete. What is no SMTP, and what follows a DATA that was
 * refused without waiting for the reply, ends the session. */
size_t smtp_take_command(struct smtp_session *s, struct slice bytes);

#endif
