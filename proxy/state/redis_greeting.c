/* SPDX-License-Identifier: ISC
 * What is said on a fresh connection before any call: who we are, what it is. */
#include "proxy/state/redis_internal.h"

#include <stdio.h>

enum { REASON_MAX = 96 };

const char redis_is_cluster[] =
    "it is a Redis Cluster, which has keys of one script on several nodes: "
    "name a single Redis, or the sentinels of one";

struct redis_greeting {
    const char *command;
    bool may_fail;
    const char *(*fault)(struct redis *r, const redisReply *reply); /* NULL: none to find */
};

/* ---- what it says of itself ---- */

/* A flat array of names and values. */
static struct slice told(const redisReply *hello, struct slice name)
{
    if (hello->type != REDIS_REPLY_ARRAY)
        return SLICE("");
    for (size_t i = 0; i + 1 < hello->elements; i += 2) {
        const redisReply *key = hello->element[i], *value = hello->element[i + 1];
        if (key->type == REDIS_REPLY_STRING && value->type == REDIS_REPLY_STRING &&
            slice_eq((struct slice){key->str, key->len}, name))
            return (struct slice){value->str, value->len};
    }
    return SLICE("");
}

/* Who was demoted a moment ago may still be told as the master. */
static const char *unfit(struct redis *r, const redisReply *hello)
{
    struct slice mode = told(hello, SLICE("mode")), role = told(hello, SLICE("role"));
    if (slice_eq(mode, SLICE("cluster")))
        return redis_is_cluster;
    if (slice_eq(mode, SLICE("sentinel")))
        return "it is a Sentinel, not a Redis: name it as sentinel";
    bool is_other = role.len > 0 && !slice_eq(role, SLICE("master"));
    return r->place == REDIS_AT_MASTER && is_other ? "it is not the master" : NULL;
}

/* ---- the words ---- */

/* HELLO no user is refused (ACL), and a server too old for it has no cluster to speak of. A name
 * that a user may not give is no loss. */
static const struct redis_greeting introduction = {"introduction", false, NULL},
                                   auth = {"AUTH", false, NULL}, hello = {"HELLO", true, unfit},
                                   select_database = {"SELECT", false, NULL},
                                   name = {"CLIENT", true, NULL}, ping = {"PING", false, NULL},
                                   find = {"SENTINEL", false, redis_found};

static void await(struct redis *r, const struct redis_greeting *what)
{
    r->greeting[r->greeting_count++] = what;
}

static bool say(struct redis *r, const struct redis_greeting *what, const struct slice *argv,
                size_t argc)
{
    await(r, what);
    return redis_put_command(&r->scratch, argv, argc);
}

static bool say_password(struct redis *r, const struct redis_login *login)
{
    struct slice argv[3] = {SLICE("AUTH")};
    size_t argc = 1;
    if (login->len == 0)
        return true;
    if (login->user.len > 0)
        argv[argc++] = login->user;
    argv[argc++] = (struct slice){login->password, login->len};
    return say(r, &auth, argv, argc);
}

static bool say_database(struct redis *r)
{
    char number[16];
    if (r->database == 0)
        return true;
    snprintf(number, sizeof number, "%u", r->database);
    return say(r, &select_database, (struct slice[]){SLICE("SELECT"), slice_of(number)}, 2);
}

static bool say_all(struct redis *r)
{
    if (r->finding)
        return say_password(r, &r->sentinel_login) &&
               say(r, &find,
                   (struct slice[]){SLICE("SENTINEL"), SLICE("GET-MASTER-ADDR-BY-NAME"), r->master},
                   3);
    return say_password(r, &r->login) && say(r, &hello, &SLICE("HELLO"), 1) && say_database(r) &&
           say(r, &name, (struct slice[]){SLICE("CLIENT"), SLICE("SETNAME"), SLICE("gatepost")},
               3) &&
           say(r, &ping, &SLICE("PING"), 1);
}

/* All at once; the calls wait until all is answered, or they would meet another database. */
void redis_greet(struct redis *r)
{
    r->link = LINK_GREETING;
    r->greeting_count = r->greeted = 0;
    r->answers = redis_answers_new();
    buf_clear(&r->scratch);
    for (unsigned i = 0; r->place == REDIS_PRIVATE && i < REDIS_INTRODUCTION; i++)
        await(r, &introduction);
    bool said = r->answers && say_all(r) && stream_write(r->stream, buf_slice(&r->scratch));
    buf_clear(&r->scratch);
    if (said)
        stream_flush(r->stream);
    else
        redis_trouble(r, "out of memory");
}

/* ---- the answers ---- */

/* False: it is another connection from now on, or none. */
static bool became_ready(struct redis *r)
{
    if (r->finding) {
        r->finding = false;
        redis_hang_up(r);
        redis_connect(r, &r->ip, r->port);
        return false;
    }
    if (!redis_answers_empty(r->answers)) {
        redis_link_failed(r, "protocol", "a reply without a command");
        return false;
    }
    if (!stream_write(r->stream, buf_slice(&r->held))) {
        redis_link_failed(r, "memory", "out of memory"); /* both have the same bound */
        return false;
    }
    r->link = LINK_READY;
    buf_release(&r->held);
    redis_link_ready(r);
    redis_wake_soon(r);
    return true;
}

bool redis_greeting_answered(struct redis *r, const redisReply *reply)
{
    const struct redis_greeting *what = r->greeting[r->greeted++];
    char why[REASON_MAX];
    if (reply->type == REDIS_REPLY_ERROR && !what->may_fail) {
        snprintf(why, sizeof why, "%.*s", SLICE_ARGS(redis_error_class(reply)));
        redis_find_next(r, what->command, why);
        return false;
    }
    const char *fault = what->fault ? what->fault(r, reply) : NULL;
    if (fault) {
        redis_find_next(r, what->command, fault);
        return false;
    }
    return r->greeted < r->greeting_count || became_ready(r);
}
