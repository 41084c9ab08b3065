/* SPDX-License-Identifier: ISC */
#include "keeper/reload_answers.h"

#include "common/keeping.h"

#include <stdio.h>

bool answer_reload(struct client *client, const struct ipc_message *question,
                   struct reloads *reloads)
{
    if (question->type != CONTROL_RELOAD)
        return false;
    if (reloads->under_way) {
        client_end(client, "a reload is under way already");
        return true;
    }
    reloads->under_way =
        question->payload.len <= KEEPER_RELOAD_MAX &&
        ipc_send(KEEPER_CONTROL_FD, KEEPER_ASKS_RELOAD, question->payload, NULL, 0, false) > 0;
    if (reloads->under_way)
        client_wait(client, CONTROL_RELOAD);
    else
        client_end(client, "the gateway cannot be asked for that now");
    return true;
}

void reloads_take(struct reloads *reloads, struct control *control, struct slice payload)
{
    struct unpack in = {.left = payload};
    struct slice reason = unpack_slice(&in), report = unpack_slice(&in);
    char why[256];
    snprintf(why, sizeof why, "%.*s", SLICE_ARGS(reason));
    reloads->under_way = false;
    control_answer(control, CONTROL_RELOAD, report, reason.len ? why : NULL);
}
