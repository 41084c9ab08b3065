/* SPDX-License-Identifier: ISC
 * One decision record, to the log and to log.decisions. */
#ifndef PROXY_SMTP_SMTP_RECORD_H
#define PROXY_SMTP_SMTP_RECORD_H

#include "proxy/smtp/smtp_session.h"

struct decision {
    const char *verdict;         /* accept, reject ... */
    const struct verdict *rules; /* NULL: it did not come to the rules */
    unsigned code;               /* the reply */
    struct slice enhanced, text;
    struct slice backend; /* the server that answered */
};
void smtp_record(struct smtp_session *s, const struct decision *decision);

#endif
