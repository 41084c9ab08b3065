/* SPDX-License-Identifier: ISC
 * gatepost-sign is asked for signatures: the wait for its answer. */
#ifndef PROXY_PROCESS_SIGNING_H
#define PROXY_PROCESS_SIGNING_H

#include "common/signing.h"
#include "proxy/process/proxy.h"

/* All zeros: nothing is under way. */
struct signing {
    struct event *event;
    int sock;
    size_t count; /* signatures that are due */
    void (*done)(void *ctx, const struct signing_answer *answer);
    void *ctx;
};

/* Asks. `done` comes from the loop, once; also when there is no answer for `ms` milliseconds
 * (answer->reason). False with *reason: it cannot be asked now. */
bool signing_begin(struct signing *signing, const struct proxy *proxy,
                   struct signing_question *question, int64_t ms, const char **reason);

/* The answer is not waited for any more. */
void signing_end(struct signing *signing);

#endif
