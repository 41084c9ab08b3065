/* SPDX-License-Identifier: ISC
 * gatepost-sign: it alone has the private keys of DKIM. The parent gives it a sealed memfd with all
 * of them; a proxy asks with a packet on its queue, a SOCK_SEQPACKET pair that the parent holds, and
 * a fresh socket for the answer, so that one that dies shows as the end of that socket, and what
 * waits on the queue is the next one's. It signs digests and sees no mail. */
#ifndef COMMON_SIGNING_H
#define COMMON_SIGNING_H

#include "policy/config.h"

#include "base/ipc.h"

/* gatepost-sign's descriptors. */
enum { SIGNER_CONTROL_FD = 3, SIGNER_QUEUE_FD = 4 };

/* On the control socket. */
enum signer_message {
    SIGNER_KEYS = 1, /* to it: a sealed memfd of keys; those that it has stay beside them */
    SIGNER_FORGET,   /* to it: all keys but those that came last */
    SIGNER_END,      /* to it */
    SIGNER_READY,    /* from it */
    SIGNER_FAILED,   /* from it: why (slice); it ends */
    SIGNER_DEAF,     /* from it: some proxy has closed the queue, and it exits */
};

/* On the queue, and on the socket for the answer. */
enum signing_message { SIGNING_ASK = 1, SIGNING_ANSWER };

enum {
    SIGNING_DIGEST = 32,     /* SHA-256 */
    SIGNING_SIGNATURE = 512, /* of RSA with 4096 bits */
    SIGNING_SET_MAX = 16 * 1024 * 1024,
    SIGNING_SETS_MOST = 4, /* of generations that may have sessions, and a new one */
};

/* One signature: whose, how, of what. */
struct signing_wish {
    struct slice domain, selector;
    uint8_t algorithm; /* enum dkim_algorithm */
    unsigned char digest[SIGNING_DIGEST];
};

/* All that one message needs. */
struct signing_question {
    int64_t deadline; /* clock_ms: nobody waits any more */
    size_t count;
    struct signing_wish wishes[SIGNING_KEYS_MAX];
};

struct signing_answer {
    const char *reason; /* why there is none; NULL: there is one */
    size_t count;
    size_t len[SIGNING_KEYS_MAX];
    unsigned char signatures[SIGNING_KEYS_MAX][SIGNING_SIGNATURE];
    char text[160]; /* what reason points to */
};

/* ---- a proxy's side ---- */

/* Asks. The socket on which the answer will come, the caller's; -1 with errno (EAGAIN: the queue is
 * full). */
int signing_ask(int queue, const struct signing_question *question);
/* 1: *answer is there; 0: not yet; -1: there will be none, or it is none to `count` wishes. */
int signing_collect(int sock, size_t count, struct signing_answer *answer);

/* ---- gatepost-sign's side ---- */

/* Slices point into the message. False: it is none. */
bool signing_read(const struct ipc_message *message, struct signing_question *question);
void signing_tell(int reply, const struct signing_answer *answer);

/* ---- a set of keys ---- */

struct signing_secret {
    struct slice domain, selector; /* A-labels, lower case */
    struct slice pem;
};

void signing_pack_key(struct buf *set, const struct signing_secret *key);
/* The next one of a set. False: there is none; `in` tells whether that was the end. */
bool signing_unpack_key(struct unpack *in, struct signing_secret *key);

#endif
