/* SPDX-License-Identifier: ISC
 * What backends said about recipients, remembered for a while: yes briefly, "no such user" longer.
 * Bounded; when it is full the entry that would end first goes. */
#ifndef PROXY_SMTP_RECIPIENT_CACHE_H
#define PROXY_SMTP_RECIPIENT_CACHE_H

#include "proxy/smtp/smtp_job.h"

struct recipient_cache;

struct recipient_cache *recipient_cache_new(void); /* NULL: no memory */
void recipient_cache_free(struct recipient_cache **cache);

/* True: *reply is what was said (texts live until the next call). The address has its domain
 * in one spelling (policy/spelling.h); the case of a local part counts. */
bool recipient_cache_find(struct recipient_cache *cache, struct slice backend, struct slice address,
                          uint64_t size, struct backend_reply *reply);

/* Remembers for `ms`; 0: not at all, and what was remembered is forgotten. `size` is that which
 * MAIL declared (octets; 0: none): a yes holds for messages up to it. */
void recipient_cache_store(struct recipient_cache *cache, struct slice backend,
                           struct slice address, uint64_t size, const struct backend_reply *reply,
                           int64_t ms);

#endif
