/* SPDX-License-Identifier: ISC
 * FTS5 takes words out by writing that they are not there any more; gone they are when that was merged
 * with all that was before. It costs as much as the index is large. */
#include "base/clock.h"
#include "keeper/history_internal.h"

enum { REST_MS = 3600000 };

/* Negative: all there is becomes one piece in the end (sqlite.org/fts5.html, "merge"). Pages at once. */
static const char some[] = "INSERT INTO word (word, rank) VALUES ('merge', -200)";

static bool note(struct history *h, bool untidy)
{
    sqlite3_stmt *statement = h->statements[STATEMENT_UNTIDY];
    sqlite3_bind_int(statement, 1, untidy);
    h->untidy = untidy;
    return history_step(h, STATEMENT_UNTIDY);
}

bool history_untidy(struct history *h)
{
    h->tidy_at = 0;
    return note(h, true);
}

/* All of it was merged. */
static bool finish(struct history *h)
{
    h->tidy_at = clock_ms() + REST_MS;
    return note(h, false) && database_run(h->db, "PRAGMA wal_checkpoint(TRUNCATE)");
}

bool history_tidy(struct history *h)
{
    history_commit(h);
    if (!h->db || !h->untidy || h->backlog || clock_ms() < h->tidy_at)
        return false;
    int before = sqlite3_total_changes(h->db);
    bool ok = database_run(h->db, some);
    bool more = sqlite3_total_changes(h->db) - before >= 2;
    if (!ok || (!more && !finish(h))) {
        history_failed(h, "merge");
        return false;
    }
    return more;
}
