/* SPDX-License-Identifier: ISC
 * Addresses whose mail is learnt from and delivered to nobody: traps, and those that users report to. */
#ifndef PROXY_SMTP_SMTP_TEACH_H
#define PROXY_SMTP_SMTP_TEACH_H

#include "proxy/smtp/smtp_session.h"

enum { REPORTED_MOST = 16 /* messages attached to a report */ };

/* What RCPT is to say of a recipient. */
enum teach_reply {
    TEACH_NOT,   /* it is no such address */
    TEACH_TAKEN, /* it is, and is one of the transaction's now */
    TEACH_ALONE, /* it needs a transaction of its own, or another one of it does */
    TEACH_FORBIDDEN, /* no reports are taken from this client, or of this sender: none, or no address here */
    TEACH_NO_MEMORY,
};

/* `path` is the RCPT's; `ours`: mail for its domain is taken here. */
enum teach_reply smtp_teach_recipient(struct smtp_session *s, const struct smtp_path *path,
                                      bool ours);

/* The message is there. True: nobody else is to have it, so it is being learnt from, and its sender
 * told how that ended. False: it is judged and delivered as always. */
bool smtp_teach(struct smtp_session *s);

/* The transaction is over. */
void smtp_teach_end(struct smtp_session *s);

#endif
