/* SPDX-License-Identifier: ISC
 * Banners: a message as it is delivered, or goes to somebody else. */
#ifndef PROXY_SMTP_SMTP_BANNER_H
#define PROXY_SMTP_SMTP_BANNER_H

#include "proxy/smtp/smtp_session.h"

/* Whether the message is to be looked at for places, though all is decided. */
bool smtp_banner_wanted(const struct smtp_session *s);

/* Those of a verdict, put into *input; what has become of them is kept for the record. False: out of
 * memory. */
bool smtp_banner(struct smtp_session *s, const struct verdict *v, struct edit_input *input);

#endif
