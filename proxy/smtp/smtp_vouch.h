/* SPDX-License-Identifier: ISC
 * Whose a refusal is that names one recipient or sender and may still be about us ("5.7.1 Access
 * denied", REPLY_UNCLEAR). What refuses everybody is a fault of the set-up; a server that takes
 * others has refused him. */
#ifndef PROXY_SMTP_SMTP_VOUCH_H
#define PROXY_SMTP_SMTP_VOUCH_H

#include "common/shared.h"
#include "proxy/smtp/smtp_job.h"

enum {
    VOUCH_MS = 3600 * 1000, /* how long a yes vouches */
    VOUCH_REFUSALS = 10,    /* and for how many refusals, until there is another yes */
};

/* To be called when the server has answered the envelope, as far as it did. Notes what it takes (the
 * recipients of a domain; senders other than <>), for all proxies, and makes each REPLY_UNCLEAR
 * of the job the recipient's or sender's if others were taken in this job or lately, else ours.
 * `server`: its number in the shared table. */
void smtp_vouch(struct shared *shared, unsigned server, struct smtp_job *job);

#endif
