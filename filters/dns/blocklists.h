/* SPDX-License-Identifier: ISC
 * Blocklists and allowlists in the DNS (RFC 5782). Only answers whose codes are configured count.
 * Pure: DNS comes from a table; after a miss (dns_missed) nothing that was filled counts. */
#ifndef FILTERS_DNS_BLOCKLISTS_H
#define FILTERS_DNS_BLOCKLISTS_H

#include "filters/dns/dns_answers.h"
#include "policy/config.h"

enum { LISTED_DOMAINS_MAX = 60 }; /* domains of a message that are looked up */

/* `suspended`: a bit for each of config->blocklists that its health check found broken; it is not
 * asked, and counts as unknown. */

/* Fills the facts of PRODUCER_DNSBL: all IP lists. A list that fails makes dnsbl.score unknown only
 * as far as it could matter: the score is of those that answered, and dnsbl.lists has a cut tail.
 * facts->keyed has a place for each of policy_keys. False: the arena is full. */
bool blocklists_client(struct arena *arena, struct dns_answers *dns, const struct config *config,
                       uint64_t suspended, const struct ip *client, struct facts *facts);

/* Fills the facts of PRODUCER_SENDER_DOMAINS from the domains of HELO, of the envelope sender and
 * of the client's confirmed name (empty ones are left out). */
bool blocklists_sender(struct arena *arena, struct dns_answers *dns, const struct config *config,
                       uint64_t suspended, const struct slice *domains, size_t count,
                       struct facts *facts);

/* Fills the facts of PRODUCER_DOMAINS: those, From's, and message.domains. Its lists are cut when
 * there are more than LISTED_DOMAINS_MAX. */
bool blocklists_message(struct arena *arena, struct dns_answers *dns, const struct config *config,
                        uint64_t suspended, const struct slice *domains, size_t count,
                        struct facts *facts);

/* Health of list `index` (RFC 5782 5): what must be listed is, what must not is not,
 * no answer lies outside 127.0.0.0/8 or in 127.255.255.0/24.
 * NULL while answers are missing (dns_missed) or when it is fine; else what is wrong,
 * static. A DNS that does not answer at all says nothing about the list: fine. */
const char *blocklist_health(struct arena *arena, struct dns_answers *dns,
                             const struct config *config, size_t index);

#endif
