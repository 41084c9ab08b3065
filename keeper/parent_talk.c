/* SPDX-License-Identifier: ISC
 * What the keeper and the parent say to each other. */
#include "keeper/program.h"

#include "base/clock.h"
#include "base/ipc_file.h"
#include "base/log.h"
#include "common/keeping.h"
#include "keeper/answers.h"
#include "keeper/metrics.h"

#include <string.h>
#include <unistd.h>

enum { SAY_MS = 150 /* between two times that the parent is told something */ };

static char inbox[IPC_PAYLOAD_MAX + 2];

/* ---- what it tells ---- */

static void send_lists(struct program *p)
{
    int table = p->listed ? listed_table(p->listed) : -1;
    if (table < 0) {
        log_at(LEVEL_ERROR, "", "lists of senders cannot be read");
        return;
    }
    ipc_send(KEEPER_CONTROL_FD, KEEPER_LISTS, (struct slice){NULL, 0}, &table, 1, false);
    close(table);
}

static void send_model(struct program *p)
{
    const char *reason;
    int model = learning_model(p->learning, &reason);
    if (model < 0) {
        log_at(LEVEL_ERROR, "", "the model cannot be read", field_str("reason", reason));
        return;
    }
    ipc_send(KEEPER_CONTROL_FD, KEEPER_MODEL, (struct slice){NULL, 0}, &model, 1, false);
    close(model);
}

void parent_talk_say(evutil_socket_t fd, short what, void *program)
{
    (void)fd, (void)what;
    struct program *p = program;
    static const struct slice nothing = {NULL, 0};
    if (p->asks_status)
        ipc_send(KEEPER_CONTROL_FD, KEEPER_ASKS, nothing, NULL, 0, false);
    if (p->asks_metrics)
        ipc_send(KEEPER_CONTROL_FD, KEEPER_ASKS_METRICS, nothing, NULL, 0, false);
    if (p->asks_sessions)
        ipc_send(KEEPER_CONTROL_FD, KEEPER_ASKS_SESSIONS, nothing, NULL, 0, false);
    if (p->new_lists)
        send_lists(p);
    if (p->new_model)
        send_model(p);
    p->asks_status = p->asks_metrics = p->asks_sessions = p->new_lists = p->new_model = false;
    p->said_at = clock_ms();
}

static void wait_for(struct event *event, int64_t ms)
{
    struct timeval wait = {ms / 1000, (ms % 1000) * 1000};
    event_add(event, &wait);
}

void parent_talk_soon(struct program *p)
{
    int64_t rest = p->said_at ? p->said_at + SAY_MS - clock_ms() : 0;
    if (!event_pending(p->say, EV_TIMEOUT, NULL))
        wait_for(p->say, rest > 0 ? rest : 0);
}

/* ---- what it hears ---- */

static void take_lines(struct program *p, struct ipc_message *message)
{
    if (message->fd_count == 1)
        lines_to(recording_lines(p->recording), message->fds[0]);
    message->fd_count = 0;
    p->takes = true;
    event_add(p->queue, NULL);
}

static bool make_key(struct slice public, struct seal_key *key)
{
    return public.len == SEAL_KEY && seal_key_of((const unsigned char *)public.ptr, key);
}

static void take_key(struct program *p, const struct ipc_message *message)
{
    struct unpack in = {.left = message->payload};
    struct slice public = unpack_slice(&in);
    struct seal_key key;
    if (p->quarantine && unpack_done(&in) && make_key(public, &key))
        quarantine_seal_to(p->quarantine, &key);
}

static void take_learn_key(struct program *p, const struct ipc_message *message)
{
    struct unpack in = {.left = message->payload};
    struct slice public = unpack_slice(&in), secret = unpack_slice(&in);
    if (!p->labels.count || !unpack_done(&in) || secret.len != LEARN_SHARED ||
        !make_key(public, &p->learn_key))
        return;
    memcpy(p->learn_secret, secret.ptr, LEARN_SHARED);
    p->has_learn_key = true;
    if (p->learning)
        learning_seal_to(p->learning, &p->learn_key, p->learn_secret);
}

/* What the parent knows, and what we know. */
static void take_metrics(struct program *p, struct slice gateway)
{
    struct buf text = buf_init(IPC_PAYLOAD_MAX);
    struct sharing_status shared;
    buf_append(&text, gateway);
    metrics_of_keeper(recording_history(p->recording), p->quarantine, &text);
    if (p->learning && learning_shared(p->learning, &shared))
        metrics_of_sharing(&shared, &text);
    if (!text.failed) {
        control_answer(p->console, CONTROL_METRICS, buf_slice(&text), NULL);
        scrapes_answer(p->scrapes, buf_slice(&text));
    }
    buf_release(&text);
}

/* As the parent has made them for us. */
static void take_sessions(struct program *p, const struct ipc_message *message)
{
    struct arena *arena = arena_new(KEEPING_SESSIONS_MAX + 64 * 1024);
    struct slice lines = {NULL, 0};
    if (arena && message->fd_count == 1)
        lines = ipc_file_read(message->fds[0], KEEPING_SESSIONS_MAX, arena);
    control_answer(p->console, CONTROL_SESSIONS, lines, NULL);
    arena_free(&arena);
}

static void take_sockets(struct program *p, struct ipc_message *message)
{
    for (size_t i = 0; i < message->fd_count; i++)
        scrapes_listen(p->scrapes, message->fds[i]);
    message->fd_count = 0;
}

void parent_talk_hear(struct program *p, bool wait)
{
    struct ipc_message message;
    int got = ipc_recv(KEEPER_CONTROL_FD, &message, inbox, sizeof inbox, wait);
    if (got == 0)
        return;
    if (got < 0 || message.type == KEEPER_END || message.type == KEEPER_MAKE_WAY)
        p->end(p, got > 0 && message.type == KEEPER_END);
    if (message.type == KEEPER_LINES)
        take_lines(p, &message);
    else if (message.type == KEEPER_STATUS)
        answer_status(p->console, message.payload, recording_history(p->recording),
                      recording_lines(p->recording), p->quarantine);
    else if (message.type == KEEPER_METRICS)
        take_metrics(p, message.payload);
    else if (message.type == KEEPER_SESSIONS)
        take_sessions(p, &message);
    else if (message.type == KEEPER_RELOADED)
        reloads_take(&p->reloads, p->console, message.payload);
    else if (message.type == KEEPER_SAMPLED)
        samples_take(&p->samples, p->console, message.payload);
    else if (message.type == KEEPER_SERVE)
        take_sockets(p, &message);
    else if (message.type == KEEPER_HELPDESK && p->quarantine)
        quarantine_tell_helpdesk(p->quarantine, message.payload);
    else if (message.type == KEEPER_KEY)
        take_key(p, &message);
    else if (message.type == KEEPER_LEARN_KEY)
        take_learn_key(p, &message);
    ipc_close_fds(&message);
}
