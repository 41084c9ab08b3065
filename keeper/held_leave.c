/* SPDX-License-Identifier: ISC
 * A copy that was released is leaving until it is due, then away with an errand. When the errand has
 * not come back in its time, it is due again: if the proxy had begun to hand the message over, nobody
 * knows whether the server behind has it, and somebody has to say so before it is sent twice. */
#include "base/clock.h"
#include "keeper/held_internal.h"

#include <stdio.h>

enum {
    FIRST = 5,            /* seconds until the second try; twice as long from try to try */
    LONGEST = 1800,       /* between two */
    GIVE_UP = 2 * 86400,  /* seconds after it was released: it waits again */
    WAITS_ON = 7 * 86400, /* what could not be delivered is held that much longer at least */
    MARGIN = 15,          /* seconds for the end of an errand to arrive */
};

static int64_t pause_after(uint64_t attempt)
{
    int64_t pause = FIRST;
    for (uint64_t i = 1; i < attempt && pause < LONGEST; i++)
        pause *= 2;
    return pause < LONGEST ? pause : LONGEST;
}

/* ---- going ---- */

static bool next_number(struct held *h, int64_t now, uint64_t *number)
{
    sqlite3_stmt *due = held_statement(h, HELD_DUE);
    sqlite3_bind_int64(due, 1, now);
    int result = sqlite3_step(due);
    if (result == SQLITE_ROW)
        *number = (uint64_t)sqlite3_column_int64(due, 0);
    sqlite3_reset(due);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        held_failed(h, "due");
    return result == SQLITE_ROW;
}

static bool read_parameters(struct held *h, struct arena *arena, struct errand *e)
{
    static const char text[] = "SELECT r.notify, r.orcpt, m.ret, m.envid, m.utf8, m.eight_bit"
                               " FROM recipient r JOIN message m ON m.id = r.message"
                               " WHERE r.number = ?";
    sqlite3_stmt *row = NULL;
    bool ok = sqlite3_prepare_v2(h->db, text, -1, &row, NULL) == SQLITE_OK;
    if (ok)
        sqlite3_bind_int64(row, 1, (int64_t)e->number);
    ok = ok && sqlite3_step(row) == SQLITE_ROW;
    if (ok) {
        e->notify = arena_copy(arena, database_text(row, 0));
        e->orcpt = arena_copy(arena, database_text(row, 1));
        e->ret = arena_copy(arena, database_text(row, 2));
        e->envid = arena_copy(arena, database_text(row, 3));
        e->utf8 = sqlite3_column_int(row, 4);
        e->eight_bit = sqlite3_column_int(row, 5);
    }
    sqlite3_finalize(row);
    return ok;
}

static struct slice field_of(struct arena *arena, const struct held_entry *entry)
{
    return entry->copy
               ? arena_printf(arena, "X-Gatepost-Copy: %.*s", SLICE_ARGS(entry->reference))
               : arena_printf(arena,
                              "X-Gatepost-Released: %.*s; held as \"%.*s\", released by %.*s",
                              SLICE_ARGS(entry->reference), SLICE_ARGS(entry->why),
                              SLICE_ARGS(entry->asker));
}

static bool make_errand(struct held *h, const struct held_entry *entry, struct arena *arena,
                        struct errand *e)
{
    *e = (struct errand){.number = entry->number,
                         .attempt = entry->attempt + 1,
                         .about = entry->id,
                         .octets = entry->octets,
                         .deadline = clock_ms() + ERRAND_MS,
                         .reference = arena_copy(arena, entry->reference),
                         .sender = arena_copy(arena, entry->sender),
                         .address = arena_copy(arena, entry->address)};
    e->copy = entry->copy;
    e->field = field_of(arena, entry);
    return read_parameters(h, arena, e) && !arena_failed(arena);
}

/* On the disk before anybody is given it: else it could be sent twice. */
static bool send_away(struct held *h, const struct held_entry *entry, const struct errand *e,
                      int64_t now)
{
    struct held_change change = held_change_of(entry);
    change.state = HELD_AWAY;
    change.attempt = e->attempt;
    change.due = now + ERRAND_MS / 1000 + MARGIN;
    bool ok = held_set(h, e->number, &change);
    held_let_go(h);
    if (!ok)
        held_failed(h, "send");
    return ok && held_commit(h);
}

bool held_due(struct held *h, int64_t now, struct arena *arena, struct errand *e, int *container)
{
    uint64_t number;
    struct held_entry entry;
    if (!held_commit(h) || !next_number(h, now, &number) || !held_begin(h) ||
        !held_get(h, number, &entry))
        return false;
    if (!make_errand(h, &entry, arena, e)) {
        held_let_go(h);
        return false;
    }
    if (!send_away(h, &entry, e, now))
        return false;
    *container = held_container(h, e->about);
    return true;
}

/* What is told of it (gatepost-release may have to) is of no attempt. */
bool held_learn(struct held *h, uint64_t number, struct arena *arena, struct errand *e,
                int *container)
{
    struct held_entry entry;
    if (!held_commit(h) || !held_begin(h))
        return false;
    bool made = held_get(h, number, &entry) && make_errand(h, &entry, arena, e);
    held_let_go(h);
    if (!held_commit(h) || !made)
        return false;
    e->attempt = 0;
    e->only_learnt = true;
    *container = held_container(h, e->about);
    return true;
}

/* ---- coming back ---- */

/* Whether there is another try. */
static bool is_patient(const struct held_entry *entry, int64_t now)
{
    return now < entry->asked + GIVE_UP;
}

static struct held_change waits_again(const struct held_entry *entry, int64_t now,
                                      struct slice said, enum held_state state)
{
    struct held_change change = held_change_of(entry);
    change.said = said;
    change.state = state;
    if (change.until < now + WAITS_ON)
        change.until = now + WAITS_ON;
    return change;
}

static struct held_change again(const struct held_entry *entry, int64_t now, struct slice said)
{
    if (!is_patient(entry, now))
        return waits_again(entry, now, said, HELD_WAITING);
    struct held_change change = held_change_of(entry);
    change.said = said;
    change.state = HELD_LEAVING;
    change.due = now + pause_after(entry->attempt);
    return change;
}

static struct held_change over(const struct held_entry *entry, const struct errand_news *news,
                               int64_t now)
{
    struct held_change change = held_change_of(entry);
    switch (news->outcome) {
    case ERRAND_DELIVERED:
        change.state = HELD_DELIVERED;
        change.said = news->say;
        return change;
    case ERRAND_LATER:
        return again(entry, now, news->say);
    case ERRAND_DOUBTED:
        if (entry->copy)
            return again(entry, now, news->say);
        return waits_again(entry, now, news->say, HELD_DOUBTED);
    case ERRAND_REFUSED:
        break;
    }
    return waits_again(entry, now, news->say, HELD_WAITING);
}

static struct held_change begins(const struct held_entry *entry, int64_t now)
{
    struct held_change change = held_change_of(entry);
    change.begun = true;
    change.due = now + ERRAND_MS / 1000 + MARGIN;
    return change;
}

/* Writes it, and tells of what has come to an end. */
static bool write_change(struct held *h, uint64_t number, const struct held_change *change,
                         bool (*take)(void *ctx, const struct held_entry *entry), void *ctx)
{
    struct held_entry entry;
    bool ok = held_set(h, number, change);
    held_let_go(h);
    if (!ok) {
        held_failed(h, "errand");
        return false;
    }
    if (!held_commit(h))
        return false;
    bool tells = take && change->state != HELD_AWAY && change->state != HELD_LEAVING;
    if (tells && held_get(h, number, &entry))
        take(ctx, &entry);
    held_let_go(h);
    return true;
}

/* What is told of a copy that is not away, or of an earlier try, is old news. */
bool held_news(struct held *h, const struct errand_news *news, enum errand_message what,
               int64_t now, bool (*take)(void *ctx, const struct held_entry *entry), void *ctx)
{
    struct held_entry entry;
    if (!held_commit(h) || !held_begin(h))
        return false;
    bool there = held_get(h, news->number, &entry);
    bool late = there && entry.state == HELD_DOUBTED && what == ERRAND_OVER &&
                news->outcome == ERRAND_DELIVERED;
    if (!there || entry.attempt != news->attempt || (entry.state != HELD_AWAY && !late)) {
        held_let_go(h);
        return held_commit(h);
    }
    struct held_change change = what == ERRAND_BEGINS ? begins(&entry, now)
                                : what == ERRAND_CLOSED
                                    ? waits_again(&entry, now, news->say, HELD_WAITING)
                                    : over(&entry, news, now);
    return write_change(h, news->number, &change, take, ctx);
}

void held_not_sent(struct held *h, const struct errand *e, int64_t now)
{
    struct errand_news news = {.number = e->number,
                               .attempt = e->attempt,
                               .outcome = ERRAND_LATER,
                               .say = SLICE("gatepost-release does not take it")};
    held_news(h, &news, ERRAND_OVER, now, NULL, NULL);
}

/* ---- not coming back ---- */

static bool next_lost(struct held *h, int64_t now, uint64_t *number, bool *begun)
{
    sqlite3_stmt *lost = held_statement(h, HELD_LOST);
    sqlite3_bind_int64(lost, 1, (int64_t)h->era);
    sqlite3_bind_int64(lost, 2, now);
    int result = sqlite3_step(lost);
    if (result == SQLITE_ROW) {
        *number = (uint64_t)sqlite3_column_int64(lost, 0);
        *begun = sqlite3_column_int(lost, 1);
    }
    sqlite3_reset(lost);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        held_failed(h, "lost");
    return result == SQLITE_ROW;
}

bool held_look_after(struct held *h, int64_t now,
                     bool (*take)(void *ctx, const struct held_entry *entry), void *ctx)
{
    uint64_t number = 0;
    bool begun = false;
    struct held_entry entry;
    if (!held_commit(h) || !next_lost(h, now, &number, &begun) || !held_begin(h) ||
        !held_get(h, number, &entry))
        return false;
    struct held_change change =
        begun && !entry.copy
            ? waits_again(&entry, now, SLICE("broken off: the server behind may have it"),
                          HELD_DOUBTED)
            : again(&entry, now, SLICE("it was lost on its way to a proxy"));
    return write_change(h, number, &change, take, ctx);
}

void held_call_back(struct held *h, int64_t now)
{
    if (!held_commit(h) || !held_begin(h))
        return;
    sqlite3_bind_int64(held_statement(h, HELD_CALL_BACK), 1, now);
    if (!database_step(held_statement(h, HELD_CALL_BACK)))
        held_failed(h, "end");
    held_commit(h);
}
