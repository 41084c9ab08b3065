/* SPDX-License-Identifier: ISC */
#include "filters/containers/onenote_properties.h"

#include "filters/mime/bytes.h"

enum { DEPTH_MAX = 8 }; /* sets in sets; OneNote's own have two */

enum { EMBEDDED_FILE_NAME = 0x1c001d9c, EMBEDDED_FILE_CONTAINER = 0x20001d9b };

/* Of a property's data (2.6.6). */
enum type {
    NO_DATA = 1,
    BOOL = 2,
    ONE_BYTE = 3,
    TWO_BYTES = 4,
    FOUR_BYTES = 5,
    EIGHT_BYTES = 6,
    SIZED = 7,
    OBJECT = 8,
    OBJECTS = 9,
    SPACE = 10,
    SPACES = 11,
    CONTEXT = 12,
    CONTEXTS = 13,
    SETS = 16,
    SET = 17,
};

struct reading {
    struct slice data;
    size_t at;
    struct slice objects; /* the numbers that properties take in turn */
    size_t taken;
    struct onenote_properties *out;
};

/* One of the lists of numbers in front of the properties. *flags: its two highest bits. */
static bool take_numbers(struct reading *r, struct slice *numbers, uint32_t *flags)
{
    uint32_t head = bytes_le32(r->data, r->at);
    size_t len = (size_t)(head & 0xffffff) * 4;
    *flags = head >> 30;
    if (!bytes_has(r->data, r->at, 4 + (uint64_t)len))
        return false;
    *numbers = slice_sub(r->data, r->at + 4, r->at + 4 + len);
    r->at += 4 + len;
    return true;
}

static bool skip(struct reading *r, uint64_t len)
{
    bool has = bytes_has(r->data, r->at, len);
    if (has)
        r->at += (size_t)len;
    return has;
}

/* The highest bit is the value of those that have one. */
static bool is(uint32_t property, uint32_t wanted)
{
    return (property & 0x7fffffff) == wanted;
}

static bool take_sized(struct reading *r, uint32_t property)
{
    uint32_t len = bytes_le32(r->data, r->at);
    if (!skip(r, 4))
        return false;
    if (is(property, EMBEDDED_FILE_NAME)) {
        if (r->out->n_names == ONENOTE_FILE_NAMES_MAX)
            return false;
        r->out->names[r->out->n_names++] = slice_sub(r->data, r->at, r->at + (size_t)len);
    }
    return skip(r, len);
}

static void take_object(struct reading *r, uint32_t property)
{
    if (is(property, EMBEDDED_FILE_CONTAINER))
        r->out->container = bytes_le32(r->objects, r->taken * 4);
    r->taken++;
}

static bool take_count(struct reading *r, uint32_t *count)
{
    *count = bytes_le32(r->data, r->at);
    return skip(r, 4);
}

static bool read_set(struct reading *r, unsigned depth);

static bool read_sets(struct reading *r, unsigned depth)
{
    uint32_t count;
    if (!take_count(r, &count) || (count && !skip(r, 4)))
        return false;
    for (; count > 0; count--)
        if (!read_set(r, depth)) /* each has two octets at least */
            return false;
    return true;
}

static bool read_data(struct reading *r, uint32_t property, unsigned depth)
{
    static const uint8_t fixed[] = {
        [ONE_BYTE] = 1, [TWO_BYTES] = 2, [FOUR_BYTES] = 4, [EIGHT_BYTES] = 8};
    uint32_t count;
    enum type type = property >> 26 & 0x1f;
    switch (type) {
    case NO_DATA:
    case BOOL:
    case SPACE:
    case CONTEXT:
        return true;
    case ONE_BYTE:
    case TWO_BYTES:
    case FOUR_BYTES:
    case EIGHT_BYTES:
        return skip(r, fixed[type]);
    case SIZED:
        return take_sized(r, property);
    case OBJECT:
        take_object(r, property);
        return true;
    case OBJECTS:
        if (!take_count(r, &count))
            return false;
        r->taken += count;
        return true;
    case SPACES:
    case CONTEXTS:
        return take_count(r, &count);
    case SETS:
        return read_sets(r, depth + 1);
    case SET:
        return read_set(r, depth + 1);
    }
    return false;
}

/* A number of properties, what they are, then the data of all (2.6.7). */
static bool read_set(struct reading *r, unsigned depth)
{
    size_t ids = r->at + 2, count = bytes_le16(r->data, r->at);
    if (depth > DEPTH_MAX || !skip(r, 2 + 4 * (uint64_t)count))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!read_data(r, bytes_le32(r->data, ids + 4 * i), depth))
            return false;
    return true;
}

bool onenote_read_properties(struct slice set, struct onenote_properties *out)
{
    struct reading r = {.data = set, .out = out};
    struct slice others;
    uint32_t flags, none;
    *out = (struct onenote_properties){0};
    if (!take_numbers(&r, &r.objects, &flags))
        return false;
    bool spaces = !(flags & 2), contexts = flags & 1;
    if (spaces && (!take_numbers(&r, &others, &flags)))
        return false;
    contexts = spaces ? flags & 1 : contexts;
    if (contexts && !take_numbers(&r, &others, &none))
        return false;
    return read_set(&r, 0);
}
