/* SPDX-License-Identifier: ISC
 * What a try of a message has left for its retry, which may come to another gateway. */
#include "proxy/state/state_internal.h"

#include "base/clock.h"

#include <stdlib.h>

enum {
    KEYS = 1 + STATE_RETRY_PLACES,
    NOTHING_FOR = 10 * 1000, /* ms that there is taken to be nothing still */
};

struct retry_keys {
    struct state_key made[KEYS];
    struct slice keys[KEYS];
    size_t count;
};

static void name_keys(const struct state *state, const struct state_retry_place *place,
                      struct retry_keys *out)
{
    out->made[0] = state_key_digest(state->keys, "retries", place->sender);
    for (unsigned i = 0; i < place->count && i < STATE_RETRY_PLACES; i++)
        out->made[1 + i] = state_key_digest(state->keys, "retry", place->at[i]);
    out->count = 1 + place->count;
    for (size_t i = 0; i < out->count; i++)
        out->keys[i] = state_key_slice(&out->made[i]);
}

struct retry_asked {
    struct state_retry_answer *answer;
    struct state_key sender;
};

/* Nobody else writes into a private Redis; what other proxies write stands in the shared table too. */
static void learn_nothing(struct state *state, const void *data, const redisReply *reply)
{
    const struct retry_asked *asked = data;
    if (reply->element[0]->integer == 0 && redis_place(&state->config->settings) == REDIS_PRIVATE)
        recent_names_put(&state->recent, state_key_slice(&asked->sender), clock_ms(), NOTHING_FOR);
}

static void write_retry(struct state_inquiry *inquiry, void *data, const redisReply *reply)
{
    const struct retry_asked *asked = data;
    struct state_retry_answer *answer = asked->answer;
    *answer = (struct state_retry_answer){.of_sender = reply && reply->element[0]->integer != 0};
    for (size_t i = 0; reply && i < STATE_RETRY_PLACES; i++) {
        const redisReply *at = reply->element[1 + i];
        if (at->len <= STATE_RETRY_MAX)
            answer->left[i] = arena_copy(inquiry->arena, (struct slice){at->str, at->len});
    }
}

static void ask_retry(struct state_inquiry *inquiry, struct retry_keys *named,
                      struct state_retry_answer *answer)
{
    struct retry_asked *asked = calloc(1, sizeof *asked);
    if (!asked)
        return;
    *asked = (struct retry_asked){answer, named->made[0]};
    for (; named->count < KEYS; named->count++) /* the script asks for as many */
        named->keys[named->count] = named->keys[named->count - 1];
    state_ask(inquiry, &(struct state_question){&inquiry->state->retry, named->keys, KEYS, NULL, 0},
              &(struct state_answer){.write = write_retry,
                                     .learn = learn_nothing,
                                     .data = asked,
                                     .expected = KEYS,
                                     .texts = STATE_RETRY_PLACES,
                                     .forget = free});
}

void state_retry(struct state_inquiry *inquiry, const struct state_retry_place *place,
                 struct state_retry_answer *answer)
{
    struct retry_keys named;
    name_keys(inquiry->state, place, &named);
    *answer = (struct state_retry_answer){.of_sender = false};
    if (!recent_names_has(&inquiry->state->recent, named.keys[0], clock_ms()))
        ask_retry(inquiry, &named, answer);
}

void state_retry_keep(struct state *state, const struct state_retry_place *place, struct slice left,
                      int64_t ms)
{
    struct retry_keys named;
    struct number_text lifetime;
    name_keys(state, place, &named);
    recent_names_forget(&state->recent, named.keys[0]);
    const struct slice args[] = {state_number_argument(&lifetime, state_whole_seconds(ms)), left};
    state_tell(state, &(struct state_question){&state->retries, named.keys, named.count, args, 2});
}
