/* SPDX-License-Identifier: ISC
 * What users have read, and leave where it is: after some time that is a label, of who uses Junk. Few a user and
 * day, so that good mail does not swamp what people say. */
#include "base/siphash.h"
#include "common/left.h"
#include "keeper/labels_internal.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    OF_ONE_DAY = 5,
    OF_ONE_ACCOUNT = 100, /* labels: the rest of his room is for what he says */
    SHARE = 10,           /* as many may wait as this part of the labels */
    AT_ONCE = 1000,
    MAILBOX = 17, /* octets in hex, with a NUL */
};

/* A keyed digest of its name. */
static void mailbox_of(const struct labels *l, struct slice name, char out[static MAILBOX])
{
    struct slice inbox = SLICE("INBOX");
    snprintf(out, MAILBOX, "%016" PRIx64, siphash(l->key, slice_ieq(name, inbox) ? inbox : name));
}

/* ---- read ---- */

static bool is_labelled(struct labels *l, const char *account, const struct label *label)
{
    sqlite3_stmt *find = l->statements[LABELS_FIND];
    labels_bind_name(find, account, label);
    bool is = sqlite3_step(find) == SQLITE_ROW;
    sqlite3_reset(find);
    return is;
}

/* It waits already, and lies here now. */
static bool waits(struct labels *l, const char *account, const struct left_read *read,
                  const char *mailbox)
{
    sqlite3_stmt *again = l->statements[LABELS_LEFT_AGAIN];
    labels_bind_name(again, account, &read->label);
    database_bind(again, 3, slice_of(mailbox));
    sqlite3_bind_int64(again, 4, read->uid);
    return database_step(again) && sqlite3_changes(l->db) > 0;
}

static bool are_enough(struct labels *l, const char *account, int64_t now)
{
    char whose[sizeof "left " + ACCOUNT_DIGEST];
    snprintf(whose, sizeof whose, "left %s", account);
    return labels_said(l, slice_of(whose), now) > OF_ONE_DAY;
}

static bool add(struct labels *l, const char *account, const struct left_read *read,
                const char *mailbox, int64_t now, const char **reason)
{
    sqlite3_stmt *statement = l->statements[LABELS_LEFT_ADD];
    char room[LEARN_SEALED_MOST];
    struct slice sealed = labels_sealed(l, read->label.vector, room, reason);
    if (!sealed.ptr)
        return false;
    labels_bind_name(statement, account, &read->label);
    database_bind(statement, 3, slice_of(mailbox));
    sqlite3_bind_int64(statement, 4, read->uid);
    database_bind(statement, 5, read->label.reference);
    sqlite3_bind_int64(statement, 6, now);
    database_bind_octets(statement, 7, (struct slice){(const char *)l->seal.id, SEAL_KEY_ID});
    database_bind_octets(statement, 8, sealed);
    return database_step(statement) || labels_failed(l, reason);
}

static bool cut(struct labels *l, const char **reason)
{
    sqlite3_stmt *many = l->statements[LABELS_LEFT_MANY];
    sqlite3_bind_int64(many, 1, (int64_t)(l->bounds.count / SHARE));
    return database_step(many) || labels_failed(l, reason);
}

bool labels_read(struct labels *l, struct slice packet, int64_t now, const char **reason)
{
    char account[ACCOUNT_DIGEST], mailbox[MAILBOX];
    struct left_read read;
    *reason = l->seals ? "it cannot be read" : "gatepost-learn has not told its key";
    if (!l->seals || !left_read_unpack(packet, &read) ||
        !labels_account(l, read.label.account, account))
        return false;
    mailbox_of(l, read.mailbox, mailbox);
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    if (l->bounds.left == 0 || is_labelled(l, account, &read.label) ||
        waits(l, account, &read, mailbox) || are_enough(l, account, now))
        return true;
    return add(l, account, &read, mailbox, now, reason) && cut(l, reason);
}

/* ---- gone ---- */

bool labels_gone(struct labels *l, struct slice packet, const char **reason)
{
    char account[ACCOUNT_DIGEST], mailbox[MAILBOX];
    struct left_gone gone;
    sqlite3_stmt *statement = l->statements[LABELS_LEFT_GONE];
    *reason = "it cannot be read";
    if (!left_gone_unpack(packet, &gone) || !labels_account(l, gone.account, account))
        return false;
    mailbox_of(l, gone.mailbox, mailbox);
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    database_bind(statement, 1, slice_of(account));
    database_bind(statement, 2, slice_of(mailbox));
    for (size_t i = 0; i < gone.count; i++) {
        sqlite3_bind_int64(statement, 3, gone.ranges[i].from);
        sqlite3_bind_int64(statement, 4, gone.ranges[i].to);
        if (!database_step(statement))
            return labels_failed(l, reason);
    }
    return true;
}

/* ---- ripe ---- */

struct ripe {
    int64_t number;
    char account[ACCOUNT_DIGEST];
};

static size_t find_ripe(struct labels *l, int64_t now, struct ripe *out)
{
    sqlite3_stmt *each = l->statements[LABELS_LEFT_RIPE];
    size_t count = 0;
    sqlite3_bind_int64(each, 1, now - l->bounds.left);
    sqlite3_bind_int64(each, 2, now);
    sqlite3_bind_int64(each, 3, AT_ONCE);
    while (count < AT_ONCE && sqlite3_step(each) == SQLITE_ROW) {
        out[count].number = sqlite3_column_int64(each, 0);
        slice_to_text(database_text(each, 1), out[count++].account, ACCOUNT_DIGEST);
    }
    sqlite3_reset(each);
    return count;
}

/* False: it failed. */
static bool ripen(struct labels *l, const struct ripe *ripe, int64_t now, uint64_t *count)
{
    sqlite3_stmt *label = l->statements[LABELS_LEFT_LABEL], *over = l->statements[LABELS_LEFT_OVER];
    sqlite3_bind_int64(label, 1, ripe->number);
    sqlite3_bind_int64(label, 2, now);
    sqlite3_bind_int64(label, 3, now - l->bounds.age);
    if (!database_step(label))
        return false;
    bool is = sqlite3_changes(l->db) > 0;
    *count += is;
    sqlite3_bind_int64(over, 1, ripe->number);
    return database_step(over) &&
           (!is || labels_cap(l, LABELS_LEFT_CAP, ripe->account, OF_ONE_ACCOUNT));
}

/* Who has another name now is not known when he loses a message: what waits by others goes. */
static bool ripen_all(struct labels *l, int64_t now, uint64_t *count)
{
    static struct ripe ripe[AT_ONCE];
    if (!database_step(l->statements[LABELS_LEFT_STRANGE]))
        return false;
    size_t found = find_ripe(l, now, ripe);
    for (size_t i = 0; i < found; i++)
        if (!ripen(l, &ripe[i], now, count))
            return false;
    return *count == 0 || labels_note_changes(l, *count);
}

uint64_t labels_ripen(struct labels *l, int64_t now)
{
    uint64_t count = 0;
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    if (l->bounds.left == 0) {
        database_step(l->statements[LABELS_LEFT_NONE]);
        return 0;
    }
    if (!database_run(l->db, "BEGIN IMMEDIATE"))
        return 0;
    if (ripen_all(l, now, &count) && database_run(l->db, "COMMIT")) {
        l->state.changes += count;
        return count;
    }
    database_run(l->db, "ROLLBACK");
    return 0;
}
