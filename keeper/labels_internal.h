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
    LABELS_CAP,
    LABELS_VOTES,
    LABELS_VECTOR,
    LABELS_LAST,
    LABELS_COUNT,
    LABELS_COUNTS,
    LABELS_FORGET, /* as many as enum learn_forget has */
    LABELS_AGED = LABELS_FORGET + LEARN_FORGETS,
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
    bool seals; /* `seal` is one */
    struct labels_state state;
};

/* Why the last call failed; false. */
bool labels_failed(const struct labels *labels, const char **reason);

/* So many changes more, in the transaction that is open. */
bool labels_note_changes(struct labels *labels, uint64_t count);

/* Its state as it stands in the database. False: it cannot be read. */
bool labels_read_state(struct labels *labels);

/* What the columns `account` has for an address; empty for the admin's. False: it is no address. */
bool labels_account(const struct labels *labels, struct slice address,
                    char out[static ACCOUNT_DIGEST]);

#endif
