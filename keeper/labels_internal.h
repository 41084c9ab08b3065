/* SPDX-License-Identifier: ISC
 * For labels*.c. */
#ifndef KEEPER_LABELS_INTERNAL_H
#define KEEPER_LABELS_INTERNAL_H

#include "keeper/account_digest.h"
#include "keeper/database.h"
#include "keeper/labels_shared.h"

/* As enum label_how and label_class have them. */
#define CLASS_GOOD "0"
#define HOW_MOVED "2"
#define HOW_FLAGGED "3"
#define HOW_LEFT "6"
#define HOW_ANSWERED "7"
#define HOW_PENDING "iif(name = '', " HOW_LEFT ", " HOW_ANSWERED ")" /* what a row may become */
_Static_assert(LABEL_GOOD == 0 && LABEL_MOVED == 2 && LABEL_FLAGGED == 3 && LABEL_LEFT == 6 &&
                   LABEL_ANSWERED == 7,
               "statements name them");

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
    LABELS_AFTER,
    LABELS_COUNT,
    LABELS_COUNTS,
    LABELS_FORGET,                                  /* as many as enum learn_forget has */
    LABELS_PENDING = LABELS_FORGET + LEARN_FORGETS, /* the same */
    LABELS_LEFT_AGAIN = LABELS_PENDING + LEARN_FORGETS,
    LABELS_LEFT_ADD,
    LABELS_LEFT_MANY,
    LABELS_LEFT_NONE,
    LABELS_LEFT_STRANGE,
    LABELS_LEFT_CONTRARY,
    LABELS_LEFT_GONE,
    LABELS_LEFT_RIPE,
    LABELS_LEFT_LABEL,
    LABELS_LEFT_CAP,
    LABELS_LEFT_OVER,
    LABELS_LEFT_COUNT,
    LABELS_ANSWERABLE_ADD,
    LABELS_ANSWERABLE_MANY,
    LABELS_ANSWERABLE_OLD,
    LABELS_ANSWERABLE_COUNT,
    LABELS_ANSWERABLE_FIND,
    LABELS_ANSWERED_FIND,
    LABELS_ANSWERED_LABEL,
    LABELS_ANSWERED_OVER,
    LABELS_ANSWERED_CAP,
    LABELS_ANSWERED_MANY,
    LABELS_AGED,
    LABELS_MANY_OF_USERS,
    LABELS_MANY,
    LABELS_CHANGES,
    LABELS_STATE,
    LABELS_SET_STATE,
    LABELS_STATEMENTS
};

enum shared_statement {
    SHARED_STATE,
    SHARED_SET_STATE,
    SHARED_NAMES,
    SHARED_ALL_NAMES,
    SHARED_UNTOLD,
    SHARED_UNTOLD_COUNT,
    SHARED_UNTOLD_ONE,
    SHARED_FORGETTING,
    SHARED_FORGETTING_ONE,
    SHARED_FORGETTING_ADD,
    SHARED_FORGETTING_OVER,
    SHARED_GONE,
    SHARED_GONE_ADD,
    SHARED_GONE_BEFORE,
    SHARED_GONE_OWN_BEFORE,
    SHARED_GONE_OVER,
    SHARED_GONE_CLEAR,
    SHARED_UNPLACE,
    SHARED_PLACE_OWN,
    SHARED_IS_OURS,
    SHARED_PLACE,
    SHARED_FIND,
    SHARED_ADD,
    SHARED_SEEN,
    SHARED_SEEN_SET,
    SHARED_FORGET,                                      /* as many as enum learn_forget has */
    SHARED_GONE_FORGET = SHARED_FORGET + LEARN_FORGETS, /* the same */
    SHARED_PENDING_FORGET = SHARED_GONE_FORGET + LEARN_FORGETS,
    SHARED_STATEMENTS = SHARED_PENDING_FORGET + LEARN_FORGETS
};

/* labels_shared.h */
struct labels_shared {
    bool on;    /* labels are shared, by `keys` */
    bool known; /* `keys` are */
    struct sharing_keys keys;
    char prefix[LABELS_PREFIX];
    struct labels_share state;
    sqlite3_stmt *statements[SHARED_STATEMENTS];
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
    uint64_t forgets; /* since it was opened */
    struct labels_shared shared;
};

/* Why the last call failed; false. */
bool labels_failed(const struct labels *labels, const char **reason);

/* So many changes more, in the transaction that is open. */
bool labels_note_changes(struct labels *labels, uint64_t count);

/* What is forgotten lives on in the model in use, and in one that is being made. */
void labels_note_forgotten(struct labels *labels);

/* In a memfd and out of it; ptr NULL with *reason. */
struct slice labels_sealed(const struct labels *labels, struct slice vector,
                           char room[static LEARN_SEALED_MOST], const char **reason);

/* Counts what is said by an account, or by whom that is, and how much that was, with this, in the day that
 * began with the first. */
uint64_t labels_said(struct labels *labels, struct slice whose, int64_t now);

/* Those that have waited to be answered for too long go. */
void labels_answerable_prune(struct labels *labels, int64_t now);

/* A user has more than `most`: his oldest go. */
bool labels_cap(struct labels *labels, enum labels_statement statement, const char *account,
                int most);

/* Binds both from 1 on. */
void labels_bind_name(sqlite3_stmt *statement, const char *account, const struct label *label);

/* Its state as it stands in the database. False: it cannot be read. */
bool labels_read_state(struct labels *labels);

/* What is known of sharing is read, and the statements of it made. False: the database's. */
bool labels_shared_open(struct labels *labels);

/* In the transaction that is open, before labels of ours are taken out: they are to be forgotten everywhere, by the
 * octets that their column has (a word of LEARN_FORGET_HOW). */
bool labels_shared_forget(struct labels *labels, enum learn_forget what, struct slice which);
/* The same, before one is replaced: its place is to be taken out. */
bool labels_shared_replace(struct labels *labels, struct slice account, struct slice message);

/* Whether labels were shared, now or once, by names that are not known yet. */
bool labels_shared_await_names(const struct labels *labels);

/* What the columns `account` has for an address; empty for the admin's. False: it is no address. */
bool labels_account(const struct labels *labels, struct slice address,
                    char out[static ACCOUNT_DIGEST]);

#endif
