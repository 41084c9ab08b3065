/* SPDX-License-Identifier: ISC
 * A retry as octets, in the shared table and in Redis. What comes from there is not trusted. Pure. */
#ifndef PROXY_SMTP_RETRY_FORM_H
#define PROXY_SMTP_RETRY_FORM_H

#include "proxy/smtp/retry_memory.h"

/* Appends a retry that is written down at `place`; of its texts what fits, without controls. */
void retry_write(struct buf *out, const struct retry *retry, const struct retry_place *place);

/* False: it is none. retry->place holds what was read, but for the sender and the secret. Its texts
 * point into `bytes`. */
bool retry_read(struct slice bytes, struct retry *retry);

#endif
