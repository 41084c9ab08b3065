/* SPDX-License-Identifier: ISC
 * Addresses are looked up among networks by trying each length that some network has: a hash table of
 * them, in the text of a table's file (table_place.h) or copied. */
#ifndef POLICY_TABLE_NETWORKS_H
#define POLICY_TABLE_NETWORKS_H

#include "policy/table_place.h"
#include "policy/value.h"

/* Which lengths networks have, a bit each. */
struct network_lengths {
    uint8_t v4[5], v6[17];
};

void network_lengths_add(struct network_lengths *lengths, const struct network *network);

/* Whether some network has every IPv4 or every IPv6 address: 0.0.0.0/0, ::/0. */
bool network_lengths_have_all(const struct network_lengths *lengths);

/* The networks around an address that may be there, shortest first; *length is 0 at first. False: there
 * are no more. */
bool network_lengths_next(const struct network_lengths *lengths, const struct ip *ip,
                          unsigned *length, struct network *network);

/* Without the bits that its length leaves out. */
struct network network_masked(const struct network *network);

/* Of one that is masked. */
uint64_t network_hash(const struct network *network);

/* The networks of a text. Zeroed: there are none. */
struct network_places {
    struct table_text text;
    const uint32_t *places;
    size_t size;
    struct network_lengths lengths;
};

/* Adds the entry at this place, which is a network; nothing where `places` has no room left. */
void network_places_put(const struct table_text *text, uint32_t *places, size_t size,
                        struct network_lengths *lengths, uint32_t place);

/* Every look-up ends, and none leaves the text, whatever the places are. */
bool network_places_hold(const struct network_places *networks, const struct ip *ip);

#endif
