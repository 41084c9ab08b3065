/* SPDX-License-Identifier: ISC */
#include "keeper/learn_answers.h"

#include "base/sealed_map.h"
#include "keeper/learn_status.h"

#include <unistd.h>

enum { STATUS_ROOM = IPC_PAYLOAD_MAX };

static const struct slice nothing = {NULL, 0};

static bool send_item(struct client *client, struct buf *out)
{
    return !out->failed && client_item(client, buf_slice(out));
}

/* ---- the model ---- */

/* The question brings the socket on which it will come. */
static void give_model(struct client *client, const struct ipc_message *question,
                       struct learning *learning)
{
    const char *reason = "not a question";
    int model = question->fd_count == 1 ? learning_model(learning, &reason) : -1;
    bool given =
        model >= 0 && ipc_send(question->fds[0], CONTROL_MODEL, nothing, &model, 1, false) == 1;
    if (model >= 0) {
        close(model);
        reason = "it cannot be sent";
    }
    client_end(client, given ? NULL : reason);
}

static void roll_back(struct client *client, const struct ipc_message *question,
                      struct learning *learning)
{
    struct unpack in = {.left = question->payload};
    struct slice digest = unpack_slice(&in);
    const char *reason = "not a question";
    bool done = unpack_done(&in) && learning_roll_back(learning, digest, &reason);
    client_end(client, done ? NULL : reason);
}

static void build(struct client *client, struct learning *learning)
{
    const char *reason;
    if (learning_build(learning, &reason))
        client_wait(client, CONTROL_LEARN_BUILD);
    else
        client_end(client, reason);
}

/* ---- labels ---- */

/* No more than may come at once. */
static bool are_few(struct slice packet)
{
    struct unpack in = {.left = packet};
    size_t count = 0;
    while (in.left.len && !in.bad && count <= LABELS_AT_ONCE) {
        unpack_slice(&in);
        count++;
    }
    return !in.bad && count <= LABELS_AT_ONCE;
}

static void learn(struct client *client, const struct ipc_message *question,
                  struct learning *learning)
{
    struct buf out = buf_init(64);
    struct labels_taken taken;
    const char *reason = "they are too many at once, or no labels";
    struct slice packet =
        question->fd_count == 1 ? sealed_map(question->fds[0], LABELS_OCTETS_MOST) : nothing;
    bool ok = packet.ptr && are_few(packet) && learning_learn(learning, packet, &taken, &reason);
    sealed_unmap(packet);
    if (ok) {
        pack_u32(&out, taken.taken);
        pack_u32(&out, taken.known);
        pack_u32(&out, taken.changed);
        ok = send_item(client, &out);
        reason = "out of memory";
    }
    client_end(client, ok ? NULL : reason);
    buf_release(&out);
}

static void forget(struct client *client, const struct ipc_message *question,
                   struct learning *learning)
{
    struct unpack in = {.left = question->payload};
    struct buf out = buf_init(64);
    unsigned what = unpack_u8(&in);
    struct slice which = unpack_slice(&in);
    const char *reason = "not a question";
    int64_t removed = -1;
    if (unpack_done(&in) && what < LEARN_FORGETS)
        removed = learning_forget(learning, (enum learn_forget)what, which, &reason);
    bool ok = removed >= 0;
    if (ok) {
        pack_u32(&out, removed < UINT32_MAX ? (uint32_t)removed : UINT32_MAX);
        ok = send_item(client, &out);
        reason = "out of memory";
    }
    client_end(client, ok ? NULL : reason);
    buf_release(&out);
}

/* ---- */

static void tell_status(struct client *client, struct learning *learning)
{
    struct buf out = buf_init(STATUS_ROOM);
    const char *reason;
    bool ok = learn_status(learning, &out, &reason);
    if (ok) {
        ok = send_item(client, &out);
        reason = "the answer is too large";
    }
    client_end(client, ok ? NULL : reason);
    buf_release(&out);
}

static void answer(struct client *client, const struct ipc_message *question,
                   struct learning *learning)
{
    if (question->type == CONTROL_MODEL)
        give_model(client, question, learning);
    else if (question->type == CONTROL_LEARN)
        learn(client, question, learning);
    else if (question->type == CONTROL_LEARN_BUILD)
        build(client, learning);
    else if (question->type == CONTROL_LEARN_STATUS)
        tell_status(client, learning);
    else if (question->type == CONTROL_LEARN_ROLLBACK)
        roll_back(client, question, learning);
    else
        forget(client, question, learning);
}

bool answer_learn(struct client *client, const struct ipc_message *question,
                  struct learning *learning)
{
    if (question->type < CONTROL_MODEL || question->type > CONTROL_LEARN_FORGET)
        return false;
    if (learning)
        answer(client, question, learning);
    else
        client_end(client, "nothing is learnt (learn enabled)");
    return true;
}
