/* SPDX-License-Identifier: ISC
 * Where the master is: sentinels are asked one after the other, the one first that has answered last. What is said to
 * one, and answered, is in redis_greeting.c. */
#include "base/clock.h"
#include "base/log.h"
#include "proxy/state/redis_internal.h"

#include <string.h>

static void ask(struct redis *r)
{
    const struct redis_sentinel *sentinel = &r->sentinels[r->sentinel];
    int64_t share = r->timeout_ms / (int64_t)(r->sentinel_count + 1); /* one is the master's */
    r->find_until = clock_ms() + share;
    r->finding = true;
    r->asked++;
    redis_wake_at(r, r->find_until);
    redis_connect(r, &sentinel->ip, sentinel->port);
}

void redis_find(struct redis *r)
{
    r->asked = 0;
    ask(r);
}

void redis_find_next(struct redis *r, const char *what, const char *why)
{
    if (r->place != REDIS_AT_MASTER || r->asked >= r->sentinel_count) {
        redis_link_failed(r, what, why);
        return;
    }
    redis_hang_up(r);
    r->sentinel = (r->sentinel + 1) % r->sentinel_count;
    ask(r);
}

static struct slice text_of(const redisReply *reply)
{
    bool is_text = reply->type == REDIS_REPLY_STRING;
    return is_text ? (struct slice){reply->str, reply->len} : SLICE("");
}

enum { IP_TEXT_SIZE = 46 };

static void tell_if_new(struct redis *r, const struct ip *ip, uint16_t port)
{
    char before[IP_TEXT_SIZE], now[IP_TEXT_SIZE];
    ip_text(&r->ip, before);
    ip_text(ip, now);
    if (r->port == port && strcmp(before, now) == 0)
        return;
    r->ip = *ip;
    r->port = port;
    log_at(LEVEL_INFO, "", "the redis master is", field_str("address", now),
           field_num("port", port));
}

const char *redis_found(struct redis *r, const redisReply *reply)
{
    struct ip ip;
    uint64_t port;
    if (reply->type == REDIS_REPLY_NIL)
        return "the sentinel knows no master of that name";
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return "the sentinel answers something else";
    if (!ip_parse(text_of(reply->element[0]), &ip))
        return "the sentinel names a host, not an address (resolve-hostnames)";
    if (!slice_to_u64(text_of(reply->element[1]), UINT16_MAX, &port) || port == 0)
        return "the sentinel names no port";
    tell_if_new(r, &ip, (uint16_t)port);
    return NULL;
}
