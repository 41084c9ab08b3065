/* SPDX-License-Identifier: ISC */
#include "policy/name_index.h"

static struct name_slot *slot_for_word(struct name_slot *slots, size_t size, struct slice name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * 0x100000001b3u;
    size_t at = (size_t)(hash ^ hash >> 29) & (size - 1);
    while (slots[at].name.ptr && !slice_eq(slots[at].name, name))
        at = (at + 1) & (size - 1);
    return &slots[at];
}

static bool make_room(struct sources *sources, struct name_index *index)
{
    size_t size = index->size ? index->size * 2 : 16;
    if (index->count * 2 < index->size)
        return true;
    struct name_slot *slots = source_alloc(sources, size, sizeof *slots);
    for (size_t i = 0; slots && i < index->size; i++)
        if (index->slots[i].name.ptr)
            *slot_for_word(slots, size, index->slots[i].name) = index->slots[i];
    if (!slots)
        return false;
    index->slots = slots;
    index->size = size;
    return true;
}

bool name_index_add(struct sources *sources, struct name_index *index, struct slice name,
                    size_t number)
{
    if (!make_room(sources, index))
        return false;
    struct name_slot *slot = slot_for_word(index->slots, index->size, name);
    if (slot->name.ptr)
        return true;
    *slot = (struct name_slot){name.ptr ? name : SLICE(""), number};
    index->count++;
    return true;
}

bool name_index_find(const struct name_index *index, struct slice name, size_t *number)
{
    if (index->size == 0)
        return false;
    const struct name_slot *slot = slot_for_word(index->slots, index->size, name);
    if (slot->name.ptr)
        *number = slot->number;
    return slot->name.ptr != NULL;
}
