/* SPDX-License-Identifier: ISC */
#include "keeper/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 32,
    OTHERS_MAX = 24, /* of them, but for admins: some places are kept free for those */
    UNREAD_MAX = 64 * 1024 * 1024, /* of all */
    PATIENCE = 60,                 /* seconds */
};

/* An answer that is not sent yet. */
struct answer {
    STAILQ_ENTRY(answer) link;
    uint16_t type;
    size_t len;
    char octets[];
};

struct client {
    TAILQ_ENTRY(client) link;
    struct control *control;
    struct peer peer;
    int fd;
    struct event *readable, *writable;
    STAILQ_HEAD(, answer) answers;
    uint16_t waits; /* for the answer to this; 0: for none */
    bool lost;      /* an answer: it is hung up on */
};

struct control {
    struct event_base *base;
    struct event *acceptable;
    int listening;
    struct role_groups groups;
    const struct control_owner *owner;
    void *ctx;
    TAILQ_HEAD(, client) clients;
    size_t count, unread;
};

static char inbox[IPC_PAYLOAD_MAX + 2];
static const struct timeval patience = {PATIENCE, 0};

static void drop_answer(struct client *client)
{
    struct answer *first = STAILQ_FIRST(&client->answers);
    STAILQ_REMOVE_HEAD(&client->answers, link);
    client->control->unread -= sizeof *first + first->len;
    free(first);
}

static void client_free(struct client *client)
{
    struct control *control = client->control;
    while (!STAILQ_EMPTY(&client->answers))
        drop_answer(client);
    if (client->readable)
        event_free(client->readable);
    if (client->writable)
        event_free(client->writable);
    close(client->fd);
    TAILQ_REMOVE(&control->clients, client, link);
    control->count--;
    free(client);
}

/* ---- answers ---- */

/* As ipc_send: 1 when all are out. */
static int send_answers(struct client *client)
{
    int sent = 1;
    for (struct answer *first; sent > 0 && (first = STAILQ_FIRST(&client->answers));) {
        sent = ipc_send(client->fd, first->type, (struct slice){first->octets, first->len}, NULL, 0,
                        false);
        if (sent > 0)
            drop_answer(client);
    }
    return sent;
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    struct client *client = arg;
    int sent = what & EV_TIMEOUT ? -1 : send_answers(client);
    if (sent == 0)
        return;
    if (sent < 0) {
        client_free(client);
        return;
    }
    event_del(client->writable);
    event_add(client->readable, &patience);
}

static bool queue(struct client *client, uint16_t type, struct slice payload)
{
    struct answer *answer = NULL;
    struct control *control = client->control;
    if (control->unread + sizeof *answer + payload.len <= UNREAD_MAX)
        answer = malloc(sizeof *answer + payload.len);
    if (!answer)
        return false;
    *answer = (struct answer){.type = type, .len = payload.len};
    if (payload.len)
        memcpy(answer->octets, payload.ptr, payload.len);
    control->unread += sizeof *answer + payload.len;
    STAILQ_INSERT_TAIL(&client->answers, answer, link);
    event_add(client->writable, &patience);
    return true;
}

bool client_item(struct client *client, struct slice octets)
{
    return queue(client, CONTROL_ITEM, octets);
}

static void pack_end(struct buf *out, const char *reason, int64_t before)
{
    pack_u8(out, reason == NULL);
    pack_slice(out, slice_of(reason));
    pack_u64(out, (uint64_t)before);
}

static void finish(struct client *client, const char *reason, int64_t before)
{
    struct buf out = buf_init(4096);
    pack_end(&out, reason, before);
    client->lost = client->lost || !queue(client, CONTROL_END, buf_slice(&out));
    buf_release(&out);
}

void client_end(struct client *client, const char *reason)
{
    finish(client, reason, 0);
}

void client_pause(struct client *client, int64_t before)
{
    finish(client, NULL, before);
}

void client_wait(struct client *client, uint16_t question)
{
    client->waits = question;
}

/* All that there is room for: at least one line, whatever its length. */
static struct slice first_lines(struct slice octets)
{
    size_t len = octets.len < IPC_PAYLOAD_MAX ? octets.len : IPC_PAYLOAD_MAX;
    size_t end = len < octets.len ? slice_rfind(slice_sub(octets, 0, len), '\n') : len;
    return slice_sub(octets, 0, end < len ? end + 1 : len);
}

static bool queue_lines(struct client *client, struct slice octets)
{
    while (octets.len) {
        struct slice lines = first_lines(octets);
        if (!client_item(client, lines))
            return false;
        octets = slice_from(octets, lines.len);
    }
    return true;
}

void control_answer(struct control *control, uint16_t question, struct slice octets,
                    const char *reason)
{
    for (struct client *client = TAILQ_FIRST(&control->clients), *next; client; client = next) {
        next = TAILQ_NEXT(client, link);
        if (client->waits != question)
            continue;
        client->waits = 0;
        client_end(client, queue_lines(client, octets) ? reason : "out of memory");
        if (client->lost)
            client_free(client);
    }
}

void control_tell(struct control *control, uint16_t question, struct slice octets)
{
    for (struct client *client = TAILQ_FIRST(&control->clients), *next; client; client = next) {
        next = TAILQ_NEXT(client, link);
        if (client->waits == question && !client_item(client, octets))
            client_free(client);
    }
}

/* ---- questions ---- */

/* Who may not ask it is told so here, whoever answers it else. */
static void ask(struct client *client, const struct ipc_message *question)
{
    struct control *control = client->control;
    const char *refusal = role_refusal(client->peer.role, question->type);
    if (refusal)
        client_end(client, refusal);
    else
        control->owner->ask(control->ctx, client, question);
}

/* The next question is heard when this one's answers are out. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct client *client = arg;
    struct ipc_message question;
    int got = what & EV_TIMEOUT ? -1 : ipc_recv(fd, &question, inbox, sizeof inbox, false);
    if (got == 0)
        return;
    if (got < 0) {
        client_free(client);
        return;
    }
    ask(client, &question);
    ipc_close_fds(&question);
    if (client->lost)
        client_free(client);
    else if (!STAILQ_EMPTY(&client->answers))
        event_del(client->readable);
}

/* ---- who comes ---- */

enum control_role client_role(const struct client *client)
{
    return client->peer.role;
}

uid_t client_uid(const struct client *client)
{
    return client->peer.uid;
}

struct slice client_name(const struct client *client, char room[static 32])
{
    if (client->peer.uid == 0)
        return SLICE("root");
    snprintf(room, 32, "uid %u", client->peer.uid);
    return slice_of(room);
}

static void turn_away(int fd, const char *reason)
{
    struct buf out = buf_init(4096);
    pack_end(&out, reason, 0);
    ipc_send(fd, CONTROL_END, buf_slice(&out), NULL, 0, false);
    buf_release(&out);
    close(fd);
}

static void take_client(struct control *control, int fd, const struct peer *peer)
{
    struct client *client = calloc(1, sizeof *client);
    if (!client) {
        close(fd);
        return;
    }
    client->control = control;
    client->peer = *peer;
    client->fd = fd;
    STAILQ_INIT(&client->answers);
    TAILQ_INSERT_TAIL(&control->clients, client, link);
    control->count++;
    client->readable = event_new(control->base, fd, EV_READ | EV_PERSIST, on_readable, client);
    client->writable = event_new(control->base, fd, EV_WRITE | EV_PERSIST, on_writable, client);
    if (!client->readable || !client->writable || event_add(client->readable, &patience) != 0)
        client_free(client);
}

static void on_acceptable(evutil_socket_t listening, short what, void *arg)
{
    (void)what;
    struct control *control = arg;
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct peer peer;
    if (fd < 0)
        return;
    if (!peer_of(fd, &control->groups, &peer) || peer.role == ROLE_NONE)
        turn_away(fd, "you are in none of the groups that may ask (keeper in gatepost.conf)");
    else if (control->count >= (peer.role == ROLE_ADMIN ? CLIENTS_MAX : OTHERS_MAX))
        turn_away(fd, "too many ask at once");
    else
        take_client(control, fd, &peer);
}

struct control *control_new(struct event_base *base, int listening,
                            const struct role_groups *groups, const struct control_owner *owner,
                            void *ctx)
{
    struct control *control = calloc(1, sizeof *control);
    if (!control)
        return NULL;
    *control = (struct control){
        .base = base, .listening = listening, .groups = *groups, .owner = owner, .ctx = ctx};
    TAILQ_INIT(&control->clients);
    control->acceptable = event_new(base, listening, EV_READ | EV_PERSIST, on_acceptable, control);
    if (control->acceptable && event_add(control->acceptable, NULL) == 0)
        return control;
    control_free(&control);
    return NULL;
}

void control_free(struct control **where)
{
    struct control *control = *where;
    if (!control)
        return;
    while (!TAILQ_EMPTY(&control->clients)) {
        send_answers(TAILQ_FIRST(&control->clients)); /* as much as it takes now */
        client_free(TAILQ_FIRST(&control->clients));
    }
    if (control->acceptable)
        event_free(control->acceptable);
    close(control->listening);
    free(control);
    *where = NULL;
}
