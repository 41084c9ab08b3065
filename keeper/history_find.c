/* SPDX-License-Identifier: ISC */
#include "keeper/history_internal.h"
#include "keeper/history_words.h"

#include <stdio.h>

enum { TEXT_MAX = 8192, LOOKED_MOST = 5000 /* at once: records come in meanwhile */ };

/* ---- what the database looks for ---- */

/* A reference is looked for as itself, or as that of a session before a dot. */
static void where(const struct history_query *q, struct buf *sql)
{
    buf_cstr(sql, "SELECT vocabulary, octets, id FROM record WHERE 1");
    if (q->text.len)
        buf_cstr(sql, " AND id IN (SELECT rowid FROM word WHERE word MATCH ?1)");
    if (q->client.len)
        buf_cstr(sql, " AND id IN (SELECT rowid FROM word WHERE client MATCH ?2)");
    if (q->id.len)
        buf_cstr(sql, " AND reference >= ?3 AND reference < ?3 || '/'"); /* '/' follows '.' */
    if (q->since)
        buf_cstr(sql, " AND id >= ?4");
    if (q->until)
        buf_cstr(sql, " AND id < ?5");
    if (q->before)
        buf_cstr(sql, " AND id < ?6");
    buf_cstr(sql, " ORDER BY id DESC");
}

static void bind_phrase(sqlite3_stmt *statement, int at, const struct people *people,
                        struct buf *phrase)
{
    buf_clear(phrase);
    history_phrase_of(people, phrase);
    struct slice text = buf_slice(phrase);
    sqlite3_bind_text64(statement, at, text.ptr, text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void bind(sqlite3_stmt *statement, const struct history_query *q,
                 const struct people *people, struct buf *phrase)
{
    struct people client = {.address = q->client};
    if (q->text.len)
        bind_phrase(statement, 1, people, phrase);
    if (q->client.len)
        bind_phrase(statement, 2, &client, phrase);
    if (q->id.len)
        sqlite3_bind_text64(statement, 3, q->id.ptr, q->id.len, SQLITE_TRANSIENT, SQLITE_UTF8);
    if (q->since)
        sqlite3_bind_int64(statement, 4, q->since * 1000);
    if (q->until)
        sqlite3_bind_int64(statement, 5, q->until * 1000);
    if (q->before)
        sqlite3_bind_int64(statement, 6, q->before);
}

/* ---- what only the record tells ---- */

static bool names_rule(const struct record *r, struct slice rule)
{
    for (size_t i = 0; i < r->rule_count; i++)
        if (slice_ieq(r->rules[i], rule))
            return true;
    for (size_t i = 0; i < r->observed_count; i++)
        if (slice_ieq(r->observed[i], rule))
            return true;
    return false;
}

static bool is_reference(struct slice id, struct slice asked)
{
    return slice_eq(id, asked) ||
           (slice_starts(id, asked) && id.len > asked.len && id.ptr[asked.len] == '.');
}

static bool fits(const struct record *r, const struct history_query *q, const struct people *people)
{
    return (!q->whole || history_tells_of(r, people)) &&
           (!q->id.len || is_reference(r->id, q->id)) &&
           (!q->verdict.len || slice_eq(r->verdict, q->verdict)) &&
           (!q->rule.len || names_rule(r, q->rule));
}

static int walk(struct history *h, sqlite3_stmt *statement, const struct history_query *q,
                const struct people *people,
                bool (*take)(void *ctx, int64_t number, struct slice octets), void *ctx,
                int64_t *before)
{
    int result = SQLITE_DONE;
    size_t found = 0, looked = 0;
    while (found < q->most && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        struct record record;
        struct slice octets = {sqlite3_column_blob(statement, 1),
                               (size_t)sqlite3_column_bytes(statement, 1)};
        int64_t words = sqlite3_column_int64(statement, 0);
        int64_t number = sqlite3_column_int64(statement, 2);
        if (looked++ == LOOKED_MOST) {
            *before = number + 1;
            return SQLITE_DONE;
        }
        if (!history_read(h, words, octets, &record) || !fits(&record, q, people))
            continue;
        found++;
        if (!take(ctx, sqlite3_column_int64(statement, 2),
                  history_today(h, words, octets, &record)))
            return SQLITE_DONE;
    }
    return found < q->most ? result : SQLITE_DONE;
}

bool history_find(struct history *h, const struct history_query *q,
                  bool (*take)(void *ctx, int64_t number, struct slice octets), void *ctx,
                  int64_t *before, const char **reason)
{
    sqlite3_stmt *statement = NULL;
    struct buf sql = buf_init(TEXT_MAX), phrase = buf_init(TEXT_MAX);
    struct people people;
    history_commit(h);
    if (q->text.len || q->client.len)
        history_index_all(h);
    *before = 0;
    *reason = "the history is not open";
    if (!h->db)
        return false;
    where(q, &sql);
    struct slice text = buf_slice(&sql);
    bool ok = !sql.failed &&
              sqlite3_prepare_v2(h->db, text.ptr, (int)text.len, &statement, NULL) == SQLITE_OK;
    if (ok) {
        history_people(h, q->text, &people);
        bind(statement, q, &people, &phrase);
        ok = !phrase.failed && walk(h, statement, q, &people, take, ctx, before) == SQLITE_DONE;
    }
    static char why[128];
    snprintf(why, sizeof why, "%s",
             sql.failed || phrase.failed ? "the question is too long" : sqlite3_errmsg(h->db));
    *reason = why;
    sqlite3_finalize(statement);
    buf_release(&sql);
    buf_release(&phrase);
    return ok;
}
