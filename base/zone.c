/* SPDX-License-Identifier: ISC
 * A TZif file is a header and a block of data in numbers of 32 bits, the same again in 64 bits, and
 * a line in the words of POSIX's TZ for what comes behind the last moment (RFC 9636 3). */
#include "base/zone.h"

#include "base/zone_rule.h"

enum { HEADER = 44, MOMENT = 8, KIND = 6, HOUR = 3600, DAY = 86400 };

const struct zone zone_utc = {.has_rule = true};

/* ---- numbers ---- */

static uint64_t number(struct slice octets, size_t at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | (unsigned char)octets.ptr[at + i];
    return value;
}

static int64_t moment(const struct zone *zone, size_t i)
{
    return (int64_t)number(zone->moments, i * MOMENT, MOMENT);
}

static int32_t kind_offset(const struct zone *zone, size_t kind)
{
    return (int32_t)(uint32_t)number(zone->kinds, kind * KIND, 4);
}

/* ---- reading ---- */

struct counts {
    size_t universal, standard, leaps, moments, kinds, letters;
    int version;
};

static bool take(struct slice *file, size_t n, struct slice *out)
{
    if (n > file->len)
        return false;
    *out = slice_sub(*file, 0, n);
    *file = slice_from(*file, n);
    return true;
}

static bool take_header(struct slice *file, struct counts *out)
{
    struct slice header;
    if (!slice_starts(*file, SLICE("TZif")) || !take(file, HEADER, &header))
        return false;
    size_t *const counts[] = {&out->universal, &out->standard, &out->leaps,
                              &out->moments,   &out->kinds,    &out->letters};
    out->version = (unsigned char)header.ptr[4];
    for (size_t i = 0; i < 6; i++)
        *counts[i] = (size_t)number(header, 20 + 4 * i, 4);
    return true;
}

/* Counts are of 32 bits each, so no sum of sizes is too large for 64. */
static bool pass_block(struct slice *file, const struct counts *counts)
{
    struct slice block;
    return take(file,
                counts->moments * 5 + counts->kinds * KIND + counts->letters + counts->leaps * 8 +
                    counts->standard + counts->universal,
                &block);
}

static bool take_block(struct slice *file, const struct counts *counts, struct zone *out)
{
    struct slice rest;
    out->count = counts->moments;
    return counts->kinds > 0 && counts->leaps == 0 &&
           take(file, counts->moments * MOMENT, &out->moments) &&
           take(file, counts->moments, &out->kinds_then) &&
           take(file, counts->kinds * KIND, &out->kinds) &&
           take(file, counts->letters + counts->standard + counts->universal, &rest);
}

/* Moments rise, kinds are there, and no offset is a day or more. */
static bool is_sound(const struct zone *zone)
{
    size_t kinds = zone->kinds.len / KIND;
    for (size_t i = 0; i < zone->count; i++)
        if ((i > 0 && moment(zone, i) <= moment(zone, i - 1)) ||
            (unsigned char)zone->kinds_then.ptr[i] >= kinds)
            return false;
    for (size_t i = 0; i < kinds; i++)
        if (kind_offset(zone, i) <= -DAY - DAY || kind_offset(zone, i) >= DAY + DAY)
            return false;
    return true;
}

static bool take_rule(struct slice file, struct zone *out)
{
    size_t end = slice_find(slice_from(file, 1), '\n');
    if (!slice_starts(file, SLICE("\n")) || end + 1 >= file.len)
        return false;
    struct slice rule = slice_sub(file, 1, 1 + end);
    return rule.len == 0 || zone_rule_read(rule, out);
}

bool zone_read(struct slice file, struct zone *out)
{
    struct counts counts;
    *out = (struct zone){.count = 0};
    return take_header(&file, &counts) && counts.version >= '2' && pass_block(&file, &counts) &&
           take_header(&file, &counts) && take_block(&file, &counts, out) && is_sound(out) &&
           take_rule(file, out);
}

/* ---- asking ---- */

/* How many of the moments are over. */
static size_t passed(const struct zone *zone, int64_t now)
{
    size_t low = 0, high = zone->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (moment(zone, middle) <= now)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Beyond it there are no calendars, and numbers would overflow. */
static int64_t in_reach(int64_t now)
{
    static const int64_t most = INT64_C(1) << 55;
    return now > most ? most : now < -most ? -most : now;
}

int32_t zone_offset(const struct zone *zone, int64_t now)
{
    now = in_reach(now);
    size_t over = passed(zone, now);
    if (over == zone->count && zone->has_rule)
        return zone_rule_offset(zone, now);
    return kind_offset(zone, over == 0 ? 0 : (unsigned char)zone->kinds_then.ptr[over - 1]);
}

struct zone_time zone_time(const struct zone *zone, int64_t now)
{
    enum { THURSDAY = 3 /* the first of January 1970 */ };
    int64_t there = in_reach(now) + zone_offset(zone, now), second = there % DAY;
    second += second < 0 ? DAY : 0;
    int64_t weekday = ((there - second) / DAY + THURSDAY) % 7;
    return (struct zone_time){(int)(second / HOUR), (int)(weekday < 0 ? weekday + 7 : weekday)};
}
