/* SPDX-License-Identifier: ISC
 * Calls stand in memory of their own: an inquiry may be gone long before Redis has answered, and
 * what it has asked still counts. */
#include "proxy/state/state_internal.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

struct state_call {
    TAILQ_ENTRY(state_call) link; /* of the inquiry, or of the unattended */
    struct redis_call call;
    struct state *state;
    struct state_inquiry *inquiry; /* NULL: nobody waits */
    struct state_answer answer;
};

struct slice state_number_argument(struct number_text *text, int64_t number)
{
    int len = snprintf(text->text, sizeof text->text, "%lld", (long long)number);
    return (struct slice){text->text, (size_t)len};
}

int64_t state_whole_seconds(int64_t ms)
{
    return ms / 1000 + (ms % 1000 > 0);
}

static bool as_expected(const redisReply *reply, const struct state_answer *answer)
{
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != answer->expected)
        return false;
    for (size_t i = 0; i < answer->expected; i++) {
        bool text = i + answer->texts >= answer->expected;
        if (reply->element[i]->type != (text ? REDIS_REPLY_STRING : REDIS_REPLY_INTEGER))
            return false;
    }
    return true;
}

static struct state_calls *list_of(struct state *state, struct state_inquiry *inquiry)
{
    return inquiry ? &inquiry->calls : &state->unattended;
}

static void forget_answer(const struct state_answer *answer)
{
    if (answer->forget)
        answer->forget(answer->data);
}

static void forget_call(struct state_call *call)
{
    TAILQ_REMOVE(list_of(call->state, call->inquiry), call, link);
    forget_answer(&call->answer);
    free(call);
}

/* The owner may do anything in `done`, end the inquiry too. */
static void one_less(struct state_inquiry *inquiry)
{
    if (--inquiry->pending > 0)
        return;
    inquiry->cost.ms += clock_ms() - inquiry->began;
    inquiry->done(inquiry->ctx);
}

static void call_done(void *ctx, const redisReply *reply)
{
    struct state_call *call = ctx;
    struct state_inquiry *inquiry = call->inquiry;
    const struct state_answer *answer = &call->answer;
    const redisReply *expected = as_expected(reply, answer) ? reply : NULL;
    if (expected && answer->learn)
        answer->learn(call->state, answer->data, expected);
    if (inquiry)
        answer->write(inquiry, answer->data, expected);
    forget_call(call);
    if (inquiry)
        one_less(inquiry);
}

static bool all_keys_made(const struct state_question *question)
{
    for (size_t i = 0; i < question->key_count; i++)
        if (question->keys[i].len == 0)
            return false;
    return true;
}

static struct state_call *send_question(struct state *state, struct state_inquiry *inquiry,
                                        const struct state_question *question)
{
    struct state_call *call = all_keys_made(question) ? calloc(1, sizeof *call) : NULL;
    if (!call)
        return NULL;
    call->state = state;
    call->inquiry = inquiry;
    call->call.done = call_done;
    call->call.ctx = call;
    TAILQ_INSERT_TAIL(list_of(state, inquiry), call, link);
    if (redis_eval(state->redis, &call->call, question->script, question->keys, question->key_count,
                   question->args, question->arg_count))
        return call;
    forget_call(call);
    return NULL;
}

void state_ask(struct state_inquiry *inquiry, const struct state_question *question,
               const struct state_answer *answer)
{
    struct state_call *call = send_question(inquiry->state, inquiry, question);
    if (!call) {
        answer->write(inquiry, answer->data, NULL);
        forget_answer(answer);
        return;
    }
    call->answer = *answer;
    inquiry->cost.calls++;
    if (inquiry->pending++ == 0)
        inquiry->began = clock_ms();
}

void state_tell(struct state *state, const struct state_question *question)
{
    (void)send_question(state, NULL, question);
}

void state_tell_to_learn(struct state *state, const struct state_question *question,
                         const struct state_answer *answer)
{
    struct state_call *call = send_question(state, NULL, question);
    if (call)
        call->answer = *answer;
    else
        forget_answer(answer);
}

struct state_inquiry *state_begin(struct state *state, struct arena *arena, struct facts *facts,
                                  void (*done)(void *ctx), void *ctx)
{
    struct state_inquiry *inquiry = arena_alloc(arena, sizeof *inquiry);
    if (!inquiry)
        return NULL;
    *inquiry = (struct state_inquiry){
        .state = state, .arena = arena, .facts = facts, .done = done, .ctx = ctx};
    TAILQ_INIT(&inquiry->calls);
    return inquiry;
}

unsigned state_pending(const struct state_inquiry *inquiry)
{
    return inquiry->pending;
}

struct state_cost state_cost(const struct state_inquiry *inquiry)
{
    return inquiry->cost;
}

void state_cancel(struct state_inquiry *inquiry)
{
    struct state_call *call;
    TAILQ_FOREACH(call, &inquiry->calls, link)
        call->inquiry = NULL;
    TAILQ_CONCAT(&inquiry->state->unattended, &inquiry->calls, link);
    if (inquiry->pending > 0)
        inquiry->cost.ms += clock_ms() - inquiry->began;
    inquiry->pending = 0;
}

void state_free(struct state **state)
{
    struct state *s = *state;
    if (!s)
        return;
    while (!TAILQ_EMPTY(&s->unattended)) {
        struct state_call *call = TAILQ_FIRST(&s->unattended);
        redis_cancel(s->redis, &call->call);
        forget_call(call);
    }
    state_keys_free(&s->keys);
    dmarc_counts_free(&s->rows);
    free(s);
    *state = NULL;
}
