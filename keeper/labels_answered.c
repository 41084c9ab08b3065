/* SPDX-License-Identifier: ISC
 * What users have answered. A message that was delivered waits under a keyed digest of its Message-ID and sender, for its
 * recipient alone: its name is the sender's to choose, so who knows or guesses another's gains nothing unless he writes as
 * that sender, and then there are two messages of one name, and an answer says nothing of either. Few a user and day, and
 * few in all: whoever has taken over an account could answer himself. */
#include "base/siphash.h"
#include "common/answerable.h"
#include "keeper/labels_internal.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    OF_ONE_DAY = 5,      /* that wait, and that are answered */
    OF_ONE_ACCOUNT = 20, /* labels */
    SHARE = 10, /* as many of all users, and as many may wait, as this part of the labels */
    NAME = 17,  /* octets in hex, with a NUL */
};

/* False: the sender is no address. */
static bool name_of(const struct labels *l, struct slice id, struct slice sender,
                    char out[static NAME])
{
    char who[ACCOUNT_DIGEST], room[ANSWERABLE_ID_MOST + ACCOUNT_DIGEST];
    struct buf both = buf_over(room, sizeof room);
    if (!account_digest(l->key, sender, who))
        return false;
    buf_cstr(&both, who);
    buf_append(&both, id);
    snprintf(out, NAME, "%016" PRIx64, siphash(l->key, buf_slice(&both)));
    return !both.failed;
}

/* Whether he has more than his share of the day, with this. */
static bool are_enough(struct labels *l, const char *what, const char *account, int64_t now)
{
    char whose[sizeof "answerable " + ACCOUNT_DIGEST];
    snprintf(whose, sizeof whose, "%s %s", what, account);
    return labels_said(l, slice_of(whose), now) > OF_ONE_DAY;
}

/* ---- delivered ---- */

/* How many messages wait by one name. */
static int64_t of_name(struct labels *l, const char *account, const char *name)
{
    sqlite3_stmt *find = l->statements[LABELS_ANSWERABLE_FIND];
    database_bind(find, 1, slice_of(account));
    database_bind(find, 2, slice_of(name));
    int64_t count = sqlite3_step(find) == SQLITE_ROW ? sqlite3_column_int64(find, 0) : INT64_MAX;
    sqlite3_reset(find);
    return count;
}

/* A second one of its name is never too much: it keeps the first from being learnt. */
static bool has_room(struct labels *l, const char *account, const char *name, int64_t now)
{
    int64_t waiting = of_name(l, account, name);
    return waiting == 1 || (waiting == 0 && !are_enough(l, "answerable", account, now));
}

static bool add(struct labels *l, const char *account, const char *name, const struct label *label,
                int64_t now, const char **reason)
{
    sqlite3_stmt *add = l->statements[LABELS_ANSWERABLE_ADD],
                 *many = l->statements[LABELS_ANSWERABLE_MANY];
    char room[LEARN_SEALED_MOST];
    struct slice sealed = labels_sealed(l, label->vector, room, reason);
    if (!sealed.ptr)
        return false;
    labels_bind_name(add, account, label);
    database_bind(add, 3, slice_of(name));
    database_bind(add, 4, label->reference);
    sqlite3_bind_int64(add, 5, now);
    database_bind_octets(add, 6, (struct slice){(const char *)l->seal.id, SEAL_KEY_ID});
    database_bind_octets(add, 7, sealed);
    sqlite3_bind_int64(many, 1, (int64_t)(l->bounds.count / SHARE));
    return (database_step(add) && database_step(many)) || labels_failed(l, reason);
}

bool labels_answerable(struct labels *l, struct slice packet, int64_t now, const char **reason)
{
    char account[ACCOUNT_DIGEST], name[NAME];
    struct answerable answerable;
    *reason = l->seals ? "it cannot be read" : "gatepost-learn has not told its key";
    if (!l->seals || !answerable_unpack(packet, &answerable) ||
        !labels_account(l, answerable.label.account, account) ||
        !name_of(l, answerable.id, answerable.sender, name))
        return false;
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    return l->bounds.answered == 0 || !has_room(l, account, name, now) ||
           add(l, account, name, &answerable.label, now, reason);
}

/* ---- answered ---- */

static void bind(sqlite3_stmt *statement, const char *account, const char *name)
{
    database_bind(statement, 1, slice_of(account));
    database_bind(statement, 2, slice_of(name));
}

static int64_t that_wait(struct labels *l, const char *account, const char *name, int64_t now)
{
    sqlite3_stmt *find = l->statements[LABELS_ANSWERED_FIND];
    bind(find, account, name);
    sqlite3_bind_int64(find, 3, now - l->bounds.answered + 1);
    sqlite3_bind_int64(find, 4, now);
    int64_t count = sqlite3_step(find) == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
    sqlite3_reset(find);
    return count;
}

/* False: it failed. */
static bool make_label(struct labels *l, const char *account, const char *name, int64_t now,
                       uint64_t *count)
{
    sqlite3_stmt *label = l->statements[LABELS_ANSWERED_LABEL];
    bind(label, account, name);
    sqlite3_bind_int64(label, 3, now);
    if (!database_step(label))
        return false;
    bool is = sqlite3_changes(l->db) > 0;
    *count += is;
    return !is || labels_cap(l, LABELS_ANSWERED_CAP, account, OF_ONE_ACCOUNT);
}

/* What is answered waits no more. */
static bool take_one(struct labels *l, const char *account, const char *name, int64_t now,
                     uint64_t *count)
{
    sqlite3_stmt *over = l->statements[LABELS_ANSWERED_OVER];
    int64_t found = that_wait(l, account, name, now);
    if (found == 0)
        return true;
    if (found == 1 && !are_enough(l, "answered", account, now) &&
        !make_label(l, account, name, now, count))
        return false;
    bind(over, account, name);
    return database_step(over);
}

static bool take_all(struct labels *l, const char *account, const struct answer_sent *answer,
                     int64_t now, uint64_t *count)
{
    char name[NAME];
    sqlite3_stmt *many = l->statements[LABELS_ANSWERED_MANY];
    for (size_t i = 0; i < answer->count; i++)
        if (name_of(l, answer->id, answer->recipients[i], name) &&
            !take_one(l, account, name, now, count))
            return false;
    sqlite3_bind_int64(many, 1, (int64_t)(l->bounds.count / SHARE));
    return *count == 0 || (database_step(many) && labels_note_changes(l, *count));
}

bool labels_answered(struct labels *l, struct slice packet, int64_t now, uint64_t *count,
                     const char **reason)
{
    char account[ACCOUNT_DIGEST];
    struct answer_sent answer;
    *count = 0;
    *reason = "it cannot be read";
    if (!answer_sent_unpack(packet, &answer) || !labels_account(l, answer.account, account))
        return false;
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    if (l->bounds.answered == 0)
        return true;
    if (!database_run(l->db, "BEGIN IMMEDIATE"))
        return labels_failed(l, reason);
    if (take_all(l, account, &answer, now, count) && database_run(l->db, "COMMIT")) {
        l->state.changes += *count;
        return true;
    }
    labels_failed(l, reason);
    database_run(l->db, "ROLLBACK");
    *count = 0;
    return false;
}

/* ---- not answered ---- */

void labels_answerable_prune(struct labels *l, int64_t now)
{
    sqlite3_stmt *old = l->statements[LABELS_ANSWERABLE_OLD];
    sqlite3_bind_int64(old, 1, now - l->bounds.answered);
    sqlite3_bind_int64(old, 2, now);
    database_step(old); /* where it failed, the next time mends it */
}
