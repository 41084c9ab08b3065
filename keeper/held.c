/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/log.h"
#include "keeper/forms.h"
#include "keeper/held_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RETRY_MS = 5000 };

/* Times are seconds since 1970. message.stored: octets of its container; 0: it is gone. claim: the
 * transactions that were told that a copy is held, each by its ticket. share: what the copies of a
 * domain that are not over take. */
static const char *const migrations[] = {
    "CREATE TABLE message (id INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL,"
    " sender TEXT NOT NULL, reference TEXT NOT NULL, arrived INTEGER NOT NULL,"
    " size INTEGER NOT NULL, octets INTEGER NOT NULL, stored INTEGER NOT NULL,"
    " client TEXT NOT NULL, author TEXT NOT NULL, subject TEXT NOT NULL,"
    " message_id TEXT NOT NULL, ret TEXT NOT NULL, envid TEXT NOT NULL, utf8 INTEGER NOT NULL,"
    " eight_bit INTEGER NOT NULL);"
    "CREATE INDEX message_digest ON message (digest, sender);"
    "CREATE INDEX message_reference ON message (reference);"
    "CREATE TABLE recipient (number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " message INTEGER NOT NULL REFERENCES message, address TEXT NOT NULL, notify TEXT NOT NULL,"
    " orcpt TEXT NOT NULL, domain TEXT NOT NULL, why TEXT NOT NULL, rule TEXT NOT NULL,"
    " state INTEGER NOT NULL, until INTEGER NOT NULL, due INTEGER NOT NULL DEFAULT 0,"
    " attempt INTEGER NOT NULL DEFAULT 0, begun INTEGER NOT NULL DEFAULT 0,"
    " era INTEGER NOT NULL DEFAULT 0, asked INTEGER NOT NULL DEFAULT 0,"
    " asker TEXT NOT NULL DEFAULT '', said TEXT NOT NULL DEFAULT '',"
    " wrongly INTEGER NOT NULL DEFAULT 0, claims INTEGER NOT NULL DEFAULT 1,"
    " copy INTEGER NOT NULL);"
    "CREATE INDEX recipient_message ON recipient (message);"
    "CREATE INDEX recipient_state ON recipient (state, due);"
    "CREATE INDEX recipient_until ON recipient (state, until);"
    "CREATE TABLE share (domain TEXT PRIMARY KEY, octets INTEGER NOT NULL) WITHOUT ROWID;",
    /* 2: who may withdraw a copy; and what is forgotten is found among much that is remembered. */
    "ALTER TABLE recipient ADD COLUMN ticket INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX message_gone ON message (arrived) WHERE stored = 0;",
    /* 3: each who was told of a copy. What was there stays, whoever is refused it. */
    "CREATE TABLE claim (ticket INTEGER NOT NULL, number INTEGER NOT NULL"
    " REFERENCES recipient ON DELETE CASCADE, PRIMARY KEY (ticket, number)) WITHOUT ROWID;"
    "CREATE INDEX claim_number ON claim (number);"
    "INSERT INTO claim SELECT -number, number FROM recipient WHERE state < 5;"
    "ALTER TABLE recipient DROP COLUMN claims;"
    "ALTER TABLE recipient DROP COLUMN ticket;",
};

FORM_FITS(HELD, migrations);
FORM_FITS(JOURNAL, migrations);

#define ENTRIES "SELECT " HELD_ENTRY_COLUMNS " FROM recipient r JOIN message m ON m.id = r.message "

static const char *const texts[HELD_STATEMENTS] = {
    [HELD_BEGIN] = "BEGIN IMMEDIATE",
    [HELD_COMMIT] = "COMMIT",
    [HELD_ROLLBACK] = "ROLLBACK",
    [HELD_SAME_MESSAGE] =
        "SELECT id, stored FROM message WHERE digest = ? AND sender = ? AND stored > 0 "
        "ORDER BY id DESC LIMIT 1",
    [HELD_SAME_RECIPIENT] =
        "SELECT r.number FROM message m JOIN recipient r ON r.message = m.id "
        "WHERE m.digest = ? AND m.sender = ? AND r.address = ? AND r.copy = ? AND"
        " (r.state < 5 OR (r.state = 5 AND r.asked > ?))"
        /* who was told 250 of what leaves sends another */
        " AND (r.copy = 0 OR NOT EXISTS (SELECT 1 FROM claim c WHERE c.number = r.number)) LIMIT 1",
    [HELD_CLAIM] = "INSERT OR IGNORE INTO claim VALUES (?, ?)",
    [HELD_PUT_OFF] = "DELETE FROM claim WHERE ticket = ?",
    [HELD_ADD_MESSAGE] =
        "INSERT INTO message (digest, sender, reference, arrived, size, octets, stored, client,"
        " author, subject, message_id, ret, envid, utf8, eight_bit)"
        " VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)",
    [HELD_STORED] = "UPDATE message SET stored = ? WHERE id = ?",
    [HELD_ADD_RECIPIENT] =
        "INSERT INTO recipient (message, address, notify, orcpt, domain, why, rule, state, until,"
        " due, asked, copy) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [HELD_SHARE] = "SELECT octets FROM share WHERE domain = ?",
    [HELD_ADD_SHARE] = "INSERT INTO share VALUES (?1, ?2) ON CONFLICT (domain) DO UPDATE "
                       "SET octets = max(0, octets + ?2)",
    [HELD_UNCLAIMED] =
        "SELECT c.number FROM claim c JOIN recipient r ON r.number = c.number WHERE c.ticket = ?"
        " AND (r.state = 1 OR (r.state = 2 AND r.copy = 1)) AND NOT EXISTS"
        " (SELECT 1 FROM claim o WHERE o.number = c.number AND o.ticket <> c.ticket) LIMIT 1",
    [HELD_ENTRY] = ENTRIES "WHERE r.number = ?",
    [HELD_SET] = "UPDATE recipient SET state = ?, due = ?, asked = ?, until = ?, attempt = ?,"
                 " begun = ?, era = ?, asker = ?, said = ? WHERE number = ?"
                 " RETURNING message, domain",
    [HELD_MARK] = "UPDATE recipient SET wrongly = 1 WHERE number = ?",
    [HELD_OPEN_COUNT] = "SELECT count(*), (SELECT stored FROM message WHERE id = ?1)"
                        " FROM recipient WHERE message = ?1 AND state < 5",
    [HELD_DUE] = "SELECT number FROM recipient WHERE state = 2 AND due <= ? ORDER BY due LIMIT 1",
    [HELD_LOST] = "SELECT number, begun OR era <> ?1 FROM recipient"
                  " WHERE state = 3 AND (due <= ?2 OR era <> ?1) LIMIT 20",
    [HELD_CALL_BACK] = "UPDATE recipient SET state = 2, due = ? WHERE state = 3 AND begun = 0",
    [HELD_OVER] = "SELECT number FROM recipient WHERE state IN (1, 4) AND until <= ? LIMIT 20",
    [HELD_FORGOTTEN] = "SELECT id FROM message WHERE stored = 0 AND arrived <= ? LIMIT 20",
    [HELD_DROP_RECIPIENTS] = "DELETE FROM recipient WHERE message = ?",
    [HELD_DROP_MESSAGE] = "DELETE FROM message WHERE id = ?",
    [HELD_OF] = "SELECT r.number FROM recipient r JOIN message m ON m.id = r.message"
                " WHERE r.state >= 5 AND (lower(r.address) = lower(?1) OR"
                " lower(m.sender) = lower(?1) OR lower(m.author) = lower(?1)) LIMIT 500",
    [HELD_DROP_COPY] = "DELETE FROM recipient WHERE number = ?",
    [HELD_DROP_BARE] = "DELETE FROM message WHERE stored = 0 AND NOT EXISTS"
                       " (SELECT 1 FROM recipient r WHERE r.message = message.id)",
    [HELD_COUNT] = "SELECT count(*) FROM recipient WHERE state = ?",
    [HELD_OLDEST] = "SELECT min(m.arrived) FROM recipient r JOIN message m ON m.id = r.message "
                    "WHERE r.state = 1",
    [HELD_OCTETS] = "SELECT coalesce(sum(stored), 0) FROM message",
    [HELD_KNOWN] = "SELECT 1 FROM message WHERE id = ? AND stored > 0",
    [HELD_LAST] = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'message'",
    [HELD_SHRINK] = "PRAGMA incremental_vacuum(100)",
};

/* ---- opening ---- */

static void close_files(struct held *h)
{
    database_finalize(h->statements, HELD_STATEMENTS);
    sqlite3_close(h->db);
    h->db = NULL;
    h->changing = false;
}

static bool read_octets(struct held *h)
{
    sqlite3_stmt *octets = held_statement(h, HELD_OCTETS);
    bool ok = sqlite3_step(octets) == SQLITE_ROW;
    h->octets = ok ? (uint64_t)sqlite3_column_int64(octets, 0) : 0;
    sqlite3_reset(octets);
    return ok;
}

static bool open_files(struct held *h, const char **reason)
{
    char path[PATH_MAX + 16];
    *reason = "";
    bool made = mkdir(h->folder, 0700) == 0;
    if (made ? !held_sync_above(h) : errno != EEXIST) {
        *reason = strerror(errno);
        return false;
    }
    snprintf(path, sizeof path, "%s/held.db", h->folder);
    bool ok = database_open(path, DATABASE_AT_ONCE, &h->db) &&
              database_migrate(h->db, migrations, FORM_HELD, reason) &&
              database_prepare(h->db, texts, h->statements, HELD_STATEMENTS) && read_octets(h);
    if (!ok && !**reason)
        *reason = h->db ? sqlite3_errmsg(h->db) : "out of memory";
    if (ok)
        held_remove_orphans(h);
    return ok;
}

/* With its containers, which are worth more than the database: nothing is thrown away. False: it is
 * still there. */
static bool set_aside(struct held *h)
{
    char aside[PATH_MAX + 48];
    snprintf(aside, sizeof aside, "%s.damaged-%lld", h->folder, (long long)clock_wall());
    close_files(h);
    bool moved = rename(h->folder, aside) == 0;
    log_at(LEVEL_ERROR, "", "what is held is damaged and set aside, it is begun anew",
           field_str("folder", aside), field_str("reason", moved ? "" : strerror(errno)));
    return moved;
}

static bool begin_files(struct held *h, const char **reason)
{
    *reason = "containers without a database";
    if (held_is_headless(h) && !set_aside(h)) {
        h->may_come = true;
        return false;
    }
    if (open_files(h, reason))
        return true;
    if (database_damaged(h->db) && set_aside(h) && open_files(h, reason))
        return true;
    static char text[256];
    snprintf(text, sizeof text, "%s", *reason);
    *reason = text;
    h->may_come = database_may_come(h->db);
    close_files(h);
    return false;
}

struct held *held_open(const char *folder, uint64_t size, uint64_t era, const char **reason)
{
    struct held *h = calloc(1, sizeof *h);
    *reason = "out of memory";
    if (!h)
        return NULL;
    snprintf(h->folder, sizeof h->folder, "%s", folder);
    h->size = size;
    h->era = era & INT64_MAX;
    bool begun = begin_files(h, reason);
    if (!begun && h->may_come)
        held_failed(h, *reason);
    else if (!begun)
        held_close(&h);
    return h;
}

void held_close(struct held **held)
{
    struct held *h = *held;
    if (!h)
        return;
    if (h->db)
        held_commit(h);
    close_files(h);
    free(h->gone.items);
    free(h->made.items);
    free(h);
    *held = NULL;
}

void held_seal_to(struct held *h, const struct seal_key *key)
{
    h->key = *key;
    h->has_key = true;
}

/* ---- changes ---- */

bool held_ready(struct held *h)
{
    const char *reason;
    if (h->db)
        return true;
    if (h->retry_at > clock_ms())
        return false;
    if (begin_files(h, &reason)) {
        log_at(LEVEL_INFO, "", "messages are held again");
        h->failing = false;
        return true;
    }
    held_failed(h, reason);
    return false;
}

bool held_begin(struct held *h)
{
    if (h->changing)
        return true;
    if (h->lost || !held_ready(h))
        return false;
    h->changing = database_step(held_statement(h, HELD_BEGIN));
    if (!h->changing)
        held_failed(h, "begin");
    return h->changing;
}

/* A change whose end the disk would not tell may count all the same: its containers stay, until it is
 * seen at the next opening what belongs to nothing. */
static void undo_files(struct held *h)
{
    bool certain = !h->db || (sqlite3_errcode(h->db) & 0xff) != SQLITE_IOERR;
    for (size_t i = 0; certain && i < h->made.count; i++)
        held_remove(h, h->made.items[i]);
    h->made.count = h->gone.count = 0;
}

/* What failed may have been noticed long before its end. */
static bool is_damaged(struct held *h)
{
    int code = h->db ? sqlite3_errcode(h->db) & 0xff : SQLITE_IOERR;
    bool other = code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_NOMEM;
    return database_damaged(h->db) || (!other && !database_is_whole(h->db));
}

void held_failed(struct held *h, const char *what)
{
    if (!h->failing)
        log_at(LEVEL_ERROR, "", "nothing can be held", field_str("at", what),
               field_str("reason", h->db ? sqlite3_errmsg(h->db) : "it is not open"));
    h->failing = true;
    h->lost = h->lost || h->changing;
    h->retry_at = clock_ms() + RETRY_MS;
    bool damaged = is_damaged(h);
    undo_files(h);
    if (damaged)
        set_aside(h);
    else
        close_files(h); /* rolls back */
}

/* A name may outlive its file for a while, which hurts nobody: it is an orphan then. */
static void remove_gone(struct held *h)
{
    for (size_t i = 0; i < h->gone.count; i++)
        held_remove(h, h->gone.items[i]);
    h->gone.count = h->made.count = 0;
}

bool held_commit(struct held *h)
{
    if (h->lost) {
        h->lost = false;
        return false;
    }
    if (!h->changing)
        return held_ready(h);
    bool ok = (h->made.count == 0 || held_sync_folder(h)) &&
              database_step(held_statement(h, HELD_COMMIT));
    if (!ok) {
        held_failed(h, "commit");
        h->lost = false; /* it is told now */
        return false;
    }
    h->changing = h->failing = false;
    remove_gone(h);
    return true;
}

/* ---- counts ---- */

static uint64_t number_of(sqlite3_stmt *statement)
{
    uint64_t number =
        sqlite3_step(statement) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return number;
}

static uint64_t count_of(struct held *h, enum held_state state)
{
    sqlite3_bind_int(held_statement(h, HELD_COUNT), 1, (int)state);
    return number_of(held_statement(h, HELD_COUNT));
}

uint64_t held_away(struct held *h)
{
    return held_ready(h) ? count_of(h, HELD_AWAY) : 0;
}

struct held_counts held_counts(struct held *h)
{
    struct held_counts counts = {.octets = h->octets, .size = h->size};
    counts.trouble = h->failing ? "the disk or the database fails" : NULL;
    if (!held_ready(h))
        return counts;
    counts.waiting = count_of(h, HELD_WAITING);
    counts.leaving = count_of(h, HELD_LEAVING) + count_of(h, HELD_AWAY);
    counts.doubted = count_of(h, HELD_DOUBTED);
    counts.oldest = (int64_t)number_of(held_statement(h, HELD_OLDEST));
    return counts;
}
