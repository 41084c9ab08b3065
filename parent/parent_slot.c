/* SPDX-License-Identifier: ISC */
#include "base/child.h"
#include "base/log.h"
#include "parent/parent.h"

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

static int send_now(const struct slot *slot, uint16_t type, struct slice payload, int fd)
{
    return ipc_send(slot->control, type, payload, &fd, fd >= 0, false);
}

/* After the start: one that does not take what it is told is not well. */
bool slot_send(struct slot *slot, uint16_t type, struct slice payload, int fd)
{
    if (slot->control < 0)
        return false;
    if (send_now(slot, type, payload, fd) > 0)
        return true;
    slot_kill(slot, "it does not take its messages");
    return false;
}

void slot_send_pairs(struct slot *slot, const struct keeper *keeper)
{
    static const struct slice nothing = {NULL, 0};
    slot_send(slot, MESSAGE_KEEPER, nothing, keeper->queue[KEEPER_PROXIES_END]);
    slot_send(slot, MESSAGE_ERRANDS, nothing, keeper->errands[KEEPER_PROXIES_END]);
    if (redis_shares(&slot->generation->loaded.config->settings))
        slot_send(slot, MESSAGE_SHARING, nothing, keeper->sharing[KEEPER_PROXIES_END]);
}

void slot_send_signer(struct slot *slot, const struct sign *sign)
{
    if (slot->generation->loaded.signing > 0 && slot->next_tell > TELL_SIGNER)
        slot_send(slot, MESSAGE_SIGNER, (struct slice){NULL, 0}, sign->queue[SIGN_PROXIES_END]);
}

void slot_send_source(struct slot *slot, const struct source_process *source)
{
    if (config_sources_clients(slot->generation->loaded.config) && slot->next_tell > TELL_SOURCE)
        slot_send(slot, MESSAGE_SOURCE, (struct slice){NULL, 0}, source->queue[SOURCE_PROXIES_END]);
}

void slot_send_queue(struct slot *slot, const struct scanners *scanners)
{
    uint8_t kind = (uint8_t)scanners->kind;
    bool told = (int)slot->next_tell > TELL_SCAN + (int)scanners->kind;
    if (told && pipeline_needs(slot->generation->loaded.config, scanners->kind))
        slot_send(slot, MESSAGE_SCANNERS_QUEUE, (struct slice){(const char *)&kind, sizeof kind},
                  scanners->sending);
}

/* One that still drains takes no more; one that starts is told otherwise. */
void slot_send_milter(struct slot *slot, const struct milter *milter)
{
    const struct config *config = slot->generation->loaded.config;
    if (slot->state != PROXY_STARTING && slot->state != PROXY_SERVING)
        return;
    for (uint32_t i = 0; i < config->listener_count; i++)
        if (milter_is_of(milter, &config->listeners[i]))
            slot_send(slot, MESSAGE_LISTENER, (struct slice){(const char *)&i, sizeof i},
                      milter->queue[MILTER_PROXIES_END]);
}

void slot_send_lists(struct slot *slot, const struct keeper *keeper)
{
    slot_send(slot, MESSAGE_LISTS, (struct slice){NULL, 0}, keeper->lists);
}

enum { MARK_SIZE = RELEASE_MARK_KEY + 4 };

static struct slice pack_mark(char room[static MARK_SIZE], const struct release *release)
{
    struct buf payload = buf_over(room, MARK_SIZE);
    pack_slice(&payload, (struct slice){(const char *)release->mark, sizeof release->mark});
    return buf_slice(&payload);
}

static int tell_mark(const struct slot *slot, const struct release *release)
{
    char room[MARK_SIZE];
    int sent = send_now(slot, MESSAGE_MARK, pack_mark(room, release), -1);
    explicit_bzero(room, sizeof room);
    return sent;
}

void slot_send_mark(struct slot *slot, const struct release *release)
{
    char room[MARK_SIZE];
    slot_send(slot, MESSAGE_MARK, pack_mark(room, release), -1);
    explicit_bzero(room, sizeof room);
}

enum { TICKETS_SIZE = TICKET_KEYS * (TICKET_KEY_SIZE + 4) };

/* In memory of the caller's: a proxy ends when it is told half of them. */
static struct slice pack_tickets(char room[static TICKETS_SIZE], const struct tickets *tickets)
{
    struct buf payload = buf_over(room, TICKETS_SIZE);
    for (int i = 0; i < TICKET_KEYS; i++)
        pack_slice(&payload, (struct slice){(const char *)tickets->keys[i], TICKET_KEY_SIZE});
    return buf_slice(&payload);
}

bool slot_send_tickets(struct slot *slot, const struct tickets *tickets)
{
    char room[TICKETS_SIZE];
    bool sent = slot_send(slot, MESSAGE_TICKETS, pack_tickets(room, tickets), -1);
    explicit_bzero(room, sizeof room);
    return sent;
}

static int tell_config(const struct parent *parent, const struct slot *slot)
{
    const struct generation *generation = slot->generation;
    struct buf payload = buf_init(8192);
    pack_u32(&payload, slot->number);
    pack_u32(&payload, generation->number);
    pack_u32(&payload, slot->row);
    pack_slice(&payload, slice_of(parent->arguments.path));
    pack_slice(&payload, slice_of(parent->hostname));
    int sent = payload.failed
                   ? -1
                   : send_now(slot, MESSAGE_CONFIG, buf_slice(&payload), generation->bundle);
    buf_release(&payload);
    return sent;
}

static int send_annex(const struct slot *slot, struct slice path, int fd)
{
    struct buf payload = buf_init(path.len + 8);
    pack_slice(&payload, path);
    int sent = payload.failed ? -1 : send_now(slot, MESSAGE_ANNEX, buf_slice(&payload), fd);
    buf_release(&payload);
    return sent;
}

static int tell_shared(const struct parent *parent, const struct slot *slot)
{
    const int both[] = {parent->shared_reader, parent->shared_fd};
    return ipc_send(slot->control, MESSAGE_SHARED, (struct slice){NULL, 0}, both, 2, false);
}

static int tell_annexes(struct slot *slot)
{
    struct slice path;
    for (int fd; (fd = bundle_annex(slot->generation->loaded.bundle, slot->annex, &path)) >= 0;) {
        int sent = send_annex(slot, path, fd);
        if (sent <= 0)
            return sent;
        slot->annex++;
    }
    return 1;
}

static int tell_tickets(const struct slot *slot, const struct tickets *tickets)
{
    char room[TICKETS_SIZE];
    int sent = send_now(slot, MESSAGE_TICKETS, pack_tickets(room, tickets), -1);
    explicit_bzero(room, sizeof room);
    return sent;
}

/* The listening socket that is to be told of next, and its listener; -1: all are told. */
static int next_socket(const struct parent *parent, struct slot *slot)
{
    const struct config *config = slot->generation->loaded.config;
    for (; slot->listener < config->listener_count; slot->listener++, slot->socket = 0) {
        int queue = milters_queue(&parent->milters, &config->listeners[slot->listener]);
        if (queue >= 0 && slot->socket++ == 0)
            return queue;
        int fd = sockets_next(&parent->sockets, &config->listeners[slot->listener], slot->number,
                              slot->generation->slot_count, &slot->socket);
        if (fd >= 0)
            return fd;
    }
    return -1;
}

/* Tells `to` of all the sockets of proxy's slot, from where it was the last time. */
static int tell_listeners(const struct parent *parent, struct slot *slot, const struct slot *to)
{
    for (;;) {
        uint32_t listener = slot->listener;
        size_t socket = slot->socket;
        int fd = next_socket(parent, slot);
        uint32_t index = slot->listener;
        if (fd < 0)
            return 1;
        int sent =
            send_now(to, MESSAGE_LISTENER, (struct slice){(const char *)&index, sizeof index}, fd);
        if (sent <= 0) {
            slot->listener = listener;
            slot->socket = socket;
            return sent;
        }
    }
}

static int tell_scanners(struct parent *parent, const struct slot *slot, enum scanner_kind kind)
{
    struct scanners *scanners = &parent->scanners[kind];
    char room[8];
    struct buf payload = buf_over(room, sizeof room);
    int answers;
    if (!pipeline_needs(slot->generation->loaded.config, kind))
        return 1;
    if (!scanners_introduce(scanners, slot->row, &answers))
        return -1;
    pack_u8(&payload, (uint8_t)kind);
    pack_u32(&payload, scanners->last_serial);
    int sent = ipc_send(slot->control, MESSAGE_SCANNERS, buf_slice(&payload),
                        (int[]){scanners->sending, answers}, 2, false);
    close(answers);
    return sent;
}

static int send_down(const struct slot *slot, const struct scanners *scanners)
{
    struct buf payload = buf_init(SCAN_REASON_MAX + 16);
    pack_u8(&payload, (uint8_t)scanners->kind);
    pack_slice(&payload, slice_of(scanners->down));
    int sent = payload.failed ? -1 : send_now(slot, MESSAGE_SCANNERS_DOWN, buf_slice(&payload), -1);
    buf_release(&payload);
    return sent;
}

/* One that is being configured is told at the end of that. */
void slot_tell_down(struct slot *slot, const struct scanners *scanners)
{
    if (slot->control >= 0 && slot->state != PROXY_CONFIGURING && send_down(slot, scanners) <= 0)
        slot_kill(slot, "it does not take its messages");
}

static int tell_start(const struct parent *parent, const struct slot *slot)
{
    int sent = 1;
    for (int kind = 0; kind < SCANNER_KINDS && sent > 0; kind++)
        if (parent->scanners[kind].down[0])
            sent = send_down(slot, &parent->scanners[kind]);
    return sent > 0 ? send_now(slot, MESSAGE_START, (struct slice){NULL, 0}, -1) : sent;
}

/* One kind of message of a start:
 * 1 said (or there is nothing to say), 0 the socket is full, -1 it failed. */
static int tell(struct parent *parent, struct slot *slot)
{
    static const struct slice nothing = {NULL, 0};
    bool keeps = keeper_keeps(slot->generation->loaded.config);
    switch (slot->next_tell) {
    case TELL_CONFIG:
        return tell_config(parent, slot);
    case TELL_ANNEXES:
        return tell_annexes(slot);
    case TELL_SHARED:
        return tell_shared(parent, slot);
    case TELL_LISTENERS:
        return tell_listeners(parent, slot, slot);
    case TELL_SCAN:
        return tell_scanners(parent, slot, SCANNER_SCAN);
    case TELL_AV:
        return tell_scanners(parent, slot, SCANNER_AV);
    case TELL_QR:
        return tell_scanners(parent, slot, SCANNER_QR);
    case TELL_KEEPER:
        return keeps ? send_now(slot, MESSAGE_KEEPER, nothing,
                                parent->keeper.queue[KEEPER_PROXIES_END])
                     : 1;
    case TELL_ERRANDS:
        return keeps ? send_now(slot, MESSAGE_ERRANDS, nothing,
                                parent->keeper.errands[KEEPER_PROXIES_END])
                     : 1;
    case TELL_SHARING:
        return redis_shares(&slot->generation->loaded.config->settings)
                   ? send_now(slot, MESSAGE_SHARING, nothing,
                              parent->keeper.sharing[KEEPER_PROXIES_END])
                   : 1;
    case TELL_LISTS:
        return keeps && parent->keeper.lists >= 0
                   ? send_now(slot, MESSAGE_LISTS, nothing, parent->keeper.lists)
                   : 1;
    case TELL_MARK:
        return parent->release.has_mark ? tell_mark(slot, &parent->release) : 1;
    case TELL_SIGNER:
        return slot->generation->loaded.signing > 0
                   ? send_now(slot, MESSAGE_SIGNER, nothing, parent->sign.queue[SIGN_PROXIES_END])
                   : 1;
    case TELL_SOURCE:
        return config_sources_clients(slot->generation->loaded.config)
                   ? send_now(slot, MESSAGE_SOURCE, nothing,
                              parent->source.queue[SOURCE_PROXIES_END])
                   : 1;
    case TELL_TICKETS:
        return tell_tickets(slot, &parent->tickets);
    case TELL_START:
        return tell_start(parent, slot);
    case TELL_DONE:
        break;
    }
    return 0;
}

void slot_tell(struct parent *parent, struct slot *slot)
{
    while (slot->control >= 0 && slot->next_tell != TELL_DONE) {
        int sent = tell(parent, slot);
        if (sent == 0)
            return;
        if (sent < 0) {
            slot_kill(slot, "it does not take its configuration");
            return;
        }
        if (++slot->next_tell == TELL_DONE)
            slot->state = PROXY_STARTING;
    }
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
                     tell_listeners(parent, slot, other) > 0;
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
    else if (before != PROXY_DRAINING)
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
