/* SPDX-License-Identifier: ISC
 * What a proxy is told at its start, one kind of message after the other, as fast as it takes them;
 * and the same, when it is another, while it runs. */
#include "parent/parent_slot.h"

#include <string.h>
#include <unistd.h>

enum { MARK_SIZE = RELEASE_MARK_KEY + 4 };

static struct slice pack_mark(char room[static MARK_SIZE], const struct release *release)
{
    struct buf payload = buf_over(room, MARK_SIZE);
    pack_slice(&payload, (struct slice){(const char *)release->mark, sizeof release->mark});
    return buf_slice(&payload);
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
                   : slot_try_send(slot, MESSAGE_CONFIG, buf_slice(&payload), generation->bundle);
    buf_release(&payload);
    return sent;
}

static int send_annex(const struct slot *slot, struct slice path, int fd)
{
    struct buf payload = buf_init(path.len + 8);
    pack_slice(&payload, path);
    int sent = payload.failed ? -1 : slot_try_send(slot, MESSAGE_ANNEX, buf_slice(&payload), fd);
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
    int sent = slot_try_send(slot, MESSAGE_TICKETS, pack_tickets(room, tickets), -1);
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

int slot_tell_listeners(const struct parent *parent, struct slot *slot, const struct slot *to)
{
    for (;;) {
        uint32_t listener = slot->listener;
        size_t socket = slot->socket;
        int fd = next_socket(parent, slot);
        uint32_t index = slot->listener;
        if (fd < 0)
            return 1;
        int sent = slot_try_send(to, MESSAGE_LISTENER,
                                 (struct slice){(const char *)&index, sizeof index}, fd);
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

static int tell_mark(const struct slot *slot, const struct release *release)
{
    char room[MARK_SIZE];
    int sent = slot_try_send(slot, MESSAGE_MARK, pack_mark(room, release), -1);
    explicit_bzero(room, sizeof room);
    return sent;
}

static int send_down(const struct slot *slot, const struct scanners *scanners)
{
    struct buf payload = buf_init(SCAN_REASON_MAX + 16);
    pack_u8(&payload, (uint8_t)scanners->kind);
    pack_slice(&payload, slice_of(scanners->down));
    int sent =
        payload.failed ? -1 : slot_try_send(slot, MESSAGE_SCANNERS_DOWN, buf_slice(&payload), -1);
    buf_release(&payload);
    return sent;
}

static int tell_start(const struct parent *parent, const struct slot *slot)
{
    int sent = 1;
    for (int kind = 0; kind < SCANNER_KINDS && sent > 0; kind++)
        if (parent->scanners[kind].down[0])
            sent = send_down(slot, &parent->scanners[kind]);
    return sent > 0 ? slot_try_send(slot, MESSAGE_START, (struct slice){NULL, 0}, -1) : sent;
}

/* The proxies' end of a helper's pair, where the helper is wanted. */
static int tell_end(const struct slot *slot, bool wanted, uint16_t type, int fd)
{
    return wanted ? slot_try_send(slot, type, (struct slice){NULL, 0}, fd) : 1;
}

/* One kind of message of a start:
 * 1 said (or there is nothing to say), 0 the socket is full, -1 it failed. */
static int tell(struct parent *parent, struct slot *slot)
{
    const struct loaded *loaded = &slot->generation->loaded;
    const struct keeper *keeper = &parent->keeper;
    bool keeps = keeper_keeps(loaded->config);
    switch (slot->next_tell) {
    case TELL_CONFIG:
        return tell_config(parent, slot);
    case TELL_ANNEXES:
        return tell_annexes(slot);
    case TELL_SHARED:
        return tell_shared(parent, slot);
    case TELL_LISTENERS:
        return slot_tell_listeners(parent, slot, slot);
    case TELL_SCAN:
        return tell_scanners(parent, slot, SCANNER_SCAN);
    case TELL_AV:
        return tell_scanners(parent, slot, SCANNER_AV);
    case TELL_QR:
        return tell_scanners(parent, slot, SCANNER_QR);
    case TELL_KEEPER:
        return tell_end(slot, keeps, MESSAGE_KEEPER, keeper->queue[KEEPER_PROXIES_END]);
    case TELL_ERRANDS:
        return tell_end(slot, keeps, MESSAGE_ERRANDS, keeper->errands[KEEPER_PROXIES_END]);
    case TELL_SHARING:
        return tell_end(slot, redis_shares(&loaded->config->settings), MESSAGE_SHARING,
                        keeper->sharing[KEEPER_PROXIES_END]);
    case TELL_LISTS:
        return tell_end(slot, keeps && keeper->lists >= 0, MESSAGE_LISTS, keeper->lists);
    case TELL_MARK:
        return parent->release.has_mark ? tell_mark(slot, &parent->release) : 1;
    case TELL_SIGNER:
        return tell_end(slot, loaded->signing > 0, MESSAGE_SIGNER,
                        parent->sign.queue[SIGN_PROXIES_END]);
    case TELL_SOURCE:
        return tell_end(slot, config_sources_clients(loaded->config), MESSAGE_SOURCE,
                        parent->source.queue[SOURCE_PROXIES_END]);
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

/* ---- while it runs ---- */

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

void slot_send_mark(struct slot *slot, const struct release *release)
{
    char room[MARK_SIZE];
    slot_send(slot, MESSAGE_MARK, pack_mark(room, release), -1);
    explicit_bzero(room, sizeof room);
}

bool slot_send_tickets(struct slot *slot, const struct tickets *tickets)
{
    char room[TICKETS_SIZE];
    bool sent = slot_send(slot, MESSAGE_TICKETS, pack_tickets(room, tickets), -1);
    explicit_bzero(room, sizeof room);
    return sent;
}

/* One that is being configured is told at the end of that. */
void slot_send_down(struct slot *slot, const struct scanners *scanners)
{
    if (slot->control >= 0 && slot->state != PROXY_CONFIGURING && send_down(slot, scanners) <= 0)
        slot_kill(slot, "it does not take its messages");
}
