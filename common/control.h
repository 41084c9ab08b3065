/* SPDX-License-Identifier: ISC
 * What gatepostctl and the keeper say to each other on the control socket (SOCK_SEQPACKET): a
 * question, then answers. */
#ifndef COMMON_CONTROL_H
#define COMMON_CONTROL_H

#include "base/ipc.h"

enum control_message {
    CONTROL_STATUS = 1, /* question: nothing */
    CONTROL_FIND,       /* question: struct control_find */
    CONTROL_FORGET, /* question: an address (slice), a number to go on from (u64); the answer: how many records (u64)
                         * went */
    CONTROL_ITEM, /* answer: a record (its number, then record_encode), or the status as JSON */
    /* answer: all is said (u8 1), or why not (u8 0, slice); then u64: 0, or how far back was looked
     * so far: the question is asked again for what is before that number */
    CONTROL_END,
    CONTROL_HELD,        /* question: struct held_query; the answers: struct held_entry */
    CONTROL_HELD_ACT,    /* question: held_act_pack */
    CONTROL_HELD_SHOW,   /* question: a number (u64), and a socket that the message will come on */
    CONTROL_LIST,        /* question: a number (u64); the answers: struct list_entry above it */
    CONTROL_LIST_ADD,    /* question: struct list_entry */
    CONTROL_LIST_REMOVE, /* question: a number (u64) */
    CONTROL_METRICS,     /* question: nothing; the answer: the metrics as Prometheus reads them */
    CONTROL_SESSIONS,    /* question: nothing; the answers: lines of JSON, some in each */
    /* question: a number (u64), an address (slice; empty: all); the answers: struct opinion above it */
    CONTROL_OPINIONS,
    CONTROL_RELOAD, /* question: names of tables that may shrink (slices); the answers: lines about
                     * the configuration, in the end whether it serves */
    /* What is learnt (learning.h), in the order of a life. */
    CONTROL_MODEL, /* question: a socket, on which the model in use comes: CONTROL_MODEL with a sealed memfd */
    /* question: a sealed memfd with labels, a slice each (LABELS_AT_ONCE, LABELS_OCTETS_MOST); the
     * answer: how many were taken, were known already, have changed their class (u32 each) */
    CONTROL_LEARN,
    /* question: nothing; the answers: how many labels are done, of how many (u32 each), again and
     * again, then a line of JSON about the outcome */
    CONTROL_LEARN_BUILD,
    CONTROL_LEARN_STATUS, /* question: nothing; the answer: JSON */
    /* question: the first hex digits of a model's digest (slice; empty: the one before) */
    CONTROL_LEARN_ROLLBACK,
    /* question: by what (u8, enum learn_forget), and that (slice); the answer: how many went (u32) */
    CONTROL_LEARN_FORGET,
    /* question: a domain (slice); the answer: a message of its (slice), of fixed words, with the
     * signatures that the gateway gives to what leaves. It goes nowhere */
    CONTROL_SAMPLE,
};

enum learn_forget {
    LEARN_FORGET_ALL,
    LEARN_FORGET_REFERENCE,
    LEARN_FORGET_MESSAGE, /* its SHA-256, 32 octets */
    LEARN_FORGET_HOW,     /* the word of it */
    LEARN_FORGET_ACCOUNT, /* an address; empty: what admins have labelled */
    LEARN_FORGETS
};

enum { CONTROL_FOUND_MOST = 10000 };

/* Records that are looked for; what is empty or 0 is not asked. */
struct control_find {
    struct slice id, text, verdict, client, rule;
    uint64_t since, until; /* milliseconds since 1970 */
    uint64_t before;       /* the number of a record: only older ones */
    uint32_t most;         /* the newest */
    bool whole;            /* text is an address, and nothing near to it is meant */
};

void control_pack_find(struct buf *out, const struct control_find *find);
bool control_unpack_find(struct slice payload, struct control_find *find);

/* A socket of that type (SOCK_SEQPACKET for questions) at `path`, listening. Everybody may connect:
 * who listens looks at who it is. The caller's; -1 with errno. */
int control_listen(const char *path, int type);

/* Takes the socket at `path` away, if there is one. */
void control_remove(const char *path);
/* A connection to it. -1 with errno. */
int control_connect(const char *path);

#endif
