/* SPDX-License-Identifier: ISC */
#include "proxy/reader/id_set.h"

#include <stdlib.h>

enum { ROOM_FIRST = 32, ROOM_MOST = 32 * 1024 /* a power of two, as all between */ };

/* Where it is, or would be. */
static uint32_t *place_of(const struct id_set *set, uint32_t id)
{
    size_t at = id * UINT32_C(2654435769) >> 7 & (set->room - 1);
    while (set->ids[at] && set->ids[at] != id)
        at = (at + 1) & (set->room - 1);
    return &set->ids[at];
}

static bool grow(struct id_set *set)
{
    struct id_set larger = {.room = set->room ? 2 * set->room : ROOM_FIRST};
    if (larger.room > ROOM_MOST || !(larger.ids = calloc(larger.room, sizeof *larger.ids)))
        return false;
    for (size_t i = 0; i < set->room; i++)
        if (set->ids[i])
            *place_of(&larger, set->ids[i]) = set->ids[i];
    larger.count = set->count;
    free(set->ids);
    *set = larger;
    return true;
}

bool id_set_is_first(struct id_set *set, uint32_t id)
{
    if (set->room && *place_of(set, id) == id)
        return false;
    if (2 * set->count >= set->room && !grow(set))
        return true;
    *place_of(set, id) = id;
    set->count++;
    return true;
}

void id_set_forget(struct id_set *set)
{
    free(set->ids);
    *set = (struct id_set){.ids = NULL};
}
