/* SPDX-License-Identifier: ISC */
#include "keeper/labels_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    OF_ONE_ACCOUNT = 1000, /* so that nobody's are pushed out by another's */
    OF_ONE_DAY = 100,      /* the same: new ones of an account */
    DAY = 86400,           /* seconds */
};

struct taking {
    struct labels *labels;
    enum labels_from from;
    int64_t now;
    struct labels_taken *taken;
    const char **reason;
};

/* ---- sealing ---- */

static struct slice read_back(int file, uint64_t written, char room[static LEARN_SEALED_MOST])
{
    bool ok = written <= LEARN_SEALED_MOST && pread(file, room, written, 0) == (ssize_t)written;
    return ok ? (struct slice){room, written} : (struct slice){NULL, 0};
}

/* ptr NULL with *reason. */
static struct slice seal(const struct labels *l, struct slice vector,
                         char room[static LEARN_SEALED_MOST], const char **reason)
{
    struct slice sealed = {NULL, 0};
    uint64_t written;
    int file = memfd_create("vector", MFD_CLOEXEC);
    *reason = strerror(errno);
    if (file >= 0 && seal_write(file, &l->seal, LEARN_ABOUT, &vector, 1, &written, reason)) {
        sealed = read_back(file, written, room);
        *reason = "its vector does not fit";
    }
    if (file >= 0)
        close(file);
    return sealed;
}

/* ---- one ---- */

enum before { UNKNOWN, AS_IT_IS, OTHERWISE, OF_OTHER_CLASS };

static void bind_name(sqlite3_stmt *statement, const char *account, const struct label *label)
{
    database_bind(statement, 1, slice_of(account));
    database_bind_octets(statement, 2, (struct slice){(const char *)label->message, LABEL_MESSAGE});
}

static enum before before(const struct labels *l, const char *account, const struct label *label)
{
    sqlite3_stmt *find = l->statements[LABELS_FIND];
    enum before is = UNKNOWN;
    bind_name(find, account, label);
    if (sqlite3_step(find) == SQLITE_ROW) {
        bool same_how = sqlite3_column_int(find, 1) == (int)label->how,
             same_key = slice_eq(database_octets(find, 2),
                                 (struct slice){(const char *)l->seal.id, SEAL_KEY_ID});
        is = sqlite3_column_int(find, 0) != (int)label->class ? OF_OTHER_CLASS
             : same_how && same_key                           ? AS_IT_IS
                                                              : OTHERWISE;
    }
    sqlite3_reset(find);
    return is;
}

static bool has_said_enough(const struct taking *t, const char *account)
{
    sqlite3_stmt *today = t->labels->statements[LABELS_TODAY];
    database_bind(today, 1, slice_of(account));
    sqlite3_bind_int64(today, 2, t->now - DAY);
    bool enough = sqlite3_step(today) == SQLITE_ROW && sqlite3_column_int64(today, 0) >= OF_ONE_DAY;
    sqlite3_reset(today);
    return enough;
}

static bool cap(struct labels *l, const char *account)
{
    sqlite3_stmt *statement = l->statements[LABELS_CAP];
    database_bind(statement, 1, slice_of(account));
    sqlite3_bind_int(statement, 2, OF_ONE_ACCOUNT);
    return database_step(statement);
}

/* Of others the time is their own word, and what they may say in a day hangs on it. */
static int64_t time_of(const struct taking *t, const struct label *label)
{
    bool told = t->from == LABELS_OF_ADMIN && label->time > 0 && label->time < t->now;
    return told ? label->time : t->now;
}

static bool add(struct taking *t, const char *account, const struct label *label)
{
    struct labels *l = t->labels;
    sqlite3_stmt *statement = l->statements[LABELS_ADD];
    char room[LEARN_SEALED_MOST];
    struct slice sealed = seal(l, label->vector, room, t->reason);
    if (!sealed.ptr)
        return false;
    bind_name(statement, account, label);
    sqlite3_bind_int(statement, 3, (int)label->class);
    sqlite3_bind_int(statement, 4, (int)label->how);
    database_bind(statement, 5, label->reference);
    sqlite3_bind_int64(statement, 6, time_of(t, label));
    database_bind_octets(statement, 7, (struct slice){(const char *)l->seal.id, SEAL_KEY_ID});
    database_bind_octets(statement, 8, sealed);
    bool ok = database_step(statement);
    return (ok && (!*account || t->from == LABELS_OF_ADMIN || cap(l, account))) ||
           labels_failed(l, t->reason);
}

static bool take_one(struct taking *t, struct slice octets)
{
    char account[ACCOUNT_DIGEST];
    struct label label;
    *t->reason = "they cannot be read";
    if (!label_unpack(octets, &label) || !labels_account(t->labels, label.account, account) ||
        (t->from == LABELS_OF_PROXIES && label.how == LABEL_IMPORTED))
        return false;
    enum before is = before(t->labels, account, &label);
    t->taken->known += is == AS_IT_IS;
    if (is == AS_IT_IS ||
        (is == UNKNOWN && *account && t->from == LABELS_OF_PROXIES && has_said_enough(t, account)))
        return true;
    t->taken->taken++;
    t->taken->changed += is == OF_OTHER_CLASS;
    return add(t, account, &label);
}

/* ---- many ---- */

static bool take_all(struct taking *t, struct slice packet)
{
    struct unpack in = {.left = packet};
    while (in.left.len)
        if (!take_one(t, unpack_slice(&in)))
            return false;
    return labels_note_changes(t->labels, t->taken->taken) || labels_failed(t->labels, t->reason);
}

bool labels_take(struct labels *l, struct slice packet, enum labels_from from, int64_t now,
                 struct labels_taken *taken, const char **reason)
{
    struct taking taking = {l, from, now, taken, reason};
    *taken = (struct labels_taken){0};
    *reason = "gatepost-learn has not told its key";
    if (!l->seals)
        return false;
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    if (!database_run(l->db, "BEGIN IMMEDIATE"))
        return labels_failed(l, reason);
    if (take_all(&taking, packet) && (database_run(l->db, "COMMIT") || labels_failed(l, reason))) {
        l->state.changes += taken->taken;
        return true;
    }
    database_run(l->db, "ROLLBACK");
    *taken = (struct labels_taken){0};
    return false;
}

bool labels_settle(struct labels *l, const char **reason)
{
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    return database_run(l->db, "PRAGMA wal_checkpoint(FULL)") || labels_failed(l, reason);
}
