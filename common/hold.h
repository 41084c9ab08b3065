/* SPDX-License-Identifier: ISC
 * A message for the keeper to hold, and the keeper's answer. A proxy puts it on the queue
 * (keeping.h) with the sealed memfd and a socket for the answer, so that a keeper that dies shows as
 * the end of that socket. */
#ifndef COMMON_HOLD_H
#define COMMON_HOLD_H

#include "base/arena.h"
#include "base/ipc.h"
#include "common/held_entry.h"

enum {
    HOLD_MAX = 4 * 1024 * 1024, /* octets of a packed request */
    HOLD_RECIPIENTS_MAX = 10000,
    HOLD_REASON_MAX = 200,
};

/* One whose copy is held. */
struct hold_recipient {
    struct slice address, notify, orcpt; /* as RCPT gave them (RFC 3461) */
    struct slice domain;                 /* ours, in one spelling: whose room it takes */
    struct slice why, rule;              /* the rule's word for it, and its name */
    uint64_t age;                        /* seconds that it is held */
    uint64_t room;                       /* octets that its domain may have held; 0: any number */
    /* Nothing waits: it is a copy, which leaves after so many seconds (what it is a copy of may yet
     * be refused), and may arrive twice. 0: it is none. */
    uint8_t copy;
};

struct hold_request {
    enum held_place place;
    struct slice reference, client, sender, author, subject, message_id;
    struct slice fields; /* ours, which stand in front of the message when it is released */
    struct slice ret, envid;
    struct slice relay; /* the backend by which it leaves; empty: that of each recipient's domain */
    struct slice
        destination; /* where its client wanted to go (TPROXY), "192.0.2.1:25"; empty: to us */
    struct slice
        led_to; /* the backend that this has led to; empty: what else says where it leaves */
    struct slice apart; /* what makes it another than one of the same octets; mostly empty */
    /* Known to who asks alone: what is held with it can be withdrawn with it, also where the answer
     * is not waited for. Not 0. */
    uint64_t ticket;
    bool utf8, eight_bit;
    bool outbound; /* it is on its way out: so it is signed when it is released */
    const struct hold_recipient *recipients;
    size_t recipient_count;
};

struct hold_answer {
    bool held; /* all of them: on the disk, whatever happens now */
    uint64_t first,
        last; /* in the keeper: the numbers of those that were not held before; 0: all were */
    const char *reason; /* why not; of the answer's */
    char text[HOLD_REASON_MAX + 1];
};

/* A request as octets. False: it does not fit HOLD_MAX. `payload` may be anything, and must outlive
 * the request, whose recipients are in the arena. */
bool hold_encode(struct buf *out, const struct hold_request *request);
bool hold_decode(struct slice payload, struct arena *arena, struct hold_request *request);

/* Puts a request on the queue. `message` (sealed memfd) stays the caller's. The socket on which the
 * answer will come, the caller's; -1 with errno (EAGAIN: the queue is full). */
int hold_submit(int queue, int message, const struct hold_request *request);

/* Reads the answer without blocking. 1: *answer; 0: not yet; -1: the keeper has died. */
int hold_collect(int sock, struct hold_answer *answer);

/* The keeper's side: what came in a packet KEEPING_HOLD. *octets: the request's, in the arena. False:
 * malformed. *message and *reply stay the packet's to close. */
bool hold_take(const struct ipc_message *packet, struct arena *arena, struct slice *octets,
               struct hold_request *request, int *message, int *reply);
void hold_tell(int reply, const struct hold_answer *answer);

#endif
