/* SPDX-License-Identifier: ISC
 * What Gatepost itself has to deliver. The keeper gives gatepost-release the container; that opens
 * it, and gives the message to whichever proxy is free; the proxy tells the keeper what became of
 * it. Both ways are SOCK_SEQPACKET pairs that the parent holds, so that neither an errand nor its end
 * is lost with a process; an errand whose deadline has passed is dropped by whoever has it. */
#ifndef COMMON_ERRAND_H
#define COMMON_ERRAND_H

#include "base/ipc.h"

enum { ERRAND_MS = 60000 /* from the keeper's hand to the server's answer */ };

/* Keeper and gatepost-release on the one pair, gatepost-release, proxies and keeper on the other. */
enum errand_message {
    ERRAND_OPEN = 1, /* to gatepost-release: an errand; the container */
    ERRAND_SHOW,     /* to gatepost-release: about (u64), octets (u64); the container, the reply */
    ERRAND_SHOWN,    /* on that reply: a memfd with what is held; or none, and why (slice) */
    ERRAND_CLOSED,   /* to the keeper: number, attempt, why it cannot be opened (slice) */
    ERRAND_DELIVER,  /* to proxies: an errand; the memfd */
    ERRAND_BEGINS,   /* to the keeper: number, attempt; from here on the server may have it */
    ERRAND_OVER, /* to the keeper: number, attempt, outcome (u8), what the server said (slice) */
};

enum errand_outcome {
    ERRAND_DELIVERED,
    ERRAND_LATER,   /* the server was not reached, or put it off */
    ERRAND_REFUSED, /* for good */
    ERRAND_DOUBTED, /* broken off when the server may have it */
};

struct errand {
    uint64_t number, attempt; /* the keeper's for it */
    uint64_t about;           /* what the container belongs to */
    uint64_t octets;          /* that come out of it */
    int64_t deadline;         /* clock_ms */
    struct slice reference, sender, address, notify, orcpt, ret, envid;
    struct slice field; /* on top of it, without its date: "X-Gatepost-Released: ..." */
    bool utf8, eight_bit;
    bool copy; /* it may arrive twice: the keeper need not know that it begins */
    bool
        only_learnt; /* it was held wrongly: it is learnt as good mail, and not delivered; nothing is told */
};

void errand_pack(struct buf *out, const struct errand *errand);
bool errand_unpack(struct slice payload, struct errand *errand);

/* What the keeper is told of it; `say` is for ERRAND_OVER and ERRAND_CLOSED. False: it could not be
 * told now. */
bool errand_tell(int sock, enum errand_message what, const struct errand *errand,
                 enum errand_outcome outcome, struct slice say);

struct errand_news {
    uint64_t number, attempt;
    enum errand_outcome outcome;
    struct slice say;
};
bool errand_read_news(const struct ipc_message *message, struct errand_news *news);

#endif
