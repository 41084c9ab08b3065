/* SPDX-License-Identifier: ISC
 * How far proxies are believed, each of which may have been taken over: none imports; a user has a hundred
 * new labels a day and changes his mind as often; what is nobody's is a release that the keeper knows of, or
 * it has 200 a day of its kind. */
#include "keeper/labels_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    OF_ONE_ACCOUNT = 1000, /* so that nobody's are pushed out by another's */
    OF_ONE_DAY =
        100, /* the same: new ones of an account, and as many that are others than before */
    OF_NOBODY_A_DAY = 200, /* of each kind: traps, releases, the helpdesk's */
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

struct slice labels_sealed(const struct labels *l, struct slice vector,
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

void labels_bind_name(sqlite3_stmt *statement, const char *account, const struct label *label)
{
    database_bind(statement, 1, slice_of(account));
    database_bind_octets(statement, 2, (struct slice){(const char *)label->message, LABEL_MESSAGE});
}

static enum before before(const struct labels *l, const char *account, const struct label *label)
{
    sqlite3_stmt *find = l->statements[LABELS_FIND];
    enum before is = UNKNOWN;
    labels_bind_name(find, account, label);
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

uint64_t labels_said(struct labels *l, struct slice whose, int64_t now)
{
    sqlite3_stmt *said = l->statements[LABELS_SAID];
    database_bind(said, 1, whose);
    sqlite3_bind_int64(said, 2, now);
    sqlite3_bind_int64(said, 3, now - DAY);
    uint64_t count =
        sqlite3_step(said) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(said, 0) : UINT64_MAX;
    sqlite3_reset(said);
    return count;
}

bool labels_cap(struct labels *l, enum labels_statement which, const char *account, int most)
{
    sqlite3_stmt *statement = l->statements[which];
    database_bind(statement, 1, slice_of(account));
    sqlite3_bind_int(statement, 2, most);
    return database_step(statement);
}

static bool is_release(struct labels *l, const struct label *label)
{
    sqlite3_stmt *others = l->statements[LABELS_OF_REFERENCE];
    if (!l->was_released || !l->was_released(l->ctx, label->reference))
        return false;
    sqlite3_bind_int(others, 1, LABEL_RELEASED);
    database_bind(others, 2, label->reference);
    database_bind_octets(others, 3, (struct slice){(const char *)label->message, LABEL_MESSAGE});
    bool alone = sqlite3_step(others) == SQLITE_ROW && sqlite3_column_int64(others, 0) == 0;
    sqlite3_reset(others);
    return alone;
}

/* Of labels that proxies tell; one that is nothing new is none that is to be believed. */
static bool is_believed(struct taking *t, const char *account, const struct label *label,
                        enum before is)
{
    struct labels *l = t->labels;
    bool of_nobody = !*account || label->how == LABEL_TRAP;
    if (of_nobody &&
        (labels_said(l, slice_of(label_how_word(label->how)), t->now) > OF_NOBODY_A_DAY ||
         (label->how == LABEL_RELEASED && !is_release(l, label))))
        return false;
    if (!*account)
        return true;
    return is == UNKNOWN ? !has_said_enough(t, account)
                         : labels_said(l, slice_of(account), t->now) <= OF_ONE_DAY;
}

/* What can only be said by users, by nobody, or by an admin himself; the traps of a domain are one account,
 * "@example.com". */
static bool may_be_told(const struct label *label)
{
    static const bool users[LABEL_HOWS] = {
        [LABEL_MOVED] = true, [LABEL_FLAGGED] = true, [LABEL_REPORTED] = true};
    static const bool nobodys[LABEL_HOWS] = {[LABEL_RELEASED] = true, [LABEL_REPORTED] = true};
    if (slice_starts(account_name(label->account), SLICE("@")))
        return label->how == LABEL_TRAP;
    return label->account.len ? users[label->how] : nobodys[label->how];
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
    struct slice sealed = labels_sealed(l, label->vector, room, t->reason);
    if (!sealed.ptr)
        return false;
    labels_bind_name(statement, account, label);
    sqlite3_bind_int(statement, 3, (int)label->class);
    sqlite3_bind_int(statement, 4, (int)label->how);
    database_bind(statement, 5, label->reference);
    sqlite3_bind_int64(statement, 6, time_of(t, label));
    database_bind_octets(statement, 7, (struct slice){(const char *)l->seal.id, SEAL_KEY_ID});
    database_bind_octets(statement, 8, sealed);
    struct slice message = {(const char *)label->message, LABEL_MESSAGE};
    bool ok = labels_shared_replace(l, slice_of(account), message) && database_step(statement);
    bool capped = *account && t->from == LABELS_OF_PROXIES;
    return (ok && (!capped || labels_cap(l, LABELS_CAP, account, OF_ONE_ACCOUNT))) ||
           labels_failed(l, t->reason);
}

/* What he says of it is more than that he leaves it, or answers it. */
static bool end_pending(struct labels *l, const char *account, const struct label *label)
{
    sqlite3_stmt *contrary = l->statements[LABELS_LEFT_CONTRARY];
    labels_bind_name(contrary, account, label);
    sqlite3_bind_null(contrary, 3);
    if (label->reference.len)
        database_bind(contrary, 3, label->reference);
    return database_step(contrary);
}

static bool take_one(struct taking *t, struct slice octets)
{
    char account[ACCOUNT_DIGEST];
    struct label label;
    *t->reason = "they cannot be read";
    if (!label_unpack(octets, &label) || !labels_account(t->labels, label.account, account) ||
        (t->from == LABELS_OF_PROXIES && !may_be_told(&label)))
        return false;
    if (*account && !end_pending(t->labels, account, &label))
        return labels_failed(t->labels, t->reason);
    enum before is = before(t->labels, account, &label);
    t->taken->known += is == AS_IT_IS;
    if (is == AS_IT_IS || (t->from == LABELS_OF_PROXIES && !is_believed(t, account, &label, is)))
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

void labels_vouch(struct labels *l, bool (*was_released)(void *ctx, struct slice reference),
                  void *ctx)
{
    l->was_released = was_released;
    l->ctx = ctx;
}

bool labels_settle(struct labels *l, const char **reason)
{
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    return database_run(l->db, "PRAGMA wal_checkpoint(FULL)") || labels_failed(l, reason);
}
