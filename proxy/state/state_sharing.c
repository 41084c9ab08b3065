/* SPDX-License-Identifier: ISC */
#include "proxy/state/state_sharing.h"

#include "base/clock.h"
#include "common/redis_place.h"
#include "common/sharing.h"
#include "common/sharing_scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { KEY_MAX = REDIS_PREFIX_MAX + 64 };

struct state_sharing {
    struct event_base *base;
    struct redis *redis;
    const struct settings *settings;
    int sock;
    struct event *event;
    bool draining;
    struct redis_script scripts[SHARING_SCRIPTS];
    struct redis_call call; /* the one that is under way */
    bool under_way;
    uint64_t number; /* of its question */
};

static char inbox[IPC_PAYLOAD_MAX + 2];

/* ---- the answer ---- */

/* Of what is too long for a packet it is said that there is none, so that nobody waits for it. */
static void answer(struct state_sharing *s, const struct sharing_answer *answer)
{
    struct buf out = buf_init(IPC_PAYLOAD_MAX);
    sharing_answer_pack(&out, answer);
    if (out.failed) {
        buf_release(&out);
        out = buf_init(IPC_PAYLOAD_MAX);
        sharing_answer_pack(&out, &(struct sharing_answer){.number = answer->number});
    }
    if (!out.failed)
        ipc_send(s->sock, SHARING_ANSWER, buf_slice(&out), NULL, 0, false);
    buf_release(&out);
}

static void listen_again(struct state_sharing *s)
{
    s->under_way = false;
    if (!s->draining && s->event)
        event_add(s->event, NULL);
}

/* Texts, and no more than a keeper takes. */
static bool take_words(const redisReply *reply, struct sharing_words *words)
{
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
        return false;
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *word = reply->element[i];
        if (word->type != REDIS_REPLY_STRING ||
            !sharing_say(words, (struct slice){word->str, word->len}))
            return false;
    }
    return true;
}

static void done(void *ctx, const redisReply *reply)
{
    static struct sharing_answer said;
    struct state_sharing *s = ctx;
    said = (struct sharing_answer){.number = s->number};
    said.ok = take_words(reply, &said.words);
    if (!said.ok)
        said.words.count = 0;
    answer(s, &said);
    listen_again(s);
}

/* ---- the question ---- */

static struct slice key_of(const struct state_sharing *s, enum sharing_key key,
                           struct slice gateway, char room[static KEY_MAX])
{
    static const char *const names[SHARING_KEYS] = {
        [SHARING_LABELS] = "labels",      [SHARING_EPOCH] = "epoch",
        [SHARING_LEASE] = "lease",        [SHARING_HEAD] = "model",
        [SHARING_MODEL] = "model-octets", [SHARING_NEW] = "model-new:"};
    struct slice prefix = slice_sub(s->settings->redis_prefix, 0, REDIS_PREFIX_MAX);
    int len = snprintf(room, KEY_MAX, "%.*slearn:%s%.*s", SLICE_ARGS(prefix), names[key],
                       key == SHARING_NEW ? (int)gateway.len : 0, gateway.ptr);
    return (struct slice){room, (size_t)len};
}

static bool ask(struct state_sharing *s, const struct sharing_question *question)
{
    char rooms[SHARING_KEYS][KEY_MAX];
    struct slice keys[SHARING_KEYS];
    for (enum sharing_key key = 0; key < SHARING_KEYS; key++)
        keys[key] = key_of(s, key, question->gateway, rooms[key]);
    s->call = (struct redis_call){.done = done, .ctx = s};
    s->number = question->number;
    return redis_eval(s->redis, &s->call, &s->scripts[question->script], keys, SHARING_KEYS,
                      question->words.each, question->words.count);
}

static void on_question(evutil_socket_t fd, short what, void *arg)
{
    static struct sharing_question question;
    (void)what;
    struct state_sharing *s = arg;
    struct ipc_message message;
    int got = ipc_recv(fd, &message, inbox, sizeof inbox, false);
    if (got < 0 && ipc_has_ended(fd))
        event_del(s->event); /* somebody has closed it: another comes */
    if (got != 1)
        return;
    ipc_close_fds(&message);
    if (message.type != SHARING_QUESTION || !sharing_question_unpack(message.payload, &question) ||
        question.deadline <= clock_ms())
        return;
    if (!ask(s, &question)) {
        answer(s, &(struct sharing_answer){.number = question.number});
        return;
    }
    s->under_way = true;
    event_del(s->event);
}

/* ---- */

struct state_sharing *state_sharing_new(struct event_base *base, struct redis *redis,
                                        const struct settings *settings, int sock)
{
    static const char *const texts[SHARING_SCRIPTS] = {
        [SHARING_LOOK] = sharing_script_look,       [SHARING_TELL] = sharing_script_tell,
        [SHARING_LEASE_IT] = sharing_script_lease,  [SHARING_PUT] = sharing_script_put,
        [SHARING_PUBLISH] = sharing_script_publish, [SHARING_FETCH] = sharing_script_fetch};
    struct state_sharing *s = calloc(1, sizeof *s);
    if (!s) {
        close(sock);
        return NULL;
    }
    *s = (struct state_sharing){.base = base, .redis = redis, .settings = settings, .sock = -1};
    for (size_t i = 0; i < SHARING_SCRIPTS; i++)
        redis_script_init(&s->scripts[i], texts[i]);
    state_sharing_move(s, sock);
    if (s->event)
        return s;
    close(s->sock);
    free(s);
    return NULL;
}

void state_sharing_move(struct state_sharing *s, int sock)
{
    if (s->event)
        event_free(s->event);
    if (s->sock >= 0)
        close(s->sock);
    s->sock = sock;
    s->event = event_new(s->base, sock, EV_READ | EV_PERSIST, on_question, s);
    if (s->event && !s->under_way && !s->draining)
        event_add(s->event, NULL);
}

void state_sharing_drain(struct state_sharing *s)
{
    s->draining = true;
    event_del(s->event);
}
