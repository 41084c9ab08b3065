/* SPDX-License-Identifier: ISC
 * Redis, asked without waiting: a connection on our stream (TCP, TLS, or a socket that the parent
 * hands in), hiredis for its words. Behind a circuit breaker: when it is away, slow, full or
 * answers with errors, calls fail at once for a while, one line a minute says so, and mail goes on.
 */
#ifndef PROXY_REDIS_H
#define PROXY_REDIS_H

#include "base/slice.h"
#include "policy/config.h"

#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <sys/queue.h>

struct redis;

struct redis_owner {
    /* It needs a connection to the private Redis (only when the configuration names no other): the
     * parent is to be asked for one, which comes with redis_connected. */
    void (*wanted)(void *ctx);
    void *ctx;
};

/* `ca`: certificates for redis.tls, as in tls.ca_file. Connects when first used. */
struct redis *redis_new(struct event_base *base, const struct config *config, struct slice ca,
                        const struct redis_owner *owner);
void redis_free(struct redis **redis); /* every call under way gets its NULL reply first */

/* The parent's answer: a connected socket, taken over; -1: there is none now. */
void redis_connected(struct redis *redis, int fd);

/* A call under way; the caller's memory, until `done` or redis_cancel. */
struct redis_call {
    TAILQ_ENTRY(redis_call) link;
    /* The reply (valid during the call only), or NULL: no answer. Exactly once, never from inside
     * redis_command. */
    void (*done)(void *ctx, const redisReply *reply);
    void *ctx;
    int64_t deadline;
    bool cancelled;
    const struct redis_script *script;
};

/* Sends a command. False: the breaker is open, or too much is under way: `done` will not be called.
 */
bool redis_command(struct redis *redis, struct redis_call *call, const struct slice *argv,
                   size_t argc);

/* A Lua script, by its digest; sent whole when Redis does not know it. */
struct redis_script {
    const char *text;
    char sha1[41]; /* filled by redis_script_init */
};
void redis_script_init(struct redis_script *script, const char *text);
bool redis_eval(struct redis *redis, struct redis_call *call, const struct redis_script *script,
                const struct slice *keys, size_t key_count, const struct slice *args,
                size_t arg_count);

/* The answer is not wanted any more. Safe on a call that is not under way. */
void redis_cancel(struct redis *redis, struct redis_call *call);

bool redis_available(const struct redis *redis); /* the breaker is closed */
struct redis_counts {
    uint64_t calls, failures;
    unsigned pending;
};
struct redis_counts redis_counts(const struct redis *redis);

#endif
