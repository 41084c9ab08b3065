/* SPDX-License-Identifier: ISC
 * Redis' protocol (RESP 2) through hiredis, bounded:
 * what is said to it, and what it answers. Pure. */
#ifndef PROXY_STATE_REDIS_WORDS_H
#define PROXY_STATE_REDIS_WORDS_H

#include "base/buf.h"
#include "proxy/state/redis.h"

/* A command. All or nothing; false: no room, or too many words. */
bool redis_put_command(struct buf *out, const struct slice *argv, size_t argc);

/* The arguments of a script: its number of keys, the keys, the others. */
struct redis_arguments {
    char *bytes; /* owned; NULL: none */
    uint32_t len, count;
};
bool redis_arguments_make(struct redis_arguments *arguments, const struct slice *keys,
                          size_t key_count, const struct slice *args, size_t arg_count);
void redis_arguments_free(struct redis_arguments *arguments);

/* EVALSHA, or `whole` EVAL. */
bool redis_put_script(struct buf *out, const struct redis_script *script, bool whole,
                      const struct redis_arguments *arguments);

/* Replies out of a stream of bytes. */
struct redis_answers;
struct redis_answers *redis_answers_new(void);
void redis_answers_free(struct redis_answers **answers);
bool redis_answers_feed(struct redis_answers *answers, struct slice bytes);

/* 1: *reply is the caller's, for freeReplyObject; 0: need more; -1: that is no Redis, or too much
 * at once: *reason tells, and there is no going on. */
int redis_answers_next(struct redis_answers *answers, redisReply **reply, const char **reason);

bool redis_answers_empty(const struct redis_answers *answers); /* all that was fed is taken */

/* "OOM", "WRONGPASS": the first word of an error, if it is one in capitals; else "ERR". */
struct slice redis_error_class(const redisReply *reply);
const char *
    redis_error_meaning(struct slice class); /* for people; "" where there is nothing to say */

#endif
