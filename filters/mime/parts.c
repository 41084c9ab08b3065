/* SPDX-License-Identifier: ISC */
#include "filters/mime/parts.h"

const struct part_range *part_to_replace(const struct part_range *parts, size_t count,
                                         uint32_t number, uint64_t size)
{
    size_t i = 0;
    while (i < count && parts[i].part != number)
        i++;
    if (i == count)
        return NULL;
    const struct part_range *part = &parts[i];
    bool fits = part->header <= part->body && part->body <= part->end && part->end <= size;
    return fits && !part->sealed ? part : NULL;
}
