/* SPDX-License-Identifier: ISC */
#include "keeper/database.h"

#include <stdio.h>

enum { WAIT_MS = 1000 };

bool database_run(sqlite3 *db, const char *text)
{
    return sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK;
}

/* The keeper is one thread, and asks SQLite for no statistics: locks and counts would cost a tenth. */
static void configure(void)
{
    static bool done;
    if (!done)
        done = sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) == SQLITE_OK &&
               sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK;
}

/* Who can write a whole page of it wrong must not make the reader run it: no triggers, no views. */
bool database_open(const char *path, enum database_sync sync, sqlite3 **db)
{
    configure();
    if (sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
        return false;
    sqlite3_busy_timeout(*db, WAIT_MS);
    sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(*db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return database_run(*db, sync == DATABASE_SOON ? "PRAGMA page_size = 16384"
                                                   : "PRAGMA page_size = 4096") &&
           database_run(*db, "PRAGMA auto_vacuum = INCREMENTAL") &&
           database_run(*db, "PRAGMA journal_mode = WAL") &&
           database_run(*db, sync == DATABASE_AT_ONCE ? "PRAGMA synchronous = FULL"
                                                      : "PRAGMA synchronous = NORMAL") &&
           database_run(*db, "PRAGMA foreign_keys = ON") &&
           database_run(*db, "PRAGMA temp_store = MEMORY") &&
           database_run(*db, "PRAGMA cache_size = -16384") &&
           database_run(*db, "PRAGMA secure_delete = ON") &&
           database_run(*db, "PRAGMA journal_size_limit = 16777216");
}

/* ---- the form ---- */

static int form_of(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    int form = -1;
    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        form = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return form;
}

/* False: what was begun is rolled back when it is closed, and why it failed stands in it. */
static bool bring_up(sqlite3 *db, int form, const char *const *migrations, int count)
{
    char number[64];
    snprintf(number, sizeof number, "PRAGMA user_version = %d", count);
    bool ok = database_run(db, "BEGIN EXCLUSIVE");
    for (; ok && form < count; form++)
        ok = database_run(db, migrations[form]);
    return ok && database_run(db, number) && database_run(db, "COMMIT");
}

/* Into the file itself: who looks for the form there without SQLite is a package that would be put in this one's place. */
static void write_out(sqlite3 *db)
{
    database_run(db, "PRAGMA wal_checkpoint(TRUNCATE)");
}

bool database_migrate(sqlite3 *db, const char *const *migrations, int count, const char **reason)
{
    static char text[128];
    int form = form_of(db);
    if (form > count) {
        snprintf(text, sizeof text, "its form is %d, and this program knows %d", form, count);
        *reason = text;
        return false;
    }
    bool ok = form == count || (form >= 0 && bring_up(db, form, migrations, count));
    if (!ok)
        *reason = sqlite3_errmsg(db);
    else if (form < count)
        write_out(db);
    return ok;
}

/* ---- statements ---- */

bool database_prepare(sqlite3 *db, const char *const *texts, sqlite3_stmt **statements,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sqlite3_prepare_v3(db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i], NULL) !=
            SQLITE_OK)
            return false;
    return true;
}

void database_finalize(sqlite3_stmt **statements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sqlite3_finalize(statements[i]);
        statements[i] = NULL;
    }
}

bool database_step(sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    return result == SQLITE_DONE || result == SQLITE_ROW;
}

void database_bind(sqlite3_stmt *statement, int at, struct slice text)
{
    sqlite3_bind_text64(statement, at, text.ptr ? text.ptr : "", text.len, SQLITE_STATIC,
                        SQLITE_UTF8);
}

void database_bind_octets(sqlite3_stmt *statement, int at, struct slice octets)
{
    sqlite3_bind_blob64(statement, at, octets.ptr ? octets.ptr : "", octets.len, SQLITE_STATIC);
}

struct slice database_text(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return (struct slice){text ? text : "", (size_t)sqlite3_column_bytes(statement, column)};
}

struct slice database_octets(sqlite3_stmt *statement, int column)
{
    const char *octets = sqlite3_column_blob(statement, column);
    return (struct slice){octets ? octets : "", (size_t)sqlite3_column_bytes(statement, column)};
}

bool database_failed(sqlite3 *db)
{
    int code = sqlite3_errcode(db) & 0xff;
    return code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE;
}

bool database_may_come(sqlite3 *db)
{
    int code = db ? sqlite3_errcode(db) & 0xff : SQLITE_IOERR;
    return code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_CANTOPEN ||
           code == SQLITE_BUSY;
}

static bool is_damage(int code)
{
    code &= 0xff;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

bool database_damaged(sqlite3 *db)
{
    return db && is_damage(sqlite3_errcode(db));
}

bool database_is_whole(sqlite3 *db)
{
    sqlite3_stmt *check = NULL;
    int result = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &check, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(check);
    bool whole = !is_damage(result) &&
                 (result != SQLITE_ROW || slice_eq(database_text(check, 0), SLICE("ok")));
    sqlite3_finalize(check);
    return whole;
}
