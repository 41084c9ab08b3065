/* SPDX-License-Identifier: ISC */
#include "keeper/held_internal.h"

void held_read_entry(sqlite3_stmt *row, struct held_entry *entry)
{
    int at = 0;
    *entry = (struct held_entry){.number = (uint64_t)sqlite3_column_int64(row, at++)};
    entry->id = (uint64_t)sqlite3_column_int64(row, at++);
    entry->state = (enum held_state)sqlite3_column_int(row, at++);
    entry->arrived = sqlite3_column_int64(row, at++);
    entry->until = sqlite3_column_int64(row, at++);
    entry->asked = sqlite3_column_int64(row, at++);
    entry->size = (uint64_t)sqlite3_column_int64(row, at++);
    entry->octets = (uint64_t)sqlite3_column_int64(row, at++);
    entry->attempt = (uint64_t)sqlite3_column_int64(row, at++);
    struct slice *const texts[] = {&entry->reference, &entry->client,  &entry->sender,
                                   &entry->author,    &entry->subject, &entry->message_id,
                                   &entry->address,   &entry->why,     &entry->rule,
                                   &entry->asker,     &entry->said};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = database_text(row, at++);
    entry->wrongly = sqlite3_column_int(row, at++);
    entry->copy = sqlite3_column_int(row, at);
}

bool held_get(struct held *h, uint64_t number, struct held_entry *entry)
{
    sqlite3_stmt *row = held_statement(h, HELD_ENTRY);
    sqlite3_reset(row);
    sqlite3_bind_int64(row, 1, (int64_t)number);
    int result = sqlite3_step(row);
    if (result == SQLITE_ROW) {
        held_read_entry(row, entry);
        return true;
    }
    sqlite3_reset(row);
    if (result != SQLITE_DONE)
        held_failed(h, "read");
    return false;
}

void held_let_go(struct held *h)
{
    if (h->db)
        sqlite3_reset(held_statement(h, HELD_ENTRY));
}

/* ---- searching ---- */

/* The newest first; ?1: below that number. */
static const char search[] =
    "SELECT " HELD_ENTRY_COLUMNS " FROM recipient r JOIN message m ON m.id = r.message "
    "WHERE r.number < ?1 AND (?2 OR r.state < 5) AND (?3 = 0 OR r.number = ?3)"
    " AND (?4 = '' OR m.reference = ?4 OR substr(m.reference, 1, length(?4) + 1) = ?4 || '.')"
    " AND (?5 = '' OR r.why = ?5)"
    " AND (?6 = '' OR instr(lower(r.address), lower(?6)) OR instr(lower(m.sender), lower(?6))"
    "      OR instr(lower(m.author), lower(?6)) OR instr(lower(m.subject), lower(?6)))"
    " ORDER BY r.number DESC LIMIT ?7";

static void bind(sqlite3_stmt *statement, const struct held_query *query)
{
    uint64_t before = query->before ? query->before : INT64_MAX;
    sqlite3_bind_int64(statement, 1, (int64_t)(before & INT64_MAX));
    sqlite3_bind_int(statement, 2, query->all || query->number);
    sqlite3_bind_int64(statement, 3, (int64_t)(query->number & INT64_MAX));
    database_bind(statement, 4, query->reference);
    database_bind(statement, 5, query->why);
    database_bind(statement, 6, query->text);
    sqlite3_bind_int64(statement, 7, (int64_t)query->most);
}

static bool failed(struct held *h, const char **reason)
{
    static char text[160];
    sqlite3_snprintf(sizeof text, text, "%s", h->db ? sqlite3_errmsg(h->db) : "it is not open");
    *reason = text;
    return false;
}

bool held_find(struct held *h, const struct held_query *query,
               bool (*take)(void *ctx, const struct held_entry *entry), void *ctx,
               const char **reason)
{
    sqlite3_stmt *statement = NULL;
    struct held_entry entry;
    int result = SQLITE_DONE;
    if (!held_ready(h) || sqlite3_prepare_v2(h->db, search, -1, &statement, NULL) != SQLITE_OK)
        return failed(h, reason);
    bind(statement, query);
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        held_read_entry(statement, &entry);
        if (!take(ctx, &entry))
            break;
    }
    bool ok = result == SQLITE_DONE || result == SQLITE_ROW || failed(h, reason);
    sqlite3_finalize(statement);
    return ok;
}

/* ---- whether it was released ---- */

struct released {
    struct slice reference;
    bool was;
};

static bool look_for_release(void *ctx, const struct held_entry *entry)
{
    struct released *released = ctx;
    bool let_go = entry->state >= HELD_LEAVING && entry->state <= HELD_DELIVERED && !entry->copy;
    released->was = let_go && slice_eq(entry->reference, released->reference);
    return !released->was;
}

bool held_released(struct held *held, struct slice reference)
{
    const struct held_query query = {.all = true, .reference = reference, .most = INT32_MAX};
    struct released released = {.reference = reference};
    const char *reason;
    return reference.len > 0 && held &&
           held_find(held, &query, look_for_release, &released, &reason) && released.was;
}
