/* SPDX-License-Identifier: ISC */
#include "policy/table_index.h"

#include "policy/config.h"
#include "policy/pairs.h"
#include "policy/table_file.h"

#include <stdlib.h>
#include <string.h>

const char index_version[8] = "gp-idx2";

struct index_parts index_parts(const struct index_header *header)
{
    uint64_t values = sizeof *header;
    uint64_t places =
        values + (header->flags & INDEX_PAIRS ? header->size * (uint64_t)sizeof(uint64_t) : 0);
    uint64_t networks = places + header->size * (uint64_t)sizeof(uint32_t);
    return (struct index_parts){values, places, networks,
                                networks + header->network_size * (uint64_t)sizeof(uint32_t)};
}

static char *part(const struct table_index *index, uint64_t at)
{
    return (char *)index->header + at;
}

static uint32_t *places_of(const struct table_index *index)
{
    return (uint32_t *)(void *)part(index, index_parts(index->header).places);
}

/* ---- begun ---- */

static struct slice entry_of(const struct table_text *text, struct slice line)
{
    return text->pairs ? pairs_key(line) : line;
}

static uint32_t with_room(size_t count)
{
    return (uint32_t)(count + count / 2 + 1);
}

static void measure(const struct table_text *text, struct index_header *header)
{
    size_t lines = 0;
    bool networks = true;
    struct network network;
    for (struct slice rest = text->octets, line; table_line(&rest, &line); lines++)
        networks = networks && network_parse(entry_of(text, line), &network);
    header->size = with_room(lines);
    header->network_size = networks && lines ? with_room(lines) : 0;
}

/* Large texts alone are worth a memfd. */
static bool is_kept(const struct sources *sources, struct slice text)
{
    return sources->loader && sources->loader->keep_index && text.len > TABLE_FILE_LARGE;
}

bool table_index_begin(struct table_index *index, struct sources *sources,
                       const struct table_text *text)
{
    struct index_header header = {.text_size = (uint32_t)text->octets.len,
                                  .flags = text->pairs ? INDEX_PAIRS : 0};
    memcpy(header.version, index_version, sizeof header.version);
    measure(text, &header);
    uint64_t octets = index_parts(&header).end;
    *index = (struct table_index){
        .sources = sources, .text = *text, .aside = is_kept(sources, text->octets)};
    index->header = index->aside ? calloc(1, octets) : source_alloc(sources, octets, 1);
    sources->no_memory |= !index->header;
    if (index->header)
        *index->header = header;
    return index->header != NULL;
}

/* ---- filled ---- */

/* Other spellings than by case: https://evil.example/x, and what a domain may end with. */
static bool is_plain(struct slice entry)
{
    return slice_is_ascii(entry) && slice_find(entry, '/') == entry.len &&
           entry.ptr[entry.len - 1] != '.';
}

static uint32_t flags_of(struct slice entry)
{
    bool ending = slice_starts(entry, SLICE("*.")) || slice_starts(entry, SLICE("@"));
    return (ending ? INDEX_ENDINGS : 0) | (slice_is_ascii(entry) ? 0 : INDEX_BEYOND_ASCII) |
           (is_plain(entry) ? 0 : INDEX_NOT_PLAIN);
}

static void put_value(struct table_index *index, size_t slot, uint64_t value)
{
    if (index->header->flags & INDEX_PAIRS)
        memcpy(part(index, index_parts(index->header).values + slot * sizeof value), &value,
               sizeof value);
}

static void put_network(struct table_index *index, uint32_t place)
{
    struct index_header *header = index->header;
    uint32_t *places = (uint32_t *)(void *)part(index, index_parts(header).networks);
    if (header->network_size)
        network_places_put(&index->text, places, header->network_size, &header->lengths, place);
}

bool table_index_put(struct table_index *index, struct slice entry, uint64_t value,
                     struct slice *same)
{
    struct index_header *header = index->header;
    uint32_t *places = places_of(index);
    uint64_t hash = table_hash(entry);
    size_t slot = place_find(&index->text, places, header->size, hash, SLICE(""), entry);
    if (slot == header->size || places[slot]) {
        *same = slot == header->size ? entry : place_entry(&index->text, places[slot]);
        return false;
    }
    uint32_t at = (uint32_t)(entry.ptr - index->text.octets.ptr);
    places[slot] = place_spot(header->size, hash).mark | at;
    header->count++;
    header->flags |= flags_of(entry);
    put_value(index, slot, value);
    put_network(index, places[slot]);
    return true;
}

/* ---- ended ---- */

bool table_index_end(struct table_index *index, struct slice *octets)
{
    const struct loader *loader = index->sources->loader;
    *octets = (struct slice){(char *)index->header, index_parts(index->header).end};
    if (!index->aside)
        return true;
    bool kept = loader->keep_index(loader->ctx, index->text.octets, *octets, octets);
    index->sources->no_memory |= !kept;
    free(index->header);
    return kept;
}

void table_index_drop(struct table_index *index)
{
    if (index->aside)
        free(index->header);
}
