/* SPDX-License-Identifier: ISC
 * The DNS, asked through libunbound in an event loop; never blocks, never stalls. One question for
 * a name and type is on its way at a time, whoever asks. */
#ifndef FILTERS_DNS_RESOLVER_H
#define FILTERS_DNS_RESOLVER_H

#include "filters/dns/dns_silence.h"
#include "filters/dns/question_room.h"
#include "policy/config.h"

#include <event2/event.h>

struct resolver;

/* Makes one for this process; call before the chroot and the jail: it opens what it will need
 * (resolv.conf, trust anchor). NULL with *reason. */
struct resolver *resolver_new(struct event_base *base, const struct config *config,
                              const char **reason);
void resolver_free(struct resolver **resolver); /* after all inquiries have ended, not in `done` */

/* How it fares: questions sent, failures and time-outs since the start, questions on their way; those in a row that nobody
 * answered, and when somebody last did (clock_ms; 0: never). What was cached is neither. */
struct resolver_counts {
    uint64_t asked, failed, timed_out;
    unsigned pending;
    struct dns_silence silence;
    int64_t answered_at;
};
struct resolver_counts resolver_counts(const struct resolver *resolver);

/* Whether whoever asks has all that he may have on its way, so that he should come again later:
 * what he asked now would not be asked. */
bool resolver_is_busy_for(const struct resolver *resolver, const struct asker *asker);

#endif
