/* SPDX-License-Identifier: ISC
 * rate(...): a window that slides, made of two that stand. The number of events in the window that
 * ends now is taken to be
 *
 *     those of the present fixed window + those of the one before * the part of it that is still in
 *
 * as if the latter had come evenly. Two counters a rate, whatever happens in it. */
#include "proxy/state/state_internal.h"

#include "base/clock.h"

#include <stdlib.h>

enum {
    RATES_AT_ONCE = 64,
    QUIET_FOR = 10 * 1000, /* ms that a count that is only looked up is taken to be still 0 */
};

/* Where the answers go: policy_keys()[index], and what the window before weighs; one that is only looked
 * up has a name. */
struct rate_target {
    size_t index;
    double weight;
    struct state_key look; /* len 0: it is counted */
};

struct rate_targets {
    size_t count;
    struct rate_target target[];
};

struct rate_batch {
    struct {
        struct rate_keys keys;
        size_t index;
    } rate[RATES_AT_ONCE];
    size_t count;
    bool look; /* only look: the event is another */
};

/* Most clients never name an unknown recipient. A process that sees one asks again (state_unknown_recipient):
 * so what others count meanwhile lets a client have one more from each process at most. */
static void learn_quiet(struct state *state, const void *data, const redisReply *reply)
{
    const struct rate_targets *targets = data;
    for (size_t i = 0; i < targets->count; i++) {
        const struct rate_target *target = &targets->target[i];
        if (target->look.len > 0 && reply->element[2 * i]->integer == 0 &&
            reply->element[2 * i + 1]->integer == 0)
            recent_names_put(&state->recent, state_key_slice(&target->look), clock_ms(), QUIET_FOR);
    }
}

static void write_rates(struct state_inquiry *inquiry, void *data, const redisReply *reply)
{
    const struct rate_targets *targets = data;
    for (size_t i = 0; i < targets->count; i++) {
        struct value value = value_unknown();
        if (reply)
            value = value_number((double)reply->element[2 * i]->integer +
                                 targets->target[i].weight *
                                     (double)reply->element[2 * i + 1]->integer);
        inquiry->facts->keyed[targets->target[i].index] = value;
    }
}

/* Not in the transaction's arena: a client may name recipients without end. */
static struct rate_targets *targets_of(const struct rate_batch *batch)
{
    struct rate_targets *targets =
        calloc(1, sizeof *targets + batch->count * sizeof *targets->target);
    if (!targets)
        return NULL;
    targets->count = batch->count;
    for (size_t i = 0; i < batch->count; i++) {
        const struct rate_keys *keys = &batch->rate[i].keys;
        targets->target[i] =
            (struct rate_target){.index = batch->rate[i].index, .weight = 1.0 - keys->passed};
        if (batch->look)
            targets->target[i].look = keys->current;
    }
    return targets;
}

static void fail_batch(struct state_inquiry *inquiry, const struct rate_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        inquiry->facts->keyed[batch->rate[i].index] = value_unknown();
}

/* Without an inquiry nobody wants to know. Empties the batch. */
static void send_batch(struct state *state, struct state_inquiry *inquiry, struct rate_batch *batch)
{
    struct slice keys[2 * RATES_AT_ONCE], args[RATES_AT_ONCE];
    struct number_text lifetime[RATES_AT_ONCE];
    for (size_t i = 0; i < batch->count; i++) {
        const struct rate_keys *rate = &batch->rate[i].keys;
        keys[2 * i] = state_key_slice(&rate->current);
        keys[2 * i + 1] = state_key_slice(&rate->previous);
        args[i] = state_number_argument(&lifetime[i], batch->look ? 0 : 2 * rate->window);
    }
    struct state_question question = {&state->rates, keys, 2 * batch->count, args, batch->count};
    struct rate_targets *targets = inquiry ? targets_of(batch) : NULL;
    if (targets)
        state_ask(inquiry, &question,
                  &(struct state_answer){.write = write_rates,
                                         .learn = learn_quiet,
                                         .data = targets,
                                         .expected = 2 * batch->count,
                                         .forget = free});
    else if (inquiry)
        fail_batch(inquiry, batch);
    else
        state_tell(state, &question);
    batch->count = 0;
}

/* Of one that is counted it is forgotten. */
static bool is_quiet(struct state *state, const struct rate_keys *rate, enum rate_event event,
                     bool look)
{
    struct slice name = state_key_slice(&rate->current);
    if (event != RATE_UNKNOWN_RECIPIENTS)
        return false;
    if (!look)
        recent_names_forget(&state->recent, name);
    return look && recent_names_has(&state->recent, name, clock_ms());
}

static void count_rates(struct state *state, struct state_inquiry *inquiry,
                        const struct facts *facts, enum rate_event event, bool look)
{
    size_t count;
    const struct policy_key *keys = policy_keys(state->config->policy, &count);
    struct rate_batch batch = {.count = 0, .look = look};
    for (size_t i = 0; i < count; i++) {
        if (keys[i].fact != FACT_RATE || keys[i].event != event)
            continue;
        struct rate_keys *rate = &batch.rate[batch.count].keys;
        enum rate_value value = state_key_rate(state->keys, &keys[i], facts, clock_wall(), rate);
        if (value == RATE_COUNTABLE && is_quiet(state, rate, event, look))
            value = RATE_ABSENT;
        if (value == RATE_COUNTABLE)
            batch.rate[batch.count++].index = i;
        else if (inquiry)
            inquiry->facts->keyed[i] = value == RATE_ABSENT ? value_number(0) : value_unknown();
        if (batch.count == RATES_AT_ONCE)
            send_batch(state, inquiry, &batch);
    }
    if (batch.count)
        send_batch(state, inquiry, &batch);
}

void state_rates(struct state_inquiry *inquiry, enum rate_event event)
{
    if (inquiry->facts->keyed)
        count_rates(inquiry->state, inquiry, inquiry->facts, event,
                    event == RATE_UNKNOWN_RECIPIENTS);
}

void state_unknown_recipient(struct state *state, const struct facts *facts)
{
    count_rates(state, NULL, facts, RATE_UNKNOWN_RECIPIENTS, false);
}
