/* SPDX-License-Identifier: ISC */
#include "keeper/labels.h"

#include "common/client_hash.h"
#include "keeper/forms.h"
#include "keeper/labels_internal.h"
#include "keeper/personal.h"
#include "keeper/sealed_form.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static const char *const migrations[] = {
    "CREATE TABLE label (number INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,"
    " message BLOB NOT NULL, class INTEGER NOT NULL, how INTEGER NOT NULL, reference TEXT NOT NULL,"
    " time INTEGER NOT NULL, key BLOB NOT NULL, vector BLOB NOT NULL, UNIQUE (account, message));"
    "CREATE INDEX label_account ON label (account, time);"
    "CREATE INDEX label_message ON label (message);"
    "CREATE INDEX label_time ON label (time);"
    "CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), changes INTEGER NOT NULL,"
    " built INTEGER NOT NULL, forgotten INTEGER NOT NULL, time INTEGER NOT NULL,"
    " outcome TEXT NOT NULL, reason TEXT NOT NULL);"
    "INSERT INTO state VALUES (1, 0, 0, 0, 0, '', '');",
    "CREATE TABLE pending (number INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,"
    " message BLOB NOT NULL, reference TEXT NOT NULL, mailbox TEXT NOT NULL, uid INTEGER NOT NULL,"
    " time INTEGER NOT NULL, key BLOB NOT NULL, vector BLOB NOT NULL, UNIQUE (account, message));"
    "CREATE INDEX pending_message ON pending (message);"
    "CREATE INDEX pending_time ON pending (time);"
    "CREATE TABLE said (whose TEXT PRIMARY KEY, since INTEGER NOT NULL, count INTEGER NOT NULL);",
    /* names: whose digests accounts are, 1: of all gateways; origin: who has told it, 0: we; place: where in
     * the stream that gateways share it stands, empty: nowhere. What is replaced, forgotten or told twice has its
     * place taken out. */
    "ALTER TABLE label ADD COLUMN names INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE label ADD COLUMN origin INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE label ADD COLUMN place TEXT NOT NULL DEFAULT '';"
    "CREATE INDEX label_untold ON label (number) WHERE place = '' AND origin = 0;"
    "CREATE TABLE share (one INTEGER PRIMARY KEY CHECK (one = 1), names INTEGER NOT NULL,"
    " gateway BLOB NOT NULL, epoch TEXT NOT NULL,"
    " cursor TEXT NOT NULL, forgot TEXT NOT NULL, said INTEGER NOT NULL,"
    " generation INTEGER NOT NULL, model BLOB NOT NULL);"
    "INSERT INTO share VALUES (1, 0, x'', '', '0-0', '', 0, 0, x'');"
    "CREATE TABLE seen (gateway BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE forgetting (number INTEGER PRIMARY KEY AUTOINCREMENT, what INTEGER NOT NULL,"
    " which BLOB NOT NULL, until INTEGER NOT NULL);"
    "CREATE TABLE gone (number INTEGER PRIMARY KEY AUTOINCREMENT, place TEXT NOT NULL);",
    /* What was made a vector of before is of other features, and is not learnt; nor can it be told from what is: it
     * can be taught again when it is not there. */
    "ALTER TABLE pending ADD COLUMN names INTEGER NOT NULL DEFAULT 0;"
    "DELETE FROM pending;"
    "UPDATE state SET changes = changes + (SELECT count(*) > 0 FROM label);"
    "DELETE FROM label;",
    /* name: of what waits to be answered, a keyed digest of its Message-ID and sender; empty: it was read. */
    "ALTER TABLE pending ADD COLUMN name TEXT NOT NULL DEFAULT '';"
    "CREATE INDEX pending_name ON pending (account, name);"
    /* Each kind in its order: the name stands behind the vector in a row, all of which would have to be read. */
    "CREATE INDEX pending_read ON pending (number) WHERE name = '';"
    "CREATE INDEX pending_answerable ON pending (number) WHERE name <> '';",
};

FORM_FITS(LABELS, migrations);

/* Of one account's labels that came so, those before the last few. */
#define CAP_OF(how)                                                                                \
    "DELETE FROM label WHERE account = ?1 AND how = " how                                          \
    " AND number <= (SELECT number FROM label WHERE account = ?1 AND how = " how                   \
    " ORDER BY number DESC LIMIT 1 OFFSET ?2)"

static const char *const texts[LABELS_STATEMENTS] = {
    [LABELS_ADD] = "INSERT OR REPLACE INTO label (account, message, class, how, reference, time,"
                   " key, vector, names) VALUES (?, ?, ?, ?, ?, ?, ?, ?,"
                   " (SELECT names FROM share))",
    [LABELS_FIND] = "SELECT class, how, key FROM label WHERE account = ? AND message = ?",
    [LABELS_TODAY] = "SELECT count(*) FROM label WHERE account = ? AND time > ?",
    [LABELS_SAID] = "INSERT INTO said VALUES (?1, ?2, 1) ON CONFLICT (whose) DO UPDATE SET"
                    " count = iif(since > ?2 OR since <= ?3, 1, count + 1),"
                    " since = iif(since > ?2 OR since <= ?3, ?2, since) RETURNING count",
    [LABELS_SAID_BEFORE] = "DELETE FROM said WHERE since < ?",
    [LABELS_OF_REFERENCE] = "SELECT count(*) FROM label WHERE how = ? AND reference = ?"
                            " AND message <> ?",
    [LABELS_CAP] = "DELETE FROM label WHERE account = ?1 AND number <= (SELECT number FROM label"
                   " WHERE account = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
    [LABELS_VOTES] = "SELECT number, account, message, class, how, reference, length(vector)"
                     " FROM label"
                     " WHERE number <= ?1 AND key = ?2 AND (account = ''"
                     " OR names = (SELECT names FROM share)) ORDER BY number LIMIT ?3",
    [LABELS_VECTOR] = "SELECT vector FROM label WHERE number = ?",
    [LABELS_LAST] = "SELECT max(number) FROM label",
    [LABELS_AFTER] = "SELECT count(*) FROM label WHERE number > ?",
    [LABELS_COUNT] = "SELECT count(*) FROM label",
    [LABELS_COUNTS] = "SELECT how, class, count(*) FROM label GROUP BY how, class",
    [LABELS_FORGET + LEARN_FORGET_ALL] = "DELETE FROM label",
    [LABELS_FORGET + LEARN_FORGET_REFERENCE] = "DELETE FROM label WHERE reference = ?",
    [LABELS_FORGET + LEARN_FORGET_MESSAGE] = "DELETE FROM label WHERE message = ?",
    [LABELS_FORGET + LEARN_FORGET_HOW] = "DELETE FROM label WHERE how = ?",
    [LABELS_FORGET + LEARN_FORGET_ACCOUNT] = "DELETE FROM label WHERE account IN (?, ?)",
    [LABELS_PENDING + LEARN_FORGET_ALL] = "DELETE FROM pending",
    [LABELS_PENDING + LEARN_FORGET_REFERENCE] = "DELETE FROM pending WHERE reference = ?",
    [LABELS_PENDING + LEARN_FORGET_MESSAGE] = "DELETE FROM pending WHERE message = ?",
    [LABELS_PENDING + LEARN_FORGET_HOW] = "DELETE FROM pending WHERE ? = " HOW_PENDING,
    [LABELS_PENDING + LEARN_FORGET_ACCOUNT] = "DELETE FROM pending WHERE account IN (?, ?)",
    [LABELS_LEFT_AGAIN] = "UPDATE pending SET mailbox = ?3, uid = ?4 WHERE account = ?1 AND "
                          "message = ?2 AND name = ''",
    [LABELS_LEFT_ADD] =
        "INSERT OR REPLACE INTO pending (account, message, mailbox, uid, reference, time, key,"
        " vector, names) VALUES (?, ?, ?, ?, ?, ?, ?, ?,"
        " (SELECT names FROM share))",
    [LABELS_LEFT_MANY] = "DELETE FROM pending WHERE name = '' AND number <="
                         " (SELECT number FROM pending WHERE name = '' ORDER BY number DESC"
                         " LIMIT 1 OFFSET ?)",
    [LABELS_LEFT_NONE] = "DELETE FROM pending WHERE name = ''",
    [LABELS_LEFT_STRANGE] = "DELETE FROM pending WHERE names <> (SELECT names FROM share)",
    [LABELS_LEFT_CONTRARY] = "DELETE FROM pending WHERE account = ?1 AND (message = ?2"
                             " OR (name <> '' AND reference = ?3))",
    [LABELS_LEFT_GONE] = "DELETE FROM pending WHERE account = ? AND mailbox = ? AND name = ''"
                         " AND (uid = 0 OR uid BETWEEN ? AND ?)",
    [LABELS_LEFT_RIPE] = "SELECT number, account FROM pending WHERE name = ''"
                         " AND (time <= ?1 OR time > ?2) ORDER BY number LIMIT ?3",
    [LABELS_LEFT_LABEL] =
        "INSERT INTO label (account, message, class, how, reference, time, key, vector, names)"
        " SELECT account, message, " CLASS_GOOD ", " HOW_LEFT ", reference, ?2, key, vector,"
        " names"
        " FROM pending AS p WHERE number = ?1 AND time <= ?2 AND EXISTS (SELECT 1 FROM label AS u"
        " WHERE u.account = p.account AND u.time > ?3 AND u.how IN (" HOW_MOVED ", " HOW_FLAGGED
        ")) AND NOT EXISTS (SELECT 1 FROM label AS o WHERE o.account = p.account"
        " AND o.message = p.message)",
    [LABELS_LEFT_CAP] = CAP_OF(HOW_LEFT),
    [LABELS_LEFT_OVER] = "DELETE FROM pending WHERE number = ?",
    [LABELS_LEFT_COUNT] = "SELECT count(*) FROM pending WHERE name = ''",
    [LABELS_ANSWERABLE_ADD] = "INSERT OR IGNORE INTO pending (account, message, mailbox, uid, name,"
                              " reference, time, key, vector, names) VALUES (?, ?, '', 0, ?, ?, ?,"
                              " ?, ?, (SELECT names FROM share))",
    [LABELS_ANSWERABLE_MANY] = "DELETE FROM pending WHERE name <> '' AND number <="
                               " (SELECT number FROM pending WHERE name <> ''"
                               " ORDER BY number DESC LIMIT 1 OFFSET ?)",
    [LABELS_ANSWERABLE_OLD] = /* by its time: "+" keeps the index of names out of it */
    "DELETE FROM pending WHERE +name <> '' AND (time <= ?1 OR time > ?2)",
    [LABELS_ANSWERABLE_COUNT] = "SELECT count(*) FROM pending WHERE name <> ''",
    [LABELS_ANSWERABLE_FIND] = "SELECT count(*) FROM pending"
                               " WHERE account = ?1 AND name = ?2",
    [LABELS_ANSWERED_FIND] = "SELECT count(*) FROM pending WHERE account = ?1 AND name = ?2"
                             " AND names = (SELECT names FROM share) AND time BETWEEN ?3 AND ?4",
    [LABELS_ANSWERED_LABEL] =
        "INSERT INTO label (account, message, class, how, reference, time, key, vector, names)"
        " SELECT account, message, " CLASS_GOOD ", " HOW_ANSWERED ", reference, ?3, key, vector,"
        " names"
        " FROM pending AS p WHERE account = ?1 AND name = ?2 AND NOT EXISTS (SELECT 1 FROM label"
        " AS o WHERE o.account = p.account AND (o.message = p.message"
        " OR (o.reference = p.reference AND o.how <> " HOW_LEFT ")))",
    [LABELS_ANSWERED_OVER] = "DELETE FROM pending WHERE account = ? AND name = ?",
    [LABELS_ANSWERED_CAP] = CAP_OF(HOW_ANSWERED),
    [LABELS_ANSWERED_MANY] = "DELETE FROM label WHERE how = " HOW_ANSWERED " AND number <="
                             " (SELECT number FROM label WHERE how = " HOW_ANSWERED
                             " ORDER BY number DESC LIMIT 1 OFFSET ?)",
    [LABELS_AGED] = "DELETE FROM label WHERE time < ?",
    [LABELS_MANY_OF_USERS] =
        "DELETE FROM label WHERE account <> '' AND number <= (SELECT number FROM label"
        " WHERE account <> '' ORDER BY number DESC LIMIT 1"
        " OFFSET max(?1 / 2, ?1 - (SELECT count(*) FROM label WHERE account = '')))",
    [LABELS_MANY] = "DELETE FROM label WHERE number <="
                    " (SELECT number FROM label ORDER BY number DESC LIMIT 1 OFFSET ?)",
    [LABELS_CHANGES] = "UPDATE state SET changes = changes + ?",
    [LABELS_STATE] = "SELECT changes, built, forgotten, time, outcome, reason FROM state",
    [LABELS_SET_STATE] = "UPDATE state SET built = ?, forgotten = ?, time = ?, outcome = ?,"
                         " reason = ?",
};

struct labels *labels_open(const struct labels_bounds *bounds, const char **reason)
{
    static char text[160];
    struct labels *l = calloc(1, sizeof *l);
    *reason = "out of memory";
    if (!l)
        return NULL;
    l->bounds = *bounds;
    bool opened = personal_key("labels.key", l->key, reason) &&
                  database_open("labels.db", DATABASE_SOON, &l->db) &&
                  database_migrate(l->db, migrations, FORM_LABELS, reason);
    if (opened && database_prepare(l->db, texts, l->statements, LABELS_STATEMENTS) &&
        labels_read_state(l) && labels_shared_open(l))
        return l;
    if (l->db) { /* what it says goes with it */
        sqlite3_snprintf(sizeof text, text, "%s", opened ? sqlite3_errmsg(l->db) : *reason);
        *reason = text;
    }
    labels_close(&l);
    return NULL;
}

void labels_close(struct labels **labels)
{
    struct labels *l = *labels;
    if (!l)
        return;
    database_finalize(l->statements, LABELS_STATEMENTS);
    database_finalize(l->shared.statements, SHARED_STATEMENTS);
    OPENSSL_cleanse(&l->shared.keys, sizeof l->shared.keys);
    sqlite3_close(l->db);
    free(l);
    *labels = NULL;
}

const struct labels_bounds *labels_bounds(const struct labels *l)
{
    return &l->bounds;
}

bool labels_failed(const struct labels *l, const char **reason)
{
    static char text[160];
    sqlite3_snprintf(sizeof text, text, "%s", sqlite3_errmsg(l->db));
    *reason = text;
    return false;
}

void labels_seal_to(struct labels *l, const struct seal_key *key)
{
    l->seal = *key;
    l->seals = true;
}

bool labels_account(const struct labels *l, struct slice address, char out[static ACCOUNT_DIGEST])
{
    *out = '\0';
    return address.len == 0 ||
           account_digest(l->shared.on ? l->shared.keys.accounts : l->key, address, out);
}

/* ---- reading ---- */

static uint64_t number_of(struct slice digest)
{
    uint64_t number = 0;
    for (size_t i = 0; i < digest.len; i++)
        number = number << 4 | ((unsigned)hex_digit(digest.ptr[i]) & 0xf);
    return number;
}

/* What is no hash is never 0. */
static uint64_t hash_of(const struct labels *l, struct slice reference)
{
    uint64_t hash = reference.len ? siphash(l->key, reference) : 0;
    return reference.len && !hash ? 1 : hash;
}

static bool read_vote(const struct labels *l, sqlite3_stmt *row, struct label_vote *out)
{
    struct slice message = database_octets(row, 2);
    unsigned class = (unsigned)sqlite3_column_int(row, 3),
             how = (unsigned)sqlite3_column_int(row, 4);
    if (message.len != LABEL_MESSAGE || class >= LABEL_CLASSES || how >= LABEL_HOWS)
        return false;
    *out = (struct label_vote){.number = (uint64_t)sqlite3_column_int64(row, 0),
                               .account = number_of(database_text(row, 1)),
                               .class = (enum label_class) class,
                               .how = (enum label_how)how,
                               .reference = hash_of(l, database_text(row, 5)),
                               .octets = (uint32_t)sqlite3_column_int(row, 6)};
    memcpy(out->message, message.ptr, LABEL_MESSAGE);
    return true;
}

static struct slice key_id(const struct labels *l)
{
    return (struct slice){(const char *)l->seal.id, SEAL_KEY_ID};
}

static size_t read_votes(struct labels *l, uint64_t until, struct label_vote *votes, size_t room)
{
    sqlite3_stmt *each = l->statements[LABELS_VOTES];
    size_t count = 0;
    sqlite3_bind_int64(each, 1, (int64_t)(until < INT64_MAX ? until : INT64_MAX));
    database_bind_octets(each, 2, key_id(l));
    sqlite3_bind_int64(each, 3, (int64_t)room);
    int result;
    while ((result = sqlite3_step(each)) == SQLITE_ROW && count < room)
        count += read_vote(l, each, &votes[count]);
    sqlite3_reset(each);
    return result == SQLITE_DONE || result == SQLITE_ROW ? count : SIZE_MAX;
}

static uint64_t number_in(struct labels *l, enum labels_statement statement)
{
    sqlite3_stmt *get = l->statements[statement];
    uint64_t number = sqlite3_step(get) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(get, 0) : 0;
    sqlite3_reset(get);
    return number;
}

struct label_vote *labels_votes(struct labels *l, uint64_t until, size_t *count,
                                const char **reason)
{
    uint64_t room = number_in(l, LABELS_COUNT);
    room = room < LEARN_LABELS_MOST ? room : LEARN_LABELS_MOST;
    *count = 0;
    *reason = NULL;
    if (room == 0 || !l->seals)
        return NULL;
    struct label_vote *votes = calloc(room, sizeof *votes);
    size_t read = votes ? read_votes(l, until, votes, room) : SIZE_MAX;
    if (read != SIZE_MAX) {
        *count = read;
        return votes;
    }
    *reason = "out of memory";
    if (votes)
        labels_failed(l, reason);
    free(votes);
    return NULL;
}

struct slice labels_vector(struct labels *l, uint64_t number)
{
    sqlite3_stmt *get = l->statements[LABELS_VECTOR];
    sqlite3_reset(get);
    sqlite3_bind_int64(get, 1, (int64_t)(number & INT64_MAX));
    return sqlite3_step(get) == SQLITE_ROW ? database_octets(get, 0) : SLICE("");
}

uint64_t labels_last(struct labels *l)
{
    return number_in(l, LABELS_LAST);
}

uint64_t labels_after(struct labels *l, uint64_t number)
{
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    sqlite3_bind_int64(l->statements[LABELS_AFTER], 1, (int64_t)(number & INT64_MAX));
    return number_in(l, LABELS_AFTER);
}

bool labels_counts(struct labels *l, struct labels_counts *out, const char **reason)
{
    sqlite3_stmt *each = l->statements[LABELS_COUNTS];
    int result;
    *out = (struct labels_counts){0};
    while ((result = sqlite3_step(each)) == SQLITE_ROW) {
        unsigned how = (unsigned)sqlite3_column_int(each, 0),
                 class = (unsigned)sqlite3_column_int(each, 1);
        if (how < LABEL_HOWS && class < LABEL_CLASSES)
            out->of[how][class] = (uint64_t)sqlite3_column_int64(each, 2);
    }
    out->pending = number_in(l, LABELS_LEFT_COUNT);
    out->answerable = number_in(l, LABELS_ANSWERABLE_COUNT);
    bool ok = result == SQLITE_DONE || labels_failed(l, reason);
    sqlite3_reset(each);
    return ok;
}

/* ---- what is known of builds ---- */

const struct labels_state *labels_state(const struct labels *l)
{
    return &l->state;
}

bool labels_read_state(struct labels *l)
{
    sqlite3_stmt *get = l->statements[LABELS_STATE];
    bool there = sqlite3_step(get) == SQLITE_ROW;
    if (there) {
        l->state = (struct labels_state){.changes = (uint64_t)sqlite3_column_int64(get, 0),
                                         .built = (uint64_t)sqlite3_column_int64(get, 1),
                                         .forgotten = sqlite3_column_int(get, 2),
                                         .time = sqlite3_column_int64(get, 3)};
        slice_to_text(database_text(get, 4), l->state.outcome, sizeof l->state.outcome);
        slice_to_text(database_text(get, 5), l->state.reason, sizeof l->state.reason);
    }
    sqlite3_reset(get);
    return there;
}

bool labels_note_changes(struct labels *l, uint64_t count)
{
    sqlite3_bind_int64(l->statements[LABELS_CHANGES], 1, (int64_t)count);
    return database_step(l->statements[LABELS_CHANGES]);
}

bool labels_set_state(struct labels *l, const struct labels_state *state)
{
    sqlite3_stmt *set = l->statements[LABELS_SET_STATE];
    uint64_t changes = l->state.changes;
    l->state = *state;
    l->state.changes = changes;
    sqlite3_bind_int64(set, 1, (int64_t)state->built);
    sqlite3_bind_int(set, 2, state->forgotten);
    sqlite3_bind_int64(set, 3, state->time);
    database_bind(set, 4, slice_of(state->outcome));
    database_bind(set, 5, slice_of(state->reason));
    return database_step(set);
}
