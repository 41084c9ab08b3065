/* SPDX-License-Identifier: ISC
 * What rules are told of where a client is, by the files that the configuration names. */
#ifndef FILTERS_ORIGIN_H
#define FILTERS_ORIGIN_H

#include "policy/config.h"

/* client.country, client.asn and client.as_name; absent where there is no file, or it does not tell.
 * Texts live as long as the configuration. */
void origin_facts(const struct config *config, const struct ip *client, struct facts *facts);

#endif
