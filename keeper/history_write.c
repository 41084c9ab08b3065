/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/log.h"
#include "keeper/history_internal.h"
#include "keeper/history_words.h"

/* Few at once, so that not much more goes than must. */
enum { PRUNED_AT_ONCE = 20, PRUNE_ROUNDS = 50, SHRINK_ROUNDS = 20 };

static const int64_t last_time = 253402300800000; /* of year 9999, milliseconds */
static const int64_t same_time = 60000000; /* that the clock may fall back: ids stay in order */

bool history_step(struct history *h, enum statement which)
{
    return database_step(h->statements[which]);
}

/* After a failure it is left alone for a while. */
static bool is_ready(struct history *h)
{
    const char *reason;
    if (h->db)
        return true;
    if (h->retry_at > clock_ms())
        return false;
    if (history_begin(h, &reason)) {
        log_at(LEVEL_INFO, "", "history is written again", field_num("lost", (int64_t)h->lost));
        h->failing = false;
        return true;
    }
    history_failed(h, reason);
    return false;
}

/* Where less is kept from the beginning, nothing is left to do; else what comes with an earlier time,
 * once the clock was put back, is still to be done. False: it failed. */
static bool note_veiled(struct history *h, int64_t id)
{
    bool at_once = h->bounds.personal.how != PERSONAL_KEEP && h->bounds.personal_age == 0;
    if (at_once && h->veiled >= h->last_id && id > h->veiled)
        h->veiled = id;
    if (at_once || id > h->veiled)
        return true;
    h->veiled = id - 1;
    return history_note_veiled(h, h->veiled);
}

static bool write_record(struct history *h, const struct record *record, struct slice octets)
{
    sqlite3_stmt *add = h->statements[STATEMENT_ADD];
    int64_t id = record->time > 0 && record->time < last_time ? record->time * 1000 : 0;
    if (id <= h->last_id && h->last_id - id < same_time)
        id = h->last_id + 1;
    sqlite3_bind_int64(add, 1, id);
    database_bind(add, 2, record->id);
    sqlite3_bind_int64(add, 3, h->words_id);
    database_bind_octets(add, 4, octets);
    if (!history_step(h, STATEMENT_ADD) || !note_veiled(h, id))
        return false;
    h->last_id = id;
    if (id <= h->indexed) /* the clock was put back */
        return history_write_words(h, STATEMENT_ADD_WORDS, record, id);
    h->backlog++;
    return true;
}

void history_add(struct history *h, const struct record *record, struct slice octets)
{
    if (!is_ready(h)) {
        h->lost++;
        return;
    }
    bool begun = h->pending++ > 0 || history_step(h, STATEMENT_BEGIN);
    if (!begun) {
        history_failed(h, "begin");
        return;
    }
    if (!write_record(h, record, octets))
        history_failed(h, "write");
}

void history_lose(struct history *h)
{
    h->lost++;
}

bool history_commit(struct history *h)
{
    if (h->pending == 0 || !h->db)
        return false;
    if (!history_step(h, STATEMENT_COMMIT)) {
        history_failed(h, "commit");
        return false;
    }
    h->pending = 0;
    h->failing = false;
    return true;
}

/* ---- taking out ---- */

bool history_remove(struct history *h, int64_t id, int64_t words, struct slice octets)
{
    struct record record;
    sqlite3_stmt *remove = h->statements[STATEMENT_REMOVE];
    if (id <= h->indexed && history_read_words(h, words, octets, &record) &&
        !history_write_words(h, STATEMENT_REMOVE_WORDS, &record, id))
        return false;
    sqlite3_bind_int64(remove, 1, id);
    return history_step(h, STATEMENT_REMOVE);
}

/* How many were taken out; -1: it failed. `before`: only what is older; `behind`: or later (ids). */
static int remove_some(struct history *h, enum statement which, int64_t before, int64_t behind)
{
    sqlite3_stmt *some = h->statements[which];
    int removed = 0, result = SQLITE_OK;
    bool ok = true;
    sqlite3_bind_int(some, 1, PRUNED_AT_ONCE);
    while (ok && (result = sqlite3_step(some)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(some, 0);
        if (id >= before && id <= behind)
            break;
        struct slice octets = {sqlite3_column_blob(some, 2), (size_t)sqlite3_column_bytes(some, 2)};
        ok = history_remove(h, id, sqlite3_column_int64(some, 1), octets);
        removed++;
    }
    sqlite3_reset(some);
    return ok && (result == SQLITE_ROW || result == SQLITE_DONE) ? removed : -1;
}

static int64_t pragma(struct history *h, const char *text)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = 0;
    if (sqlite3_prepare_v2(h->db, text, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static uint64_t octets_of(struct history *h)
{
    int64_t pages = pragma(h, "PRAGMA page_count") - pragma(h, "PRAGMA freelist_count");
    return (uint64_t)(pages > 0 ? pages : 0) * (uint64_t)pragma(h, "PRAGMA page_size");
}

/* The index does not shrink by what is taken out of it, until it is merged. */
static bool merge(struct history *h)
{
    if (pragma(h, "SELECT NOT EXISTS (SELECT 1 FROM record)") == 1)
        return database_run(h->db, "INSERT INTO word (word) VALUES ('delete-all')");
    return history_merge(h) >= 0;
}

/* What is too old, too much, or of a day that is yet to come: the clock was wrong then. */
static int prune_some(struct history *h, int64_t now)
{
    bool large = octets_of(h) > h->bounds.size;
    int64_t before = large ? INT64_MAX : (now - h->bounds.age) * 1000000;
    int64_t tomorrow = (now + 86400) * 1000000;
    int removed = -1, later = 0;
    if (history_step(h, STATEMENT_BEGIN)) {
        removed = remove_some(h, STATEMENT_OLDEST, before, INT64_MAX);
        later = remove_some(h, STATEMENT_NEWEST, 0, tomorrow);
    }
    bool ok = removed >= 0 && later >= 0 && (!large || merge(h)) &&
              (removed + later == 0 || history_untidy(h, TIDY_SELDOM_MS)) &&
              history_step(h, STATEMENT_COMMIT);
    if (!ok) {
        h->pending = 0;
        history_failed(h, "prune");
        return -1;
    }
    return removed > later ? removed : later;
}

static void shrink(struct history *h)
{
    for (int i = 0; i < SHRINK_ROUNDS && pragma(h, "PRAGMA freelist_count") > 0; i++) {
        while (sqlite3_step(h->statements[STATEMENT_SHRINK]) == SQLITE_ROW)
            ;
        sqlite3_reset(h->statements[STATEMENT_SHRINK]);
    }
}

bool history_prune(struct history *h, int64_t now)
{
    history_commit(h);
    history_drop_aside(h, now - h->bounds.age);
    if (!h->db)
        return false;
    int removed = PRUNED_AT_ONCE;
    for (int round = 0; round < PRUNE_ROUNDS && removed == PRUNED_AT_ONCE; round++)
        removed = prune_some(h, now);
    if (removed >= 0)
        shrink(h);
    return removed == PRUNED_AT_ONCE;
}

struct history_counts history_counts(struct history *h)
{
    struct history_counts counts = {.lost = h->lost};
    if (!h->db)
        return counts;
    counts.records = (uint64_t)pragma(h, "SELECT count(*) FROM record");
    counts.octets = octets_of(h);
    return counts;
}
