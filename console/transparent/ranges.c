/* SPDX-License-Identifier: ISC */
#include "console/transparent/ranges.h"

#include "policy/value.h"

#include <stdlib.h>
#include <string.h>

static bool address(const json_t *json, struct ip *ip)
{
    const char *text = json_string_value(json);
    return text && ip_parse(slice_of(text), ip);
}

static bool of_prefix(const json_t *prefix, struct range *out)
{
    struct ip ip;
    json_int_t length = json_integer_value(json_object_get(prefix, "len"));
    if (!address(json_object_get(prefix, "addr"), &ip))
        return false;
    json_int_t bits = ip.family == 4 ? 32 : 128;
    if (length < 0 || length > bits)
        return false;
    memcpy(out->low, ip.bytes, sizeof out->low);
    memcpy(out->high, ip.bytes, sizeof out->high);
    for (json_int_t bit = length; bit < bits; bit++) {
        uint8_t mask = (uint8_t)(0x80 >> (bit % 8));
        out->low[bit / 8] &= (uint8_t)~mask;
        out->high[bit / 8] |= mask;
    }
    return true;
}

static bool of_one(const json_t *json, struct range *out)
{
    struct ip low, high;
    const json_t *prefix = json_object_get(json, "prefix"), *range = json_object_get(json, "range");
    if (prefix)
        return of_prefix(prefix, out);
    if (!address(range ? json_array_get(range, 0) : json, &low) ||
        !address(range ? json_array_get(range, 1) : json, &high))
        return false;
    memcpy(out->low, low.bytes, sizeof out->low);
    memcpy(out->high, high.bytes, sizeof out->high);
    return true;
}

static int by_low(const void *a, const void *b)
{
    return memcmp(((const struct range *)a)->low, ((const struct range *)b)->low,
                  sizeof((const struct range *)a)->low);
}

/* Whether `next` begins at the latest behind the last address of `range`. IPv4 fills four octets. */
static bool touches(const struct range *range, const struct range *next, size_t octets)
{
    uint8_t behind[16];
    memcpy(behind, range->high, sizeof behind);
    if (memcmp(next->low, range->high, sizeof behind) <= 0)
        return true;
    for (size_t i = octets; i-- > 0;)
        if (++behind[i])
            break;
    return memcmp(next->low, behind, sizeof behind) == 0;
}

static void join(struct ranges *ranges, size_t octets)
{
    size_t kept = 0;
    for (size_t i = 1; i < ranges->count; i++) {
        struct range *last = &ranges->list[kept], *next = &ranges->list[i];
        if (!touches(last, next, octets))
            ranges->list[++kept] = *next;
        else if (memcmp(next->high, last->high, sizeof last->high) > 0)
            memcpy(last->high, next->high, sizeof last->high);
    }
    ranges->count = ranges->count ? kept + 1 : 0;
}

/* Which family an address of the set is of. */
static size_t octets_of(const json_t *json)
{
    struct ip ip;
    const json_t *prefix = json_object_get(json, "prefix"), *range = json_object_get(json, "range");
    const json_t *text = prefix  ? json_object_get(prefix, "addr")
                         : range ? json_array_get(range, 0)
                                 : json;
    return address(text, &ip) && ip.family == 6 ? 16 : 4;
}

bool ranges_of_json(const json_t *json, struct ranges *out)
{
    const json_t *set = json_object_get(json, "set");
    size_t count = set ? json_array_size(set) : 1;
    *out = (struct ranges){calloc(count + 1, sizeof *out->list), count};
    bool ok = out->list && count;
    for (size_t i = 0; ok && i < count; i++)
        ok = of_one(set ? json_array_get(set, i) : json, &out->list[i]);
    if (!ok) {
        ranges_free(out);
        return false;
    }
    qsort(out->list, count, sizeof *out->list, by_low);
    join(out, octets_of(set ? json_array_get(set, 0) : json));
    return true;
}

void ranges_free(struct ranges *ranges)
{
    free(ranges->list);
    *ranges = (struct ranges){NULL, 0};
}

bool ranges_equal(const struct ranges *a, const struct ranges *b)
{
    return a->count == b->count && memcmp(a->list, b->list, a->count * sizeof *a->list) == 0;
}
