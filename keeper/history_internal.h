/* SPDX-License-Identifier: ISC
 * One history, in its files:
 *
 *   history.c         opens it, brings it up to date, sets it aside
 *   history_write.c   adds and takes out
 *   history_index.c   writes what records are found by, when there is time
 *   history_forget.c  takes out all about somebody
 *   history_veil.c    keeps less of people
 *   history_tidy.c    and none of their words in the index
 *   history_find.c    searches
 *   history_words.h   by what
 *   history_read.c    reads records of all versions */
#ifndef KEEPER_HISTORY_INTERNAL_H
#define KEEPER_HISTORY_INTERNAL_H

#include "common/record_vocabulary.h"
#include "keeper/database.h"
#include "keeper/history.h"

#include <limits.h>

enum statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ADD,
    STATEMENT_ADD_WORDS,
    STATEMENT_OLDEST,
    STATEMENT_NEWEST,
    STATEMENT_REMOVE,
    STATEMENT_REMOVE_WORDS,
    STATEMENT_SHRINK,
    STATEMENT_UNINDEXED, /* behind that id, so many */
    STATEMENT_INDEXED,   /* up to that id */
    STATEMENT_VEILED,    /* up to that id, so */
    STATEMENT_UNTIDY,
    STATEMENT_CHANGE,
    STATEMENTS
};

struct history {
    char path[PATH_MAX];
    struct history_bounds bounds;
    sqlite3 *db; /* NULL: it could not be opened; tried again later */
    sqlite3_stmt *statements[STATEMENTS];
    struct arena *arena;        /* of the record that is looked at */
    struct arena *vocabularies; /* holds those of others */
    int64_t words_id;           /* of the program's own */
    struct other {
        int64_t id;
        struct record_vocabulary words;
    } * others;
    size_t other_count;
    struct buf words[4], again; /* of the index; a record in the words of today */
    int64_t last_id;
    int64_t indexed;      /* up to that id the words are written */
    uint64_t backlog;     /* of records whose words are not */
    int64_t veiled;       /* up to that id less is kept of people ... */
    int64_t veiled_noted; /* ... as it stands in the database */
    enum personal_how veiled_how;
    bool untidy;       /* the index has words of what is not there any more ... */
    bool untidy_again; /* ... that was not there when the tidying began */
    bool tidying;
    int64_t tidied_at, tidy_at; /* clock_ms: it ended; it begins not before */
    size_t pending;             /* added since the last commit */
    uint64_t lost;
    int64_t retry_at; /* clock_ms: after a failure; 0: none */
    bool failing;     /* what it fails for was said */
    bool lacks;       /* tables of its form are not there */
    bool may_come;    /* it cannot be opened now, and perhaps later */
};

/* Notes the words of this program, and reads those of others. False: the database fails. */
bool history_learn_words(struct history *history);

/* The record, in the history's arena, which is reset. */
bool history_read(struct history *history, int64_t words, struct slice octets,
                  struct record *record);
/* Without its facts, whatever they are. */
bool history_read_words(struct history *history, int64_t words, struct slice octets,
                        struct record *record);
/* Its octets in the words of today; empty: they do not fit. */
struct slice history_today(struct history *history, int64_t words, struct slice octets,
                           const struct record *record);

/* One record, with its words, inside a change. False: it failed. */
bool history_remove(struct history *history, int64_t id, int64_t words, struct slice octets);
/* Begins and ends a change. */
bool history_step(struct history *history, enum statement which);

/* What a record can be found by is added or taken out. False: a text does not fit, or the database
 * fails. */
bool history_write_words(struct history *history, enum statement which, const struct record *record,
                         int64_t id);
void history_index_all(struct history *history);

/* Inside a change: words are left in the index that are to go, so many milliseconds after the last
 * time or at once. False: it failed. */
enum { TIDY_OFTEN_MS = 3600 * 1000, TIDY_SELDOM_MS = 24 * 3600 * 1000 };
bool history_untidy(struct history *history, int64_t rest);
/* Merges some pages of the index. 1: there is more, 0: it is tidy, -1: it failed. */
int history_merge(struct history *history);

/* Inside a change: up to that id less is kept of people. False: it failed. */
bool history_note_veiled(struct history *history, int64_t last);

/* Somebody, as records have him: by his address, and as what it has become (personal.h). */
struct people {
    struct slice address, veiled; /* veiled: empty where it cannot be found by it */
    char room[400];
};
void history_people(const struct history *history, struct slice address, struct people *people);
void history_phrase_of(const struct people *people, struct buf *out);
bool history_tells_of(const struct record *record, const struct people *people);

/* Opens the files. False with *reason. */
bool history_begin(struct history *history, const char **reason);

/* Files that were set aside before then (seconds since 1970), and more than some, go. */
void history_drop_aside(const struct history *history, int64_t before);

/* The last call has failed: what was pending is lost. Damage sets the file aside. */
void history_failed(struct history *history, const char *what);

#endif
