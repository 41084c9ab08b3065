/* SPDX-License-Identifier: ISC
 * The private Redis, and connections to a Redis that the proxies in their chroot cannot reach. It
 * is no generation's: it lives as long as some configuration needs it. What it remembers is in
 * redis.folder; a lock on the folder, which it inherits, keeps a second one out even when its
 * parent was killed. */
#ifndef PARENT_PARENT_REDIS_H
#define PARENT_PARENT_REDIS_H

#include "common/redis_breaker.h"
#include "common/redis_place.h"
#include "parent/parent_backoff.h"
#include "parent/redis_introduction.h"
#include "parent/redis_trouble.h"
#include "policy/config.h"

#include <limits.h>
#include <sys/types.h>

enum { REDIS_GRACE = 10000 /* from SIGTERM to SIGKILL: it writes its file; milliseconds */ };

struct redis_start {
    char program[PATH_MAX], folder[PATH_MAX], prefix[REDIS_PREFIX_MAX + 1];
    char account[64], user[64]; /* user: as whom it ran before it had an account of its own */
    unsigned long long memory;
};

struct private_redis {
    bool wanted;
    struct redis_start start;
    char secret[REDIS_SECRET_SIZE]; /* of the one that runs */
    pid_t pid;                      /* 0: none runs */
    int folder;                     /* open and locked while one runs, else -1 */
    bool ending;
    int64_t since, start_at, kill_at; /* 0: never */
    struct backoff backoff;
    struct redis_trouble trouble;
    char told[160]; /* why it could not be started, as the log has it */
    struct complaint unreached;
};

bool private_redis_needed(const struct config *config);

/* What it should be from now on; NULL: none is wanted. */
void private_redis_configure(struct private_redis *redis, const struct config *config, int64_t now);

/* Starts and ends it when that is due. Returns when to look again; 0: not by time. */
int64_t private_redis_settle(struct private_redis *redis, int64_t now);

bool private_redis_died(struct private_redis *redis, pid_t pid, int status, int64_t now);

/* A connected socket for a proxy that lives by this configuration; -1: there is none now. One of the private
 * Redis is introduced (parent/redis_introduction.h). */
int private_redis_connection(struct private_redis *redis, const struct settings *settings,
                             int64_t now);

#endif
