/* SPDX-License-Identifier: ISC */
#include "keeper/opinions.h"

#include "base/clock.h"
#include "base/log.h"
#include "common/redis_breaker.h"
#include "keeper/account_digest.h"
#include "keeper/database.h"
#include "keeper/forms.h"
#include "keeper/personal.h"

#include <stdlib.h>
#include <string.h>

enum {
    OF_ONE_ACCOUNT = 1000, /* so that nobody's are pushed out by another's */
    OF_ALL = 500000,
    AGE = 180 * 86400, /* seconds */
};

static const char *const migrations[] = {
    "CREATE TABLE opinion (number INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,"
    " message BLOB NOT NULL, reference TEXT NOT NULL, junk INTEGER NOT NULL, how INTEGER NOT NULL,"
    " time INTEGER NOT NULL, UNIQUE (account, message));"
    "CREATE INDEX opinion_account ON opinion (account, number);"
    "CREATE INDEX opinion_time ON opinion (time);",
};

FORM_FITS(OPINIONS, migrations);

enum statement { ADD, CAP, EACH, FORGET, AGED, MANY, STATEMENTS };

static const char *const texts[STATEMENTS] = {
    [ADD] = "INSERT OR REPLACE INTO opinion (account, message, reference, junk, how, time)"
            " VALUES (?, ?, ?, ?, ?, ?)",
    [CAP] = "DELETE FROM opinion WHERE account = ?1 AND number <= (SELECT number FROM opinion"
            " WHERE account = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
    [EACH] = "SELECT number, account, message, reference, junk, how, time FROM opinion"
             " WHERE number > ?1 AND ?2 IN ('', account) ORDER BY number LIMIT ?3",
    [FORGET] = "DELETE FROM opinion WHERE account = ?",
    [AGED] = "DELETE FROM opinion WHERE time < ?",
    [MANY] = "DELETE FROM opinion WHERE number <= (SELECT max(number) FROM opinion) - ?",
};

struct opinions {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    uint64_t key[2];
    struct complaint lost;
};

struct opinions *opinions_open(const char **reason)
{
    struct opinions *o = calloc(1, sizeof *o);
    *reason = "out of memory";
    if (o && personal_key("opinions.key", o->key, reason) &&
        database_open("opinions.db", DATABASE_SOON, &o->db) &&
        database_migrate(o->db, migrations, FORM_OPINIONS, reason) &&
        database_prepare(o->db, texts, o->statements, STATEMENTS))
        return o;
    opinions_close(&o);
    return NULL;
}

void opinions_close(struct opinions **opinions)
{
    struct opinions *o = *opinions;
    if (!o)
        return;
    database_finalize(o->statements, STATEMENTS);
    sqlite3_close(o->db);
    free(o);
    *opinions = NULL;
}

static const char *trouble(const struct opinions *o)
{
    static char text[160];
    sqlite3_snprintf(sizeof text, text, "%s", sqlite3_errmsg(o->db));
    return text;
}

/* ---- written ---- */

static bool cap(struct opinions *o, struct slice account)
{
    sqlite3_stmt *statement = o->statements[CAP];
    database_bind(statement, 1, account);
    sqlite3_bind_int(statement, 2, OF_ONE_ACCOUNT);
    return database_step(statement);
}

static bool add(struct opinions *o, const struct opinion *opinion, int64_t now)
{
    sqlite3_stmt *statement = o->statements[ADD];
    char account[ACCOUNT_DIGEST];
    if (!account_digest(o->key, opinion->account, account))
        return false;
    database_bind(statement, 1, slice_of(account));
    database_bind_octets(statement, 2,
                         (struct slice){(const char *)opinion->message, OPINION_MESSAGE});
    database_bind(statement, 3, opinion->reference);
    sqlite3_bind_int(statement, 4, opinion->junk);
    sqlite3_bind_int(statement, 5, (int)opinion->how);
    sqlite3_bind_int64(statement, 6, now);
    return database_step(statement) && cap(o, slice_of(account));
}

void opinions_take(struct opinions *o, struct slice packet, int64_t now)
{
    struct unpack in = {.left = packet};
    struct opinion opinion;
    uint64_t times;
    const char *reason = database_run(o->db, "BEGIN") ? NULL : trouble(o);
    while (!reason && in.left.len) {
        if (!opinion_unpack(unpack_slice(&in), &opinion))
            reason = "they cannot be read";
        else if (!add(o, &opinion, now))
            reason = trouble(o);
    }
    if (!database_run(o->db, reason ? "ROLLBACK" : "COMMIT") && !reason)
        reason = trouble(o);
    if (reason && complaint_due(&o->lost, clock_ms(), &times))
        log_at(LEVEL_ERROR, "", "opinions of users are lost", field_str("reason", reason));
}

/* ---- read ---- */

static bool read_row(sqlite3_stmt *row, struct opinion *out)
{
    struct slice message = database_octets(row, 2);
    *out = (struct opinion){.number = (uint64_t)sqlite3_column_int64(row, 0),
                            .account = database_text(row, 1),
                            .reference = database_text(row, 3),
                            .junk = sqlite3_column_int(row, 4),
                            .how = (enum opinion_how)sqlite3_column_int(row, 5),
                            .time = sqlite3_column_int64(row, 6)};
    if (message.len != OPINION_MESSAGE || out->how >= OPINION_HOWS)
        return false;
    memcpy(out->message, message.ptr, OPINION_MESSAGE);
    return true;
}

bool opinions_each(struct opinions *o, struct slice address, uint64_t above, size_t most,
                   bool (*take)(void *ctx, const struct opinion *opinion), void *ctx,
                   const char **reason)
{
    sqlite3_stmt *each = o->statements[EACH];
    struct opinion opinion;
    char account[ACCOUNT_DIGEST] = "";
    int result;
    if (address.len && !account_digest(o->key, address, account))
        return true;
    sqlite3_bind_int64(each, 1, (int64_t)(above & INT64_MAX));
    database_bind(each, 2, slice_of(account));
    sqlite3_bind_int64(each, 3, (int64_t)most);
    while ((result = sqlite3_step(each)) == SQLITE_ROW)
        if (read_row(each, &opinion) && !take(ctx, &opinion))
            break;
    bool ok = result == SQLITE_ROW || result == SQLITE_DONE;
    *reason = ok ? NULL : trouble(o);
    sqlite3_reset(each);
    return ok;
}

/* ---- taken out ---- */

int64_t opinions_forget(struct opinions *o, struct slice address, const char **reason)
{
    sqlite3_stmt *forget = o->statements[FORGET];
    char account[ACCOUNT_DIGEST];
    if (!account_digest(o->key, address, account))
        return 0;
    database_bind(forget, 1, slice_of(account));
    bool ok = database_step(forget);
    int64_t removed = ok ? sqlite3_changes(o->db) : -1;
    if (removed > 0 && !database_run(o->db, "PRAGMA wal_checkpoint(TRUNCATE)"))
        removed = -1;
    if (removed < 0)
        *reason = trouble(o);
    return removed;
}

void opinions_prune(struct opinions *o, int64_t now)
{
    sqlite3_bind_int64(o->statements[AGED], 1, now - AGE);
    sqlite3_bind_int(o->statements[MANY], 1, OF_ALL);
    database_step(o->statements[AGED]);
    database_step(o->statements[MANY]);
}
