/* SPDX-License-Identifier: ISC
 * What gatepost-learn says of a build. */
#include "keeper/learning_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "keeper/learning_outcome.h"

#include <stdio.h>

enum {
    TELL_MS = 10000, /* between two words to who waits */
    HEARD_AT_ONCE = 16,
    NOTHING_MOST = 100,
};

static char inbox[IPC_PAYLOAD_MAX + 2];

void learning_tell_who_waits(struct learning *l)
{
    char room[16];
    struct buf out = buf_over(room, sizeof room);
    if (!l->build.number || (!l->build.asked && !l->again_asked) ||
        (l->told_at && clock_ms() < l->told_at + TELL_MS))
        return;
    pack_u32(&out, l->build.done);
    pack_u32(&out, l->build.of);
    l->owner->goes_on(l->ctx, buf_slice(&out));
    l->told_at = clock_ms();
}

static void take_progress(struct learning *l, struct slice payload)
{
    struct unpack in = {.left = payload};
    uint64_t number = unpack_u64(&in);
    uint32_t done = unpack_u32(&in), of = unpack_u32(&in);
    if (unpack_done(&in) && number == l->build.number && done <= of) {
        l->build.done = done;
        l->build.of = of;
        l->told_at = 0;
        learning_tell_who_waits(l);
    }
}

static void take_failure(struct learning *l, struct slice payload)
{
    struct unpack in = {.left = payload};
    char text[LEARN_REASON_MOST + 1];
    uint64_t number = unpack_u64(&in);
    struct slice reason = slice_sub(unpack_slice(&in), 0, LEARN_REASON_MOST);
    if (!unpack_done(&in) || number != l->build.number)
        return;
    snprintf(text, sizeof text, "%.*s", SLICE_ARGS(reason));
    learning_fail(l, text);
}

/* What has no weights replaces none that has, unless something in that was forgotten. */
static bool is_to_be_used(const struct learning *l, const struct learn_built *built)
{
    if (built->outcome == LEARN_COLLECTING)
        return l->build.mends || !learning_has_model(l);
    return built->outcome == LEARN_PUBLISHED;
}

static void take_outcome(struct learning *l, const struct learn_built *built, bool used)
{
    struct buf json = buf_init(4096);
    uint64_t so_far = labels_state(l->labels)->built;
    learning_log(built);
    learning_note(l, learn_outcome_word(built->outcome), learning_why(built),
                  l->build.mends ? so_far : l->build.changes, used);
    learning_outcome_json(&json, built,
                          !l->sharing                ? OUTCOME_OWN
                          : !l->build.leased && used ? OUTCOME_NOT_YET_SHARED
                                                     : OUTCOME_SHARED);
    learning_end(l, buf_slice(&json), NULL);
    buf_release(&json);
}

static void take_built(struct learning *l, const struct ipc_message *message)
{
    struct learn_built built;
    const char *reason = "gatepost-learn talked nonsense";
    if (!learn_built_unpack(message->payload, &built)) {
        log_at(LEVEL_PANIC, "", "what became of a model cannot be read");
        return;
    }
    if (built.number != l->build.number)
        return; /* of a keeper before this one, or nobody waits for it any more */
    if (l->build.leased && !l->build.asked && !sharing_has_lease(l->sharing)) {
        learning_fail(l, "another gateway makes models now");
        return;
    }
    bool uses = is_to_be_used(l, &built);
    if (uses &&
        (message->fd_count != 2 ||
         !learning_keep(&l->build, &built, l->models, message->fds[0], message->fds[1], &reason))) {
        learning_fail(l, reason);
        return;
    }
    if (uses && l->build.mends)
        models_forget(l->models);
    take_outcome(l, &built, uses);
    if (uses)
        l->owner->model(l->ctx);
}

/* Of a packet without octets and of a socket that somebody has shut down the same is heard. */
static bool hear(struct learning *l)
{
    struct ipc_message message;
    int got = ipc_recv(l->learner, &message, inbox, sizeof inbox, false);
    if (got < 0 && ++l->nothing == NOTHING_MOST) {
        log_at(LEVEL_PANIC, "", "gatepost-learn cannot be heard any more");
        event_del(l->news);
    }
    if (got <= 0)
        return got < 0 && l->nothing < NOTHING_MOST;
    l->nothing = l->unheard = 0;
    l->build.heard = clock_ms();
    if (l->build.number && message.type == LEARN_BUILT)
        take_built(l, &message);
    else if (l->build.number && message.type == LEARN_PROGRESS)
        take_progress(l, message.payload);
    else if (l->build.number && message.type == LEARN_FAILED)
        take_failure(l, message.payload);
    ipc_close_fds(&message);
    return true;
}

void learning_on_news(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    for (int i = 0; i < HEARD_AT_ONCE && hear(arg); i++)
        ;
}
