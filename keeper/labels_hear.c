/* SPDX-License-Identifier: ISC */
#include "keeper/labels_shared_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hearing {
    struct labels *labels;
    int64_t now;
    struct labels_heard *heard;
    struct slice place, gateway; /* of the entry that is looked at */
    bool is_own, is_new;
};

/* Of a label, as it was told. */
struct told_label {
    uint64_t number;
    struct slice account, message, reference, key, vector;
    unsigned class, how;
    int64_t time;
};

static sqlite3_stmt *statement(const struct hearing *h, enum shared_statement which)
{
    return h->labels->shared.statements[which];
}

/* ---- places ---- */

static bool numbers_of(const char *place, uint64_t out[static 2])
{
    struct slice text = slice_of(place);
    const char *dash = memchr(text.ptr, '-', text.len);
    size_t at = dash ? (size_t)(dash - text.ptr) : text.len;
    return slice_to_u64(slice_sub(text, 0, at), UINT64_MAX, &out[0]) &&
           slice_to_u64(slice_from(text, at + 1), UINT64_MAX, &out[1]);
}

bool labels_place_after(const char *place, const char *other)
{
    uint64_t one[2], two[2] = {0, 0};
    if (!numbers_of(place, one))
        return false;
    numbers_of(other, two);
    return one[0] != two[0] ? one[0] > two[0] : one[1] > two[1];
}

static bool take_out(const struct hearing *h, struct slice place)
{
    database_bind(statement(h, SHARED_GONE_ADD), 1, place);
    return database_step(statement(h, SHARED_GONE_ADD));
}

/* ---- labels ---- */

static bool read_label(struct unpack *in, struct told_label *out)
{
    out->number = unpack_u64(in);
    out->account = unpack_slice(in);
    out->message = unpack_slice(in);
    out->class = unpack_u8(in);
    out->how = unpack_u8(in);
    out->reference = unpack_slice(in);
    out->time = (int64_t)unpack_u64(in);
    out->key = unpack_slice(in);
    out->vector = unpack_slice(in);
    return unpack_done(in) && out->account.len < ACCOUNT_DIGEST &&
           out->message.len == LABEL_MESSAGE && out->class < LABEL_CLASSES &&
           out->how < LABEL_HOWS && out->reference.len <= LABEL_TEXT_MOST &&
           out->key.len == SEAL_KEY_ID && out->vector.len <= LEARN_SEALED_MOST;
}

/* A database that was restored from before, or copied, gives numbers that stand for other labels. */
static bool is_ours(const struct hearing *h, const struct told_label *label)
{
    sqlite3_stmt *get = statement(h, SHARED_IS_OURS);
    sqlite3_bind_int64(get, 1, (int64_t)label->number);
    database_bind(get, 2, label->account);
    database_bind_octets(get, 3, label->message);
    bool is = h->is_own && label->number <= INT64_MAX && sqlite3_step(get) == SQLITE_ROW &&
              sqlite3_column_int(get, 0);
    sqlite3_reset(get);
    return is;
}

/* It stands where it was read; or it is not there any more, and has no business there. */
static bool place_own(const struct hearing *h, const struct told_label *label)
{
    sqlite3_stmt *set = statement(h, SHARED_PLACE_OWN),
                 *gone = statement(h, SHARED_GONE_OWN_BEFORE);
    sqlite3_bind_int64(gone, 1, (int64_t)label->number);
    database_bind(gone, 2, h->place);
    database_bind(gone, 3, label->account);
    database_bind_octets(gone, 4, label->message);
    database_bind(set, 1, h->place);
    sqlite3_bind_int64(set, 2, (int64_t)label->number);
    database_bind(set, 3, label->account);
    database_bind_octets(set, 4, label->message);
    if (!database_step(gone) || !database_step(set))
        return false;
    return sqlite3_changes(h->labels->db) > 0 || take_out(h, h->place);
}

enum found {
    NOT_FOUND,
    FOUND_SAME,
    FOUND_OTHER,
    FOUND_LATER /* what we say later is told after it, unless nobody can open it any more */
};

static enum found find(const struct hearing *h, const struct told_label *label)
{
    sqlite3_stmt *get = statement(h, SHARED_FIND);
    enum found found = NOT_FOUND;
    database_bind(get, 1, label->account);
    database_bind_octets(get, 2, label->message);
    database_bind_octets(get, 3, (struct slice){(const char *)h->labels->seal.id, SEAL_KEY_ID});
    if (sqlite3_step(get) == SQLITE_ROW) {
        bool same = sqlite3_column_int(get, 0) == (int)label->class &&
                    sqlite3_column_int(get, 1) == (int)label->how &&
                    slice_eq(database_octets(get, 2), label->key);
        found = same ? FOUND_SAME : sqlite3_column_int(get, 3) ? FOUND_LATER : FOUND_OTHER;
    }
    sqlite3_reset(get);
    return found;
}

static bool place_same(const struct hearing *h, const struct told_label *label)
{
    sqlite3_stmt *set = statement(h, SHARED_PLACE), *gone = statement(h, SHARED_GONE_BEFORE);
    database_bind(gone, 1, label->account);
    database_bind_octets(gone, 2, label->message);
    database_bind(gone, 3, h->place);
    database_bind(set, 1, h->place);
    database_bind(set, 2, label->account);
    database_bind_octets(set, 3, label->message);
    return database_step(gone) && database_step(set);
}

static bool add(const struct hearing *h, const struct told_label *label)
{
    sqlite3_stmt *add = statement(h, SHARED_ADD);
    database_bind(add, 1, label->account);
    database_bind_octets(add, 2, label->message);
    sqlite3_bind_int(add, 3, (int)label->class);
    sqlite3_bind_int(add, 4, (int)label->how);
    database_bind(add, 5, label->reference);
    sqlite3_bind_int64(add, 6, label->time < h->now ? label->time : h->now);
    database_bind_octets(add, 7, label->key);
    database_bind_octets(add, 8, label->vector);
    database_bind(add, 9, h->place);
    h->heard->taken++;
    return labels_shared_replace(h->labels, label->account, label->message) && database_step(add);
}

static bool take_label(const struct hearing *h, const struct told_label *label)
{
    if (is_ours(h, label))
        return place_own(h, label);
    switch (find(h, label)) {
    case FOUND_SAME:
        return place_same(h, label);
    case FOUND_LATER:
        return take_out(h, h->place);
    case NOT_FOUND:
    case FOUND_OTHER:
        break;
    }
    return !h->is_new || add(h, label);
}

/* ---- what is forgotten ---- */

/* Of ours what was there when it was said; of others' all that was told before it. */
static bool until_of(const struct hearing *h, uint64_t number, int64_t *until)
{
    sqlite3_stmt *get = statement(h, SHARED_FORGETTING_ONE);
    *until = INT64_MAX;
    if (!h->is_own)
        return true;
    sqlite3_bind_int64(get, 1, (int64_t)number);
    bool there = sqlite3_step(get) == SQLITE_ROW;
    if (there)
        *until = sqlite3_column_int64(get, 0);
    sqlite3_reset(get);
    return there;
}

static bool forget_all_of(const struct hearing *h, sqlite3_stmt *gone, sqlite3_stmt *forget)
{
    struct labels *l = h->labels;
    if (!database_step(gone) || !database_step(forget))
        return false;
    uint32_t removed = (uint32_t)sqlite3_changes(l->db);
    h->heard->forgotten += removed;
    snprintf(l->shared.state.forgot, LABELS_PLACE, "%.*s", SLICE_ARGS(h->place));
    return removed == 0 || database_run(l->db, "UPDATE state SET forgotten = 1");
}

static bool take_forget(const struct hearing *h, uint64_t number, unsigned what, struct slice which)
{
    sqlite3_stmt *forget = statement(h, SHARED_FORGET + what),
                 *gone = statement(h, SHARED_GONE_FORGET + what),
                 *pending = statement(h, SHARED_PENDING_FORGET + what);
    int64_t until;
    if ((!h->is_own && !h->is_new) || !until_of(h, number, &until))
        return true;
    if (!labels_shared_bind(forget, (enum learn_forget)what, which, until) ||
        !labels_shared_bind(gone, (enum learn_forget)what, which, until) ||
        !labels_shared_bind(pending, (enum learn_forget)what, which, until)) {
        h->heard->refused++;
        return true;
    }
    /* What waits here to be a label: of our own it was taken out when it was said. */
    if (!forget_all_of(h, gone, forget) || (!h->is_own && !database_step(pending)))
        return false;
    sqlite3_bind_int64(statement(h, SHARED_FORGETTING_OVER), 1, (int64_t)number);
    return !h->is_own || database_step(statement(h, SHARED_FORGETTING_OVER));
}

/* ---- entries ---- */

/* Numbers of a gateway only grow: what is told again by somebody else changes nothing. */
static bool note_seen(struct hearing *h, uint64_t number)
{
    sqlite3_stmt *get = statement(h, SHARED_SEEN), *set = statement(h, SHARED_SEEN_SET);
    database_bind_octets(get, 1, h->gateway);
    uint64_t before = sqlite3_step(get) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(get, 0) : 0;
    sqlite3_reset(get);
    h->is_new = number > before;
    if (!h->is_new)
        return true;
    database_bind_octets(set, 1, h->gateway);
    sqlite3_bind_int64(set, 2, (int64_t)number);
    return database_step(set);
}

static bool take_plain(struct hearing *h, struct slice plain)
{
    struct unpack in = {.left = plain};
    struct told_label label;
    unsigned kind = unpack_u8(&in);
    if (kind == ENTRY_LABEL && read_label(&in, &label))
        return take_label(h, &label);
    if (kind == ENTRY_FORGET) {
        uint64_t number = unpack_u64(&in);
        unsigned what = unpack_u8(&in);
        struct slice which = unpack_slice(&in);
        if (unpack_done(&in) && what < LEARN_FORGETS)
            return take_forget(h, number, what, which);
    }
    h->heard->refused++;
    return true;
}

static bool take_entry(struct hearing *h, struct slice entry)
{
    const struct labels *l = h->labels;
    char about[SHARED_ABOUT], room[SHARED_ENTRY];
    struct buf plain = buf_over(room, sizeof room);
    struct unpack in = {.left = slice_from(entry, LABELS_GATEWAY)};
    h->gateway = slice_sub(entry, 0, LABELS_GATEWAY);
    uint64_t number = unpack_u64(&in);
    if (in.bad || number > INT64_MAX ||
        !sharing_unseal(&l->shared.keys, labels_shared_about(l, h->gateway, number, about), in.left,
                        &plain)) {
        h->heard->refused++;
        return true;
    }
    h->is_own = memcmp(h->gateway.ptr, l->shared.state.gateway, LABELS_GATEWAY) == 0;
    return note_seen(h, number) && take_plain(h, buf_slice(&plain));
}

static bool take_all(struct hearing *h, const struct sharing_words *words, size_t from)
{
    struct labels *l = h->labels;
    char *cursor = l->shared.state.cursor;
    for (size_t i = from; i + 1 < words->count; i += 2) {
        char place[LABELS_PLACE];
        h->place = words->each[i];
        if (!slice_to_text(h->place, place, sizeof place) || !labels_place_after(place, cursor))
            return true; /* it is out of order: nothing behind it is believed */
        if (!take_entry(h, words->each[i + 1]))
            return false;
        snprintf(cursor, LABELS_PLACE, "%s", place);
    }
    return true;
}

bool labels_hear(struct labels *l, const struct sharing_words *words, size_t from, int64_t now,
                 struct labels_heard *out, const char **reason)
{
    struct hearing hearing = {.labels = l, .now = now, .heard = out};
    struct labels_share before = l->shared.state;
    *out = (struct labels_heard){0};
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    bool ok = database_run(l->db, "BEGIN IMMEDIATE") && take_all(&hearing, words, from) &&
              labels_note_changes(l, (uint64_t)out->taken + out->forgotten) &&
              labels_shared_write(l) && database_run(l->db, "COMMIT");
    if (ok) {
        l->state.changes += (uint64_t)out->taken + out->forgotten;
        if (out->forgotten)
            labels_note_forgotten(l);
        return true;
    }
    labels_failed(l, reason);
    database_run(l->db, "ROLLBACK");
    l->shared.state = before;
    *out = (struct labels_heard){0};
    return false;
}
