/* SPDX-License-Identifier: ISC
 * What the names of a client and of its HELO tell. Pure: DNS comes from a table; after a miss
 * (dns_missed) nothing that was filled counts. */
#ifndef FILTERS_DNS_CLIENT_NAMES_H
#define FILTERS_DNS_CLIENT_NAMES_H

#include "filters/dns/dns_answers.h"
#include "policy/config.h"

/* Fills client.ptr and client.fcrdns (unknown when the DNS failed). At most PTR_NAMES_MAX
 * names are looked at; client.ptr is the first that is confirmed, else the first. False: the
 * arena is full. */
enum { PTR_NAMES_MAX = 10 };
bool client_names(struct arena *arena, struct dns_answers *dns, const struct ip *client,
                  struct facts *facts);

/* Fills helo.resolves and helo.fits_client. */
bool helo_names(struct arena *arena, struct dns_answers *dns, const struct ip *client,
                struct slice helo, struct facts *facts);

/* Fills helo (as it was said; in A-labels when it was not ASCII, for it is compared as a domain),
 * helo.valid, helo.literal and helo.is_ours, which need no DNS. `local` is the address of
 * ours that the client has reached (family 0: not known). */
void helo_form(struct arena *arena, const struct config *config, struct slice helo,
               const struct ip *client, const struct ip *local, struct facts *facts);

#endif
