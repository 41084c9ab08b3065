/* SPDX-License-Identifier: ISC */
#include "policy/table_networks.h"

#include <string.h>

static uint8_t *bits_of(struct network_lengths *lengths, uint8_t family)
{
    return family == 4 ? lengths->v4 : lengths->v6;
}

void network_lengths_add(struct network_lengths *lengths, const struct network *network)
{
    bits_of(lengths, network->base.family)[network->length / 8] |=
        (uint8_t)(1u << network->length % 8);
}

bool network_lengths_have_all(const struct network_lengths *lengths)
{
    return (lengths->v4[0] | lengths->v6[0]) & 1;
}

struct network network_masked(const struct network *network)
{
    struct network out = {.base.family = network->base.family, .length = network->length};
    memcpy(out.base.bytes, network->base.bytes, network->length / 8);
    if (network->length % 8)
        out.base.bytes[network->length / 8] =
            network->base.bytes[network->length / 8] & (uint8_t)(0xff00 >> network->length % 8);
    return out;
}

bool network_lengths_next(const struct network_lengths *lengths, const struct ip *ip,
                          unsigned *length, struct network *network)
{
    const uint8_t *bits = ip->family == 4 ? lengths->v4 : lengths->v6;
    unsigned longest = ip->family == 4 ? 32 : 128;
    for (; ip->family && *length <= longest; ++*length) {
        if (!(bits[*length / 8] >> *length % 8 & 1))
            continue;
        *network = network_masked(&(struct network){*ip, (uint8_t)*length});
        ++*length;
        return true;
    }
    return false;
}

uint64_t network_hash(const struct network *network)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < sizeof network->base.bytes; i++)
        hash = (hash ^ network->base.bytes[i]) * 0x100000001b3u;
    return (hash ^ network->length ^ (uint64_t)network->base.family << 8) * 0x100000001b3u;
}

static bool is_network(const struct table_text *text, uint32_t place, const struct network *asked)
{
    struct network network;
    if (!network_parse(place_entry(text, place), &network))
        return false;
    network = network_masked(&network);
    return network.length == asked->length && network.base.family == asked->base.family &&
           memcmp(network.base.bytes, asked->base.bytes, sizeof network.base.bytes) == 0;
}

/* As place_find. */
static size_t find(const struct table_text *text, const uint32_t *places, size_t size,
                   const struct network *network, uint32_t *mark)
{
    struct place_spot spot = place_spot(size, network_hash(network));
    size_t slot = spot.slot;
    *mark = spot.mark;
    for (size_t looked = 0; looked < size; looked++) {
        uint32_t place = places[slot];
        if (!place || (place_is_marked(place, spot.mark) && is_network(text, place, network)))
            return slot;
        slot = slot + 1 < size ? slot + 1 : 0;
    }
    return size;
}

void network_places_put(const struct table_text *text, uint32_t *places, size_t size,
                        struct network_lengths *lengths, uint32_t place)
{
    struct network network;
    uint32_t mark;
    if (!network_parse(place_entry(text, place), &network))
        return;
    network = network_masked(&network);
    size_t slot = find(text, places, size, &network, &mark);
    if (slot == size || places[slot])
        return;
    places[slot] = mark | (place & ((1u << PLACE_BITS) - 1));
    network_lengths_add(lengths, &network);
}

bool network_places_hold(const struct network_places *networks, const struct ip *ip)
{
    struct network network;
    uint32_t mark;
    for (unsigned length = 0;
         networks->size && network_lengths_next(&networks->lengths, ip, &length, &network);) {
        size_t slot = find(&networks->text, networks->places, networks->size, &network, &mark);
        if (slot < networks->size && networks->places[slot])
            return true;
    }
    return false;
}
