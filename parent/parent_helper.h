/* SPDX-License-Identifier: ISC
 * A process that the parent keeps running, one at a time: started, heard, ended, started again after
 * its death. Whose it is says how it is started and what it may say. */
#ifndef PARENT_PARENT_HELPER_H
#define PARENT_PARENT_HELPER_H

#include "base/ipc.h"
#include "parent/parent_backoff.h"

#include <sys/types.h>

struct helper {
    const char *name; /* in the log: "keeper" */
    pid_t pid;        /* 0: none runs */
    int control;      /* while one runs, else -1 */
    bool ending;
    unsigned may_say; /* messages that it has left, of those of an hour */
    int64_t may_say_since;
    int64_t since, start_at, kill_at; /* 0: never */
    struct backoff backoff;
    char told[160]; /* why it could not be started, as the log has it */
    int64_t
        gone_since; /* since it died or could not be started; 0: it serves, or has not been started yet */
};

/* It runs since now, and is spoken to on `control`. */
void helper_started(struct helper *helper, pid_t pid, int64_t now);

/* It cannot be, which the log says once: with `loss`, what that means. */
void helper_not_started(struct helper *helper, struct slice reason, const char *loss, int64_t now);

/* It serves: if it was gone the log tells for how long. */
void helper_serves(struct helper *helper, int64_t now);

/* It is to end: told so with that message, and killed when it has not done so in `grace`
 * milliseconds. */
void helper_end(struct helper *helper, uint16_t message, int64_t grace, int64_t now);

/* Whether one is to be started now. */
static inline bool helper_is_due(const struct helper *helper, int64_t now)
{
    return helper->pid == 0 && helper->start_at <= now;
}

/* Kills it when that is due. Returns when to look again; 0: not by time. */
int64_t helper_settle(struct helper *helper, bool wanted, int64_t now);

/* It has said something, or its control socket has ended. */
void helper_hear(struct helper *helper, int64_t now,
                 void (*heard)(void *ctx, const struct ipc_message *message, int64_t now),
                 void *ctx);

/* Its proxies wrote to a queue that somebody has shut: another pair in its place, which they are to be
 * told of. False: there can be none now. */
bool helper_renew_queue(int queue[static 2]);

/* False: it is another process. Its last words are to be heard before. */
bool helper_died(struct helper *helper, pid_t pid, int status, int64_t now);

#endif
