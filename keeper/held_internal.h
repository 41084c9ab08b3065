/* SPDX-License-Identifier: ISC
 * The held messages, in files:
 *
 *   held.c         opens it, and begins it anew when it is damaged
 *   held_file.c    containers
 *   held_add.c     takes in
 *   held_find.c    searches
 *   held_act.c     does what people ask for
 *   held_leave.c   delivers what was released
 *   held_prune.c   lets go */
#ifndef KEEPER_HELD_INTERNAL_H
#define KEEPER_HELD_INTERNAL_H

#include "keeper/database.h"
#include "keeper/held.h"

#include <limits.h>

enum held_statement {
    HELD_BEGIN,
    HELD_COMMIT,
    HELD_ROLLBACK,
    HELD_SAME_MESSAGE,   /* digest, sender: id, stored; whose container is there */
    HELD_SAME_RECIPIENT, /* digest, sender, address: a number; one is or was held */
    HELD_CLAIM,          /* ticket, number: it is told of */
    HELD_PUT_OFF,        /* ticket: nobody was told with it */
    HELD_ADD_MESSAGE,
    HELD_STORED, /* stored, id */
    HELD_ADD_RECIPIENT,
    HELD_SHARE,      /* domain: octets */
    HELD_ADD_SHARE,  /* domain, octets */
    HELD_UNCLAIMED,  /* ticket: a copy that has not gone, and nobody else was told of */
    HELD_ENTRY,      /* number: an entry */
    HELD_SET,        /* state, due, asked, asker, said, until, attempt, begun, number */
    HELD_MARK,       /* number: wrongly held */
    HELD_OPEN_COUNT, /* message: how many of its recipients are not over */
    HELD_DUE,        /* state, time: numbers */
    HELD_LOST,       /* era, time: numbers */
    HELD_CALL_BACK,  /* time */
    HELD_OVER,       /* time: numbers */
    HELD_FORGOTTEN,  /* time: messages */
    HELD_DROP_RECIPIENTS,
    HELD_DROP_MESSAGE,
    HELD_OF, /* address: numbers of copies that are over */
    HELD_DROP_COPY,
    HELD_DROP_BARE, /* messages without copies */
    HELD_COUNT,     /* state: how many */
    HELD_OLDEST,    /* arrived */
    HELD_OCTETS,    /* of all containers */
    HELD_KNOWN,     /* id: its container is there */
    HELD_LAST,      /* the greatest id that there ever was */
    HELD_SHRINK,
    HELD_STATEMENTS
};

/* Numbers of messages; grown by held_note. */
struct held_ids {
    uint64_t *items;
    size_t count, room;
};

struct held {
    char folder[PATH_MAX];
    uint64_t size, era;
    sqlite3 *db; /* NULL: it could not be opened; tried again later */
    sqlite3_stmt *statements[HELD_STATEMENTS];
    struct seal_key key;
    bool has_key;
    uint64_t octets; /* of all containers */
    bool changing;   /* a change is begun */
    bool lost;       /* one that was begun is, and who waits for its end was not told yet */
    bool failing;    /* what it fails for was said */
    bool may_come;   /* it cannot be opened now, and perhaps later */
    int64_t retry_at;
    int64_t pruned_wall, pruned_ms; /* both clocks at the last look; 0: there was none */
    int64_t trusts_at;              /* clock_ms: from then on the wall clock is believed again */
    struct held_ids gone;           /* messages whose containers go with the commit */
    struct held_ids made;           /* those that were made since: they go when it fails */
};

static inline sqlite3_stmt *held_statement(const struct held *held, enum held_statement which)
{
    return held->statements[which];
}

/* ---- held.c ---- */

/* Opens it again after a failure, when it is time. */
bool held_ready(struct held *held);
/* Begins a change, unless one is begun. False: it fails, or the one before was lost and held_commit
 * has not said so yet. */
bool held_begin(struct held *held);
/* The last call has failed: nothing of the change is done. */
void held_failed(struct held *held, const char *what);

/* ---- held_file.c ---- */

/* One more. False: out of memory. */
bool held_note(struct held_ids *ids, uint64_t id);

/* Writes a container, and sees that it is on the disk. *stored: its octets. */
bool held_write(struct held *held, uint64_t id, const struct slice *pieces, size_t count,
                uint64_t *stored, const char **reason);
void held_remove(const struct held *held, uint64_t id);
/* So that the names in it are on the disk, too; and its own. */
bool held_sync_folder(const struct held *held);
bool held_sync_above(const struct held *held);
/* Containers that nobody knows of. */
void held_remove_orphans(struct held *held);
/* Whether there are containers without a database. */
bool held_is_headless(const struct held *held);

/* ---- held_find.c ---- */

void held_read_entry(sqlite3_stmt *row, struct held_entry *entry);
/* Whether it is there; *entry is valid until held_let_go. */
bool held_get(struct held *held, uint64_t number, struct held_entry *entry);
void held_let_go(struct held *held);

#define HELD_ENTRY_COLUMNS                                                                         \
    "r.number, m.id, r.state, m.arrived, r.until, r.asked, m.size, m.octets, r.attempt, "          \
    "m.reference, m.client, m.sender, m.author, m.subject, m.message_id, r.address, r.why, "       \
    "r.rule, r.asker, r.said, r.wrongly, r.copy"

/* ---- held_act.c ---- */

/* What a copy comes to, inside a change; a message whose copies are all over loses its container. */
struct held_change {
    enum held_state state;
    int64_t due, asked, until;
    uint64_t attempt;
    bool begun; /* the server behind may have it */
    struct slice asker, said;
};
bool held_set(struct held *held, uint64_t number, const struct held_change *change);
/* As it is now. */
struct held_change held_change_of(const struct held_entry *entry);

static inline bool held_is_over(enum held_state state)
{
    return state >= HELD_DELIVERED;
}

#endif
