/* SPDX-License-Identifier: ISC
 * For labels*.c. */
#ifndef KEEPER_LABELS_INTERNAL_H
#define KEEPER_LABELS_INTERNAL_H

#include "keeper/account_digest.h"
#include "keeper/database.h"
#include "keeper/labels.h"

enum labels_statement {
    LABELS_ADD,
    LABELS_FIND,
    LABELS_TODAY,
    LABELS_SAID,
    LABELS_SAID_BEFORE,
    LABELS_OF_REFERENCE,
    LABELS_CAP,
    LABELS_VOTES,
    LABELS_VECTOR,
    LABELS_LAST,
    LABELS_COUNT,
    LABELS_COUNTS,
    LABELS_FORGET,                                  /* as many as enum learn_forget has */
    LABELS_PENDING = LABELS_FORGET + LEARN_FORGETS, /* the same */
    LABELS_LEFT_AGAIN = LABELS_PENDING + LEARN_FORGETS,
    LABELS_LEFT_ADD,
    LABELS_LEFT_MANY,
    LABELS_LEFT_CONTRARY,
    LABELS_LEFT_GONE,
    LABELS_LEFT_RIPE,
    LABELS_LEFT_LABEL,
    LABELS_LEFT_CAP,
    LABELS_LEFT_OVER,
    LABELS_LEFT_COUNT,
    LABELS_AGED,
    LABELS_MANY_OF_USERS,
    LABELS_MANY,
    LABELS_CHANGES,
    LABELS_STATE,
    LABELS_SET_STATE,
    LABELS_STATEMENTS
};

struct labels {
    sqlite3 *db;
    sqlite3_stmt *statements[LABELS_STATEMENTS];
    uint64_t key[2]; /* of digests */
    struct labels_bounds bounds;
    struct seal_key seal;
    bool seals;                                              /* `seal` is one */
    bool (*was_released)(void *ctx, struct slice reference); /* NULL: nothing ever is */
    void *ctx;
    struct labels_state state;
};

/* Why the last call failed; false. */
bool labels_failed(const struct labels *labels, const char **reason);

/* So many changes more, in the transaction that is open. */
bool labels_note_changes(struct labels *labels, uint64_t count);

/* In a memfd and out of it; ptr NULL with *reason. */
struct slice labels_sealed(const struct labels *labels, struct slice vector,
                           char room[static LEARN_SEALED_MOST], const char **reason);

/* Counts what is said by an account, or by whom that is, and how much that was, with this, in the day that
 * began with the first. */
uint64_t labels_said(struct labels *labels, struct slice whose, int64_t now);

/* A user has more than `most`: his oldest go. */
bool labels_cap(struct labels *labels, enum labels_statement statement, const char *account,
                int most);

/* Binds both from 1 on. */
void labels_bind_name(sqlite3_stmt *statement, const char *account, const struct label *label);

/* Its state as it stands in the database. False: it cannot be read. */
bool labels_read_state(struct labels *labels);

/* What the columns `account` has for an address; empty for the admin's. False: it is no address. */
bool labels_account(const struct labels *labels, struct slice address,
                    char out[static ACCOUNT_DIGEST]);

#endif
