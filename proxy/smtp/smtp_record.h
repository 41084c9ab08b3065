/* SPDX-License-Identifier: ISC
 * What is written of a message and of a refusal: a line in the log, and a record for the keeper. */
#ifndef PROXY_SMTP_SMTP_RECORD_H
#define PROXY_SMTP_SMTP_RECORD_H

#include "proxy/smtp/smtp_session.h"

struct decision {
    const char *verdict;         /* accept, reject ... */
    const struct verdict *rules; /* NULL: it did not come to the rules */
    bool for_all;                /* it is everybody's, whatever the rules say of him */
    unsigned code;               /* the reply */
    struct slice enhanced, text; /* text: without the reference */
    struct slice backend;        /* the server that answered */
};
void smtp_record(struct smtp_session *s, const struct decision *decision);

/* What the client is told without its CRLF; `rules`: why, or NULL. The first of a session are
 * recorded one by one, the others as a number at its end. */
void smtp_record_refusal(struct smtp_session *s, unsigned code, struct slice reply,
                         const struct verdict *rules);

/* The same of a client that speaks another protocol. */
void smtp_record_foreign(struct smtp_session *s, const char *protocol, unsigned code,
                         struct slice reply);

/* The fact, or where nobody has found it out the field as it stands in the message. */
struct slice smtp_field(const struct smtp_session *s, enum fact fact, struct slice name);

/* How far the client had come: "connect", "helo" ... "message". */
const char *smtp_stage(const struct smtp_session *s);

/* The client went away in the middle of a transaction. */
void smtp_record_gone(struct smtp_session *s);

#endif
