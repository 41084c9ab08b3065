/* SPDX-License-Identifier: ISC
 * gatepost-source: it alone may bind addresses that are not ours (CAP_NET_RAW), and binds those of clients that
 * have come to a transparent listener, and no other. A proxy shows it the client's connection: a packet on its
 * queue, a SOCK_SEQPACKET pair that the parent holds, with that descriptor and a fresh socket for the answer. What
 * it gives is bound for good, to an address and a port, and not connected: whoever has it can choose where it
 * leads, and not from where. */
#ifndef COMMON_SOURCING_H
#define COMMON_SOURCING_H

#include "base/ipc.h"

/* gatepost-source's descriptors. */
enum { SOURCE_CONTROL_FD = 3, SOURCE_QUEUE_FD = 4 };

/* On the control socket. */
enum sourcing_word {
    SOURCE_END = 1, /* to it */
    SOURCE_READY,   /* from it */
    SOURCE_FAILED,  /* from it: why (slice); it ends */
    SOURCE_DEAF,    /* from it: some proxy has closed the queue, and it exits */
};

/* On the queue, and on the socket for the answer. */
enum sourcing_message {
    SOURCE_ASK =
        1, /* whether another port will do (u8); the client's connection, the answer's socket */
    SOURCE_GIVEN, /* why there is none (slice, empty: there is); the socket */
};

enum { SOURCING_REASON_MAX = 120 };

struct sourcing_answer {
    int fd; /* the caller's; -1: there is none, as */
    char reason[SOURCING_REASON_MAX + 1];
};

/* ---- a proxy's side ---- */

/* Asks for a socket from the address of the client on `connection`, from its own port or any other. The
 * socket on which the answer will come, the caller's; -1 with errno (EAGAIN: the queue is full). */
int sourcing_ask(int queue, int connection, bool any_port);
/* 1: *answer; 0: not yet; -1: there will be none. */
int sourcing_collect(int sock, struct sourcing_answer *answer);

/* ---- gatepost-source's side ---- */

struct sourcing_question {
    int connection, reply; /* the message's */
    bool any_port;
};
/* False: it is none. */
bool sourcing_read(const struct ipc_message *message, struct sourcing_question *question);
/* `fd` stays the caller's; -1: there is none, as `reason` says. */
void sourcing_tell(int reply, int fd, const char *reason);

#endif
