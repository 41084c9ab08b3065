/* SPDX-License-Identifier: ISC
 * What a notice says. */
#ifndef PROXY_SMTP_SMTP_NOTICE_TEXT_H
#define PROXY_SMTP_SMTP_NOTICE_TEXT_H

#include "proxy/smtp/smtp_session.h"

/* All in the transaction's arena. */
struct notice_text {
    struct slice message; /* ASCII, lines that end with CRLF */
    struct slice author, subject, id;
};

/* False: out of memory. */
bool smtp_notice_text(struct smtp_session *s, const struct notice *notice, struct notice_text *out);

#endif
