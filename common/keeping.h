/* SPDX-License-Identifier: ISC
 * What the keeper is told: by proxies on its queue, one SOCK_SEQPACKET pair that the parent makes
 * and holds, so that what stands in it outlives a keeper; and by the parent on its control socket. */
#ifndef COMMON_KEEPING_H
#define COMMON_KEEPING_H

/* Opener and errands where something may be held (errand.h), the learner where something is learnt
 * (learning.h), sharing where that is shared (sharing.h); where not, they stand for nothing. */
enum {
    KEEPER_CONTROL_FD = 3,
    KEEPER_QUEUE_FD,
    KEEPER_FOLDER_FD,
    KEEPER_LISTEN_FD,
    KEEPER_OPENER_FD,
    KEEPER_ERRANDS_FD,
    KEEPER_LEARNER_FD,
    KEEPER_SHARING_FD,
};

enum {
    KEEPING_ROOM = 16 * 1024 * 1024,         /* octets that may stand in the queue */
    KEEPING_SESSIONS_MAX = 12 * 1024 * 1024, /* octets that tell of all sessions, all escaped */
    KEEPER_RELOAD_MAX = 4096,                /* octets of names of tables */
};

/* On the queue. */
enum keeping {
    KEEPING_RECORDS = 1, /* some records, a slice each (record_encode) */
    KEEPING_HOLD,        /* a message to be held (hold.h) */
    KEEPING_HELD,        /* the answer to that, or to labels, on its own socket */
    /* u8: where (enum held_place); u8: the sender was refused it (0) or put off (1); u64: the ticket
     * of the request, without which nobody withdraws what it holds */
    KEEPING_WITHDRAW,
    KEEPING_OPINIONS, /* what a user thinks of some messages, a slice each (opinion.h) */
    /* labels that proxies tell, a slice each (learning.h); none is imported. With a descriptor, the socket
     * of a KEEPING_HELD: whether they are on the disk (hold_tell, label_submit) */
    KEEPING_LABELS,
    KEEPING_READ,       /* a message that a user has read (left.h) */
    KEEPING_GONE,       /* messages that he has deleted, or calls junk (left.h) */
    KEEPING_ANSWERABLE, /* a message that was delivered, and may be answered (answerable.h) */
    KEEPING_ANSWER,     /* an answer that has left (answerable.h) */
};

/* On the control socket. */
enum keeper_message {
    KEEPER_LINES =
        1, /* parent: a descriptor, the file of JSON lines from now on; or none. It takes records */
    KEEPER_END,      /* parent: write what is queued, then exit 0; proxies are gone */
    KEEPER_MAKE_WAY, /* parent: as KEEPER_END, and there are proxies: another keeper comes */
    KEEPER_STATUS,   /* parent: how the gateway does, as JSON; the answer to KEEPER_ASKS */
    KEEPER_KEY,      /* parent: the public key that is sealed to from now on (slice) */
    /* parent: u32, and so many words (slices) that the helpdesk may release what is held as */
    KEEPER_HELPDESK,
    KEEPER_LISTS,        /* keeper: a descriptor, the lists of senders as they are now (lists.h) */
    KEEPER_READY,        /* keeper: it takes records */
    KEEPER_FAILED,       /* keeper: why it cannot (slice); it exits */
    KEEPER_DEAF,         /* keeper: some proxy has closed the queue or another pair, and it exits */
    KEEPER_ASKS,         /* keeper: somebody wants to know how the gateway does */
    KEEPER_ASKS_METRICS, /* keeper: the same, as metrics */
    KEEPER_METRICS,      /* parent: as text (common/metrics.h); the answer to that */
    KEEPER_ASKS_SESSIONS, /* keeper: somebody wants to know which sessions there are */
    KEEPER_SESSIONS, /* parent: a descriptor, lines of JSON; none: there are none. The answer to that */
    KEEPER_SERVE, /* parent: descriptors, sockets on which metrics are read over HTTP */
    /* keeper: an admin wants the configuration read anew; names of tables that may shrink (slices) */
    KEEPER_ASKS_RELOAD,
    /* parent: what came of that: why it is refused (slice; empty: it serves), and all that is said of
     * the configuration (slice) */
    KEEPER_RELOADED,
    /* parent: the public key that vectors are sealed to from now on (slice), and the secret that what is
     * shared is sealed with (slice) */
    KEEPER_LEARN_KEY,
    KEEPER_MODEL, /* keeper: a descriptor, the sealed memfd of the model that is used from now on */
    KEEPER_ASKS_SAMPLE, /* keeper: an admin wants a message of this domain (slice) signed as what leaves */
    /* parent: what came of that: why there is none (slice; empty: there is one), and the message (slice) */
    KEEPER_SAMPLED,
};

#endif
