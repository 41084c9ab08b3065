/* SPDX-License-Identifier: ISC
 * A place is where an entry begins (28 bits) and, above it, a mark made of its hash (1 to 15), so that
 * mostly no text is looked at but that of the entry itself. */
#include "policy/table_file.h"

#include "policy/config.h"
#include "policy/table.h"

#include <stdlib.h>
#include <string.h>

enum { PLACE_BITS = 28 };
_Static_assert(TABLE_FILE_MAX <= 1 << PLACE_BITS, "an entry may begin at the last octet");

/* What an index begins with; its places follow. */
struct index_header {
    char version[8];
    uint32_t text_size, size, count, flags;
};
static const char version[8] = "gp-idx1";

enum { HAS_ENDINGS = 1, BEYOND_ASCII = 2, NOT_PLAIN = 4 };

/* An index that is being made. */
struct index {
    struct slice text;
    struct index_header *header;
    uint32_t *places;
};

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

static struct spot spot_of(size_t size, uint64_t hash)
{
    uint64_t mixed = (hash ^ hash >> 29) * 0x9e3779b97f4a7c15u;
    uint32_t mark = (uint32_t)(mixed & 15);
    return (struct spot){(size_t)((mixed >> 32) * size >> 32), (mark ? mark : 1) << PLACE_BITS};
}

static struct slice entry_at(struct slice text, uint32_t place)
{
    struct slice rest = slice_from(text, place & ((1u << PLACE_BITS) - 1));
    rest = slice_sub(rest, 0, slice_find(rest, '\n'));
    return slice_trim(slice_sub(rest, 0, slice_find(rest, '#')));
}

static bool is_entry(struct slice text, uint32_t place, struct slice prefix, struct slice ending)
{
    struct slice entry = entry_at(text, place);
    return entry.len == prefix.len + ending.len && slice_starts(entry, prefix) &&
           slice_ieq(slice_from(entry, prefix.len), ending);
}

/* Where it is, or would be. `size`: none of them is free, and it is not there. */
static size_t find_slot(const uint32_t *places, size_t size, struct slice text, uint64_t hash,
                        struct slice prefix, struct slice ending)
{
    struct spot spot = spot_of(size, hash);
    size_t slot = spot.slot;
    for (size_t looked = 0; looked < size; looked++) {
        uint32_t place = places[slot];
        if (!place || (place >> PLACE_BITS == spot.mark >> PLACE_BITS &&
                       is_entry(text, place, prefix, ending)))
            return slot;
        slot = slot + 1 < size ? slot + 1 : 0;
    }
    return size;
}

bool table_file_holds(const struct table_file *file, uint64_t hash, struct slice prefix,
                      struct slice ending)
{
    if (file->size == 0)
        return false;
    size_t slot = find_slot(file->places, file->size, file->text, hash, prefix, ending);
    return slot < file->size && file->places[slot] != 0;
}

/* Other spellings than by case: https://evil.example/x, and what a domain may end with. */
static bool is_plain(struct slice entry)
{
    return slice_is_ascii(entry) && slice_find(entry, '/') == entry.len &&
           entry.ptr[entry.len - 1] != '.';
}

static void put_entry(struct index *index, struct slice entry)
{
    struct index_header *header = index->header;
    uint64_t hash = table_hash(entry);
    size_t slot = find_slot(index->places, header->size, index->text, hash, SLICE(""), entry);
    if (slot == header->size || index->places[slot])
        return;
    index->places[slot] =
        spot_of(header->size, hash).mark | (uint32_t)(entry.ptr - index->text.ptr);
    header->count++;
    if (slice_starts(entry, SLICE("*.")) || slice_starts(entry, SLICE("@")))
        header->flags |= HAS_ENDINGS;
    if (!slice_is_ascii(entry))
        header->flags |= BEYOND_ASCII;
    if (!is_plain(entry))
        header->flags |= NOT_PLAIN;
}

static void fill(struct index_header *header, struct slice text, size_t size)
{
    struct index index = {text, header, (uint32_t *)(header + 1)};
    *header = (struct index_header){.text_size = (uint32_t)text.len, .size = (uint32_t)size};
    memcpy(header->version, version, sizeof version);
    for (struct slice rest = text, entry; table_line(&rest, &entry);)
        put_entry(&index, entry);
}

bool table_file_open(struct table_file *file, struct slice text, struct slice index)
{
    struct index_header header;
    if (index.len < sizeof header || text.len > TABLE_FILE_MAX)
        return false;
    memcpy(&header, index.ptr, sizeof header);
    size_t room = index.len - sizeof header;
    if (memcmp(header.version, version, sizeof version) != 0 || header.text_size != text.len ||
        room % sizeof *file->places != 0 || header.size != room / sizeof *file->places ||
        header.count > header.size)
        return false;
    *file = (struct table_file){
        .text = text,
        .places = (const uint32_t *)(const void *)(index.ptr + sizeof header),
        .size = header.size,
        .count = header.count,
        .has_endings = header.flags & HAS_ENDINGS,
        .beyond_ascii = header.flags & BEYOND_ASCII,
        .plain = !(header.flags & NOT_PLAIN),
    };
    return true;
}

static bool find_index(const struct sources *sources, struct slice text, struct slice *index)
{
    const struct loader *loader = sources->loader;
    return loader && loader->index && loader->index(loader->ctx, text, index);
}

bool table_file_is_indexed(const struct sources *sources, struct slice text)
{
    struct table_file file;
    struct slice index;
    return find_index(sources, text, &index) && table_file_open(&file, text, index);
}

/* Large texts alone are worth a memfd. */
static bool is_kept(const struct sources *sources, struct slice text)
{
    return sources->loader && sources->loader->keep_index && text.len > TABLE_FILE_LARGE;
}

/* Made aside, as what the loader keeps is a copy. */
static bool make_kept(struct sources *sources, struct slice text, size_t size, struct slice *index)
{
    const struct loader *loader = sources->loader;
    size_t octets = sizeof(struct index_header) + size * sizeof(uint32_t);
    struct index_header *header = calloc(1, octets);
    if (header)
        fill(header, text, size);
    bool kept = header && loader->keep_index(loader->ctx, text,
                                             (struct slice){(char *)header, octets}, index);
    free(header);
    sources->no_memory |= !kept;
    return kept;
}

static bool make_own(struct sources *sources, struct slice text, size_t size, struct slice *index)
{
    size_t octets = sizeof(struct index_header) + size * sizeof(uint32_t);
    struct index_header *header = source_alloc(sources, octets, 1);
    if (header)
        fill(header, text, size);
    *index = (struct slice){(char *)header, octets};
    return header != NULL;
}

static size_t size_for(struct slice text)
{
    size_t lines = 0;
    for (struct slice entry; table_line(&text, &entry);)
        lines++;
    return lines + lines / 2 + 1;
}

bool table_file_read(struct sources *sources, struct table_file *file, struct slice text)
{
    struct slice index;
    if (find_index(sources, text, &index) && table_file_open(file, text, index))
        return true;
    return (is_kept(sources, text) ? make_kept : make_own)(sources, text, size_for(text), &index) &&
           table_file_open(file, text, index);
}

bool table_file_each(const struct table_file *file, size_t *at, struct slice *entry)
{
    while (*at < file->size) {
        uint32_t place = file->places[(*at)++];
        *entry = place ? entry_at(file->text, place) : SLICE("");
        if (place)
            return true;
    }
    return false;
}
