/* SPDX-License-Identifier: ISC */
#include "keeper/sample_answers.h"

#include "base/clock.h"
#include "common/keeping.h"
#include "common/messages.h"

#include <stdio.h>

enum { PATIENCE_MS = SAMPLE_MS + 5000 /* the parent has answered by then, unless it is gone */ };

static bool is_domain(struct slice payload)
{
    struct unpack in = {.left = payload};
    struct slice domain = unpack_slice(&in);
    return unpack_done(&in) && domain.len > 0 && domain.len <= SAMPLE_DOMAIN_MAX;
}

static bool ask(struct slice payload)
{
    return ipc_send(KEEPER_CONTROL_FD, KEEPER_ASKS_SAMPLE, payload, NULL, 0, false) > 0;
}

bool answer_sample(struct client *client, const struct ipc_message *question,
                   struct samples *samples)
{
    if (question->type != CONTROL_SAMPLE)
        return false;
    if (!is_domain(question->payload)) {
        client_end(client, "not a question");
    } else if (samples->until > clock_ms()) {
        client_end(client, "somebody else asks for that just now; try again");
    } else if (ask(question->payload)) {
        samples->until = clock_ms() + PATIENCE_MS;
        client_wait(client, CONTROL_SAMPLE);
    } else {
        client_end(client, "the gateway cannot be asked for that now");
    }
    return true;
}

void samples_take(struct samples *samples, struct control *control, struct slice payload)
{
    struct unpack in = {.left = payload};
    struct slice reason = unpack_slice(&in), message = unpack_slice(&in);
    char why[256];
    snprintf(why, sizeof why, "%.*s", SLICE_ARGS(reason));
    samples->until = 0;
    control_answer(control, CONTROL_SAMPLE, message, reason.len ? why : NULL);
}
