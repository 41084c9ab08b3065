/* SPDX-License-Identifier: ISC */
#include "keeper/labels_shared_internal.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    TOLD_AT_ONCE = 50,
    GONE_AT_ONCE = 100,
    TOLD_OCTETS = SHARING_OCTETS - SHARED_ENTRY - 8 * 1024, /* and one entry more */
};

static const char *const texts[SHARED_STATEMENTS] = {
    [SHARED_STATE] = "SELECT gateway, epoch, cursor, forgot, said, generation, model FROM share",
    [SHARED_SET_STATE] =
        "UPDATE share SET gateway = ?, epoch = ?, cursor = ?, forgot = ?, said = ?,"
        " generation = ?, model = ?",
    [SHARED_NAMES] = "UPDATE share SET names = ?",
    [SHARED_ALL_NAMES] = "SELECT number, account, message FROM label ORDER BY number",
    [SHARED_UNTOLD] = "SELECT number, account, message, class, how, reference, time, key, vector"
                      " FROM label WHERE place = '' AND origin = 0 AND key = ?1"
                      " AND (account = '' OR names = 1) AND number > ?2 ORDER BY number LIMIT 1",
    [SHARED_UNTOLD_COUNT] = "SELECT count(*) FROM label WHERE place = '' AND origin = 0"
                            " AND key = ?1 AND (account = '' OR names = 1)",
    [SHARED_UNTOLD_ONE] = "SELECT 1 FROM label WHERE number = ? AND place = '' AND origin = 0",
    [SHARED_FORGETTING] = "SELECT number, what, which FROM forgetting WHERE number > ?"
                          " ORDER BY number LIMIT 1",
    [SHARED_FORGETTING_ONE] = "SELECT until FROM forgetting WHERE number = ?",
    [SHARED_FORGETTING_ADD] =
        "INSERT INTO forgetting (what, which, until) VALUES (?, ?,"
        " coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'label'), 0))",
    [SHARED_FORGETTING_OVER] = "DELETE FROM forgetting WHERE number = ?",
    [SHARED_GONE] = "SELECT number, place FROM gone ORDER BY number LIMIT ?",
    [SHARED_GONE_ADD] = "INSERT INTO gone (place) VALUES (?)",
    [SHARED_GONE_BEFORE] = "INSERT INTO gone (place) SELECT place FROM label WHERE account = ?1"
                           " AND message = ?2 AND place <> '' AND place <> ?3",
    [SHARED_GONE_OWN_BEFORE] = "INSERT INTO gone (place) SELECT place FROM label WHERE number = ?1"
                               " AND account = ?3 AND message = ?4"
                               " AND origin = 0 AND place <> '' AND place <> ?2",
    [SHARED_GONE_OVER] = "DELETE FROM gone WHERE number <= ?",
    [SHARED_GONE_CLEAR] = "DELETE FROM gone",
    [SHARED_UNPLACE] = "UPDATE label SET place = '' WHERE place <> ''",
    [SHARED_PLACE_OWN] = "UPDATE label SET place = ? WHERE number = ? AND origin = 0"
                         " AND account = ? AND message = ?",
    [SHARED_IS_OURS] = "SELECT NOT EXISTS (SELECT 1 FROM label WHERE number = ?1"
                       " AND (account <> ?2 OR message <> ?3))"
                       " AND ?1 <= coalesce((SELECT seq FROM sqlite_sequence"
                       " WHERE name = 'label'), 0)",
    [SHARED_PLACE] = "UPDATE label SET place = ? WHERE account = ? AND message = ?",
    [SHARED_FIND] = "SELECT class, how, key, place = '' AND origin = 0 AND key = ?3 FROM label"
                    " WHERE account = ?1 AND message = ?2",
    [SHARED_ADD] = "INSERT OR REPLACE INTO label (account, message, class, how, reference, time,"
                   " key, vector, names, origin, place) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 1, ?)",
    [SHARED_SEEN] = "SELECT number FROM seen WHERE gateway = ?",
    [SHARED_SEEN_SET] = "INSERT OR REPLACE INTO seen (gateway, number) VALUES (?, ?)",
#define NOT_SINCE " AND (origin = 1 OR number <= ?1)"
#define FORGET(what, which)                                                                        \
    [SHARED_FORGET + LEARN_FORGET_##                                                               \
        what] = "DELETE FROM label WHERE " which NOT_SINCE,                                        \
      [SHARED_GONE_FORGET + LEARN_FORGET_##what] =                                                 \
          "INSERT INTO gone (place) SELECT place FROM label WHERE place <> '' AND " which          \
              NOT_SINCE,
    FORGET(ALL, "1") FORGET(REFERENCE, "reference = ?2") FORGET(MESSAGE, "message = ?2")
        FORGET(HOW, "how = ?2") FORGET(ACCOUNT, "account = ?2")
#undef FORGET
#undef NOT_SINCE
            [SHARED_PENDING_FORGET + LEARN_FORGET_ALL] = "DELETE FROM pending",
    [SHARED_PENDING_FORGET + LEARN_FORGET_REFERENCE] = "DELETE FROM pending WHERE reference = ?2",
    [SHARED_PENDING_FORGET + LEARN_FORGET_MESSAGE] = "DELETE FROM pending WHERE message = ?2",
    [SHARED_PENDING_FORGET + LEARN_FORGET_HOW] = "DELETE FROM pending WHERE ?2 = " HOW_PENDING,
    [SHARED_PENDING_FORGET + LEARN_FORGET_ACCOUNT] = "DELETE FROM pending WHERE account = ?2",
};

static struct slice octets_of(const unsigned char *octets, size_t len)
{
    return (struct slice){(const char *)octets, len};
}

/* ---- what is known ---- */

static void read_row(struct labels_share *state, sqlite3_stmt *row)
{
    struct slice gateway = database_octets(row, 0), model = database_octets(row, 6);
    slice_to_text(database_text(row, 1), state->epoch, sizeof state->epoch);
    slice_to_text(database_text(row, 2), state->cursor, sizeof state->cursor);
    slice_to_text(database_text(row, 3), state->forgot, sizeof state->forgot);
    state->said = (uint64_t)sqlite3_column_int64(row, 4);
    state->generation = (uint64_t)sqlite3_column_int64(row, 5);
    if (gateway.len == sizeof state->gateway)
        memcpy(state->gateway, gateway.ptr, gateway.len);
    if (model.len == sizeof state->model)
        memcpy(state->model, model.ptr, model.len);
}

static bool use_names(struct labels *l, bool of_all)
{
    sqlite3_bind_int(l->shared.statements[SHARED_NAMES], 1, of_all);
    return database_step(l->shared.statements[SHARED_NAMES]);
}

bool labels_shared_open(struct labels *l)
{
    struct labels_share *state = &l->shared.state;
    if (!database_prepare(l->db, texts, l->shared.statements, SHARED_STATEMENTS))
        return false;
    sqlite3_stmt *get = l->shared.statements[SHARED_STATE];
    bool there = sqlite3_step(get) == SQLITE_ROW;
    if (there)
        read_row(state, get);
    sqlite3_reset(get);
    return there && use_names(l, false);
}

bool labels_shared_write(struct labels *l)
{
    const struct labels_share *state = &l->shared.state;
    sqlite3_stmt *set = l->shared.statements[SHARED_SET_STATE];
    database_bind_octets(set, 1, octets_of(state->gateway, sizeof state->gateway));
    database_bind(set, 2, slice_of(state->epoch));
    database_bind(set, 3, slice_of(state->cursor));
    database_bind(set, 4, slice_of(state->forgot));
    sqlite3_bind_int64(set, 5, (int64_t)state->said);
    sqlite3_bind_int64(set, 6, (int64_t)state->generation);
    database_bind_octets(set, 7, octets_of(state->model, sizeof state->model));
    return database_step(set);
}

bool labels_share_by(struct labels *l, const struct sharing_keys *keys, struct slice prefix,
                     const char **reason)
{
    struct labels_shared *shared = &l->shared;
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    shared->keys = *keys;
    shared->known = true;
    slice_to_text(slice_sub(prefix, 0, LABELS_PREFIX - 1), shared->prefix, LABELS_PREFIX);
    *reason = "there is no randomness";
    if (!labels_shared_has_gateway(l) && getrandom(shared->state.gateway, LABELS_GATEWAY, 0) < 0)
        return false;
    shared->on = use_names(l, true) && labels_shared_write(l);
    return shared->on || labels_failed(l, reason);
}

const struct labels_share *labels_share(const struct labels *l)
{
    return l->shared.on ? &l->shared.state : NULL;
}

const struct sharing_keys *labels_share_keys(const struct labels *l)
{
    return l->shared.on ? &l->shared.keys : NULL;
}

bool labels_share_model(struct labels *l, uint64_t generation,
                        const unsigned char digest[static LEARN_DIGEST])
{
    l->shared.state.generation = generation;
    memcpy(l->shared.state.model, digest, LEARN_DIGEST);
    return labels_shared_write(l);
}

bool labels_share_anew(struct labels *l, struct slice epoch)
{
    struct labels_share *state = &l->shared.state;
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    slice_to_text(epoch, state->epoch, sizeof state->epoch);
    snprintf(state->cursor, sizeof state->cursor, "0-0");
    state->forgot[0] = '\0';
    bool ok = database_run(l->db, "BEGIN IMMEDIATE") &&
              database_step(l->shared.statements[SHARED_UNPLACE]) &&
              database_step(l->shared.statements[SHARED_GONE_CLEAR]) && labels_shared_write(l) &&
              database_run(l->db, "COMMIT");
    if (!ok)
        database_run(l->db, "ROLLBACK");
    return ok;
}

/* ---- what is forgotten ---- */

bool labels_shared_bind(sqlite3_stmt *statement, enum learn_forget what, struct slice which,
                        int64_t until)
{
    enum label_how how;
    sqlite3_bind_int64(statement, 1, until);
    switch (what) {
    case LEARN_FORGET_ALL:
        return which.len == 0;
    case LEARN_FORGET_REFERENCE:
    case LEARN_FORGET_ACCOUNT:
        database_bind(statement, 2, which);
        return true;
    case LEARN_FORGET_MESSAGE:
        database_bind_octets(statement, 2, which);
        return true;
    case LEARN_FORGET_HOW:
        if (!label_how_of(which, &how))
            return false;
        sqlite3_bind_int(statement, 2, (int)how);
        return true;
    case LEARN_FORGETS:
        break;
    }
    return false;
}

bool labels_shared_forget(struct labels *l, enum learn_forget what, struct slice which)
{
    sqlite3_stmt *gone = l->shared.statements[SHARED_GONE_FORGET + what],
                 *add = l->shared.statements[SHARED_FORGETTING_ADD];
    if (!l->shared.on)
        return true;
    sqlite3_bind_int(add, 1, (int)what);
    database_bind_octets(add, 2, which.ptr ? which : SLICE(""));
    return labels_shared_bind(gone, what, which, INT64_MAX) && database_step(gone) &&
           database_step(add);
}

bool labels_shared_replace(struct labels *l, struct slice account, struct slice message)
{
    sqlite3_stmt *gone = l->shared.statements[SHARED_GONE_BEFORE];
    database_bind(gone, 1, account);
    database_bind_octets(gone, 2, message);
    database_bind(gone, 3, SLICE(""));
    return !l->shared.on || database_step(gone);
}

static uint64_t count_in(struct labels *l, enum shared_statement which)
{
    sqlite3_stmt *get = l->shared.statements[which];
    uint64_t count = sqlite3_step(get) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(get, 0) : 0;
    sqlite3_reset(get);
    return count;
}

static void bind_key(const struct labels *l, sqlite3_stmt *statement)
{
    database_bind_octets(statement, 1, octets_of(l->seal.id, SEAL_KEY_ID));
}

uint64_t labels_untold(struct labels *l)
{
    bind_key(l, l->shared.statements[SHARED_UNTOLD_COUNT]);
    return count_in(l, SHARED_UNTOLD_COUNT);
}

bool labels_forget_untold(struct labels *l)
{
    sqlite3_bind_int64(l->shared.statements[SHARED_FORGETTING], 1, 0);
    return count_in(l, SHARED_FORGETTING) > 0;
}

/* ---- telling ---- */

struct slice labels_shared_about(const struct labels *l, struct slice gateway, uint64_t number,
                                 char room[static SHARED_ABOUT])
{
    struct buf about = buf_over(room, SHARED_ABOUT);
    pack_slice(&about, SLICE("gatepost shared label 1"));
    pack_slice(&about, slice_of(l->shared.prefix));
    pack_slice(&about, gateway);
    pack_u64(&about, number);
    return buf_slice(&about);
}

/* One that was told by a database that is now restored from before is not told anew under its number. */
static uint64_t next_number(struct labels *l)
{
    struct labels_share *state = &l->shared.state;
    uint64_t now = (uint64_t)clock_wall_ms();
    state->said = now > state->said && now < INT64_MAX ? now : state->said + 1;
    return state->said;
}

static bool add_entry(struct labels *l, struct slice plain, struct labels_telling *out)
{
    char about[SHARED_ABOUT], room[SHARED_ENTRY];
    struct buf entry = buf_over(room, sizeof room);
    struct slice gateway = octets_of(l->shared.state.gateway, LABELS_GATEWAY);
    uint64_t number = next_number(l);
    buf_append(&entry, gateway);
    pack_u64(&entry, number);
    if (!sharing_seal(&l->shared.keys, labels_shared_about(l, gateway, number, about), plain,
                      &entry))
        return false;
    size_t at = buf_len(&out->octets);
    return buf_append(&out->octets, buf_slice(&entry)) &&
           sharing_say(&out->entries, slice_from(buf_slice(&out->octets), at));
}

static bool add_label(struct labels *l, sqlite3_stmt *row, struct labels_telling *out)
{
    char room[SHARED_ENTRY];
    struct buf plain = buf_over(room, sizeof room);
    pack_u8(&plain, ENTRY_LABEL);
    pack_u64(&plain, (uint64_t)sqlite3_column_int64(row, 0));
    pack_slice(&plain, database_text(row, 1));
    pack_slice(&plain, database_octets(row, 2));
    pack_u8(&plain, (uint8_t)sqlite3_column_int(row, 3));
    pack_u8(&plain, (uint8_t)sqlite3_column_int(row, 4));
    pack_slice(&plain, database_text(row, 5));
    pack_u64(&plain, (uint64_t)sqlite3_column_int64(row, 6));
    pack_slice(&plain, database_octets(row, 7));
    pack_slice(&plain, database_octets(row, 8));
    return !plain.failed && add_entry(l, buf_slice(&plain), out);
}

static bool add_forget(struct labels *l, sqlite3_stmt *row, struct labels_telling *out)
{
    char room[SHARED_ENTRY];
    struct buf plain = buf_over(room, sizeof room);
    pack_u8(&plain, ENTRY_FORGET);
    pack_u64(&plain, (uint64_t)sqlite3_column_int64(row, 0));
    pack_u8(&plain, (uint8_t)sqlite3_column_int(row, 1));
    pack_slice(&plain, database_octets(row, 2));
    return !plain.failed && add_entry(l, buf_slice(&plain), out);
}

/* One row after the other, as long as there is room. */
static bool add_all(struct labels *l, sqlite3_stmt *next, int at, struct labels_telling *out,
                    int64_t *last,
                    bool (*add)(struct labels *, sqlite3_stmt *, struct labels_telling *))
{
    int result = SQLITE_ROW;
    bool ok = true;
    while (ok && result == SQLITE_ROW && out->entries.count < TOLD_AT_ONCE &&
           buf_len(&out->octets) < TOLD_OCTETS) {
        sqlite3_bind_int64(next, at, *last);
        if ((result = sqlite3_step(next)) == SQLITE_ROW) {
            *last = sqlite3_column_int64(next, 0);
            ok = add(l, next, out);
        }
        sqlite3_reset(next);
    }
    return ok && (result == SQLITE_ROW || result == SQLITE_DONE);
}

static bool add_gone(struct labels *l, struct labels_telling *out)
{
    sqlite3_stmt *each = l->shared.statements[SHARED_GONE];
    int result;
    sqlite3_bind_int(each, 1, GONE_AT_ONCE);
    while ((result = sqlite3_step(each)) == SQLITE_ROW) {
        size_t at = buf_len(&out->octets);
        out->last_gone = sqlite3_column_int64(each, 0);
        buf_append(&out->octets, database_text(each, 1));
        sharing_say(&out->gone, slice_from(buf_slice(&out->octets), at));
    }
    sqlite3_reset(each);
    return result == SQLITE_DONE && !out->octets.failed;
}

/* What was said of a buffer before it grew. */
static void settle(struct labels_telling *out, struct sharing_words *words, size_t *at)
{
    for (size_t i = 0; i < words->count; i++) {
        words->each[i] = slice_sub(buf_slice(&out->octets), *at, *at + words->each[i].len);
        *at += words->each[i].len;
    }
}

bool labels_to_tell(struct labels *l, struct labels_telling *out, const char **reason)
{
    size_t at = 0;
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    out->octets = buf_init(SHARING_OCTETS);
    out->gone.count = out->entries.count = 0;
    out->last_gone = out->last_forgetting = out->last_label = 0;
    bind_key(l, l->shared.statements[SHARED_UNTOLD]);
    bool ok = add_gone(l, out) &&
              add_all(l, l->shared.statements[SHARED_FORGETTING], 1, out, &out->last_forgetting,
                      add_forget) &&
              add_all(l, l->shared.statements[SHARED_UNTOLD], 2, out, &out->last_label, add_label);
    ok = ok && (out->entries.count == 0 || labels_shared_write(l));
    settle(out, &out->gone, &at);
    settle(out, &out->entries, &at);
    if (ok)
        return true;
    labels_telling_free(out);
    return labels_failed(l, reason);
}

void labels_telling_free(struct labels_telling *telling)
{
    buf_release(&telling->octets);
    telling->gone.count = telling->entries.count = 0;
}

void labels_told(struct labels *l, const struct labels_telling *telling)
{
    sqlite3_bind_int64(l->shared.statements[SHARED_GONE_OVER], 1, telling->last_gone);
    database_step(l->shared.statements[SHARED_GONE_OVER]);
}

static bool is_there(struct labels *l, enum shared_statement which, int64_t number)
{
    sqlite3_stmt *get = l->shared.statements[which];
    sqlite3_bind_int64(get, 1, number);
    bool is = sqlite3_step(get) == SQLITE_ROW;
    sqlite3_reset(get);
    return is;
}

bool labels_told_in_vain(struct labels *l, const struct labels_telling *telling)
{
    return telling->last_label ? is_there(l, SHARED_UNTOLD_ONE, telling->last_label)
                               : is_there(l, SHARED_FORGETTING_ONE, telling->last_forgetting);
}
