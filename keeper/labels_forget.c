/* SPDX-License-Identifier: ISC */
#include "keeper/labels_internal.h"

#include <string.h>

/* A digest as octets, or in hex. */
static bool message_of(struct slice which, char out[static LABEL_MESSAGE])
{
    if (which.len == LABEL_MESSAGE) {
        memcpy(out, which.ptr, LABEL_MESSAGE);
        return true;
    }
    bool hex = which.len == 2 * (size_t)LABEL_MESSAGE;
    for (size_t i = 0; hex && i < LABEL_MESSAGE; i++) {
        int high = hex_digit(which.ptr[2 * i]), low = hex_digit(which.ptr[2 * i + 1]);
        hex = high >= 0 && low >= 0;
        out[i] = (char)((unsigned)high << 4 | (unsigned)low);
    }
    return hex;
}

/* How many; -1: it failed. */
static int64_t remove_in(struct labels *l, sqlite3_stmt *statement)
{
    int64_t removed = -1;
    if (database_run(l->db, "BEGIN IMMEDIATE")) {
        bool ok = database_step(statement);
        removed = ok ? sqlite3_changes(l->db) : -1;
        ok = ok && (removed == 0 || (labels_note_changes(l, (uint64_t)removed) &&
                                     database_run(l->db, "UPDATE state SET forgotten = 1")));
        if (!ok || !database_run(l->db, "COMMIT")) {
            database_run(l->db, "ROLLBACK");
            removed = -1;
        }
    }
    if (removed > 0) {
        l->state.changes += (uint64_t)removed;
        l->state.forgotten = true;
    }
    return removed;
}

/* What an older write-ahead log still holds goes with it. */
static int64_t forget(struct labels *l, enum learn_forget what, const char **reason)
{
    int64_t removed = remove_in(l, l->statements[LABELS_FORGET + what]);
    if (removed > 0 && !database_run(l->db, "PRAGMA wal_checkpoint(TRUNCATE)"))
        removed = -1;
    if (removed < 0)
        labels_failed(l, reason);
    return removed;
}

int64_t labels_forget(struct labels *l, enum learn_forget what, struct slice which,
                      const char **reason)
{
    sqlite3_stmt *statement = l->statements[LABELS_FORGET + what];
    char account[ACCOUNT_DIGEST], message[LABEL_MESSAGE];
    enum label_how how;
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    *reason = "there is no such way to name labels";
    if (what == LEARN_FORGET_ACCOUNT && labels_account(l, which, account)) {
        database_bind(statement, 1, slice_of(account));
        return forget(l, what, reason);
    }
    if (what == LEARN_FORGET_MESSAGE && message_of(which, message)) {
        database_bind_octets(statement, 1, (struct slice){message, sizeof message});
        return forget(l, what, reason);
    }
    if (what == LEARN_FORGET_HOW && label_how_of(which, &how)) {
        sqlite3_bind_int(statement, 1, (int)how);
        return forget(l, what, reason);
    }
    if (what == LEARN_FORGET_REFERENCE && which.len) {
        database_bind(statement, 1, which);
        return forget(l, what, reason);
    }
    return what == LEARN_FORGET_ALL && which.len == 0 ? forget(l, what, reason) : -1;
}

static void take_out(struct labels *l, enum labels_statement statement, int64_t bound)
{
    sqlite3_bind_int64(l->statements[statement], 1, bound);
    database_step(l->statements[statement]);
}

/* To find the oldest of too many costs more. */
static bool are_too_many(struct labels *l)
{
    sqlite3_stmt *get = l->statements[LABELS_COUNT];
    bool are =
        sqlite3_step(get) == SQLITE_ROW && (uint64_t)sqlite3_column_int64(get, 0) > l->bounds.count;
    sqlite3_reset(get);
    return are;
}

void labels_prune(struct labels *l, int64_t now)
{
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    take_out(l, LABELS_AGED, now - l->bounds.age);
    if (!are_too_many(l))
        return;
    take_out(l, LABELS_MANY_OF_USERS, (int64_t)l->bounds.count);
    take_out(l, LABELS_MANY, (int64_t)l->bounds.count);
}
