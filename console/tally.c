/* SPDX-License-Identifier: ISC */
#include "console/tally.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

/* FNV-1a. Who aims at its collisions makes a report slow, which a person reads. */
static uint64_t hash(struct slice word)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < word.len; i++)
        h = (h ^ (unsigned char)word.ptr[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

static struct tally_entry *place(struct tally *tally, struct slice word)
{
    size_t at = hash(word) & (tally->room - 1);
    while (tally->entries[at].word && !slice_eq(slice_of(tally->entries[at].word), word))
        at = (at + 1) & (tally->room - 1);
    return &tally->entries[at];
}

static bool grow(struct tally *tally)
{
    struct tally larger = {.count = tally->count,
                           .room = tally->room ? tally->room * 2 : FIRST_ROOM};
    larger.entries = calloc(larger.room, sizeof *larger.entries);
    if (!larger.entries)
        return false;
    for (size_t i = 0; i < tally->room; i++)
        if (tally->entries[i].word)
            *place(&larger, slice_of(tally->entries[i].word)) = tally->entries[i];
    free(tally->entries);
    *tally = larger;
    return true;
}

/* What is behind a NUL does not count. */
void tally_add(struct tally *tally, struct slice word, uint64_t times)
{
    struct tally_entry *entry = NULL;
    word = slice_sub(word, 0, slice_find(word, '\0'));
    if (tally->count * 2 < tally->room || grow(tally))
        entry = place(tally, word);
    if (entry && !entry->word) {
        entry->word = strndup(word.len ? word.ptr : "", word.len);
        tally->count += entry->word != NULL;
    }
    if (entry && entry->word)
        entry->count += times;
    else
        tally->failed = true;
}

static int by_count(const void *a, const void *b)
{
    const struct tally_entry *one = a, *other = b;
    if (one->count != other->count)
        return one->count < other->count ? 1 : -1;
    return strcmp(one->word, other->word);
}

void tally_sort(struct tally *tally)
{
    size_t n = 0;
    for (size_t i = 0; i < tally->room; i++)
        if (tally->entries[i].word)
            tally->entries[n++] = tally->entries[i];
    tally->room = n;
    if (n)
        qsort(tally->entries, n, sizeof *tally->entries, by_count);
}

void tally_free(struct tally *tally)
{
    for (size_t i = 0; i < tally->room; i++)
        free(tally->entries[i].word);
    free(tally->entries);
    *tally = (struct tally){.count = 0};
}
