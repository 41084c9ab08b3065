/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/log.h"
#include "keeper/forms.h"
#include "keeper/history_internal.h"
#include "keeper/history_words.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ARENA_MAX = 8 * 1024 * 1024,
    WORDS_MAX = 1024 * 1024,
    RETRY_MS = 5000,
    ASIDE_MOST = 9 /* files: of each time there are up to three */
};

/* Each brings the form before it up to date; how many there are is the form's number. */
static const char *const migrations[] = {
    /* 1: id is the time in microseconds, later where two came at once; octets as record_encode
     * makes them, with the words of that vocabulary. What is indexed can be made anew from them. */
    "CREATE TABLE vocabulary (id INTEGER PRIMARY KEY, words TEXT NOT NULL UNIQUE);"
    "CREATE TABLE record (id INTEGER PRIMARY KEY, reference TEXT NOT NULL,"
    " vocabulary INTEGER NOT NULL, octets BLOB NOT NULL);"
    "CREATE INDEX record_reference ON record (reference);"
    "CREATE VIRTUAL TABLE word USING fts5 (people, subject, message_id, client, content='',"
    " columnsize=0);",
    /* 2: up to which record words are written. */
    "CREATE TABLE indexed (id INTEGER NOT NULL);"
    "INSERT INTO indexed SELECT coalesce(max(id), 0) FROM record;",
    /* 3: up to which record less is kept of people; whether the index has words of what is gone. */
    "CREATE TABLE veiled (id INTEGER NOT NULL, untidy INTEGER NOT NULL);"
    "INSERT INTO veiled VALUES (0, 0);",
    /* 4: and how much less (enum personal_how). */
    "ALTER TABLE veiled ADD COLUMN how INTEGER NOT NULL DEFAULT 0;",
    /* 5: records in another form, and all people of one among its words. What there was is of no
     * release, and goes. */
    "DELETE FROM record; DELETE FROM vocabulary; DROP TABLE word;"
    "CREATE VIRTUAL TABLE word USING fts5 (people, subject, message_id, client, content='',"
    " columnsize=0);"
    "UPDATE indexed SET id = 0; UPDATE veiled SET id = 0, untidy = 0;",
};

FORM_FITS(HISTORY, migrations);

static const char *const texts[STATEMENTS] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ADD] = "INSERT INTO record VALUES (?, ?, ?, ?)",
    [STATEMENT_ADD_WORDS] = "INSERT INTO word (people, subject, message_id, client, rowid) "
                            "VALUES (?, ?, ?, ?, ?)",
    [STATEMENT_OLDEST] = "SELECT id, vocabulary, octets FROM record ORDER BY id LIMIT ?",
    [STATEMENT_NEWEST] = "SELECT id, vocabulary, octets FROM record ORDER BY id DESC LIMIT ?",
    [STATEMENT_REMOVE] = "DELETE FROM record WHERE id = ?",
    [STATEMENT_REMOVE_WORDS] =
        "INSERT INTO word (people, subject, message_id, client, rowid, word) "
        "VALUES (?, ?, ?, ?, ?, 'delete')",
    [STATEMENT_SHRINK] = "PRAGMA incremental_vacuum(1000)",
    [STATEMENT_UNINDEXED] = "SELECT id, vocabulary, octets FROM record WHERE id > ? ORDER BY id "
                            "LIMIT ?",
    [STATEMENT_INDEXED] = "UPDATE indexed SET id = ?",
    [STATEMENT_VEILED] = "UPDATE veiled SET id = ?, how = ?",
    [STATEMENT_UNTIDY] = "UPDATE veiled SET untidy = ?",
    [STATEMENT_CHANGE] = "UPDATE record SET vocabulary = ?, octets = ? WHERE id = ?",
};

/* ---- opening ---- */

/* Of those that are no later than now. */
static bool find_last(struct history *h)
{
    sqlite3_stmt *statement = NULL;
    bool ok = sqlite3_prepare_v2(h->db, "SELECT max(id) FROM record WHERE id <= ?", -1, &statement,
                                 NULL) == SQLITE_OK;
    if (ok) {
        sqlite3_bind_int64(statement, 1, clock_wall_ms() * 1000);
        ok = sqlite3_step(statement) == SQLITE_ROW;
    }
    if (ok)
        h->last_id = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return ok;
}

/* The backlog is counted at most once: what a keeper that was killed has left. */
static bool find_indexed(struct history *h)
{
    sqlite3_stmt *statement = NULL;
    bool ok = sqlite3_prepare_v2(
                  h->db,
                  "SELECT indexed.id, (SELECT count(*) FROM record r WHERE r.id > indexed.id),"
                  " veiled.id, how, untidy FROM indexed, veiled",
                  -1, &statement, NULL) == SQLITE_OK &&
              sqlite3_step(statement) == SQLITE_ROW;
    if (ok) {
        h->indexed = sqlite3_column_int64(statement, 0);
        h->backlog = (uint64_t)sqlite3_column_int64(statement, 1);
        h->veiled = h->veiled_noted = sqlite3_column_int64(statement, 2);
        h->veiled_how = (enum personal_how)sqlite3_column_int(statement, 3);
        h->untidy = sqlite3_column_int(statement, 4);
        h->tidying = false;
    }
    sqlite3_finalize(statement);
    return ok;
}

/* What was made less in another way is looked at again. */
static bool begin_veiling(struct history *h)
{
    enum personal_how how = h->bounds.personal.how;
    if (how == PERSONAL_KEEP || how == h->veiled_how)
        return true;
    h->veiled_how = how;
    h->veiled = 0;
    h->veiled_noted = -1;
    return history_note_veiled(h, 0);
}

static void close_file(struct history *h)
{
    if (!h->vocabularies)
        return;
    database_finalize(h->statements, STATEMENTS);
    sqlite3_close(h->db);
    h->db = NULL;
    arena_reset(h->vocabularies);
    h->others = NULL;
    h->other_count = 0;
}

static bool begin_file(struct history *h, const char **reason)
{
    *reason = "";
    bool ok = database_open(h->path, DATABASE_SOON, &h->db) &&
              database_migrate(h->db, migrations, FORM_HISTORY, reason);
    h->lacks = ok && !(database_prepare(h->db, texts, h->statements, STATEMENTS) && find_last(h) &&
                       find_indexed(h) && begin_veiling(h) && history_learn_words(h));
    ok = ok && !h->lacks;
    if (!ok && !**reason)
        *reason = h->db ? sqlite3_errmsg(h->db) : "out of memory";
    return ok;
}

/* ---- damage ---- */

static bool is_damage(const struct history *h)
{
    bool lacks = h->lacks && h->db && (sqlite3_errcode(h->db) & 0xff) == SQLITE_ERROR;
    return lacks || database_damaged(h->db);
}

/* Of the files that were set aside the oldest goes, when there are many or it is of before then (seconds
 * since 1970). False: it stays. */
static bool drop_oldest_aside(const struct history *h, int64_t before)
{
    char folder[PATH_MAX], base[PATH_MAX + 16], oldest[NAME_MAX + 1] = "";
    size_t count = 0;
    snprintf(folder, sizeof folder, "%s", h->path);
    char *slash = strrchr(folder, '/');
    snprintf(base, sizeof base, "%s.damaged-", slash ? slash + 1 : folder);
    if (slash)
        *slash = '\0';
    DIR *dir = opendir(slash ? folder : ".");
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (strncmp(entry->d_name, base, strlen(base)) != 0)
            continue;
        if (count++ == 0 || strcmp(entry->d_name, oldest) < 0)
            snprintf(oldest, sizeof oldest, "%s", entry->d_name);
    }
    bool old = count && strtoll(oldest + strlen(base), NULL, 10) < before;
    bool dropped = (old || count > ASIDE_MOST) && unlinkat(dirfd(dir), oldest, 0) == 0;
    if (dir)
        closedir(dir);
    return dropped;
}

void history_drop_aside(const struct history *h, int64_t before)
{
    while (drop_oldest_aside(h, before))
        ;
}

/* With what belongs to it. */
static void set_aside(struct history *h)
{
    static const char *const parts[] = {"", "-wal", "-shm"};
    char from[PATH_MAX + 8], to[PATH_MAX + 48];
    long long now = (long long)clock_wall();
    close_file(h);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        snprintf(from, sizeof from, "%s%s", h->path, parts[i]);
        snprintf(to, sizeof to, "%s.damaged-%lld%s", h->path, now, parts[i]);
        rename(from, to); /* not each of them is there */
    }
    history_drop_aside(h, 0);
    log_at(LEVEL_ERROR, "", "history is damaged and set aside, a new one is begun",
           field_str("file", h->path));
}

bool history_begin(struct history *h, const char **reason)
{
    if (begin_file(h, reason))
        return true;
    if (is_damage(h)) {
        set_aside(h);
        if (begin_file(h, reason))
            return true;
    }
    static char text[256];
    snprintf(text, sizeof text, "%s", *reason);
    *reason = text;
    h->may_come = database_may_come(h->db);
    close_file(h);
    return false;
}

void history_failed(struct history *h, const char *what)
{
    if (!h->failing)
        log_at(LEVEL_ERROR, "", "history not written, records are lost", field_str("at", what),
               field_str("reason", h->db ? sqlite3_errmsg(h->db) : "it is not open"));
    h->failing = true;
    h->lost += h->pending;
    h->pending = 0;
    h->retry_at = clock_ms() + RETRY_MS;
    if (is_damage(h))
        set_aside(h);
    else
        close_file(h); /* rolls back */
}

/* ---- */

struct history *history_open(const char *path, const struct history_bounds *bounds,
                             const char **reason)
{
    struct history *h = calloc(1, sizeof *h);
    if (!h) {
        *reason = "out of memory";
        return NULL;
    }
    snprintf(h->path, sizeof h->path, "%s", path);
    h->bounds = *bounds;
    h->tidied_at = clock_ms() - TIDY_SELDOM_MS; /* the clock begins with the machine */
    h->arena = arena_new(ARENA_MAX);
    h->vocabularies = arena_new(ARENA_MAX);
    for (int i = 0; i < COLUMNS; i++)
        h->words[i] = buf_init(WORDS_MAX);
    h->again = buf_init(IPC_PAYLOAD_MAX);
    bool memory = h->arena && h->vocabularies;
    bool begun = memory && history_begin(h, reason);
    if (!memory)
        *reason = "out of memory";
    if (!begun && memory && h->may_come)
        history_failed(h, *reason);
    else if (!begun)
        history_close(&h);
    return h;
}

void history_close(struct history **history)
{
    struct history *h = *history;
    if (!h)
        return;
    history_commit(h);
    close_file(h);
    for (int i = 0; i < COLUMNS; i++)
        buf_release(&h->words[i]);
    buf_release(&h->again);
    arena_free(&h->arena);
    arena_free(&h->vocabularies);
    free(h);
    *history = NULL;
}
