/* SPDX-License-Identifier: ISC
 * What scanners answer to this proxy: each family on a channel that lasts (filters/scanner/scan_channels.h),
 * each answer under the number of its job. Numbers cannot be guessed, so only the worker that took a
 * job can answer it. */
#ifndef PROXY_EXAMINE_SCAN_ANSWERS_H
#define PROXY_EXAMINE_SCAN_ANSWERS_H

#include "filters/scanner/scan_ask.h"

#include <event2/event.h>
#include <sys/queue.h>

struct proxy;

/* One job whose answer is awaited: part of what its asker has. */
struct scan_ticket {
    LIST_ENTRY(scan_ticket) link;
    uint64_t number; /* 0: nothing is awaited */
    enum scanner_kind kind;
    struct event *patience;
    /* The next packet of the answer, or NULL: it has not come in time. Nothing is forgotten by itself. */
    void (*heard)(void *ctx, const struct scan_packet *packet);
    void *ctx;
};

struct scan_answers_owner {
    /* Much comes that was not asked for: somebody may have taken over a worker. Told
     * of each flood; workers that were there are to be ended. */
    void (*overrun)(void *ctx, enum scanner_kind kind);
    void *ctx;
};

struct scan_answers;

/* NULL: out of memory. */
struct scan_answers *scan_answers_new(struct event_base *base,
                                      const struct scan_answers_owner *owner);
/* What is still awaited has not come in time. */
void scan_answers_free(struct scan_answers **answers);

/* Answers of this kind come on `sock`, which is taken over, to row and serial. False: out of memory. */
bool scan_answers_open(struct scan_answers *answers, enum scanner_kind kind, int sock, uint32_t row,
                       uint32_t serial);

/* Puts a job on the queue whose answer `ticket` awaits for so many milliseconds: its heard and ctx
 * are set. 0, or -1 with errno as scan_post; ENOMEM. */
int scan_answers_ask(struct scan_answers *answers, enum scanner_kind kind, int queue,
                     const struct scan_content *message, const struct scan_job *job, int64_t ms,
                     struct scan_ticket *ticket);

/* Awaits it no more. */
void scan_ticket_drop(struct scan_ticket *ticket);

/* `to`, whose heard and ctx are set, awaits from now on what `from` did, for so many milliseconds.
 * False: nobody awaits it any more. */
bool scan_ticket_move(struct scan_ticket *from, struct scan_ticket *to, int64_t ms);

#endif
