/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/delivered_memory.h"

#include "base/clock.h"
#include "common/client_hash.h"

#include <string.h>

static const int64_t kept_ms = INT64_C(24) * 3600 * 1000;
_Static_assert(sizeof(struct delivered) <= NOTE_MAX, "what is delivered is a note");

uint64_t delivered_digest(const struct shared *shared, struct slice message)
{
    return siphash(shared_key(shared), message);
}

static uint64_t place_of(const struct shared *shared, struct slice sender, struct slice recipient)
{
    static const char what[8] = "has it";
    const uint64_t *key = shared_key(shared);
    uint64_t parts[3] = {0, siphash(key, sender), siphash(key, recipient)};
    memcpy(&parts[0], what, sizeof what);
    return siphash(key, (struct slice){(const char *)parts, sizeof parts});
}

struct delivered delivered_recall(struct shared *shared, struct slice sender,
                                  struct slice recipient)
{
    struct delivered delivered;
    uint64_t place = place_of(shared, sender, recipient);
    if (!notes_get(shared_notes(shared), shared_key(shared), place, &delivered, sizeof delivered,
                   clock_ms()) ||
        delivered.count > DELIVERED_MOST)
        return (struct delivered){.place = place};
    delivered.place = place; /* whatever the note says */
    return delivered;
}

static size_t find(const struct delivered *delivered, uint64_t digest)
{
    size_t i = 0;
    while (i < delivered->count && delivered->messages[i].digest != digest)
        i++;
    return i;
}

bool delivered_holds(const struct delivered *delivered, uint64_t digest)
{
    return find(delivered, digest) < delivered->count;
}

bool delivered_holds_size(const struct delivered *delivered, uint64_t size)
{
    for (size_t i = 0; size && i < delivered->count; i++)
        if (delivered->messages[i].size == size)
            return true;
    return false;
}

static void write_down(struct shared *shared, const struct delivered *delivered)
{
    if (delivered->count)
        notes_put(shared_notes(shared), shared_key(shared), delivered->place, delivered,
                  sizeof *delivered, clock_ms() + kept_ms);
    else
        notes_forget(shared_notes(shared), delivered->place);
}

/* The others keep their order. */
static void take_out(struct delivered *delivered, size_t at)
{
    struct delivered_message *from = &delivered->messages[at];
    delivered->count--;
    memmove(from, from + 1, (delivered->count - at) * sizeof *from);
}

void delivered_add(struct shared *shared, struct delivered *delivered,
                   struct delivered_message message)
{
    size_t at = find(delivered, message.digest);
    if (at < delivered->count)
        take_out(delivered, at);
    else if (delivered->count == DELIVERED_MOST)
        take_out(delivered, 0);
    delivered->messages[delivered->count++] = message;
    write_down(shared, delivered);
}

void delivered_forget(struct shared *shared, struct delivered *delivered, uint64_t digest)
{
    size_t at = find(delivered, digest);
    if (at == delivered->count)
        return;
    take_out(delivered, at);
    write_down(shared, delivered);
}
