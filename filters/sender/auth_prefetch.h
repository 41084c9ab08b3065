/* SPDX-License-Identifier: ISC
 * What SPF, DKIM, ARC and DMARC will ask of the DNS, told as soon as it can be known,
 * so that the answers are there when the message is.
 * A guess: what is left out is asked later, what is too much is asked in vain.
 * It runs in the proxy: linear, bounded, and without any library that reads messages. */
#ifndef FILTERS_SENDER_AUTH_PREFETCH_H
#define FILTERS_SENDER_AUTH_PREFETCH_H

#include "filters/dns/dns_answers.h"

enum { AUTH_PREFETCH_MAX = 64 };

/* Distinct names, in the arena. */
struct auth_prefetch {
    const struct dns_wanted *wanted;
    size_t count;
};

/* At MAIL: the SPF records of the HELO name and of the sender's domain.
 * False when the arena is full. */
bool auth_prefetch_envelope(struct arena *arena, struct slice helo, struct slice sender,
                            struct auth_prefetch *out);

/* When the header block is in: the DMARC records of From, the keys of DKIM and ARC, and the DMARC
 * records of those that could be aligned: the sender's domain and signers'. */
bool auth_prefetch_header(struct arena *arena, struct slice sender, struct slice block,
                          struct auth_prefetch *out);

#endif
