/* SPDX-License-Identifier: ISC
 * The records, in a SQLite database with one writer. What is added counts once it is committed;
 * that is done for many at once. Mail never waits for it: what cannot be written is lost, and
 * counted. A database that is damaged is set aside, and a new one begun. */
#ifndef KEEPER_HISTORY_H
#define KEEPER_HISTORY_H

#include "keeper/personal.h"

struct history;

struct history_bounds {
    int64_t age;              /* seconds */
    uint64_t size;            /* octets on the disk */
    struct personal personal; /* what is kept of people in records that are older than that: */
    int64_t personal_age;     /* seconds */
};

/* Opens or makes `path`, and brings an older form up to date. Where the disk does not serve now, that
 * is tried again later. NULL with *reason. */
struct history *history_open(const char *path, const struct history_bounds *bounds,
                             const char **reason);
void history_close(struct history **history); /* commits */

/* `octets`: the record's own. */
void history_add(struct history *history, const struct record *record, struct slice octets);

/* Writes what was added since. True: there was something. */
bool history_commit(struct history *history);

/* Writes what some of the records can be found by, which is put off while there is much to do; a
 * search does it for all. True: there are more. */
bool history_index(struct history *history);
/* How many records there are that this is still to be done for. */
uint64_t history_backlog(const struct history *history);

/* Takes out some of what is older or more than allowed. True: there is more of it. */
bool history_prune(struct history *history, int64_t now);

/* Keeps less of people in some of the records that have that age now (seconds since 1970). True: there
 * are more. */
bool history_veil(struct history *history, int64_t now);

/* Of what was taken out or veiled, the index still has words: merges some of it, when it is time.
 * `quiet`: little else is to do. True: there is more. */
bool history_tidy(struct history *history, bool quiet);

/* What is asked for; what is empty or 0 is not asked. The newest first. */
struct history_query {
    struct slice id;   /* a reference, or the beginning of those of a session */
    struct slice text; /* an address, a domain, a Message-ID, words of a subject */
    bool whole;        /* the text is an address, and nothing near to it is meant */
    struct slice verdict, client, rule;
    int64_t since, until; /* milliseconds since 1970 */
    int64_t before;       /* the number of a record: only older ones */
    size_t most;
};

/* Looks at some records at most: *before is then the number of the last one and one more, else 0.
 * Calls `take` with each record's number, which is later for later ones, and the record as record_encode makes it today; false from it ends the search. False with *reason: it failed. */
bool history_find(struct history *history, const struct history_query *query,
                  bool (*take)(void *ctx, int64_t number, struct slice octets), void *ctx,
                  int64_t *before, const char **reason);

/* Takes out records in which this address sends, is From's, receives or has logged in, some of them at
 * once: those before that number, the newest first; 0: of all. Then *before is where to go on, or 0.
 * What they held is overwritten. How many; -1 with *reason: it failed. */
int64_t history_forget(struct history *history, struct slice address, int64_t *before,
                       const char **reason);

/* One that came could not be added. */
void history_lose(struct history *history);

struct history_counts {
    uint64_t records, lost;
    uint64_t octets; /* on the disk */
};
struct history_counts history_counts(struct history *history);

#endif
