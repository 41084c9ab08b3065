/* SPDX-License-Identifier: ISC
 * A SQLite database with one writer, prepared statements, and a form that later versions bring up
 * to date. */
#ifndef KEEPER_DATABASE_H
#define KEEPER_DATABASE_H

#include "base/slice.h"

#include <sqlite3.h>

/* When what was committed is on the disk: at once, or at the next checkpoint. In one that is in no
 * hurry much comes behind each other, and large pages take it with less ado. */
enum database_sync { DATABASE_SOON, DATABASE_AT_ONCE };

/* Opens or makes it: the caller's, also when it failed. */
bool database_open(const char *path, enum database_sync sync, sqlite3 **db);

bool database_run(sqlite3 *db, const char *text);

/* How many of `migrations` it has had: each brings the form before it up to date. The rest is done
 * now. False with *reason: it fails, or a later version has made it. */
bool database_migrate(sqlite3 *db, const char *const *migrations, int count, const char **reason);

/* False: what it needs is not there. Statements are the caller's; NULL is fine to finalize. */
bool database_prepare(sqlite3 *db, const char *const *texts, sqlite3_stmt **statements,
                      size_t count);
void database_finalize(sqlite3_stmt **statements, size_t count);

/* Runs a statement that gives nothing, and lets go of it. */
bool database_step(sqlite3_stmt *statement);

/* The texts and octets must live until the statement is reset. */
void database_bind(sqlite3_stmt *statement, int at, struct slice text);
void database_bind_octets(sqlite3_stmt *statement, int at, struct slice octets);

/* Of a row; valid until the next step. */
struct slice database_text(sqlite3_stmt *statement, int column);
struct slice database_octets(sqlite3_stmt *statement, int column);

/* Whether the last call failed: for whatever reason, and because the file is not as it should be. */
bool database_failed(sqlite3 *db);
bool database_damaged(sqlite3 *db);
/* One that could not be opened may be later: it is the disk that does not serve. */
bool database_may_come(sqlite3 *db);

/* Looks at all of it. False: it is not as it should be. */
bool database_is_whole(sqlite3 *db);

#endif
