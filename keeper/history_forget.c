/* SPDX-License-Identifier: ISC */
#include "keeper/history_internal.h"
#include "keeper/history_words.h"

enum { AT_ONCE = 500, TEXT_MAX = 4096 };

/* -1: it failed. */
static int64_t remove_found(struct history *h, sqlite3_stmt *found, const struct people *people)
{
    int64_t removed = 0;
    int result = SQLITE_DONE;
    while (removed < AT_ONCE && (result = sqlite3_step(found)) == SQLITE_ROW) {
        struct record record;
        int64_t id = sqlite3_column_int64(found, 0), words = sqlite3_column_int64(found, 1);
        struct slice octets = {sqlite3_column_blob(found, 2),
                               (size_t)sqlite3_column_bytes(found, 2)};
        if (!history_read(h, words, octets, &record) || !history_tells_of(&record, people))
            continue;
        if (!history_remove(h, id, words, octets))
            return -1;
        removed++;
    }
    return result == SQLITE_ROW || result == SQLITE_DONE ? removed : -1;
}

static sqlite3_stmt *find(struct history *h, const struct people *people)
{
    sqlite3_stmt *found = NULL;
    struct buf phrase = buf_init(TEXT_MAX);
    history_phrase_of(people, &phrase);
    if (!phrase.failed &&
        sqlite3_prepare_v2(h->db,
                           "SELECT id, vocabulary, octets FROM record WHERE id IN "
                           "(SELECT rowid FROM word WHERE people MATCH ?)",
                           -1, &found, NULL) == SQLITE_OK) {
        struct slice text = buf_slice(&phrase);
        sqlite3_bind_text64(found, 1, text.ptr, text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    buf_release(&phrase);
    return found;
}

/* What was in the log of the database beside the file is gone as well. */
static void wipe(struct history *h)
{
    database_run(h->db, "PRAGMA wal_checkpoint(TRUNCATE)");
}

int64_t history_forget(struct history *h, struct slice address, const char **reason)
{
    history_index_all(h);
    *reason = "the history is not open";
    if (!h->db)
        return -1;
    int64_t removed = -1;
    struct people people;
    history_people(h, address, &people);
    sqlite3_stmt *found = find(h, &people);
    if (found && history_step(h, STATEMENT_BEGIN))
        removed = remove_found(h, found, &people);
    sqlite3_finalize(found);
    if (removed > 0 && !history_untidy(h))
        removed = -1;
    if (removed >= 0 && !history_step(h, STATEMENT_COMMIT))
        removed = -1;
    if (removed < 0) {
        *reason = "the history could not be written";
        history_failed(h, "forget");
    } else if (removed < AT_ONCE) {
        wipe(h);
    }
    return removed;
}
