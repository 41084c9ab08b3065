/* SPDX-License-Identifier: ISC */
#include "keeper/labels_internal.h"

#include <string.h>

enum { DAY = 86400 /* seconds */ };

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
static int64_t removed_by(struct labels *l, enum labels_statement statement)
{
    return database_step(l->statements[statement]) ? sqlite3_changes(l->db) : -1;
}

/* How many of each, those that wait to be labels being in no model; false: it failed. Other gateways are told
 * of it as well. */
static bool remove_in(struct labels *l, enum learn_forget what, struct slice which, int64_t *labels,
                      int64_t *pending)
{
    if (!database_run(l->db, "BEGIN IMMEDIATE"))
        return false;
    bool told = labels_shared_forget(l, what, which);
    *labels = told ? removed_by(l, LABELS_FORGET + what) : -1;
    *pending = removed_by(l, LABELS_PENDING + what);
    bool ok = *labels >= 0 && *pending >= 0 &&
              (*labels == 0 || (labels_note_changes(l, (uint64_t)*labels) &&
                                database_run(l->db, "UPDATE state SET forgotten = 1")));
    if (!ok || !database_run(l->db, "COMMIT")) {
        database_run(l->db, "ROLLBACK");
        return false;
    }
    l->state.changes += (uint64_t)*labels;
    if (*labels)
        labels_note_forgotten(l);
    return true;
}

void labels_note_forgotten(struct labels *l)
{
    l->state.forgotten = true;
    l->forgets++;
}

uint64_t labels_forgets(const struct labels *l)
{
    return l->forgets;
}

/* What an older write-ahead log still holds goes with it. */
static int64_t forget(struct labels *l, enum learn_forget what, struct slice which,
                      const char **reason)
{
    int64_t labels, pending;
    if (remove_in(l, what, which, &labels, &pending) &&
        (labels + pending == 0 || database_run(l->db, "PRAGMA wal_checkpoint(TRUNCATE)")))
        return labels + pending;
    labels_failed(l, reason);
    return -1;
}

/* What he is called now, and what he is where labels are shared, or are not. */
static bool names_of(const struct labels *l, struct slice address, char now[static ACCOUNT_DIGEST],
                     char other[static ACCOUNT_DIGEST])
{
    if (!labels_account(l, address, now))
        return false;
    memcpy(other, now, ACCOUNT_DIGEST);
    return address.len == 0 || !l->shared.known ||
           account_digest(l->shared.on ? l->key : l->shared.keys.accounts, address, other);
}

int64_t labels_forget(struct labels *l, enum learn_forget what, struct slice which,
                      const char **reason)
{
    sqlite3_stmt *const both[] = {l->statements[LABELS_FORGET + what],
                                  l->statements[LABELS_PENDING + what]};
    char account[ACCOUNT_DIGEST], other[ACCOUNT_DIGEST], message[LABEL_MESSAGE];
    enum label_how how;
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    *reason = "there is no such way to name labels";
    if (what == LEARN_FORGET_ACCOUNT && labels_shared_await_names(l)) {
        *reason = LABELS_NO_NAMES;
        return -1;
    }
    if (what == LEARN_FORGET_ACCOUNT && names_of(l, which, account, other)) {
        for (size_t i = 0; i < 2; i++) {
            database_bind(both[i], 1, slice_of(account));
            database_bind(both[i], 2, slice_of(other));
        }
        return forget(l, what, slice_of(account), reason);
    }
    if (what == LEARN_FORGET_MESSAGE && message_of(which, message)) {
        struct slice octets = {message, sizeof message};
        for (size_t i = 0; i < 2; i++)
            database_bind_octets(both[i], 1, octets);
        return forget(l, what, octets, reason);
    }
    if (what == LEARN_FORGET_HOW && label_how_of(which, &how)) {
        for (size_t i = 0; i < 2; i++)
            sqlite3_bind_int(both[i], 1, (int)how);
        return forget(l, what, which, reason);
    }
    if (what == LEARN_FORGET_REFERENCE && which.len) {
        for (size_t i = 0; i < 2; i++)
            database_bind(both[i], 1, which);
        return forget(l, what, which, reason);
    }
    return what == LEARN_FORGET_ALL && which.len == 0 ? forget(l, what, which, reason) : -1;
}

/* ---- what is old, or too much ---- */

/* How many; 0 also where it failed, which the next time mends. */
static uint64_t take_out(struct labels *l, enum labels_statement statement, int64_t bound)
{
    sqlite3_bind_int64(l->statements[statement], 1, bound);
    int64_t removed = removed_by(l, statement);
    return removed > 0 ? (uint64_t)removed : 0;
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

static uint64_t take_out_all(struct labels *l, int64_t now)
{
    int64_t most = (int64_t)l->bounds.count;
    uint64_t removed = take_out(l, LABELS_AGED, now - l->bounds.age);
    take_out(l, LABELS_SAID_BEFORE, now - DAY);
    if (are_too_many(l))
        removed += take_out(l, LABELS_MANY_OF_USERS, most) + take_out(l, LABELS_MANY, most);
    return removed;
}

/* It lives on in the model until that is built anew. */
void labels_prune(struct labels *l, int64_t now)
{
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    labels_answerable_prune(l, now);
    if (!database_run(l->db, "BEGIN IMMEDIATE"))
        return;
    uint64_t removed = take_out_all(l, now);
    if ((removed == 0 || labels_note_changes(l, removed)) && database_run(l->db, "COMMIT"))
        l->state.changes += removed;
    else
        database_run(l->db, "ROLLBACK");
}
