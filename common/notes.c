/* SPDX-License-Identifier: ISC */
#include "common/notes.h"

#include "base/clock.h"
#include "common/client_hash.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

enum { NOTES = 16384, PROBES = 8, WORDS = NOTE_MAX / 8 };

struct cell {
    _Atomic uint64_t hash;
    _Atomic int64_t until; /* 0: empty; written last */
    /* Over all of it: who meets a writer half way sees that it does not fit. */
    _Atomic uint64_t seal;
    _Atomic uint64_t words[WORDS];
};

struct notes {
    struct cell cells[NOTES];
};

/* What is sealed: a cell as it is read and written, in the process' own memory. */
struct content {
    uint64_t hash;
    int64_t until;
    uint64_t words[WORDS];
};

size_t notes_size(void)
{
    return sizeof(struct notes);
}

static uint64_t seal(const uint64_t key[static 2], const struct content *content)
{
    return siphash(key, (struct slice){(const char *)content, sizeof *content});
}

static struct cell *cell_at(struct notes *notes, uint64_t hash, size_t probe)
{
    return &notes->cells[(hash + probe) % NOTES];
}

/* One that is to last for longer nobody has put there in good faith. */
static int64_t end_of(const struct cell *cell, int64_t now)
{
    int64_t until = atomic_load(&cell->until);
    return until <= now + NOTE_LIFE_MAX ? until : 0;
}

/* The hash's own cell, else the one that ends first. */
static struct cell *place_for(struct notes *notes, uint64_t hash)
{
    int64_t now = clock_ms();
    struct cell *place = cell_at(notes, hash, 0);
    for (size_t i = 0; i < PROBES; i++) {
        struct cell *cell = cell_at(notes, hash, i);
        if (atomic_load(&cell->hash) == hash)
            return cell;
        if (end_of(cell, now) < end_of(place, now))
            place = cell;
    }
    return place;
}

void notes_put(struct notes *notes, const uint64_t key[static 2], uint64_t hash, const void *note,
               size_t size, int64_t until)
{
    assert(size <= NOTE_MAX);
    struct content content = {.hash = hash, .until = until};
    memcpy(content.words, note, size);
    struct cell *cell = place_for(notes, hash);
    atomic_store(&cell->until, 0);
    atomic_store(&cell->hash, hash);
    for (size_t i = 0; i < WORDS; i++)
        atomic_store_explicit(&cell->words[i], content.words[i], memory_order_relaxed);
    atomic_store(&cell->seal, seal(key, &content));
    atomic_store(&cell->until, until);
}

static bool read_cell(const struct cell *cell, const uint64_t key[static 2],
                      struct content *content)
{
    content->hash = atomic_load(&cell->hash);
    content->until = atomic_load(&cell->until);
    uint64_t sealed = atomic_load(&cell->seal);
    for (size_t i = 0; i < WORDS; i++)
        content->words[i] = atomic_load_explicit(&cell->words[i], memory_order_relaxed);
    return sealed == seal(key, content);
}

bool notes_get(const struct notes *notes, const uint64_t key[static 2], uint64_t hash, void *note,
               size_t size, int64_t now)
{
    struct content content;
    for (size_t i = 0; i < PROBES; i++) {
        const struct cell *cell = &notes->cells[(hash + i) % NOTES];
        if (atomic_load(&cell->hash) != hash || end_of(cell, now) <= now)
            continue;
        if (!read_cell(cell, key, &content) || content.hash != hash ||
            content.until > now + NOTE_LIFE_MAX)
            return false;
        memcpy(note, content.words, size);
        return true;
    }
    return false;
}

void notes_forget(struct notes *notes, uint64_t hash)
{
    for (size_t i = 0; i < PROBES; i++) {
        struct cell *cell = cell_at(notes, hash, i);
        if (atomic_load(&cell->hash) == hash)
            atomic_store(&cell->until, 0);
    }
}
