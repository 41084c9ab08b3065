/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "proxy/parent.h"
#include "proxy/parent_child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define PROXY_FIELDS(proxy)                                                                        \
    field_num("slot", (proxy)->slot), field_num("generation", (proxy)->generation->number),        \
        field_num("pid", (proxy)->pid)

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
    proxy->told = 0;
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

static int tell_listener(const struct proxy *proxy, uint32_t index, int fd)
{
    return send_now(proxy, MESSAGE_LISTENER, (struct slice){(const char *)&index, sizeof index},
                    fd);
}

static int tell_tickets(const struct proxy *proxy, const struct tickets *tickets)
{
    struct buf payload = buf_init(TICKET_KEYS * (TICKET_KEY_SIZE + 4));
    int sent = send_now(proxy, MESSAGE_TICKETS, pack_tickets(&payload, tickets), -1);
    explicit_bzero(payload.data, payload.size);
    buf_release(&payload);
    return sent;
}

/* The n-th socket of the slot, over all listeners. */
static int nth_socket(const struct parent *parent, const struct proxy *proxy, size_t n,
                      uint32_t *index)
{
    const struct config *config = proxy->generation->loaded.config;
    for (*index = 0; *index < config->listener_count; ++*index) {
        size_t at = 0;
        for (int fd; (fd = sockets_next(&parent->sockets, &config->listeners[*index], proxy->slot,
                                        proxy->generation->slots, &at)) >= 0;)
            if (n-- == 0)
                return fd;
    }
    return -1;
}

static int tell_scanners(const struct parent *parent, const struct proxy *proxy,
                         enum scanner_kind kind)
{
    if (!scanners_needed(kind, proxy->generation->loaded.config))
        return 1;
    uint8_t which = (uint8_t)kind;
    return send_now(proxy, MESSAGE_SCANNERS, (struct slice){(const char *)&which, 1},
                    parent->scanners[kind].sending);
}

enum { TELL_CONFIG, TELL_SHARED, TELL_LISTENERS };

/* The n-th message of a start: 1 sent (or there is nothing to say), 0 the socket is full, -1 it
 * failed. */
static int tell_step(const struct parent *parent, struct proxy *proxy, size_t n)
{
    static const struct slice nothing = {NULL, 0};
    uint32_t index;
    size_t sockets = 0;
    while (nth_socket(parent, proxy, sockets, &index) >= 0)
        sockets++;
    if (n == TELL_CONFIG)
        return tell_config(parent, proxy);
    if (n == TELL_SHARED)
        return send_now(proxy, MESSAGE_SHARED, nothing, parent->shared_fd);
    n -= TELL_LISTENERS;
    if (n < sockets) {
        int fd = nth_socket(parent, proxy, n, &index);
        return tell_listener(proxy, index, fd);
    }
    n -= sockets;
    if (n < SCANNER_KINDS)
        return tell_scanners(parent, proxy, (enum scanner_kind)n);
    n -= SCANNER_KINDS;
    if (n == 0 && proxy->generation->decisions < 0)
        return 1;
    if (n == 0)
        return send_now(proxy, MESSAGE_DECISIONS, nothing, proxy->generation->decisions);
    if (n == 1)
        return tell_tickets(proxy, &parent->tickets);
    int sent = send_now(proxy, MESSAGE_START, nothing, -1);
    if (sent > 0)
        proxy->state = PROXY_STARTING;
    return sent;
}

void proxy_tell(const struct parent *parent, struct proxy *proxy)
{
    while (proxy->control >= 0 && proxy->state == PROXY_CONFIGURING) {
        int sent = tell_step(parent, proxy, proxy->told);
        if (sent == 0)
            return;
        if (sent < 0) {
            proxy_kill(proxy, "it does not take its configuration");
            return;
        }
        proxy->told++;
    }
}

static void heard(struct proxy *proxy, const struct ipc_message *message, int64_t now)
{
    struct unpack in = {.left = message->payload};
    if (message->type == MESSAGE_READY) {
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
    }
}

void proxy_hear(struct proxy *proxy, int64_t now)
{
    static char buffer[IPC_PAYLOAD_MAX + 2];
    struct ipc_message message;
    int got = 0;
    while (proxy->control >= 0 &&
           (got = ipc_recv(proxy->control, &message, buffer, sizeof buffer, false)) > 0) {
        if (message_allowed(&message, MESSAGE_UP, proxy->state)) {
            heard(proxy, &message, now);
        } else {
            ipc_close_fds(&message);
            proxy_kill(proxy, "it broke the protocol");
            return;
        }
    }
    if (got < 0) {
        forget(proxy);
        proxy->kill_at = now + CHILD_LINGER;
    }
}

void proxy_died(struct parent *parent, struct proxy *proxy, int status, int64_t now)
{
    proxy_hear(proxy, now); /* its last words */
    bool expected = proxy->state == PROXY_DRAINING && status == 0;
    log_at(expected ? LEVEL_INFO : LEVEL_ERROR, "", expected ? "proxy done" : "proxy died",
           PROXY_FIELDS(proxy), field_str("how", child_death(status)));
    forget(proxy);
    shared_row_clear(parent->shared, proxy->row);
    proxy->pid = 0;
    proxy->kill_at = 0;
    proxy->failed = proxy->failed || proxy->state < PROXY_SERVING;
    if (proxy->state != PROXY_DRAINING)
        proxy->start_at = backoff_after(&proxy->backoff, proxy->served_since, now);
}

void proxy_drain(struct proxy *proxy)
{
    enum proxy_state before = proxy->state;
    proxy->start_at = 0;
    proxy->state = PROXY_DRAINING;
    if (proxy->pid == 0)
        return;
    if (before == PROXY_CONFIGURING)
        proxy_kill(proxy, "it is not needed any more");
    else if (before != PROXY_DRAINING)
        proxy_send(proxy, MESSAGE_DRAIN, (struct slice){NULL, 0}, -1);
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
