/* SPDX-License-Identifier: ISC */
#include "parent/parent_slot.h"
#include "base/child.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOT_FIELDS(slot)                                                                          \
    field_num("slot", (slot)->number), field_num("generation", (slot)->generation->number),        \
        field_num("pid", (slot)->pid)

/* One that took over its process could otherwise keep the parent busy, or fill the log. */
enum { MESSAGES_MOST = 1000 };

enum { REDIS_PACE = 100, REDIS_SLOWEST = 2000 /* milliseconds between attempts */ };

static void forget(struct slot *slot)
{
    if (slot->control >= 0)
        close(slot->control);
    slot->control = -1;
}

static bool spawn(struct slot *slot)
{
    char name[] = "gatepost-proxy";
    pid_t pid = child_spawn(name, (char *[]){name, NULL}, NULL, 0, &slot->control);
    slot->pid = pid > 0 ? pid : 0;
    return pid > 0;
}

void slot_start(struct parent *parent, struct slot *slot, int64_t now)
{
    slot->start_at = slot->kill_at = slot->served_since = 0;
    slot->lent = slot->broke_protocol = false;
    slot->next_tell = TELL_CONFIG;
    slot->may_say = MESSAGES_MOST;
    slot->wants_redis = false;
    memset(slot->distrusts, 0, sizeof slot->distrusts);
    slot->redis_at = 0;
    slot->redis_delay = REDIS_PACE;
    slot->annex = 0;
    slot->listener = 0;
    slot->socket = 0;
    slot->state = PROXY_CONFIGURING;
    int row = shared_row_claim(parent->shared);
    if (row >= 0 && spawn(slot)) {
        slot->row = (unsigned)row;
        slot_tell(parent, slot);
        return;
    }
    const char *reason = row < 0 ? "too many processes" : strerror(errno);
    if (row >= 0)
        shared_row_clear(parent->shared, (unsigned)row);
    log_at(LEVEL_ERROR, "", "proxy not started", field_num("slot", slot->number),
           field_str("reason", reason));
    slot->failed = true;
    slot->start_at = backoff_after(&slot->backoff, 0, now);
}

int slot_try_send(const struct slot *slot, uint16_t type, struct slice payload, int fd)
{
    return ipc_send(slot->control, type, payload, &fd, fd >= 0, false);
}

bool slot_send(struct slot *slot, uint16_t type, struct slice payload, int fd)
{
    if (slot->control < 0)
        return false;
    if (slot_try_send(slot, type, payload, fd) > 0)
        return true;
    slot_kill(slot, "it does not take its messages");
    return false;
}

static void heard(struct parent *parent, struct slot *slot, const struct ipc_message *message,
                  int64_t now)
{
    struct unpack in = {.left = message->payload};
    if (message->type == MESSAGE_READY) {
        if (slot->state != PROXY_STARTING)
            return;
        slot->state = PROXY_SERVING;
        slot->served_since = now;
        log_at(LEVEL_INFO, "", "proxy serves", SLOT_FIELDS(slot));
    } else if (message->type == MESSAGE_FAILED) {
        slot->failed = true;
        log_at(LEVEL_ERROR, "", "proxy cannot serve", SLOT_FIELDS(slot),
               field_text("reason", unpack_slice(&in)));
    } else if (message->type == MESSAGE_LISTENER_FAILED) {
        uint32_t index = unpack_u32(&in);
        log_at(LEVEL_ERROR, "", "listener given up", SLOT_FIELDS(slot),
               field_num("listener", index), field_text("reason", unpack_slice(&in)));
    } else if (message->type == MESSAGE_REDIS_WANTED && !slot->wants_redis) {
        slot->wants_redis = true; /* one at a time, and not often: that is within its rights */
        slot->may_say++;
    } else if (message->type == MESSAGE_SCANNERS_FALSE) {
        unsigned kind = unpack_u8(&in);
        if (kind < SCANNER_KINDS)
            slot->distrusts[kind] = true;
    } else if (message->type == MESSAGE_SAMPLED) {
        slot->may_say += sample_heard(parent, slot->pid, message->payload);
    }
}

void slot_hear(struct parent *parent, struct slot *slot, int64_t now)
{
    static char buffer[IPC_PAYLOAD_MAX + 2];
    struct ipc_message message;
    int got = 0;
    while (slot->control >= 0 &&
           (got = ipc_recv(slot->control, &message, buffer, sizeof buffer, false)) > 0) {
        if (slot->may_say == 0 || !message_allowed(&message, MESSAGE_UP, slot->state)) {
            ipc_close_fds(&message);
            slot->broke_protocol = true;
            slot_kill(slot, "it broke the protocol");
            return;
        }
        slot->may_say--;
        heard(parent, slot, &message, now);
    }
    if (got < 0) {
        forget(slot);
        slot->kill_at = now + CHILD_LINGER;
    }
}

void slot_connect_redis(struct parent *parent, struct slot *slot, int64_t now)
{
    if (!slot->wants_redis || slot->control < 0 || slot->redis_at > now)
        return;
    int fd =
        private_redis_connection(&parent->redis, &slot->generation->loaded.config->settings, now);
    slot->redis_at = now + slot->redis_delay;
    if (fd < 0) {
        slot->redis_delay *= 2;
        if (slot->redis_delay > REDIS_SLOWEST)
            slot->redis_delay = REDIS_SLOWEST;
        return;
    }
    slot->wants_redis = false;
    slot->redis_delay = REDIS_PACE;
    slot_send(slot, MESSAGE_REDIS, (struct slice){NULL, 0}, fd);
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

/* What an attack on its memory ends in when it fails, and what follows one that did not: a call that
 * its jail forbids. */
static bool may_have_been_captured(const struct slot *slot, int status)
{
    static const int signals[] = {SIGSYS, SIGSEGV, SIGABRT, SIGBUS, SIGILL};
    bool may = slot->broke_protocol;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        may = may || (WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
    return may;
}

static void distrust(struct shared *shared, const struct slot *slot)
{
    log_at(LEVEL_WARNING, "", "what proxies remember together is forgotten", SLOT_FIELDS(slot),
           field_str("reason", "somebody may have taken over the one that died"));
    shared_row_distrust(shared, slot->row);
}

void slot_died(struct parent *parent, struct slot *slot, int status, int64_t now)
{
    slot_hear(parent, slot, now); /* its last words */
    bool expected = slot->state == PROXY_DRAINING && status == 0;
    log_at(expected ? LEVEL_INFO : LEVEL_ERROR, "", expected ? "proxy done" : "proxy died",
           SLOT_FIELDS(slot), field_str("how", child_death(status)));
    forget(slot);
    tell_doubts(parent->shared, slot->row);
    if (may_have_been_captured(slot, status))
        distrust(parent->shared, slot);
    shared_row_clear(parent->shared, slot->row);
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        scanners_dismiss(&parent->scanners[kind], slot->row);
    sample_died(parent, slot->pid);
    slot->pid = 0;
    slot->kill_at = 0;
    slot->failed = slot->failed || slot->state < PROXY_SERVING;
    if (slot->state != PROXY_DRAINING)
        slot->start_at = backoff_after(&slot->backoff, slot->served_since, now);
}

void slot_lend(const struct parent *parent, struct slot *slot)
{
    const struct generation *generation = slot->generation;
    for (unsigned number = 0; number < generation->slot_count && !slot->lent; number++) {
        const struct slot *other = &generation->slots[number];
        slot->listener = 0;
        slot->socket = 0;
        slot->lent = other->state == PROXY_SERVING && other->pid != 0 && other->control >= 0 &&
                     slot_tell_listeners(parent, slot, other) > 0;
        if (slot->lent)
            log_at(LEVEL_INFO, "", "slot is served by another", field_num("slot", slot->number),
                   field_num("by", other->number));
    }
}

void slot_drain(struct slot *slot, bool stopping)
{
    enum proxy_state before = slot->state;
    slot->start_at = 0;
    slot->state = PROXY_DRAINING;
    if (slot->pid == 0)
        return;
    if (before == PROXY_CONFIGURING)
        slot_kill(slot, "it is not needed any more");
    else if (before != PROXY_DRAINING || stopping)
        slot_send(slot, MESSAGE_DRAIN, (struct slice){stopping ? "\1" : "\0", 1}, -1);
}

void slot_kill(struct slot *slot, const char *why)
{
    if (slot->pid == 0)
        return;
    log_at(LEVEL_WARNING, "", "proxy is killed", SLOT_FIELDS(slot), field_str("reason", why));
    forget(slot);
    slot->kill_at = 0;
    kill(slot->pid, SIGKILL);
}
