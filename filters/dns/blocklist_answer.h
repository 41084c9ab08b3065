/* SPDX-License-Identifier: ISC
 * What an answer of a blocklist's zone says (RFC 5782 2.1). */
#ifndef FILTERS_DNS_BLOCKLIST_ANSWER_H
#define FILTERS_DNS_BLOCKLIST_ANSWER_H

#include "filters/dns/dns_answers.h"
#include "policy/config.h"

enum listing { LISTING_NONE, LISTING_FOUND, LISTING_UNKNOWN };

/* Whether it is a listing, *weight the greatest of the codes that fit (0 without one). Unknown: the
 * DNS failed, or the list answers what none may. */
enum listing blocklist_answer(const struct blocklist *list, const struct dns_answer *answer,
                              double *weight);

/* `below`.zone; *out points into `room`. */
enum { BLOCKLIST_NAME_MAX = 512 };
struct slice blocklist_name(const struct blocklist *list, struct slice below,
                            char room[static BLOCKLIST_NAME_MAX]);

#endif
