/* SPDX-License-Identifier: ISC
 * FTS5 takes words out by writing that they are not there any more; gone they are when that was merged
 * with all that was before. It costs as much as the index is large. */
#include "base/clock.h"
#include "keeper/history_internal.h"

/* Negative: what there is now becomes one piece, bit by bit, and each time it is said, all anew. So it
 * is said once; then that goes on, and what comes meanwhile stays apart (sqlite.org/fts5.html,
 * "merge"). The numbers are pages at once. */
static const char begin[] = "INSERT INTO word (word, rank) VALUES ('merge', -200)";
static const char go_on[] = "INSERT INTO word (word, rank) VALUES ('merge', 200)";

static bool note(struct history *h, bool untidy)
{
    sqlite3_stmt *statement = h->statements[STATEMENT_UNTIDY];
    sqlite3_bind_int(statement, 1, untidy);
    return history_step(h, STATEMENT_UNTIDY);
}

bool history_untidy(struct history *h, int64_t rest)
{
    int64_t at = h->tidied_at + rest;
    h->tidy_at = h->untidy && h->tidy_at < at ? h->tidy_at : at;
    h->untidy = h->untidy_again = true;
    return note(h, true);
}

/* All that was there at its beginning is merged: what was taken out since is not. */
static bool finish(struct history *h)
{
    h->tidying = false;
    h->tidied_at = clock_ms();
    h->untidy = h->untidy_again;
    h->tidy_at = h->tidied_at + TIDY_OFTEN_MS;
    return note(h, h->untidy);
}

int history_merge(struct history *h)
{
    int before = sqlite3_total_changes(h->db);
    bool ok = database_run(h->db, h->tidying ? go_on : begin);
    bool more = sqlite3_total_changes(h->db) - before >= 2;
    if (!h->tidying)
        h->untidy_again = false;
    h->tidying = true;
    if (!ok || (!more && !finish(h)))
        return -1;
    return more;
}

/* A gateway that is never quiet is tidied up all the same, an hour later. */
static bool is_time(const struct history *h, bool quiet)
{
    int64_t over = clock_ms() - h->tidy_at;
    return quiet ? h->backlog == 0 && (h->tidying || over >= 0) : over >= TIDY_OFTEN_MS;
}

bool history_tidy(struct history *h, bool quiet)
{
    history_commit(h);
    if (!h->db || !h->untidy || !is_time(h, quiet))
        return false;
    int more = history_merge(h);
    if (more < 0 || (!more && !database_run(h->db, "PRAGMA wal_checkpoint(TRUNCATE)"))) {
        history_failed(h, "merge");
        return false;
    }
    return more > 0;
}
