/* SPDX-License-Identifier: ISC */
#include "policy/table_place.h"

#include "policy/config.h"
#include "policy/pairs.h"

_Static_assert(TABLE_FILE_MAX <= 1 << PLACE_BITS, "an entry may begin at the last octet");

struct slice place_entry(const struct table_text *text, uint32_t place)
{
    struct slice rest = slice_from(text->octets, place & ((1u << PLACE_BITS) - 1));
    rest = slice_sub(rest, 0, slice_find(rest, '\n'));
    struct slice entry = slice_trim(slice_sub(rest, 0, slice_find(rest, '#')));
    return text->pairs ? pairs_key(entry) : entry;
}

struct place_spot place_spot(size_t size, uint64_t hash)
{
    uint64_t mixed = (hash ^ hash >> 29) * 0x9e3779b97f4a7c15u;
    uint32_t mark = (uint32_t)(mixed & 15);
    return (struct place_spot){(size_t)((mixed >> 32) * size >> 32), (mark ? mark : 1)
                                                                         << PLACE_BITS};
}

static bool is_entry(const struct table_text *text, uint32_t place, struct slice prefix,
                     struct slice ending)
{
    struct slice entry = place_entry(text, place);
    return entry.len == prefix.len + ending.len && slice_starts(entry, prefix) &&
           slice_ieq(slice_from(entry, prefix.len), ending);
}

size_t place_find(const struct table_text *text, const uint32_t *places, size_t size, uint64_t hash,
                  struct slice prefix, struct slice ending)
{
    struct place_spot spot = place_spot(size, hash);
    size_t slot = spot.slot;
    for (size_t looked = 0; looked < size; looked++) {
        uint32_t place = places[slot];
        if (!place || (place_is_marked(place, spot.mark) && is_entry(text, place, prefix, ending)))
            return slot;
        slot = slot + 1 < size ? slot + 1 : 0;
    }
    return size;
}
