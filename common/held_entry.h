/* SPDX-License-Identifier: ISC
 * What is held, as the keeper tells it on the control socket: each recipient's copy of a message. */
#ifndef COMMON_HELD_ENTRY_H
#define COMMON_HELD_ENTRY_H

#include "base/ipc.h"

/* What waits for people, and copies that leave; and what is only kept. */
enum held_place { HELD_IN_QUARANTINE, HELD_IN_JOURNAL, HELD_PLACES };

enum held_state {
    HELD_WAITING = 1, /* for somebody to look at it */
    HELD_LEAVING,     /* released, and not delivered yet */
    HELD_AWAY,        /* being delivered */
    HELD_DOUBTED,     /* nobody knows whether the server behind has it */
    HELD_DELIVERED,
    HELD_DELETED,
    HELD_EXPIRED,
};

/* One recipient's copy. */
struct held_entry {
    enum held_place place; /* that it was asked of; it is not told */
    uint64_t number, id;   /* its own, and the message's */
    enum held_state state;
    int64_t arrived, until, asked; /* seconds since 1970; asked: released or deleted */
    uint64_t size, octets;         /* of the message; of all that was sealed */
    uint64_t attempt;
    struct slice reference, client, sender, author, subject, message_id;
    struct slice address, why, rule;
    struct slice asker, said; /* who released or deleted it; what was heard of it last */
    bool copy;                /* nothing waits: it leaves at once, and may arrive twice */
    bool wrongly;             /* somebody said that it should not have been held */
};

/* "waiting", "leaving" ... */
const char *held_state_word(enum held_state state);

void held_entry_pack(struct buf *out, const struct held_entry *entry);
/* `octets` must outlive the entry. */
bool held_entry_unpack(struct slice octets, struct held_entry *entry);

/* What is empty or 0 is not asked. The newest first. */
struct held_query {
    enum held_place place;
    uint64_t number;
    struct slice reference; /* the message's, or its session's */
    struct slice text;      /* of an address or the subject, without regard to case (ASCII) */
    struct slice why;
    uint64_t before; /* only lower numbers */
    uint32_t most;
    bool all; /* also what is not there any more */
};

enum { HELD_FOUND_MOST = 10000 };

void held_query_pack(struct buf *out, const struct held_query *query);
bool held_query_unpack(struct slice octets, struct held_query *query);

enum held_act {
    HELD_RELEASE,       /* what waits */
    HELD_RELEASE_AGAIN, /* what waits or is doubted */
    HELD_DELETE,        /* what waits or is doubted */
    HELD_REPORT,        /* that it should not have been held */
};

/* Of one copy. */
struct held_name {
    enum held_place place;
    uint64_t number;
};

void held_name_pack(struct buf *out, const struct held_name *name);
bool held_name_unpack(struct slice octets, struct held_name *name);

void held_act_pack(struct buf *out, const struct held_name *name, enum held_act act);
bool held_act_unpack(struct slice octets, struct held_name *name, enum held_act *act);

#endif
