/* SPDX-License-Identifier: ISC
 * A place is where an entry begins (28 bits) and, above it, a mark made of its hash (1 to 15), so that
 * mostly no text is looked at but that of the entry itself. */
#include "policy/table_file.h"

#include "policy/config.h"
#include "policy/table.h"

enum { PLACE_BITS = 28 };
_Static_assert(TABLE_FILE_MAX <= 1 << PLACE_BITS, "an entry may begin at the last octet");

uint64_t table_hash(struct slice entry)
{
    uint64_t hash = TABLE_HASH_START;
    for (size_t i = entry.len; i > 0; i--)
        hash = table_hash_more(hash, entry.ptr[i - 1]);
    return hash;
}

struct spot {
    size_t slot;
    uint32_t mark;
};

static struct spot spot_of(const struct table_file *file, uint64_t hash)
{
    uint64_t mixed = (hash ^ hash >> 29) * 0x9e3779b97f4a7c15u;
    uint32_t mark = (uint32_t)(mixed & 15);
    return (struct spot){(size_t)((mixed >> 32) * file->size >> 32), (mark ? mark : 1)
                                                                         << PLACE_BITS};
}

static struct slice entry_at(const struct table_file *file, uint32_t place)
{
    struct slice rest = slice_from(file->text, place & ((1u << PLACE_BITS) - 1));
    rest = slice_sub(rest, 0, slice_find(rest, '\n'));
    return slice_trim(slice_sub(rest, 0, slice_find(rest, '#')));
}

static bool is_entry(const struct table_file *file, uint32_t place, struct slice prefix,
                     struct slice ending)
{
    struct slice entry = entry_at(file, place);
    return entry.len == prefix.len + ending.len && slice_starts(entry, prefix) &&
           slice_ieq(slice_from(entry, prefix.len), ending);
}

/* Where it is, or would be. */
static uint32_t *find_place(const struct table_file *file, struct spot spot, struct slice prefix,
                            struct slice ending)
{
    uint32_t *place = &file->places[spot.slot];
    while (*place) {
        if (*place >> PLACE_BITS == spot.mark >> PLACE_BITS &&
            is_entry(file, *place, prefix, ending))
            break;
        if (++place == file->places + file->size)
            place = file->places;
    }
    return place;
}

bool table_file_holds(const struct table_file *file, uint64_t hash, struct slice prefix,
                      struct slice ending)
{
    return file->size > 0 && *find_place(file, spot_of(file, hash), prefix, ending) != 0;
}

static void put_entry(struct table_file *file, struct slice entry)
{
    struct spot spot = spot_of(file, table_hash(entry));
    uint32_t *place = find_place(file, spot, SLICE(""), entry);
    if (*place)
        return;
    *place = spot.mark | (uint32_t)(entry.ptr - file->text.ptr);
    file->count++;
    file->has_endings |= slice_starts(entry, SLICE("*.")) || slice_starts(entry, SLICE("@"));
    file->beyond_ascii |= !slice_is_ascii(entry);
}

bool table_file_read(struct sources *sources, struct table_file *file, struct slice text)
{
    struct slice rest = text, entry;
    size_t lines = 0;
    while (table_line(&rest, &entry))
        lines++;
    *file = (struct table_file){.text = text, .size = lines + lines / 2 + 1};
    file->places = source_alloc(sources, file->size, sizeof *file->places);
    for (rest = text; file->places && table_line(&rest, &entry);)
        put_entry(file, entry);
    return file->places != NULL;
}

bool table_file_each(const struct table_file *file, size_t *at, struct slice *entry)
{
    while (*at < file->size) {
        uint32_t place = file->places[(*at)++];
        *entry = place ? entry_at(file, place) : SLICE("");
        if (place)
            return true;
    }
    return false;
}
