/* SPDX-License-Identifier: ISC
 * Redis, asked without waiting: a connection on our stream (TCP, TLS, or a socket
 * that the parent hands in), hiredis for its words.
 * Behind a circuit breaker: when it is away, slow, full or answers with errors,
 * calls fail at once for a while, one line a minute says so, and mail goes on. Where sentinels
 * tell which Redis is the master, they are asked at each connection. */
#ifndef PROXY_STATE_REDIS_H
#define PROXY_STATE_REDIS_H

#include "base/slice.h"
#include "policy/config.h"

#include <event2/event.h>
#include <hiredis/hiredis.h>

enum {
    REDIS_CALLS_MAX = 4096,             /* under way at once */
    REDIS_WORDS_MAX = 256,              /* of one command */
    REDIS_OUTPUT_MAX = 4 * 1024 * 1024, /* waiting to be sent */
    REDIS_REPLY_MAX = 1024 * 1024,      /* bytes of one reply */
    REDIS_ELEMENTS_MAX = 64 * 1024,     /* of all arrays of one reply */
    REDIS_REPLY_DEPTH = 7,              /* arrays in arrays: hiredis' own limit */
};

struct redis;

struct redis_owner {
    /* It needs a connected socket of the Redis that only the parent can reach (redis.socket, or the
     * private one). Asked again only after redis_connected has brought it. */
    void (*wanted)(void *ctx);
    void *ctx;
};

/* The contents of files; what is needed of them is copied. */
struct redis_files {
    struct slice ca; /* tls.ca_file: certificates for redis.tls_name */
    struct slice password,
        sentinel_password; /* redis.password_file, redis.sentinel_password_file */
};

/* Connects when first used. NULL: out of memory, or what the configuration says of redis cannot be. */
struct redis *redis_new(struct event_base *base, const struct config *config,
                        const struct redis_files *files, const struct redis_owner *owner);
/* Every call under way gets its NULL reply first. Not from inside `done`. */
void redis_free(struct redis **redis);

/* The parent's answer: a connected socket, taken over; -1: there is none now, and the question is
 * asked again later. */
void redis_connected(struct redis *redis, int fd);

/* A call under way; the caller's memory, until `done` or redis_cancel. `done` and `ctx` are for the
 * caller to set, the rest must be zero at first. */
struct redis_call {
    /* The reply (valid during the call only; never an error), or NULL: no answer. Exactly once,
     * never from inside redis_command or redis_eval. The call may be used anew from there. */
    void (*done)(void *ctx, const redisReply *reply);
    void *ctx;
    uint64_t place; /* in the queue */
};

/* Sends a command. False: the breaker is open, or too much is under way: `done` will
 * not be called. */
bool redis_command(struct redis *redis, struct redis_call *call, const struct slice *argv,
                   size_t argc);

/* A Lua script, by its digest; sent whole when Redis does not know it, but to the private one, where
 * the parent has loaded those of common/state_scripts.h. It must outlive the calls. */
struct redis_script {
    const char *text;
    char sha1[41]; /* filled by redis_script_init */
};
void redis_script_init(struct redis_script *script, const char *text);
bool redis_eval(struct redis *redis, struct redis_call *call, const struct redis_script *script,
                const struct slice *keys, size_t key_count, const struct slice *args,
                size_t arg_count);

/* The answer is not wanted any more: the call's memory is the caller's again, `done` is not called.
 * The command may still have its effect. Safe on a call that is not under way. */
void redis_cancel(struct redis *redis, struct redis_call *call);

bool redis_available(const struct redis *redis); /* a call would be let through */
/* Seconds since 1970, from the line that says that it is away to the one that it is back; 0: it is not. */
int64_t redis_away_since(const struct redis *redis);
struct redis_counts {
    uint64_t calls, failures; /* failures: refused at once, or answered NULL */
    unsigned pending;
};
struct redis_counts redis_counts(const struct redis *redis);

#endif
