/* SPDX-License-Identifier: ISC */
#include "proxy/process/told.h"

#include "base/log.h"
#include "common/lists.h"
#include "proxy/examine/scan_line.h"
#include "proxy/examine/scan_memory.h"
#include "proxy/process/recorder.h"
#include "proxy/process/serving.h"
#include "proxy/session/listener.h"
#include "proxy/smtp/errands.h"
#include "proxy/smtp/signing_sample.h"
#include "proxy/state/state_sharing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char inbox[IPC_PAYLOAD_MAX + 2];

static struct slice keep(struct slice s)
{
    char *copy = malloc(s.len + 1);
    if (!copy)
        program_give_up("out of memory");
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return (struct slice){copy, s.len};
}

static void take_config(struct program *p, struct ipc_message *m)
{
    struct unpack in = {.left = m->payload};
    const char *reason;
    p->proxy.slot = unpack_u32(&in);
    unpack_u32(&in); /* generation: the parent's own business */
    p->proxy.row = unpack_u32(&in);
    p->path = keep(unpack_slice(&in));
    p->hostname = keep(unpack_slice(&in));
    p->bundle = bundle_map(m->fds[0], &reason);
    if (!p->bundle)
        program_give_up(reason);
}

static void take_annex(struct program *p, struct ipc_message *m)
{
    struct unpack in = {.left = m->payload};
    m->fd_count = 0;
    if (!p->bundle || !bundle_add_annex(p->bundle, unpack_slice(&in), m->fds[0]))
        program_give_up("a file of the configuration cannot be mapped");
}

/* A queue of gatepost-milter that is told while we serve takes the place of one that was closed. LISTENERS_MAX: there is
 * no room. */
static size_t place_of(const struct program *p, unsigned index)
{
    bool asked = p->state == PROXY_SERVING && index < p->config->listener_count &&
                 p->config->listeners[index].protocol == PROTOCOL_MILTER;
    for (size_t i = 0; asked && i < p->listener_count; i++)
        if (p->listeners[i].index == index)
            return i;
    return p->listener_count;
}

static void take_listener(struct program *p, struct ipc_message *m)
{
    struct unpack in = {.left = m->payload};
    unsigned index = unpack_u32(&in);
    size_t place = place_of(p, index);
    if (place == LISTENERS_MAX && p->state == PROXY_SERVING)
        return;
    if (place == LISTENERS_MAX)
        program_give_up("too many listeners");
    if (place == p->listener_count)
        p->listener_count++;
    acceptor_free(&p->listeners[place].acceptor);
    p->listeners[place].index = index;
    p->listeners[place].fd = m->fds[0];
    m->fd_count = 0;
    if (p->state == PROXY_SERVING) /* another slot's, lent to us while its proxy keeps dying */
        serving_accept(p, place);
}

static void take_tickets(struct program *p, struct ipc_message *m)
{
    struct unpack in = {.left = m->payload};
    for (int i = 0; i < TICKET_KEYS; i++) {
        struct slice key = unpack_slice(&in);
        if (key.len == TICKET_KEY_SIZE)
            memcpy(p->tickets.bytes[i], key.ptr, TICKET_KEY_SIZE);
    }
    p->tickets.given = true;
    program_set_tickets(p);
}

static enum scanner_kind unpack_kind(struct unpack *in)
{
    unsigned kind = unpack_u8(in);
    if (kind >= SCANNER_KINDS)
        program_give_up("unknown kind of scanner");
    return (enum scanner_kind)kind;
}

static void take_scanners(struct program *p, struct ipc_message *m)
{
    struct unpack in = {.left = m->payload};
    enum scanner_kind kind = unpack_kind(&in);
    p->answers[kind].serial = unpack_u32(&in);
    p->answers[kind].sock = m->fds[1];
    p->proxy.queue[kind] = m->fds[0];
    m->fd_count = 0;
}

static void take_queue(struct program *p, struct ipc_message *m)
{
    struct unpack in = {.left = m->payload};
    enum scanner_kind kind = unpack_kind(&in);
    if (p->proxy.queue[kind] >= 0)
        close(p->proxy.queue[kind]);
    p->proxy.queue[kind] = m->fds[0];
    m->fd_count = 0;
}

static void take_down(struct program *p, struct ipc_message *m)
{
    struct unpack in = {.left = m->payload};
    enum scanner_kind kind = unpack_kind(&in);
    struct slice reason = unpack_slice(&in);
    snprintf(p->proxy.down[kind], sizeof p->proxy.down[kind], "%.*s", SLICE_ARGS(reason));
    if (kind == SCANNER_AV && p->proxy.scanned[kind] && !reason.len)
        scan_memory_forget(p->proxy.scanned[kind]);
    scan_line_down(&p->proxy, kind);
}

static void take_keeper(struct program *p, struct ipc_message *m)
{
    if (p->proxy.keeper >= 0)
        close(p->proxy.keeper);
    p->proxy.keeper = m->fds[0];
    m->fd_count = 0;
}

static void take_errands(struct program *p, struct ipc_message *m)
{
    p->errands = m->fds[0];
    m->fd_count = 0;
    if (p->proxy.errands)
        errands_move(p->proxy.errands, p->errands);
}

static void take_sharing(struct program *p, struct ipc_message *m)
{
    p->sharing = m->fds[0];
    m->fd_count = 0;
    if (p->proxy.sharing)
        state_sharing_move(p->proxy.sharing, p->sharing);
}

/* One that is none leaves what there was. */
static void take_lists(struct program *p, struct ipc_message *m)
{
    struct lists *lists = lists_map(m->fds[0]);
    if (!lists) {
        log_at(LEVEL_ERROR, "", "lists of senders cannot be read");
        return;
    }
    lists_free(&p->proxy.lists);
    p->proxy.lists = lists;
}

static void take_mark(struct program *p, struct ipc_message *m)
{
    struct unpack in = {.left = m->payload};
    struct slice mark = unpack_slice(&in);
    p->proxy.has_mark = mark.len == sizeof p->proxy.mark;
    if (p->proxy.has_mark)
        memcpy(p->proxy.mark, mark.ptr, mark.len);
    explicit_bzero(inbox, sizeof(uint16_t) + m->payload.len);
}

static void take_source(struct program *p, struct ipc_message *m)
{
    if (p->proxy.source >= 0)
        close(p->proxy.source);
    p->proxy.source = m->fds[0];
    m->fd_count = 0;
}

static void take_signer(struct program *p, struct ipc_message *m)
{
    if (p->proxy.signer >= 0)
        close(p->proxy.signer);
    p->proxy.signer = m->fds[0];
    m->fd_count = 0;
}

static void take_shared(struct program *p, struct ipc_message *m)
{
    p->proxy.shared = shared_map(m->fds[0], m->fds[1], p->proxy.row);
    if (!p->proxy.shared)
        program_give_up("the shared table cannot be mapped");
}

static void take_redis(struct program *p, struct ipc_message *m)
{
    if (!p->proxy.redis)
        return;
    redis_connected(p->proxy.redis, m->fds[0]);
    m->fd_count = 0;
}

static void say_sample(uint32_t number, const char *reason, struct slice message)
{
    struct buf out = buf_init(IPC_PAYLOAD_MAX);
    pack_u32(&out, number);
    pack_slice(&out, slice_of(reason));
    pack_slice(&out, message);
    if (!out.failed)
        program_say(MESSAGE_SAMPLED, buf_slice(&out));
    buf_release(&out);
}

static void take_sample(struct program *p, struct ipc_message *m)
{
    struct unpack in = {.left = m->payload};
    uint32_t number = unpack_u32(&in);
    signing_sample(&p->proxy, number, unpack_slice(&in), say_sample);
}

static void take(struct program *p, struct ipc_message *m)
{
    switch ((enum message)m->type) {
    case MESSAGE_CONFIG:
        take_config(p, m);
        break;
    case MESSAGE_ANNEX:
        take_annex(p, m);
        break;
    case MESSAGE_SHARED:
        take_shared(p, m);
        break;
    case MESSAGE_LISTENER:
        take_listener(p, m);
        break;
    case MESSAGE_SCANNERS:
        take_scanners(p, m);
        break;
    case MESSAGE_SCANNERS_QUEUE:
        take_queue(p, m);
        break;
    case MESSAGE_SCANNERS_DOWN:
        take_down(p, m);
        break;
    case MESSAGE_KEEPER:
        take_keeper(p, m);
        break;
    case MESSAGE_ERRANDS:
        take_errands(p, m);
        break;
    case MESSAGE_SHARING:
        take_sharing(p, m);
        break;
    case MESSAGE_LISTS:
        take_lists(p, m);
        break;
    case MESSAGE_MARK:
        take_mark(p, m);
        break;
    case MESSAGE_SIGNER:
        take_signer(p, m);
        break;
    case MESSAGE_SOURCE:
        take_source(p, m);
        break;
    case MESSAGE_TICKETS:
        take_tickets(p, m);
        break;
    case MESSAGE_REDIS:
        take_redis(p, m);
        break;
    case MESSAGE_SAMPLE:
        take_sample(p, m);
        break;
    case MESSAGE_START:
        serving_start(p);
        break;
    case MESSAGE_DRAIN:
        serving_drain(p, m->payload.ptr[0] != 0);
        break;
    default:
        break;
    }
    ipc_close_fds(m);
}

bool told(struct program *p, bool wait)
{
    struct ipc_message m;
    int r = ipc_recv(PROXY_CONTROL_FD, &m, inbox, sizeof inbox, wait);
    if (r == 0)
        return false;
    if (r < 0 || !message_allowed(&m, MESSAGE_DOWN, p->state))
        recorder_flush(&p->proxy);
    if (r < 0)
        exit(0);
    if (!message_allowed(&m, MESSAGE_DOWN, p->state)) {
        log_at(LEVEL_PANIC, "", "message not allowed now",
               field_str("message", message_name(m.type)));
        exit(EXIT_FAILURE);
    }
    take(p, &m);
    return true;
}
