/* SPDX-License-Identifier: ISC
 * What redis.c (calls and their replies) and redis_connect.c (having a connection) share. */
#ifndef PROXY_STATE_REDIS_INTERNAL_H
#define PROXY_STATE_REDIS_INTERNAL_H

#include "base/stream.h"
#include "common/redis_breaker.h"
#include "common/redis_place.h"
#include "proxy/state/redis_words.h"

enum {
    REDIS_SCRIPTS_KNOWN = 32,
    REDIS_GREETING_MAX = REDIS_INTRODUCTION + 5,
    REDIS_PASSWORD_MAX = 1024
};

/* What has been sent, in order: Redis answers in the same. */
struct redis_slot {
    struct redis_call *call; /* NULL: cancelled */
    int64_t deadline;
    const struct redis_script *script; /* sent by its digest; NULL: anything else */
    struct redis_arguments arguments;  /* of that script, owned */
};

enum redis_link {
    LINK_NONE,
    LINK_ASKED, /* for a socket of the parent */
    LINK_CONNECTING,
    LINK_SECURING,
    LINK_GREETING, /* AUTH, HELLO ... are under way */
    LINK_READY,
};

struct redis_login {
    struct slice user; /* empty: the password alone */
    char password[REDIS_PASSWORD_MAX];
    size_t len;
};

struct redis {
    struct event_base *base;
    struct redis_owner owner;
    enum redis_place place;
    struct ip ip; /* of the server */
    uint16_t port;
    SSL_CTX *tls; /* NULL: plain */
    char tls_name[256];
    struct redis_login login, sentinel_login;
    unsigned database;
    int64_t timeout_ms;

    /* redis_sentinel.c */
    const struct redis_sentinel *sentinels; /* NULL: none */
    size_t sentinel_count, sentinel;        /* which is asked, or was the last to answer */
    struct slice master;
    bool finding;       /* what the connection is to is a sentinel */
    size_t asked;       /* sentinels, for this connection */
    int64_t find_until; /* when this one has taken too long */

    enum redis_link link;
    struct stream *stream;
    struct redis_answers *answers;
    const struct redis_greeting *greeting[REDIS_GREETING_MAX]; /* whose answers are awaited */
    unsigned greeting_count, greeted;
    int64_t link_until;  /* when what is neither NONE nor READY has taken too long */
    const char *trouble; /* found where no callback may be called; told from the loop */
    const struct redis_script *known[REDIS_SCRIPTS_KNOWN]; /* sent whole on this connection */
    size_t known_count;

    struct breaker breaker;
    struct complaint away, errors;
    int64_t away_since;       /* 0: it is not; else a line has said that it is */
    int64_t away_wall;        /* the same in seconds since 1970 */
    struct redis_slot *slots; /* a ring; a call's place is its index, modulo REDIS_CALLS_MAX */
    uint64_t first, next;
    struct buf held;    /* commands until the connection is ready */
    struct buf scratch; /* the command that is being written */
    struct event *turn; /* at the end of this turn of the loop: write, or tell of trouble */
    struct event *timer;
    int64_t timer_at; /* 0: not set */
    bool ending;
    struct redis_counts counts;
};

/* redis_connect.c */
bool redis_prepare(struct redis *redis, const struct config *config,
                   const struct redis_files *files);
void redis_connect(struct redis *redis, const struct ip *ip, uint16_t port);
void redis_hang_up(struct redis *redis);    /* for another connection: what waits for it stays */
void redis_link_begin(struct redis *redis); /* from LINK_NONE; failure shows as `trouble` */
void redis_link_drop(struct redis *redis);  /* forgets the connection, not the calls */
/* Found where no callback may be called; told from the loop. */
void redis_trouble(struct redis *redis, const char *what);

/* redis_sentinel.c: the master is searched; then it is connected to. Each sentinel has a share of the time. */
void redis_find(struct redis *redis);
/* A sentinel, or the master that it has told, cannot be used: the next one is asked, or it has failed. */
void redis_find_next(struct redis *redis, const char *what, const char *why);
const char *redis_found(struct redis *redis,
                        const redisReply *reply); /* NULL, or what is wrong with it */

/* redis_greeting.c: from LINK_GREETING to LINK_READY. */
extern const char redis_is_cluster[]; /* why it cannot be used */
void redis_greet(struct redis *redis);
bool redis_greeting_answered(struct redis *redis, const redisReply *reply); /* false: it is gone */

/* redis.c: what the connection has to tell. */
void redis_link_ready(struct redis *redis);
/* The connection failed or answered nonsense or not in time; calls under way have no answer. */
void redis_link_failed(struct redis *redis, const char *what, const char *why);
void redis_link_closed(struct redis *redis, const char *why); /* one that was ready has ended */
bool redis_answered(struct redis *redis,
                    const redisReply *reply);        /* false: the connection is gone */
void redis_wake_at(struct redis *redis, int64_t at); /* look at the deadlines then */
void redis_wake_soon(struct redis *redis);

#endif
