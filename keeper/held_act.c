/* SPDX-License-Identifier: ISC */
#include "keeper/held_internal.h"

/* ---- the one place where a copy's state changes ---- */

static bool give_share_back(struct held *h, struct slice domain, uint64_t octets)
{
    sqlite3_stmt *share = held_statement(h, HELD_ADD_SHARE);
    database_bind(share, 1, domain);
    sqlite3_bind_int64(share, 2, -(int64_t)octets);
    return database_step(share);
}

static bool forget_container(struct held *h, uint64_t id, uint64_t octets)
{
    sqlite3_stmt *stored = held_statement(h, HELD_STORED);
    sqlite3_bind_int64(stored, 1, 0);
    sqlite3_bind_int64(stored, 2, (int64_t)id);
    if (!database_step(stored) || !held_note(&h->gone, id))
        return false;
    h->octets -= octets < h->octets ? octets : h->octets;
    return true;
}

/* One more copy is over. */
static bool settle(struct held *h, uint64_t id, struct slice domain)
{
    sqlite3_stmt *count = held_statement(h, HELD_OPEN_COUNT);
    sqlite3_bind_int64(count, 1, (int64_t)id);
    bool ok = sqlite3_step(count) == SQLITE_ROW;
    int64_t open = ok ? sqlite3_column_int64(count, 0) : 1;
    uint64_t octets = ok ? (uint64_t)sqlite3_column_int64(count, 1) : 0;
    sqlite3_reset(count);
    return ok && give_share_back(h, domain, octets) &&
           (open > 0 || forget_container(h, id, octets));
}

static void bind(sqlite3_stmt *set, const struct held *h, uint64_t number,
                 const struct held_change *c)
{
    int at = 0;
    sqlite3_bind_int(set, ++at, (int)c->state);
    sqlite3_bind_int64(set, ++at, c->due);
    sqlite3_bind_int64(set, ++at, c->asked);
    sqlite3_bind_int64(set, ++at, c->until);
    sqlite3_bind_int64(set, ++at, (int64_t)c->attempt);
    sqlite3_bind_int(set, ++at, c->begun);
    sqlite3_bind_int64(set, ++at, (int64_t)h->era);
    database_bind(set, ++at, c->asker);
    database_bind(set, ++at, c->said);
    sqlite3_bind_int64(set, ++at, (int64_t)number);
}

bool held_set(struct held *h, uint64_t number, const struct held_change *change)
{
    sqlite3_stmt *set = held_statement(h, HELD_SET);
    bind(set, h, number, change);
    bool ok = sqlite3_step(set) == SQLITE_ROW;
    uint64_t id = ok ? (uint64_t)sqlite3_column_int64(set, 0) : 0;
    struct slice domain = ok ? database_text(set, 1) : SLICE("");
    ok = ok && (!held_is_over(change->state) || settle(h, id, domain));
    sqlite3_reset(set);
    return ok;
}

struct held_change held_change_of(const struct held_entry *entry)
{
    return (struct held_change){.state = entry->state,
                                .asked = entry->asked,
                                .until = entry->until,
                                .attempt = entry->attempt,
                                .asker = entry->asker,
                                .said = entry->said};
}

/* ---- what people ask for ---- */

static const char *const states[] = {
    [HELD_WAITING] = "it waits",
    [HELD_LEAVING] = "it is released already, and not delivered yet",
    [HELD_AWAY] = "it is released already, and being delivered",
    [HELD_DOUBTED] = "the server behind may have it already",
    [HELD_DELIVERED] = "it was released and delivered",
    [HELD_DELETED] = "it was deleted",
    [HELD_EXPIRED] = "its time is over, it is not held any more",
};

static bool may(enum held_act act, enum held_state state)
{
    switch (act) {
    case HELD_RELEASE:
        return state == HELD_WAITING;
    case HELD_RELEASE_AGAIN:
    case HELD_DELETE:
        return state == HELD_WAITING || state == HELD_DOUBTED;
    case HELD_REPORT:
        return true;
    }
    return false;
}

static bool mark(struct held *h, uint64_t number)
{
    sqlite3_stmt *wrongly = held_statement(h, HELD_MARK);
    sqlite3_bind_int64(wrongly, 1, (int64_t)number);
    return database_step(wrongly);
}

static bool do_it(struct held *h, const struct held_entry *entry, enum held_act act,
                  struct slice asker, int64_t now)
{
    struct held_change change = held_change_of(entry);
    if (act == HELD_REPORT)
        return mark(h, entry->number);
    change.state = act == HELD_DELETE ? HELD_DELETED : HELD_LEAVING;
    change.asked = change.due = now;
    change.asker = asker;
    change.said = SLICE("");
    return held_set(h, entry->number, &change);
}

bool held_act(struct held *h, uint64_t number, enum held_act act, struct slice asker, int64_t now,
              const char **reason)
{
    struct held_entry entry;
    *reason = "the database fails";
    if (!held_commit(h) || !held_begin(h))
        return false;
    if (!held_get(h, number, &entry))
        *reason = h->db ? "there is none of that number" : *reason;
    else if (!may(act, entry.state))
        *reason = states[entry.state];
    else if (do_it(h, &entry, act, asker, now)) {
        held_let_go(h);
        return held_commit(h);
    } else {
        held_failed(h, "act");
        return false;
    }
    held_let_go(h);
    held_commit(h);
    return false;
}
