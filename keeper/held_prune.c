/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/log.h"
#include "keeper/held_internal.h"

/* Rows of what is not there any more: a retry is recognised by them, and people ask. */
enum {
    LEAP = 600, /* seconds that the wall clock may be ahead of what has passed */
    DAY_MS = 86400000,
    REMEMBERED = 30 * 86400,
    AT_ONCE = 20
};

static size_t numbers_of(sqlite3_stmt *statement, int64_t before, uint64_t numbers[static AT_ONCE])
{
    size_t count = 0;
    sqlite3_bind_int64(statement, 1, before);
    while (count < AT_ONCE && sqlite3_step(statement) == SQLITE_ROW)
        numbers[count++] = (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return count;
}

static bool expire(struct held *h, uint64_t number)
{
    struct held_entry entry;
    if (!held_get(h, number, &entry))
        return false;
    struct held_change change = held_change_of(&entry);
    change.state = HELD_EXPIRED;
    bool ok = held_set(h, number, &change);
    held_let_go(h);
    return ok;
}

static void tell(struct held *h, uint64_t number,
                 bool (*take)(void *ctx, const struct held_entry *entry), void *ctx)
{
    struct held_entry entry;
    if (held_get(h, number, &entry))
        take(ctx, &entry);
    held_let_go(h);
}

static bool drop(struct held *h, uint64_t id)
{
    sqlite3_stmt *recipients = held_statement(h, HELD_DROP_RECIPIENTS),
                 *message = held_statement(h, HELD_DROP_MESSAGE);
    sqlite3_bind_int64(recipients, 1, (int64_t)id);
    sqlite3_bind_int64(message, 1, (int64_t)id);
    return database_step(recipients) && database_step(message);
}

/* It gives a row for each page. */
static void shrink(struct held *h)
{
    sqlite3_stmt *statement = held_statement(h, HELD_SHRINK);
    while (sqlite3_step(statement) == SQLITE_ROW)
        ;
    sqlite3_reset(statement);
}

/* A wall clock that has leapt would end what is held before its time: for a day it is not believed. */
static bool trusts_clock(struct held *h, int64_t now)
{
    int64_t ms = clock_ms(), passed = (ms - h->pruned_ms) / 1000;
    bool leapt = h->pruned_wall && now - h->pruned_wall > passed + LEAP;
    if (leapt) {
        h->trusts_at = ms + DAY_MS;
        log_at(LEVEL_WARNING, "", "the clock has leapt: for a day nothing that is held expires",
               field_num("seconds", now - h->pruned_wall - passed));
    }
    h->pruned_wall = now;
    h->pruned_ms = ms;
    return ms >= h->trusts_at;
}

bool held_prune(struct held *h, int64_t now,
                bool (*take)(void *ctx, const struct held_entry *entry), void *ctx)
{
    uint64_t over[AT_ONCE], forgotten[AT_ONCE];
    if (!trusts_clock(h, now) || !held_commit(h) || !held_begin(h))
        return false;
    size_t over_count = numbers_of(held_statement(h, HELD_OVER), now, over);
    size_t forgotten_count =
        numbers_of(held_statement(h, HELD_FORGOTTEN), now - REMEMBERED, forgotten);
    bool ok = true;
    for (size_t i = 0; ok && i < over_count; i++)
        ok = expire(h, over[i]);
    for (size_t i = 0; ok && i < forgotten_count; i++)
        ok = drop(h, forgotten[i]);
    if (!ok) {
        held_failed(h, "prune");
        return false;
    }
    if (!held_commit(h))
        return false;
    for (size_t i = 0; i < over_count; i++) /* now it is true */
        tell(h, over[i], take, ctx);
    shrink(h);
    return over_count + forgotten_count > 0;
}

/* ---- forgetting ---- */

static bool forget_some(struct held *h, struct slice address, int64_t *count)
{
    sqlite3_stmt *of = held_statement(h, HELD_OF), *drop_copy = held_statement(h, HELD_DROP_COPY);
    bool ok = true;
    int result = SQLITE_DONE;
    database_bind(of, 1, address);
    while (ok && (result = sqlite3_step(of)) == SQLITE_ROW) {
        sqlite3_bind_int64(drop_copy, 1, sqlite3_column_int64(of, 0));
        ok = database_step(drop_copy);
        ++*count;
    }
    sqlite3_reset(of);
    return ok && result == SQLITE_DONE && database_step(held_statement(h, HELD_DROP_BARE));
}

int64_t held_forget(struct held *h, struct slice address, const char **reason)
{
    int64_t count = 0;
    *reason = "what is held could not be written";
    if (!held_commit(h) || !held_begin(h))
        return -1;
    if (!forget_some(h, address, &count)) {
        held_failed(h, "forget");
        return -1;
    }
    if (!held_commit(h))
        return -1;
    database_run(h->db, "PRAGMA wal_checkpoint(TRUNCATE)");
    return count;
}
