/* SPDX-License-Identifier: ISC
 * The body of a message as a mail server is given it that asks as of a milter, where changes touch it. Pure. */
#ifndef PROXY_SMTP_MTA_BODY_H
#define PROXY_SMTP_MTA_BODY_H

#include "proxy/smtp/edits.h"

struct mta_body {
    struct iovec *pieces; /* of the message and of literals: nothing is copied */
    size_t count;         /* 0: it stays as it is, or (changed) becomes empty */
    uint64_t size;
    bool changed;
};

/* Where a mail server takes the body to begin: behind the first empty line, whatever stands before it. */
size_t mta_body_begins(struct slice message);

/* False: the arena is full. */
bool mta_body(struct arena *arena, struct slice message, const struct edit_list *list,
              struct mta_body *out);

#endif
