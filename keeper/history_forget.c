/* SPDX-License-Identifier: ISC */
#include "keeper/history_internal.h"
#include "keeper/history_words.h"

enum { AT_ONCE = 500, LOOKED_MOST = 5000, TEXT_MAX = 8192 };

/* How many went; *before: 0, or all above it was looked at. -1: it failed. */
static int64_t remove_found(struct history *h, sqlite3_stmt *found, const struct people *people,
                            int64_t *before)
{
    int64_t removed = 0, looked = 0;
    int result;
    while ((result = sqlite3_step(found)) == SQLITE_ROW) {
        struct record record;
        int64_t id = sqlite3_column_int64(found, 0), words = sqlite3_column_int64(found, 1);
        if (removed == AT_ONCE || looked++ == LOOKED_MOST) {
            *before = id + 1;
            return removed;
        }
        struct slice octets = database_octets(found, 2);
        if (!history_read(h, words, octets, &record) || !history_tells_of(&record, people))
            continue;
        if (!history_remove(h, id, words, octets))
            return -1;
        removed++;
    }
    *before = 0;
    return result == SQLITE_DONE ? removed : -1;
}

/* NULL: the database fails. */
static sqlite3_stmt *find(struct history *h, struct slice phrase, int64_t before)
{
    sqlite3_stmt *found = NULL;
    if (sqlite3_prepare_v2(h->db,
                           "SELECT id, vocabulary, octets FROM record WHERE id IN "
                           "(SELECT rowid FROM word WHERE people MATCH ?) AND id < ? "
                           "ORDER BY id DESC",
                           -1, &found, NULL) != SQLITE_OK)
        return NULL;
    database_bind(found, 1, phrase);
    sqlite3_bind_int64(found, 2, before ? before : INT64_MAX);
    return found;
}

/* What was in the log of the database beside the file is gone as well. */
static void wipe(struct history *h)
{
    database_run(h->db, "PRAGMA wal_checkpoint(TRUNCATE)");
}

static int64_t remove_all(struct history *h, const struct people *people, struct slice phrase,
                          int64_t *before)
{
    int64_t removed = -1;
    sqlite3_stmt *found = find(h, phrase, *before);
    if (found && history_step(h, STATEMENT_BEGIN))
        removed = remove_found(h, found, people, before);
    sqlite3_finalize(found);
    if (removed > 0 && !history_untidy(h, 0))
        removed = -1;
    if (removed >= 0 && !history_step(h, STATEMENT_COMMIT))
        removed = -1;
    return removed;
}

int64_t history_forget(struct history *h, struct slice address, int64_t *before,
                       const char **reason)
{
    int64_t removed = -1;
    struct people people;
    struct buf phrase = buf_init(TEXT_MAX);
    history_index_all(h);
    history_people(h, address, &people);
    history_phrase_of(&people, &phrase);
    *reason = !h->db          ? "the history is not open"
              : phrase.failed ? "the address is too long"
                              : "what records are found by cannot be written now";
    if (h->db && !phrase.failed && h->backlog == 0) {
        removed = remove_all(h, &people, buf_slice(&phrase), before);
        *reason = "the history could not be written";
        if (removed < 0)
            history_failed(h, "forget");
        else if (*before == 0)
            wipe(h);
    }
    buf_release(&phrase);
    return removed;
}
