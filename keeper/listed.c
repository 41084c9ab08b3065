/* SPDX-License-Identifier: ISC */
#include "keeper/listed.h"

#include "keeper/database.h"
#include "keeper/forms.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LINE_ROOM = 1024, WRITE_AT_ONCE = 64 * 1024 };

static const char *const migrations[] = {
    "CREATE TABLE entry (number INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL,"
    " sender TEXT NOT NULL, scope TEXT NOT NULL, reason TEXT NOT NULL, author TEXT NOT NULL,"
    " added INTEGER NOT NULL, until INTEGER NOT NULL, UNIQUE (kind, scope, sender));",
};

FORM_FITS(LISTED, migrations);

#define ENTRIES "SELECT number, kind, sender, scope, reason, author, added, until FROM entry "

enum statement { ADD, GET, REMOVE, EACH, PRUNE, LINES, STATEMENTS };

static const char *const texts[STATEMENTS] = {
    [ADD] = "INSERT OR REPLACE INTO entry (kind, sender, scope, reason, author, added, until)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
    [GET] = ENTRIES "WHERE number = ?",
    [REMOVE] = "DELETE FROM entry WHERE number = ?",
    [EACH] = ENTRIES "WHERE number > ? ORDER BY number LIMIT ?",
    [PRUNE] = "DELETE FROM entry WHERE until > 0 AND until <= ?",
    /* As list_line makes it: in the order of its octets. */
    [LINES] = "SELECT CASE kind WHEN 0 THEN 'a' ELSE 'b' END || char(9) || scope || char(9) || "
              "sender AS line FROM entry ORDER BY line",
};

struct listed {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
};

struct listed *listed_open(const char *path, const char **reason)
{
    struct listed *l = calloc(1, sizeof *l);
    *reason = "out of memory";
    if (l && database_open(path, DATABASE_AT_ONCE, &l->db) &&
        database_migrate(l->db, migrations, FORM_LISTED, reason) &&
        database_prepare(l->db, texts, l->statements, STATEMENTS))
        return l;
    listed_close(&l);
    return NULL;
}

void listed_close(struct listed **listed)
{
    struct listed *l = *listed;
    if (!l)
        return;
    database_finalize(l->statements, STATEMENTS);
    sqlite3_close(l->db);
    free(l);
    *listed = NULL;
}

static bool failed(const struct listed *l, const char **reason)
{
    static char text[160];
    sqlite3_snprintf(sizeof text, text, "%s", sqlite3_errmsg(l->db));
    *reason = text;
    return false;
}

bool listed_add(struct listed *l, const struct list_entry *e, const char **reason)
{
    sqlite3_stmt *add = l->statements[ADD];
    sqlite3_bind_int(add, 1, (int)e->kind);
    database_bind(add, 2, e->sender);
    database_bind(add, 3, e->scope);
    database_bind(add, 4, e->reason);
    database_bind(add, 5, e->author);
    sqlite3_bind_int64(add, 6, e->added);
    sqlite3_bind_int64(add, 7, e->until);
    return database_step(add) || failed(l, reason);
}

static void read_entry(sqlite3_stmt *row, struct list_entry *e)
{
    *e = (struct list_entry){.number = (uint64_t)sqlite3_column_int64(row, 0),
                             .kind = sqlite3_column_int(row, 1) == LIST_ALLOWED ? LIST_ALLOWED
                                                                                : LIST_BLOCKED,
                             .sender = database_text(row, 2),
                             .scope = database_text(row, 3),
                             .reason = database_text(row, 4),
                             .author = database_text(row, 5),
                             .added = sqlite3_column_int64(row, 6),
                             .until = sqlite3_column_int64(row, 7)};
}

bool listed_get(struct listed *l, uint64_t number, struct list_entry *e)
{
    sqlite3_stmt *get = l->statements[GET];
    sqlite3_reset(get);
    sqlite3_bind_int64(get, 1, (int64_t)(number & INT64_MAX));
    bool there = sqlite3_step(get) == SQLITE_ROW;
    if (there)
        read_entry(get, e);
    return there;
}

bool listed_remove(struct listed *l, uint64_t number, const char **reason)
{
    sqlite3_reset(l->statements[GET]);
    sqlite3_bind_int64(l->statements[REMOVE], 1, (int64_t)(number & INT64_MAX));
    return database_step(l->statements[REMOVE]) || failed(l, reason);
}

bool listed_each(struct listed *l, uint64_t above, size_t most,
                 bool (*take)(void *ctx, const struct list_entry *entry), void *ctx,
                 const char **reason)
{
    sqlite3_stmt *each = l->statements[EACH];
    int result;
    sqlite3_bind_int64(each, 1, (int64_t)(above & INT64_MAX));
    sqlite3_bind_int64(each, 2, (int64_t)most);
    while ((result = sqlite3_step(each)) == SQLITE_ROW) {
        struct list_entry entry;
        read_entry(each, &entry);
        if (!take(ctx, &entry))
            break;
    }
    sqlite3_reset(each);
    return result == SQLITE_ROW || result == SQLITE_DONE || failed(l, reason);
}

bool listed_prune(struct listed *l, int64_t now)
{
    sqlite3_stmt *prune = l->statements[PRUNE];
    sqlite3_bind_int64(prune, 1, now);
    return database_step(prune) && sqlite3_changes(l->db) > 0;
}

/* ---- the table ---- */

static bool write_out(int file, struct buf *out)
{
    struct slice octets = buf_slice(out);
    bool ok = write(file, octets.ptr, octets.len) == (ssize_t)octets.len;
    buf_clear(out);
    return ok;
}

static bool write_lines(struct listed *l, int file)
{
    sqlite3_stmt *lines = l->statements[LINES];
    struct buf out = buf_init(WRITE_AT_ONCE + LINE_ROOM);
    int result;
    bool ok = true;
    while (ok && (result = sqlite3_step(lines)) == SQLITE_ROW) {
        buf_append(&out, database_text(lines, 0));
        buf_char(&out, '\n');
        ok = !out.failed && (buf_len(&out) < WRITE_AT_ONCE || write_out(file, &out));
    }
    sqlite3_reset(lines);
    ok = ok && result == SQLITE_DONE && write_out(file, &out);
    buf_release(&out);
    return ok;
}

int listed_table(struct listed *l)
{
    const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    int file = memfd_create("lists", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file >= 0 && write_lines(l, file) && fcntl(file, F_ADD_SEALS, seals) == 0)
        return file;
    if (file >= 0)
        close(file);
    return -1;
}
