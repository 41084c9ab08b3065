/* SPDX-License-Identifier: ISC */
#include "base/child.h"
#include "base/log.h"
#include "proxy/parent.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define PROXY_FIELDS(proxy)                                                                        \
    field_num("slot", (proxy)->slot), field_num("generation", (proxy)->generation->number),        \
        field_num("pid", (proxy)->pid)

/* One that took over its process could otherwise keep the parent busy, or fill the log. */
enum { MESSAGES_MOST = 1000 };

enum { REDIS_PACE = 100, REDIS_SLOWEST = 2000 /* milliseconds between attempts */ };

static void forget(struct proxy *proxy)
{
    if (proxy->control >= 0)
        close(proxy->control);
    proxy->control = -1;
}

static bool spawn(struct proxy *proxy)
{
    char name[] = "gatepost-proxy";
    pid_t pid = child_spawn(name, (char *[]){name, NULL}, -1, &proxy->control);
    proxy->pid = pid > 0 ? pid : 0;
    return pid > 0;
}

void proxy_start(struct parent *parent, struct proxy *proxy, int64_t now)
{
    proxy->start_at = proxy->kill_at = proxy->served_since = 0;
    proxy->lent = false;
    proxy->next_tell = TELL_CONFIG;
    proxy->may_say = MESSAGES_MOST;
    proxy->wants_redis = false;
    proxy->redis_at = 0;
    proxy->redis_delay = REDIS_PACE;
    proxy->listener = 0;
    proxy->socket = 0;
    proxy->state = PROXY_CONFIGURING;
    int row = shared_row_claim(parent->shared);
    if (row >= 0 && spawn(proxy)) {
        proxy->row = (unsigned)row;
        proxy_tell(parent, proxy);
        return;
    }
    const char *reason = row < 0 ? "too many processes" : strerror(errno);
    if (row >= 0)
        shared_row_clear(parent->shared, (unsigned)row);
    log_at(LEVEL_ERROR, "", "proxy not started", field_num("slot", proxy->slot),
           field_str("reason", reason));
    proxy->failed = true;
    proxy->start_at = backoff_after(&proxy->backoff, 0, now);
}

static int send_now(const struct proxy *proxy, uint16_t type, struct slice payload, int fd)
{
    return ipc_send(proxy->control, type, payload, &fd, fd >= 0, false);
}

/* After the start: one that does not take what it is told is not well. */
bool proxy_send(struct proxy *proxy, uint16_t type, struct slice payload, int fd)
{
    if (proxy->control < 0)
        return false;
    if (send_now(proxy, type, payload, fd) > 0)
        return true;
    proxy_kill(proxy, "it does not take its messages");
    return false;
}

static struct slice pack_tickets(struct buf *payload, const struct tickets *tickets)
{
    for (int i = 0; i < TICKET_KEYS; i++)
        pack_slice(payload, (struct slice){(const char *)tickets->keys[i], TICKET_KEY_SIZE});
    return buf_slice(payload);
}

bool proxy_send_tickets(struct proxy *proxy, const struct tickets *tickets)
{
    struct buf payload = buf_init(TICKET_KEYS * (TICKET_KEY_SIZE + 4));
    bool sent = proxy_send(proxy, MESSAGE_TICKETS, pack_tickets(&payload, tickets), -1);
    explicit_bzero(payload.data, payload.size);
    buf_release(&payload);
    return sent;
}

static int tell_config(const struct parent *parent, const struct proxy *proxy)
{
    const struct generation *generation = proxy->generation;
    struct buf payload = buf_init(8192);
    pack_u32(&payload, proxy->slot);
    pack_u32(&payload, generation->number);
    pack_u32(&payload, proxy->row);
    pack_slice(&payload, slice_of(parent->arguments.path));
    pack_slice(&payload, slice_of(parent->hostname));
    int sent = payload.failed
                   ? -1
                   : send_now(proxy, MESSAGE_CONFIG, buf_slice(&payload), generation->bundle);
    buf_release(&payload);
    return sent;
}

static int tell_tickets(const struct proxy *proxy, const struct tickets *tickets)
{
    struct buf payload = buf_init(TICKET_KEYS * (TICKET_KEY_SIZE + 4));
    int sent = send_now(proxy, MESSAGE_TICKETS, pack_tickets(&payload, tickets), -1);
    explicit_bzero(payload.data, payload.size);
    buf_release(&payload);
    return sent;
}

/* The listening socket that is to be told of next, and its listener; -1: all are told. */
static int next_socket(const struct parent *parent, struct proxy *proxy)
{
    const struct config *config = proxy->generation->loaded.config;
    for (; proxy->listener < config->listener_count; proxy->listener++, proxy->socket = 0) {
        int fd = sockets_next(&parent->sockets, &config->listeners[proxy->listener], proxy->slot,
                              proxy->generation->slots, &proxy->socket);
        if (fd >= 0)
            return fd;
    }
    return -1;
}

/* Tells `to` of all the sockets of proxy's slot, from where it was the last time. */
static int tell_listeners(const struct parent *parent, struct proxy *proxy, const struct proxy *to)
{
    for (;;) {
        uint32_t listener = proxy->listener;
        size_t socket = proxy->socket;
        int fd = next_socket(parent, proxy);
        uint32_t index = proxy->listener;
        if (fd < 0)
            return 1;
        int sent =
            send_now(to, MESSAGE_LISTENER, (struct slice){(const char *)&index, sizeof index}, fd);
        if (sent <= 0) {
            proxy->listener = listener;
            proxy->socket = socket;
            return sent;
        }
    }
}

static int tell_scanners(const struct parent *parent, const struct proxy *proxy,
                         enum scanner_kind kind)
{
    if (!pipeline_needs(proxy->generation->loaded.config, kind))
        return 1;
    uint8_t which = (uint8_t)kind;
    return send_now(proxy, MESSAGE_SCANNERS, (struct slice){(const char *)&which, 1},
                    parent->scanners[kind].sending);
}

/* One kind of message of a start: 1 said (or there is nothing to say), 0 the socket is full, -1 it
 * failed. */
static int tell(const struct parent *parent, struct proxy *proxy)
{
    static const struct slice nothing = {NULL, 0};
    int decisions = proxy->generation->decisions;
    switch (proxy->next_tell) {
    case TELL_CONFIG:
        return tell_config(parent, proxy);
    case TELL_SHARED:
        return send_now(proxy, MESSAGE_SHARED, nothing, parent->shared_fd);
    case TELL_LISTENERS:
        return tell_listeners(parent, proxy, proxy);
    case TELL_SCAN:
        return tell_scanners(parent, proxy, SCANNER_SCAN);
    case TELL_AV:
        return tell_scanners(parent, proxy, SCANNER_AV);
    case TELL_DECISIONS:
        return decisions < 0 ? 1 : send_now(proxy, MESSAGE_DECISIONS, nothing, decisions);
    case TELL_TICKETS:
        return tell_tickets(proxy, &parent->tickets);
    case TELL_START:
        return send_now(proxy, MESSAGE_START, nothing, -1);
    case TELL_DONE:
        break;
    }
    return 0;
}

void proxy_tell(const struct parent *parent, struct proxy *proxy)
{
    while (proxy->control >= 0 && proxy->next_tell != TELL_DONE) {
        int sent = tell(parent, proxy);
        if (sent == 0)
            return;
        if (sent < 0) {
            proxy_kill(proxy, "it does not take its configuration");
            return;
        }
        if (++proxy->next_tell == TELL_DONE)
            proxy->state = PROXY_STARTING;
    }
}

static void heard(struct proxy *proxy, const struct ipc_message *message, int64_t now)
{
    struct unpack in = {.left = message->payload};
    if (message->type == MESSAGE_READY) {
        if (proxy->state != PROXY_STARTING)
            return;
        proxy->state = PROXY_SERVING;
        proxy->served_since = now;
        log_at(LEVEL_INFO, "", "proxy serves", PROXY_FIELDS(proxy));
    } else if (message->type == MESSAGE_FAILED) {
        proxy->failed = true;
        log_at(LEVEL_ERROR, "", "proxy cannot serve", PROXY_FIELDS(proxy),
               field_text("reason", unpack_slice(&in)));
    } else if (message->type == MESSAGE_LISTENER_FAILED) {
        uint32_t index = unpack_u32(&in);
        log_at(LEVEL_ERROR, "", "listener given up", PROXY_FIELDS(proxy),
               field_num("listener", index), field_text("reason", unpack_slice(&in)));
    } else if (message->type == MESSAGE_REDIS_WANTED && !proxy->wants_redis) {
        proxy->wants_redis = true; /* one at a time, and not often: that is within its rights */
        proxy->may_say++;
    }
}

void proxy_hear(struct proxy *proxy, int64_t now)
{
    static char buffer[IPC_PAYLOAD_MAX + 2];
    struct ipc_message message;
    int got = 0;
    while (proxy->control >= 0 &&
           (got = ipc_recv(proxy->control, &message, buffer, sizeof buffer, false)) > 0) {
        if (proxy->may_say == 0 || !message_allowed(&message, MESSAGE_UP, proxy->state)) {
            ipc_close_fds(&message);
            proxy_kill(proxy, "it broke the protocol");
            return;
        }
        proxy->may_say--;
        heard(proxy, &message, now);
    }
    if (got < 0) {
        forget(proxy);
        proxy->kill_at = now + CHILD_LINGER;
    }
}

void proxy_connect_redis(struct parent *parent, struct proxy *proxy, int64_t now)
{
    if (!proxy->wants_redis || proxy->control < 0 || proxy->redis_at > now)
        return;
    int fd = redis_connection(&parent->redis, &proxy->generation->loaded.config->settings, now);
    proxy->redis_at = now + proxy->redis_delay;
    if (fd < 0) {
        proxy->redis_delay *= 2;
        if (proxy->redis_delay > REDIS_SLOWEST)
            proxy->redis_delay = REDIS_SLOWEST;
        return;
    }
    proxy->wants_redis = false;
    proxy->redis_delay = REDIS_PACE;
    proxy_send(proxy, MESSAGE_REDIS, (struct slice){NULL, 0}, fd);
    close(fd);
}

/* What it was handing over when it died: the backend may have it, the sender does not know. */
static void tell_doubts(const struct shared *shared, unsigned row)
{
    struct doubt doubt;
    unsigned at = 0;
    while (shared_doubt_next(shared, row, &at, &doubt))
        doubt_log(&doubt, "its proxy died", SLICE(""));
}

void proxy_died(struct parent *parent, struct proxy *proxy, int status, int64_t now)
{
    proxy_hear(proxy, now); /* its last words */
    bool expected = proxy->state == PROXY_DRAINING && status == 0;
    log_at(expected ? LEVEL_INFO : LEVEL_ERROR, "", expected ? "proxy done" : "proxy died",
           PROXY_FIELDS(proxy), field_str("how", child_death(status)));
    forget(proxy);
    tell_doubts(parent->shared, proxy->row);
    shared_row_clear(parent->shared, proxy->row);
    proxy->pid = 0;
    proxy->kill_at = 0;
    proxy->failed = proxy->failed || proxy->state < PROXY_SERVING;
    if (proxy->state != PROXY_DRAINING)
        proxy->start_at = backoff_after(&proxy->backoff, proxy->served_since, now);
}

void proxy_lend(const struct parent *parent, struct proxy *proxy)
{
    const struct generation *generation = proxy->generation;
    for (unsigned slot = 0; slot < generation->slots && !proxy->lent; slot++) {
        const struct proxy *other = &generation->proxies[slot];
        proxy->listener = 0;
        proxy->socket = 0;
        proxy->lent = other->state == PROXY_SERVING && other->pid != 0 && other->control >= 0 &&
                      tell_listeners(parent, proxy, other) > 0;
        if (proxy->lent)
            log_at(LEVEL_INFO, "", "slot is served by another", field_num("slot", proxy->slot),
                   field_num("by", slot));
    }
}

void proxy_drain(struct proxy *proxy, bool stopping)
{
    enum proxy_state before = proxy->state;
    proxy->start_at = 0;
    proxy->state = PROXY_DRAINING;
    if (proxy->pid == 0)
        return;
    if (before == PROXY_CONFIGURING)
        proxy_kill(proxy, "it is not needed any more");
    else if (before != PROXY_DRAINING)
        proxy_send(proxy, MESSAGE_DRAIN, (struct slice){stopping ? "\1" : "\0", 1}, -1);
}

void proxy_kill(struct proxy *proxy, const char *why)
{
    if (proxy->pid == 0)
        return;
    log_at(LEVEL_WARNING, "", "proxy is killed", PROXY_FIELDS(proxy), field_str("reason", why));
    forget(proxy);
    proxy->kill_at = 0;
    kill(proxy->pid, SIGKILL);
}
