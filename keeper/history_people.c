/* SPDX-License-Identifier: ISC */
#include "keeper/history_internal.h"
#include "keeper/history_words.h"

#include <string.h>

enum { ROOM_MAX = 65536 };

/* Only the hash leads back to him alone. */
void history_people(const struct history *h, struct slice address, struct people *people)
{
    const struct personal *personal = &h->bounds.personal;
    *people = (struct people){.address = address};
    if (personal->how != PERSONAL_HASH)
        return;
    struct arena *arena = arena_new(ROOM_MAX);
    struct slice veiled = arena ? personal_address(personal, address, arena) : SLICE("");
    if (veiled.ptr && veiled.len <= sizeof people->room) {
        memcpy(people->room, veiled.ptr, veiled.len);
        people->veiled = (struct slice){people->room, veiled.len};
    }
    arena_free(&arena);
}

void history_phrase_of(const struct people *people, struct buf *out)
{
    history_phrase(people->address, out);
    if (people->veiled.len) {
        buf_cstr(out, " OR ");
        history_phrase(people->veiled, out);
    }
}

bool history_tells_of(const struct record *record, const struct people *people)
{
    return record_tells_of(record, people->address) ||
           (people->veiled.len && record_tells_of(record, people->veiled));
}
