/* SPDX-License-Identifier: ISC
 * Of records of some age less is kept of people (personal.h). Up to which record that is done stands in
 * the database. */
#include "base/log.h"
#include "keeper/history_internal.h"

enum { AT_ONCE = 200, ROOM_MAX = 8 * 1024 * 1024 };

static bool note_last(struct history *h, int64_t last, bool untidy)
{
    sqlite3_stmt *note = h->statements[STATEMENT_VEILED];
    if (last == h->veiled_noted)
        return true;
    sqlite3_bind_int64(note, 1, last);
    sqlite3_bind_int(note, 2, untidy);
    return history_step(h, STATEMENT_VEILED);
}

static bool write_anew(struct history *h, int64_t id, const struct record *record)
{
    sqlite3_stmt *change = h->statements[STATEMENT_CHANGE];
    buf_clear(&h->again);
    if (!record_encode(&h->again, record))
        return false;
    sqlite3_bind_int64(change, 1, h->words_id);
    database_bind_octets(change, 2, buf_slice(&h->again));
    sqlite3_bind_int64(change, 3, id);
    return history_step(h, STATEMENT_CHANGE) &&
           (id > h->indexed || history_write_words(h, STATEMENT_ADD_WORDS, record, id));
}

/* One that cannot be read goes: who knows what it tells. */
static bool veil_one(struct history *h, struct arena *room, int64_t id, int64_t words,
                     struct slice octets)
{
    struct record record;
    arena_reset(room);
    if (!history_read(h, words, octets, &record))
        return history_remove(h, id, words, octets);
    if (id <= h->indexed && !history_write_words(h, STATEMENT_REMOVE_WORDS, &record, id))
        return false;
    return personal_veil(&h->bounds.personal, &record, room) && write_anew(h, id, &record);
}

/* How many, *last is the last of them; -1: it failed. */
static int veil_some(struct history *h, struct arena *room, int64_t before, int64_t *last)
{
    sqlite3_stmt *some = h->statements[STATEMENT_UNINDEXED];
    int count = 0, result = SQLITE_DONE;
    bool ok = true;
    sqlite3_bind_int64(some, 1, h->veiled);
    sqlite3_bind_int(some, 2, AT_ONCE);
    while (ok && (result = sqlite3_step(some)) == SQLITE_ROW &&
           sqlite3_column_int64(some, 0) < before) {
        *last = sqlite3_column_int64(some, 0);
        ok = veil_one(h, room, *last, sqlite3_column_int64(some, 1), database_octets(some, 2));
        count++;
    }
    sqlite3_reset(some);
    return ok && (result == SQLITE_ROW || result == SQLITE_DONE) ? count : -1;
}

static int veil_in_a_change(struct history *h, struct arena *room, int64_t before)
{
    int64_t last = h->veiled;
    if (!history_step(h, STATEMENT_BEGIN))
        return -1;
    int count = veil_some(h, room, before, &last);
    bool ok = count >= 0 && note_last(h, last, count > 0) && history_step(h, STATEMENT_COMMIT);
    if (ok)
        h->veiled = h->veiled_noted = last;
    return ok ? count : -1;
}

bool history_veil(struct history *h, int64_t now)
{
    history_commit(h);
    if (!h->db || h->bounds.personal.how == PERSONAL_KEEP)
        return false;
    struct arena *room = arena_new(ROOM_MAX);
    int64_t before = (now - h->bounds.personal_age) * 1000000;
    int count = room ? veil_in_a_change(h, room, before) : 0;
    arena_free(&room);
    if (count < 0) {
        h->pending = 0;
        history_failed(h, "veil");
    }
    h->untidy |= count > 0;
    return count == AT_ONCE;
}
