/* SPDX-License-Identifier: ISC */
#include "policy/table_file.h"

#include "policy/config.h"
#include "policy/pairs.h"
#include "policy/table_index.h"

#include <string.h>

uint64_t table_hash(struct slice entry)
{
    uint64_t hash = TABLE_HASH_START;
    for (size_t i = entry.len; i > 0; i--)
        hash = table_hash_more(hash, entry.ptr[i - 1]);
    return hash;
}

/* ---- opened ---- */

static bool is_kind_of_value(uint32_t kind)
{
    return kind == TYPE_TEXT || kind == TYPE_NUMBER || kind == TYPE_SIZE || kind == TYPE_DURATION;
}

static bool fits(const struct index_header *header, const struct table_text *text, size_t octets)
{
    bool pairs = header->flags & INDEX_PAIRS;
    return memcmp(header->version, index_version, sizeof index_version) == 0 &&
           header->text_size == text->octets.len && header->count <= header->size &&
           index_parts(header).end == octets && pairs == text->pairs &&
           (!pairs || is_kind_of_value(header->kind));
}

static const uint32_t *places_at(struct slice index, uint64_t at)
{
    return (const uint32_t *)(const void *)(index.ptr + at);
}

bool table_file_open(struct table_file *file, const struct table_text *text, struct slice index)
{
    struct index_header header;
    if (index.len < sizeof header || text->octets.len > TABLE_FILE_MAX)
        return false;
    memcpy(&header, index.ptr, sizeof header);
    if (!fits(&header, text, index.len))
        return false;
    struct index_parts parts = index_parts(&header);
    *file = (struct table_file){
        .text = *text,
        .places = places_at(index, parts.places),
        .size = header.size,
        .count = header.count,
        .networks = {*text, places_at(index, parts.networks), header.network_size, header.lengths},
        .values = text->pairs ? index.ptr + parts.values : NULL,
        .kind = (enum type_kind)header.kind,
        .has_endings = header.flags & INDEX_ENDINGS,
        .beyond_ascii = header.flags & INDEX_BEYOND_ASCII,
        .plain = !(header.flags & INDEX_NOT_PLAIN),
    };
    return true;
}

bool table_file_find(const struct sources *sources, struct table_file *file,
                     const struct table_text *text)
{
    const struct loader *loader = sources->loader;
    struct slice index;
    return loader && loader->index && loader->index(loader->ctx, text->octets, &index) &&
           table_file_open(file, text, index);
}

bool table_file_is_indexed(const struct sources *sources, struct slice text)
{
    struct table_file file;
    const struct table_text whole = {text, pairs_in_file(text)};
    return table_file_find(sources, &file, &whole);
}

bool table_file_read(struct sources *sources, struct table_file *file, struct slice text)
{
    const struct table_text whole = {text, false};
    struct table_index index;
    struct slice octets, same;
    if (table_file_find(sources, file, &whole))
        return true;
    if (!table_index_begin(&index, sources, &whole))
        return false;
    for (struct slice rest = text, entry; table_line(&rest, &entry);)
        table_index_put(&index, entry, 0, &same);
    return table_index_end(&index, &octets) && table_file_open(file, &whole, octets);
}

/* ---- asked ---- */

size_t table_file_number(const struct table_file *file, uint64_t hash, struct slice prefix,
                         struct slice ending)
{
    size_t slot = place_find(&file->text, file->places, file->size, hash, prefix, ending);
    return slot < file->size && file->places[slot] ? slot + 1 : 0;
}

bool table_file_each(const struct table_file *file, size_t *at, struct slice *entry)
{
    while (*at < file->size)
        if (file->places[(*at)++]) {
            *entry = table_file_entry(file, *at);
            return true;
        }
    return false;
}

struct slice table_file_entry(const struct table_file *file, size_t number)
{
    return place_entry(&file->text, file->places[number - 1]);
}

/* ---- values ---- */

enum { FROM_BITS = 32 };

uint64_t table_file_pack(struct slice text, enum type_kind kind, const struct value *value)
{
    uint64_t packed = (uint64_t)value->integer;
    if (kind == TYPE_NUMBER)
        memcpy(&packed, &value->number, sizeof packed);
    if (kind == TYPE_TEXT)
        packed = (uint64_t)(value->text.ptr - text.ptr) << FROM_BITS | value->text.len;
    return packed;
}

static struct value text_at(struct slice text, uint64_t packed)
{
    uint64_t from = packed >> FROM_BITS, len = packed & UINT32_MAX;
    if (from > text.len || len > text.len - from)
        return value_absent();
    return value_text(slice_sub(text, from, from + len));
}

struct value table_file_value(const struct table_file *file, size_t number)
{
    uint64_t packed;
    double real;
    if (!file->values || number == 0 || number > file->size)
        return value_absent();
    memcpy(&packed, file->values + (number - 1) * sizeof packed, sizeof packed);
    memcpy(&real, &packed, sizeof real);
    return file->kind == TYPE_TEXT     ? text_at(file->text.octets, packed)
           : file->kind == TYPE_NUMBER ? value_number(real)
                                       : value_integer((int64_t)packed);
}
