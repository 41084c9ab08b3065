/* SPDX-License-Identifier: ISC
 * Calls and their replies: a queue in the order in which Redis answers. */
#include "proxy/state/redis.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/state/redis_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_MAX = 160 };

static struct redis_slot *slot_at(struct redis *r, uint64_t place)
{
    return &r->slots[place % REDIS_CALLS_MAX];
}

/* ---- what the log says ---- */

static void complain_away(struct redis *r, const char *what, const char *why)
{
    uint64_t count;
    int64_t now = clock_ms();
    if (!complaint_due(&r->away, now, &count))
        return;
    if (!r->away_since)
        r->away_since = now;
    if (!r->away_wall)
        r->away_wall = clock_wall();
    log_at(LEVEL_WARNING, "", "redis is away, its facts are unknown", field_str("at", what),
           field_str("reason", why), field_num("times", (int64_t)count));
}

static void complain_error(struct redis *r, struct slice class)
{
    uint64_t count;
    if (complaint_due(&r->errors, clock_ms(), &count))
        log_at(LEVEL_WARNING, "", "redis answers with an error", field_text("class", class),
               field_str("meaning", redis_error_meaning(class)),
               field_num("times", (int64_t)count));
}

static void tell_if_back(struct redis *r)
{
    if (r->breaker.state != BREAKER_CLOSED || !r->away_since)
        return;
    log_at(LEVEL_INFO, "", "redis is back",
           field_num("seconds", (clock_ms() - r->away_since) / 1000));
    r->away_since = r->away_wall = 0;
}

/* ---- time ---- */

void redis_wake_at(struct redis *r, int64_t at)
{
    if (r->timer_at && r->timer_at <= at)
        return;
    int64_t wait = at - clock_ms();
    struct timeval in = {wait > 0 ? wait / 1000 : 0, wait > 0 ? wait % 1000 * 1000 : 0};
    r->timer_at = at;
    event_add(r->timer, &in);
}

void redis_wake_soon(struct redis *r)
{
    event_active(r->turn, EV_TIMEOUT, 0);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct redis *r = arg;
    if (r->trouble)
        redis_find_next(r, "connecting", r->trouble);
    else if (r->link == LINK_READY)
        stream_flush(r->stream);
}

static bool is_between(const struct redis *r)
{
    return r->link != LINK_NONE && r->link != LINK_READY;
}

/* Open, and time to look whether it is back. */
static void try_again(struct redis *r, int64_t now)
{
    if (r->link == LINK_READY)
        redis_link_ready(r);
    else if (r->link == LINK_NONE)
        redis_link_begin(r);
    else
        r->breaker.retry_at = now + r->breaker.retry_ms;
}

static void wake_for_next(struct redis *r)
{
    if (r->first != r->next)
        redis_wake_at(r, slot_at(r, r->first)->deadline);
    if (is_between(r) && r->link_until)
        redis_wake_at(r, r->finding ? r->find_until : r->link_until);
    if (r->breaker.state == BREAKER_OPEN)
        redis_wake_at(r, r->breaker.retry_at);
}

/* A reply that comes after its call was given up would answer the next one:
 * so the connection goes. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct redis *r = arg;
    int64_t now = clock_ms();
    r->timer_at = 0;
    if (r->first != r->next && slot_at(r, r->first)->deadline <= now)
        redis_link_failed(r, "call", "no answer in time");
    else if (is_between(r) && r->link_until && r->link_until <= now)
        redis_link_failed(r, r->finding ? "sentinel" : "connecting", "no answer in time");
    else if (is_between(r) && r->finding && r->find_until <= now)
        redis_find_next(r, "sentinel", "no answer in time");
    if (breaker_due(&r->breaker, now))
        try_again(r, now);
    wake_for_next(r);
}

/* ---- the queue ---- */

static bool has_room(const struct redis *r)
{
    return r->next - r->first < REDIS_CALLS_MAX;
}

/* The scripts of the private Redis are loaded by the parent. */
static bool may_load(const struct redis *r)
{
    return r->place != REDIS_PRIVATE;
}

static bool knows(const struct redis *r, const struct redis_script *script)
{
    for (size_t i = 0; i < r->known_count; i++)
        if (r->known[i] == script)
            return true;
    return false;
}

static void learn(struct redis *r, const struct redis_script *script)
{
    if (r->known_count < REDIS_SCRIPTS_KNOWN && !knows(r, script))
        r->known[r->known_count++] = script;
}

/* What stands in `scratch` is sent, or waits for the connection. */
static bool send_scratch(struct redis *r)
{
    struct slice bytes = buf_slice(&r->scratch);
    if (r->scratch.failed)
        return false;
    if (r->link == LINK_READY)
        return stream_write(r->stream, bytes);
    return bytes.len <= REDIS_OUTPUT_MAX - buf_len(&r->held) && buf_append(&r->held, bytes);
}

/* Sends, and notes who waits. */
static bool enqueue(struct redis *r, const struct redis_slot *slot)
{
    if (r->link == LINK_NONE)
        redis_link_begin(r);
    if (!has_room(r) || !send_scratch(r))
        return false;
    struct redis_slot *place = slot_at(r, r->next);
    *place = *slot;
    place->deadline = clock_ms() + r->timeout_ms;
    if (place->call)
        place->call->place = r->next;
    r->next++;
    redis_wake_at(r, place->deadline);
    redis_wake_soon(r);
    return true;
}

/* Takes over the arguments. `whole`: with its text, so that there is nothing to repeat. */
static bool enqueue_script(struct redis *r, struct redis_call *call,
                           const struct redis_script *script, bool whole,
                           struct redis_arguments *arguments)
{
    struct redis_slot slot = {.call = call};
    buf_clear(&r->scratch);
    bool put = redis_put_script(&r->scratch, script, whole, arguments);
    if (whole) {
        redis_arguments_free(arguments);
    } else {
        slot.script = script;
        slot.arguments = *arguments;
    }
    if (!put || !enqueue(r, &slot)) {
        redis_arguments_free(&slot.arguments);
        return false;
    }
    if (whole)
        learn(r, script);
    return true;
}

static struct redis_slot take_first(struct redis *r)
{
    struct redis_slot slot = *slot_at(r, r->first);
    *slot_at(r, r->first++) = (struct redis_slot){.call = NULL};
    return slot;
}

static void finish(struct redis *r, struct redis_slot *slot, const redisReply *reply)
{
    redis_arguments_free(&slot->arguments);
    r->counts.failures += reply == NULL;
    if (slot->call)
        slot->call->done(slot->call->ctx, reply);
}

/* Those that are under way now; the callbacks may add others. */
static void answer_none(struct redis *r)
{
    for (uint64_t end = r->next; r->first != end;) {
        struct redis_slot slot = take_first(r);
        finish(r, &slot, NULL);
    }
}

/* ---- what the connection tells ---- */

void redis_link_ready(struct redis *r)
{
    breaker_reached(&r->breaker);
    tell_if_back(r);
}

void redis_link_failed(struct redis *r, const char *what, const char *why)
{
    char reason[REASON_MAX];
    snprintf(reason, sizeof reason, "%s", why); /* it may belong to what is dropped */
    redis_link_drop(r);
    r->link_until = 0;
    breaker_away(&r->breaker, clock_ms());
    complain_away(r, what, reason);
    redis_wake_at(r, r->breaker.retry_at);
    answer_none(r);
}

void redis_link_closed(struct redis *r, const char *why)
{
    redis_link_drop(r);
    if (r->first != r->next) {
        breaker_lost(&r->breaker, clock_ms());
        complain_away(r, "call", why);
    }
    if (r->breaker.state == BREAKER_OPEN)
        redis_wake_at(r, r->breaker.retry_at);
    answer_none(r);
}

static void succeeded(struct redis *r, struct redis_slot *slot, const redisReply *reply)
{
    breaker_succeeded(&r->breaker);
    tell_if_back(r);
    finish(r, slot, reply);
}

/* A fresh connection mends it: the parent loads the scripts that are gone, the sentinels know who is the master instead. */
static bool wants_another_link(const struct redis *r, const struct redis_slot *slot,
                               struct slice class)
{
    if (slice_eq(class, SLICE("READONLY")))
        return r->place == REDIS_AT_MASTER;
    return slice_eq(class, SLICE("NOSCRIPT")) && slot->script && !may_load(r);
}

static bool answered_error(struct redis *r, struct redis_slot *slot, const redisReply *reply)
{
    struct slice class = redis_error_class(reply);
    /* it went away (SCRIPT FLUSH, another server): once more, with its text */
    if (slot->call && slot->script && may_load(r) && slice_eq(class, SLICE("NOSCRIPT")) &&
        enqueue_script(r, slot->call, slot->script, true, &slot->arguments))
        return true;
    complain_error(r, class);
    bool keep = !wants_another_link(r, slot, class);
    breaker_answered_error(&r->breaker, clock_ms());
    if (r->breaker.state == BREAKER_OPEN)
        redis_wake_at(r, r->breaker.retry_at);
    finish(r, slot, NULL);
    if (!keep)
        redis_link_closed(r, "it is not what it was");
    return keep;
}

static bool tells_of_cluster(const redisReply *reply)
{
    struct slice class = redis_error_class(reply);
    return slice_eq(class, SLICE("MOVED")) || slice_eq(class, SLICE("CROSSSLOT")) ||
           slice_eq(class, SLICE("CLUSTERDOWN"));
}

bool redis_answered(struct redis *r, const redisReply *reply)
{
    struct redis_slot slot = take_first(r);
    if (reply->type != REDIS_REPLY_ERROR) {
        succeeded(r, &slot, reply);
        return true;
    }
    if (!tells_of_cluster(reply))
        return answered_error(r, &slot, reply);
    finish(r, &slot, NULL);
    redis_link_failed(r, "call", redis_is_cluster);
    return false;
}

/* ---- what callers do ---- */

static bool refused(struct redis *r)
{
    r->counts.failures++;
    if (!r->ending)
        complain_away(r, "call",
                      breaker_admits(&r->breaker) ? "too much is under way"
                      : r->breaker.by_errors      ? "it answered with errors"
                                                  : "it did not answer");
    return false;
}

static bool admitted(struct redis *r)
{
    r->counts.calls++;
    return !r->ending && breaker_admits(&r->breaker) && has_room(r);
}

bool redis_command(struct redis *r, struct redis_call *call, const struct slice *argv, size_t argc)
{
    buf_clear(&r->scratch);
    if (!admitted(r) || !redis_put_command(&r->scratch, argv, argc) ||
        !enqueue(r, &(struct redis_slot){.call = call}))
        return refused(r);
    breaker_sent(&r->breaker);
    return true;
}

/* The first time on a connection it goes whole, which spares the round trip of a NOSCRIPT; where only the
 * parent loads scripts, it has done so. */
bool redis_eval(struct redis *r, struct redis_call *call, const struct redis_script *script,
                const struct slice *keys, size_t key_count, const struct slice *args,
                size_t arg_count)
{
    struct redis_arguments arguments;
    if (!admitted(r) || !redis_arguments_make(&arguments, keys, key_count, args, arg_count) ||
        !enqueue_script(r, call, script, may_load(r) && !knows(r, script), &arguments))
        return refused(r);
    breaker_sent(&r->breaker);
    return true;
}

void redis_cancel(struct redis *r, struct redis_call *call)
{
    bool under_way = call->place >= r->first && call->place < r->next;
    if (under_way && slot_at(r, call->place)->call == call)
        slot_at(r, call->place)->call = NULL;
}

bool redis_available(const struct redis *r)
{
    return breaker_admits(&r->breaker) && has_room(r);
}

int64_t redis_away_since(const struct redis *r)
{
    return r->away_wall;
}

struct redis_counts redis_counts(const struct redis *r)
{
    struct redis_counts counts = r->counts;
    counts.pending = (unsigned)(r->next - r->first);
    return counts;
}

static bool make(struct redis *r, const struct config *config, const struct redis_files *files)
{
    r->scratch = buf_init(REDIS_OUTPUT_MAX);
    r->held = buf_init(REDIS_OUTPUT_MAX);
    r->breaker.retry_ms = config->settings.redis_retry;
    r->slots = calloc(REDIS_CALLS_MAX, sizeof *r->slots);
    r->turn = event_new(r->base, -1, 0, on_turn, r);
    r->timer = event_new(r->base, -1, 0, on_timer, r);
    return r->slots && r->turn && r->timer && redis_prepare(r, config, files);
}

struct redis *redis_new(struct event_base *base, const struct config *config,
                        const struct redis_files *files, const struct redis_owner *owner)
{
    struct redis *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->base = base;
    r->owner = *owner;
    if (!make(r, config, files))
        redis_free(&r);
    return r;
}

void redis_free(struct redis **redis)
{
    struct redis *r = *redis;
    if (!r)
        return;
    *redis = NULL;
    r->ending = true;
    redis_link_drop(r);
    if (r->slots)
        answer_none(r);
    if (r->turn)
        event_free(r->turn);
    if (r->timer)
        event_free(r->timer);
    SSL_CTX_free(r->tls);
    buf_release(&r->scratch);
    free(r->slots);
    explicit_bzero(&r->login, sizeof r->login);
    explicit_bzero(&r->sentinel_login, sizeof r->sentinel_login);
    free(r);
}
