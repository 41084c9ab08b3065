/* SPDX-License-Identifier: ISC */
#include "base/mmdb_record.h"

/* Records have some hundreds of items. */
enum { STEPS_MOST = 8192 };

enum type {
    EXTENDED = 0,
    POINTER = 1,
    TEXT = 2,
    DOUBLE = 3,
    BYTES = 4,
    UINT16 = 5,
    UINT32 = 6,
    MAP = 7,
    INT32 = 8,
    UINT64 = 9,
    UINT128 = 10,
    ARRAY = 11,
    BOOLEAN = 14,
    FLOAT = 15,
};

struct item {
    unsigned type;
    uint64_t size; /* octets; of a map pairs, of an array members; of a pointer where it leads */
    size_t at;     /* its octets */
    size_t next;   /* behind them; of a map or an array, its first member */
};

struct reader {
    struct slice octets;
    unsigned steps; /* items that were read */
};

static bool take(const struct reader *reader, size_t *at, size_t n, uint64_t *out)
{
    if (*at > reader->octets.len || n > reader->octets.len - *at)
        return false;
    *out = 0;
    for (size_t i = 0; i < n; i++)
        *out = *out << 8 | (unsigned char)reader->octets.ptr[*at + i];
    *at += n;
    return true;
}

/* The lowest five bits, or what one, two or three octets add to 29. */
static bool take_size(const struct reader *reader, size_t *at, unsigned control, uint64_t *out)
{
    static const uint64_t more_than[] = {29, 285, 65821};
    unsigned bits = control & 31;
    *out = bits;
    if (bits < 29)
        return true;
    if (!take(reader, at, bits - 28, out))
        return false;
    *out += more_than[bits - 29];
    return true;
}

/* Two bits of a pointer say how many octets follow; three belong to where it leads. */
static bool take_target(const struct reader *reader, size_t *at, unsigned control, uint64_t *out)
{
    static const uint64_t more_than[] = {0, 2048, 526336, 0};
    unsigned more = control >> 3 & 3;
    if (!take(reader, at, more + 1, out))
        return false;
    *out += more_than[more] + (more < 3 ? (uint64_t)(control & 7) << (8 * more + 8) : 0);
    return true;
}

static bool has_octets(unsigned type)
{
    return type == TEXT || type == BYTES || type == DOUBLE || type == FLOAT || type == UINT16 ||
           type == UINT32 || type == INT32 || type == UINT64 || type == UINT128;
}

static bool take_item(struct reader *reader, size_t at, struct item *out)
{
    uint64_t control, more = 0;
    if (++reader->steps > STEPS_MOST || !take(reader, &at, 1, &control))
        return false;
    out->type = (unsigned)control >> 5;
    if (out->type == EXTENDED) {
        if (!take(reader, &at, 1, &more))
            return false;
        out->type = (unsigned)more + 7;
    }
    if (!(out->type == POINTER ? take_target : take_size)(reader, &at, (unsigned)control,
                                                          &out->size))
        return false;
    out->at = out->next = at;
    if (has_octets(out->type))
        out->next += out->size;
    return has_octets(out->type) ? out->size <= reader->octets.len - at
                                 : out->type == POINTER || out->type == MAP || out->type == ARRAY ||
                                       out->type == BOOLEAN;
}

/* A pointer leads to no other. `next`: behind the item, or behind the pointer to it. */
static bool take_followed(struct reader *reader, size_t at, struct item *out, size_t *next)
{
    if (!take_item(reader, at, out))
        return false;
    *next = out->next;
    if (out->type != POINTER)
        return true;
    return out->size < reader->octets.len && take_item(reader, (size_t)out->size, out) &&
           out->type != POINTER;
}

/* With all that lies in it; without going into it. */
static bool skip(struct reader *reader, size_t *at)
{
    struct item item;
    for (uint64_t left = 1; left > 0; left--) {
        if (!take_item(reader, *at, &item))
            return false;
        *at = item.next;
        left += item.type == MAP ? 2 * item.size : item.type == ARRAY ? item.size : 0;
    }
    return true;
}

/* Where the value of that key is, in the map at `at`. */
static bool find_member(struct reader *reader, size_t *at, struct slice key)
{
    struct item map, name;
    size_t next;
    if (!take_followed(reader, *at, &map, &next) || map.type != MAP)
        return false;
    *at = map.next;
    for (uint64_t i = 0; i < map.size; i++) {
        if (!take_followed(reader, *at, &name, at) || name.type != TEXT)
            return false;
        if (slice_eq(slice_sub(reader->octets, name.at, name.at + name.size), key))
            return true;
        if (!skip(reader, at))
            return false;
    }
    return false;
}

static bool is_number(const struct item *item)
{
    return (item->type == UINT16 || item->type == UINT32 || item->type == UINT64) &&
           item->size <= 8;
}

static bool read_value(struct reader *reader, size_t at, struct mmdb_value *out)
{
    struct item item;
    size_t next;
    if (!take_followed(reader, at, &item, &next))
        return false;
    *out = (struct mmdb_value){.kind = MMDB_OTHER};
    if (item.type == TEXT) {
        out->kind = MMDB_TEXT;
        out->text = slice_sub(reader->octets, item.at, item.at + (size_t)item.size);
    } else if (is_number(&item)) {
        out->kind = MMDB_NUMBER;
        return take(reader, &item.at, (size_t)item.size, &out->number);
    }
    return true;
}

bool mmdb_record_value(struct slice records, size_t at, const char *const *path,
                       struct mmdb_value *out)
{
    struct reader reader = {.octets = records};
    for (; *path; path++)
        if (!find_member(&reader, &at, slice_of(*path)))
            return false;
    return read_value(&reader, at, out);
}
