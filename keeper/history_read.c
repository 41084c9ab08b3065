/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "keeper/history_internal.h"

enum { WORDS_MAX = 256 * 1024, OTHERS_MAX = 64 };

/* ---- the words ---- */

static bool note_own(struct history *h, struct slice words)
{
    sqlite3_stmt *add = NULL, *find = NULL;
    bool ok = sqlite3_prepare_v2(h->db, "INSERT OR IGNORE INTO vocabulary (words) VALUES (?)", -1,
                                 &add, NULL) == SQLITE_OK &&
              sqlite3_prepare_v2(h->db, "SELECT id FROM vocabulary WHERE words = ?", -1, &find,
                                 NULL) == SQLITE_OK;
    if (ok) {
        sqlite3_bind_text64(add, 1, words.ptr, words.len, SQLITE_STATIC, SQLITE_UTF8);
        sqlite3_bind_text64(find, 1, words.ptr, words.len, SQLITE_STATIC, SQLITE_UTF8);
        ok = sqlite3_step(add) == SQLITE_DONE && sqlite3_step(find) == SQLITE_ROW;
    }
    if (ok)
        h->words_id = sqlite3_column_int64(find, 0);
    sqlite3_finalize(add);
    sqlite3_finalize(find);
    return ok;
}

static void read_other(struct history *h, int64_t id, struct slice words)
{
    struct other *other = &h->others[h->other_count];
    other->id = id;
    if (record_vocabulary_read(words, h->vocabularies, &other->words))
        h->other_count++;
    else
        log_at(LEVEL_WARNING, "", "history: records of another version cannot be read",
               field_num("vocabulary", id));
}

static bool read_others(struct history *h)
{
    sqlite3_stmt *all = NULL;
    bool ok = sqlite3_prepare_v2(h->db, "SELECT id, words FROM vocabulary ORDER BY id DESC", -1,
                                 &all, NULL) == SQLITE_OK;
    h->others = arena_array(h->vocabularies, OTHERS_MAX, sizeof *h->others);
    h->other_count = 0;
    while (ok && h->others && h->other_count < OTHERS_MAX && sqlite3_step(all) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(all, 0);
        struct slice words = {(const char *)sqlite3_column_text(all, 1),
                              (size_t)sqlite3_column_bytes(all, 1)};
        if (id != h->words_id)
            read_other(h, id, words);
    }
    sqlite3_finalize(all);
    return ok && h->others;
}

bool history_learn_words(struct history *h)
{
    struct buf words = buf_init(WORDS_MAX);
    record_vocabulary_write(&words);
    bool ok = !words.failed && note_own(h, buf_slice(&words)) && read_others(h);
    buf_release(&words);
    return ok;
}

/* ---- records ---- */

typedef bool decoder(struct slice octets, const struct record_vocabulary *words,
                     struct arena *arena, struct record *record);

static bool read_by(struct history *h, decoder *decode, int64_t words, struct slice octets,
                    struct record *record)
{
    arena_reset(h->arena);
    if (words == h->words_id)
        return decode(octets, NULL, h->arena, record);
    for (size_t i = 0; i < h->other_count; i++)
        if (h->others[i].id == words)
            return decode(octets, &h->others[i].words, h->arena, record);
    return false;
}

bool history_read(struct history *h, int64_t words, struct slice octets, struct record *record)
{
    return read_by(h, record_decode_as, words, octets, record);
}

bool history_read_words(struct history *h, int64_t words, struct slice octets,
                        struct record *record)
{
    return read_by(h, record_decode_words_as, words, octets, record);
}

struct slice history_today(struct history *h, int64_t words, struct slice octets,
                           const struct record *record)
{
    if (words == h->words_id)
        return octets;
    buf_clear(&h->again);
    return record_encode(&h->again, record) ? buf_slice(&h->again) : (struct slice){NULL, 0};
}
