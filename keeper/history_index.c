/* SPDX-License-Identifier: ISC
 * What records can be found by is written when there is time: it costs more than the record. Up to
 * which record that is done stands in the database. */
#include "keeper/history_internal.h"
#include "keeper/history_words.h"

enum { AT_ONCE = 2000 };

bool history_write_words(struct history *h, enum statement which, const struct record *record,
                         int64_t id)
{
    sqlite3_stmt *statement = h->statements[which];
    for (int i = 0; i < COLUMNS; i++) {
        history_words(record, (enum history_column)i, &h->words[i]);
        database_bind(statement, i + 1, buf_slice(&h->words[i]));
    }
    sqlite3_bind_int64(statement, COLUMNS + 1, id);
    return history_step(h, which);
}

/* How many were looked at, and *last is the last of them; -1: it failed. A record that cannot be read
 * is found by its reference alone. */
static int64_t write_some(struct history *h, int64_t *last)
{
    sqlite3_stmt *some = h->statements[STATEMENT_UNINDEXED];
    int64_t count = 0;
    bool ok = true;
    int result = SQLITE_DONE;
    sqlite3_bind_int64(some, 1, h->indexed);
    sqlite3_bind_int(some, 2, AT_ONCE);
    while (ok && (result = sqlite3_step(some)) == SQLITE_ROW) {
        struct record record;
        *last = sqlite3_column_int64(some, 0);
        if (history_read_words(h, sqlite3_column_int64(some, 1), database_octets(some, 2), &record))
            ok = history_write_words(h, STATEMENT_ADD_WORDS, &record, *last);
        count++;
    }
    sqlite3_reset(some);
    return ok && result == SQLITE_DONE ? count : -1;
}

static bool note_last(struct history *h, int64_t last)
{
    sqlite3_stmt *note = h->statements[STATEMENT_INDEXED];
    sqlite3_bind_int64(note, 1, last);
    return history_step(h, STATEMENT_INDEXED);
}

bool history_index(struct history *h)
{
    int64_t last = h->indexed, count;
    history_commit(h);
    if (!h->db || h->backlog == 0 || !history_step(h, STATEMENT_BEGIN))
        return false;
    count = write_some(h, &last);
    if (count < 0 || !note_last(h, last) || !history_step(h, STATEMENT_COMMIT)) {
        history_failed(h, "index");
        return false;
    }
    h->indexed = last;
    h->backlog = count < AT_ONCE                ? 0
                 : (uint64_t)count < h->backlog ? h->backlog - (uint64_t)count
                                                : 1;
    return h->backlog > 0;
}

void history_index_all(struct history *h)
{
    while (history_index(h))
        ;
}

uint64_t history_backlog(const struct history *h)
{
    return h->backlog;
}
