/* SPDX-License-Identifier: ISC
 * Of records of some age less is kept of people (personal.h). Up to which record that is done stands in
 * the database. */
#include "base/log.h"
#include "keeper/history_internal.h"

enum { AT_ONCE = 200, ROOM_MAX = 8 * 1024 * 1024 };

bool history_note_veiled(struct history *h, int64_t last)
{
    sqlite3_stmt *note = h->statements[STATEMENT_VEILED];
    if (last == h->veiled_noted)
        return true;
    sqlite3_bind_int64(note, 1, last);
    sqlite3_bind_int(note, 2, (int)h->veiled_how);
    h->veiled_noted = last;
    return history_step(h, STATEMENT_VEILED);
}

static bool write_anew(struct history *h, int64_t id, const struct record *record)
{
    sqlite3_stmt *change = h->statements[STATEMENT_CHANGE];
    sqlite3_bind_int64(change, 1, h->words_id);
    database_bind_octets(change, 2, buf_slice(&h->again));
    sqlite3_bind_int64(change, 3, id);
    return history_step(h, STATEMENT_CHANGE) &&
           (id > h->indexed || history_write_words(h, STATEMENT_ADD_WORDS, record, id));
}

/* False: it cannot be done to this one. */
static bool make_less(struct history *h, struct arena *room, struct record *record)
{
    buf_clear(&h->again);
    return personal_veil(&h->bounds.personal, record, room) && record_encode(&h->again, record);
}

/* One that cannot be read goes, or of which less cannot be made: who knows what it tells. */
static bool veil_one(struct history *h, struct arena *room, int64_t id, int64_t words,
                     struct slice octets)
{
    struct record record, less;
    arena_reset(room);
    bool read = history_read(h, words, octets, &record);
    less = record;
    if (!read || !make_less(h, room, &less))
        return history_remove(h, id, words, octets);
    return (id > h->indexed || history_write_words(h, STATEMENT_REMOVE_WORDS, &record, id)) &&
           write_anew(h, id, &less);
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
    bool ok = count >= 0 && history_note_veiled(h, last) &&
              (count == 0 || history_untidy(h, TIDY_OFTEN_MS)) && history_step(h, STATEMENT_COMMIT);
    if (ok)
        h->veiled = last;
    return ok ? count : -1;
}

bool history_veil(struct history *h, int64_t now)
{
    history_commit(h);
    if (!h->db || h->bounds.personal.how == PERSONAL_KEEP)
        return false;
    struct arena *room = arena_new(ROOM_MAX);
    int64_t age = h->bounds.personal_age, before = age ? (now - age) * 1000000 : INT64_MAX;
    int count = room ? veil_in_a_change(h, room, before) : 0;
    arena_free(&room);
    if (count < 0) {
        h->pending = 0;
        history_failed(h, "veil");
    }
    return count == AT_ONCE;
}
