/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_vector.h"

#include <string.h>

enum { HEAD = 2, NUMBER_MAX = 3, BITS = 7, MORE = 0x80 };

/* ---- writing ---- */

void spam_vector_begin(struct spam_vector_writer *writer, uint8_t room[static SPAM_VECTOR_MAX])
{
    *writer = (struct spam_vector_writer){room, HEAD};
    room[0] = SPAM_VECTOR_VERSION;
    room[1] = 0;
}

static uint8_t *put(uint8_t *at, uint32_t number)
{
    for (; number >= MORE; number >>= BITS)
        *at++ = (uint8_t)(number | MORE);
    *at++ = (uint8_t)number;
    return at;
}

static size_t size_of(uint32_t number)
{
    return 1 + (number >= 1 << BITS) + (number >= 1 << 2 * BITS);
}

static size_t size_of_section(const uint32_t *cells, size_t count)
{
    size_t size = size_of((uint32_t)count);
    for (size_t i = 0; i < count; i++)
        size += size_of(i ? cells[i] - cells[i - 1] - 1 : cells[i]);
    return size;
}

bool spam_vector_add(struct spam_vector_writer *writer, const uint32_t *cells, size_t count)
{
    if (writer->room[1] > SPAM_WINDOWS_MAX || count > SPAM_SECTION_MAX ||
        size_of_section(cells, count) > SPAM_VECTOR_MAX - writer->len)
        return false;
    uint8_t *at = put(writer->room + writer->len, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        at = put(at, i ? cells[i] - cells[i - 1] - 1 : cells[i]);
    writer->len = (size_t)(at - writer->room);
    writer->room[1]++;
    return true;
}

struct slice spam_vector_end(const struct spam_vector_writer *writer)
{
    return (struct slice){(const char *)writer->room, writer->len};
}

/* ---- reading ---- */

/* False: too long, or it ends before its end. */
static bool take(struct slice *in, uint32_t *number)
{
    uint32_t value = 0;
    for (size_t i = 0; i < NUMBER_MAX && i < in->len; i++) {
        uint8_t octet = (uint8_t)in->ptr[i];
        value |= (uint32_t)(octet & (MORE - 1)) << BITS * i;
        if (octet & MORE)
            continue;
        *in = slice_from(*in, i + 1);
        *number = value;
        return octet || i == 0;
    }
    return false;
}

static bool take_section(struct slice *in, struct spam_section *out)
{
    uint32_t count, step, cell = 0;
    if (!take(in, &count) || count > SPAM_SECTION_MAX)
        return false;
    struct slice all = *in;
    for (uint32_t i = 0; i < count; i++) {
        if (!take(in, &step))
            return false;
        cell += i ? step + 1 : step;
        if (cell >= SPAM_CELLS)
            return false;
    }
    *out = (struct spam_section){slice_sub(all, 0, all.len - in->len), count};
    return true;
}

bool spam_vector_open(struct slice octets, struct spam_vector *out)
{
    if (octets.len < HEAD || octets.len > SPAM_VECTOR_MAX ||
        (uint8_t)octets.ptr[0] != SPAM_VECTOR_VERSION)
        return false;
    size_t sections = (uint8_t)octets.ptr[1];
    if (sections == 0 || sections > 1 + SPAM_WINDOWS_MAX)
        return false;
    struct slice rest = slice_from(octets, HEAD);
    out->count = sections - 1;
    if (!take_section(&rest, &out->whole))
        return false;
    for (size_t i = 0; i < out->count; i++)
        if (!take_section(&rest, &out->windows[i]))
            return false;
    return rest.len == 0;
}
