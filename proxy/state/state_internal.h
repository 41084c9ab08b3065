/* SPDX-License-Identifier: ISC
 * For proxy/state*.c only: how a question travels. */
#ifndef PROXY_STATE_STATE_INTERNAL_H
#define PROXY_STATE_STATE_INTERNAL_H

#include "common/state_scripts.h"
#include "proxy/state/dmarc_counts.h"
#include "proxy/state/recent_names.h"
#include "proxy/state/state.h"
#include "proxy/state/state_keys.h"

#include <sys/queue.h>

TAILQ_HEAD(state_calls, state_call);

struct state {
    struct redis *redis;
    const struct config *config;
    struct state_keys *keys;
#define SCRIPT_OF_ITS_NAME(name) struct redis_script name;
    STATE_SCRIPTS(SCRIPT_OF_ITS_NAME)
#undef SCRIPT_OF_ITS_NAME
    struct state_calls unattended; /* calls that nobody waits for */
    struct recent_names recent;
    struct dmarc_counts *rows;
};

struct state_inquiry {
    struct state *state;
    struct arena *arena;
    struct facts *facts;
    void (*done)(void *ctx);
    void *ctx;
    struct state_calls calls;
    unsigned pending;
    int64_t began; /* clock_ms of the present wait */
    struct state_cost cost;
};

/* One script with its arguments; all are copied. An empty key is one that could not be made. */
struct state_question {
    const struct redis_script *script;
    const struct slice *keys;
    size_t key_count;
    const struct slice *args;
    size_t arg_count;
};

/* Writes facts; `reply` is NULL or an array of `expected` elements: integers, and last so many
 * texts, of any length. */
struct state_answer {
    void (*write)(struct state_inquiry *inquiry, void *data, const redisReply *reply);
    /* What the process keeps of an answer, whoever still waits for it; before `write`. NULL: nothing. */
    void (*learn)(struct state *state, const void *data, const redisReply *reply);
    void *data; /* lives as long as the inquiry, or is forgotten (with `learn` it must be): */
    size_t expected, texts;
    void (*forget)(void *data); /* once the call is over; NULL: nothing is to be done */
};

/* `answer->write` is called once: at once when there will be no answer, otherwise when it comes;
 * not after state_cancel. `answer->forget` in any case. */
void state_ask(struct state_inquiry *inquiry, const struct state_question *question,
               const struct state_answer *answer);

/* Where the answer to a question of a campaign goes. */
struct state_reported {
    bool counts;
    struct state_recipient *recipients;
    size_t count;
};

/* Nobody waits for an answer. */
void state_tell(struct state *state, const struct state_question *question);
/* Nor here, but something is learnt from it; `answer->forget` is called in any case. */
void state_tell_to_learn(struct state *state, const struct state_question *question,
                         const struct state_answer *answer);

/* A row of DMARC's reports, as dmarc_counts wants it told; `ctx`: the state. */
void state_tell_dmarc(void *ctx, const struct dmarc_row *row);

/* A number as an argument of a script. */
struct number_text {
    char text[24];
};
struct slice state_number_argument(struct number_text *text, int64_t number);

/* Milliseconds to whole seconds, rounded up. */
int64_t state_whole_seconds(int64_t ms);

#endif
