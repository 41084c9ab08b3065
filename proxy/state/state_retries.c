/* SPDX-License-Identifier: ISC
 * What a try of a message has left for its retry, which may come to another gateway. */
#include "proxy/state/state_internal.h"

enum { KEYS = 1 + STATE_RETRY_PLACES };

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

static void write_retry(struct state_inquiry *inquiry, void *data, const redisReply *reply)
{
    struct state_retry_answer *answer = data;
    *answer = (struct state_retry_answer){.of_sender = reply && reply->element[0]->integer != 0};
    for (size_t i = 0; reply && i < STATE_RETRY_PLACES; i++) {
        const redisReply *at = reply->element[1 + i];
        if (at->len <= STATE_RETRY_MAX)
            answer->left[i] = arena_copy(inquiry->arena, (struct slice){at->str, at->len});
    }
}

void state_retry(struct state_inquiry *inquiry, const struct state_retry_place *place,
                 struct state_retry_answer *answer)
{
    struct retry_keys named;
    name_keys(inquiry->state, place, &named);
    for (; named.count < KEYS; named.count++) /* the script asks for as many */
        named.keys[named.count] = named.keys[named.count - 1];
    state_ask(
        inquiry, &(struct state_question){&inquiry->state->retry, named.keys, KEYS, NULL, 0},
        &(struct state_answer){
            .write = write_retry, .data = answer, .expected = KEYS, .texts = STATE_RETRY_PLACES});
}

void state_retry_keep(struct state *state, const struct state_retry_place *place, struct slice left,
                      int64_t ms)
{
    struct retry_keys named;
    struct number_text lifetime;
    name_keys(state, place, &named);
    const struct slice args[] = {state_number_argument(&lifetime, state_whole_seconds(ms)), left};
    state_tell(state, &(struct state_question){&state->retries, named.keys, named.count, args, 2});
}
