/* SPDX-License-Identifier: ISC
 * A message that the keeper is asked to hold, or a label to keep: the wait for its answer. */
#ifndef PROXY_PROCESS_HOLDING_H
#define PROXY_PROCESS_HOLDING_H

#include "common/hold.h"
#include "common/learning.h"
#include "proxy/process/proxy.h"

/* All zeros: nothing is under way. */
struct holding {
    struct event *event;
    int sock;
    void (*done)(void *ctx, const struct hold_answer *answer);
    void *ctx;
};

/* Asks; `message`: a sealed memfd, the caller's. `done` comes from the loop, once; also when there is
 * no answer for `ms` milliseconds. False with *reason: it cannot be asked now. */
bool holding_begin(struct holding *holding, const struct proxy *proxy,
                   const struct hold_request *request, int message, int64_t ms,
                   const char **reason);

/* The same of a label, which is to be on the disk. */
bool holding_begin_label(struct holding *holding, const struct proxy *proxy,
                         const struct label *label, int64_t ms, const char **reason);

/* The answer is not waited for any more. */
void holding_end(struct holding *holding);

/* A ticket for a request. */
uint64_t holding_ticket(void);

/* Its sender was refused what is held with that ticket: it is not wanted; or he was put off, and comes
 * again. */
void holding_withdraw(const struct proxy *proxy, enum held_place place, uint64_t ticket,
                      bool put_off);

#endif
