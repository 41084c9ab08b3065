/* SPDX-License-Identifier: ISC */
#include "proxy/state/state_internal.h"

#include "base/clock.h"
#include "common/state_scripts.h"

#include <stdlib.h>
#include <string.h>

enum {
    NAMES = 2,             /* of a client: its network, and an authenticated domain */
    KNOWN_FOR = 60 * 1000, /* ms that Redis is not asked again */
};

struct state *state_new(struct event_base *base, struct redis *redis, const struct config *config,
                        struct slice secret)
{
    struct state *state = calloc(1, sizeof *state);
    if (!state)
        return NULL;
    state->redis = redis;
    state->config = config;
    state->keys = state_keys_new(&config->settings, secret);
    state->rows = dmarc_counts_new(base, state_tell_dmarc, state);
    TAILQ_INIT(&state->unattended);
#define INIT_SCRIPT(name) redis_script_init(&state->name, state_script_##name);
    STATE_SCRIPTS(INIT_SCRIPT)
#undef INIT_SCRIPT
    if (!state->keys || !state->rows || !recent_names_init(&state->recent))
        state_free(&state);
    return state;
}

static void set_greylist(struct facts *facts, struct value known, struct value first_seen,
                         struct value wait)
{
    facts->fact[FACT_GREYLIST_KNOWN] = known;
    facts->fact[FACT_GREYLIST_FIRST_SEEN] = first_seen;
    facts->fact[FACT_GREYLIST_WAIT] = wait;
}

/* Counters of names, in the order that they are asked for in. */
struct counters {
    size_t count;
    struct state_key of[NAMES];
};

static void remember_known(struct state *state, const struct state_key *name)
{
    recent_names_put(&state->recent, state_key_slice(name), clock_ms(), KNOWN_FOR);
}

struct greylist_asked {
    struct value *proven_first_seen; /* NULL: nobody asks */
    struct counters counters;
};

static void learn_greylist(struct state *state, const void *data, const redisReply *reply)
{
    const struct counters *counters = &((const struct greylist_asked *)data)->counters;
    for (size_t i = 0; i < counters->count; i++)
        if (reply->element[4]->integer >> i & 1)
            remember_known(state, &counters->of[i]);
}

static void write_greylist(struct state_inquiry *inquiry, void *data, const redisReply *reply)
{
    const struct greylist_asked *asked = data;
    if (!reply) {
        set_greylist(inquiry->facts, value_unknown(), value_unknown(), value_unknown());
        return;
    }
    set_greylist(inquiry->facts, value_bool(reply->element[0]->integer == 1),
                 value_integer(reply->element[1]->integer),
                 value_integer(reply->element[2]->integer * 1000));
    if (asked->proven_first_seen)
        *asked->proven_first_seen = value_integer(reply->element[3]->integer);
}

/* The counters of accepted messages that speak for this client; returns how many. */
static size_t counters_of(const struct state *state, const struct state_sender *who,
                          struct state_key out[static NAMES])
{
    size_t n = 0;
    if (state->config->settings.greylist_passes == 0)
        return 0;
    out[n++] = state_key_network(state->keys, &who->client);
    if (who->authenticated.len && !who->unproven)
        out[n++] = state_key_domain(state->keys, who->authenticated);
    return n;
}

static size_t meetings_of(const struct state *state, const struct state_sender *who,
                          struct state_key out[static NAMES])
{
    size_t n = 0;
    out[n++] = state_key_greylist(state->keys, &who->client, who->sender, who->recipient);
    if (who->authenticated.len)
        out[n++] =
            state_key_greylist_domain(state->keys, who->authenticated, who->sender, who->recipient);
    return n;
}

enum { GREYLIST_ARGUMENTS = 7 };

struct greylist_question {
    struct state_key made[2 * NAMES];
    size_t meetings; /* of them; counters follow */
    struct slice keys[2 * NAMES], args[GREYLIST_ARGUMENTS];
    struct number_text text[GREYLIST_ARGUMENTS];
    struct state_question question;
};

static void describe_greylist(struct state *state, const struct state_sender *who,
                              struct greylist_question *out)
{
    const struct settings *settings = &state->config->settings;
    size_t meetings = out->meetings = meetings_of(state, who, out->made);
    size_t count = meetings + counters_of(state, who, out->made + meetings);
    const int64_t numbers[GREYLIST_ARGUMENTS] = {
        clock_wall(),
        state_whole_seconds(settings->greylist_delay),
        state_whole_seconds(settings->greylist_window),
        state_whole_seconds(settings->greylist_lifetime),
        settings->greylist_passes,
        (int64_t)meetings,
        who->unproven ? 1 : (int64_t)meetings,
    };
    for (size_t i = 0; i < count; i++)
        out->keys[i] = state_key_slice(&out->made[i]);
    for (size_t i = 0; i < GREYLIST_ARGUMENTS; i++)
        out->args[i] = state_number_argument(&out->text[i], numbers[i]);
    out->question =
        (struct state_question){&state->greylist, out->keys, count, out->args, GREYLIST_ARGUMENTS};
}

static bool is_exempt(const struct state *state, const struct state_sender *who)
{
    const struct table *exempt = state->config->greylist_exempt;
    return exempt && table_holds_text(exempt, who->recipient);
}

/* By a network or a domain, whose counters only grow. When they first met Redis alone can tell. */
static bool is_known_already(const struct state *state, const struct state_sender *who)
{
    struct state_key counters[NAMES];
    if (policy_uses(state->config->policy, FACT_GREYLIST_FIRST_SEEN))
        return false;
    size_t count = counters_of(state, who, counters);
    for (size_t i = 0; i < count; i++)
        if (recent_names_has(&state->recent, state_key_slice(&counters[i]), clock_ms()))
            return true;
    return false;
}

static void ask_greylist(struct state_inquiry *inquiry, const struct greylist_question *about,
                         struct value *proven_first_seen)
{
    struct greylist_asked *asked = calloc(1, sizeof *asked);
    if (!asked) {
        set_greylist(inquiry->facts, value_unknown(), value_unknown(), value_unknown());
        return;
    }
    asked->proven_first_seen = proven_first_seen;
    asked->counters.count = about->question.key_count - about->meetings;
    memcpy(asked->counters.of, about->made + about->meetings,
           asked->counters.count * sizeof *about->made);
    state_ask(inquiry, &about->question,
              &(struct state_answer){.write = write_greylist,
                                     .learn = learn_greylist,
                                     .data = asked,
                                     .expected = 5,
                                     .forget = free});
}

void state_greylist(struct state_inquiry *inquiry, const struct state_sender *who,
                    struct value *proven_first_seen)
{
    struct greylist_question asked;
    if (is_exempt(inquiry->state, who) || is_known_already(inquiry->state, who)) {
        set_greylist(inquiry->facts, value_bool(true), value_absent(), value_integer(0));
        return;
    }
    describe_greylist(inquiry->state, who, &asked);
    ask_greylist(inquiry, &asked, proven_first_seen);
}

void state_met_again(struct state *state, const struct state_sender *who)
{
    struct greylist_question told;
    if (is_exempt(state, who))
        return;
    describe_greylist(state, who, &told);
    state_tell(state, &told.question);
}

static void set_history(struct facts *facts, struct value first_seen, struct value messages)
{
    facts->fact[FACT_SENDER_FIRST_SEEN] = first_seen;
    facts->fact[FACT_SENDER_MESSAGES] = messages;
}

static void write_history(struct state_inquiry *inquiry, void *data, const redisReply *reply)
{
    (void)data;
    if (!reply) {
        set_history(inquiry->facts, value_unknown(), value_unknown());
        return;
    }
    int64_t first = reply->element[0]->integer;
    set_history(inquiry->facts, first < 0 ? value_absent() : value_integer(first),
                value_number((double)reply->element[1]->integer));
}

void state_history(struct state_inquiry *inquiry, struct slice sender)
{
    struct state *state = inquiry->state;
    if (sender.len == 0) {
        set_history(inquiry->facts, value_absent(), value_absent());
        return;
    }
    struct state_key made = state_key_sender(state->keys, sender);
    struct slice key = state_key_slice(&made);
    state_ask(inquiry, &(struct state_question){&state->history, &key, 1, NULL, 0},
              &(struct state_answer){.write = write_history, .expected = 2});
}

/* Of those names that are known already once a minute is enough. */
static size_t counters_to_tell(struct state *state, const struct state_sender *who,
                               struct state_key out[static NAMES])
{
    size_t n = 0, count = counters_of(state, who, out);
    for (size_t i = 0; i < count; i++)
        if (recent_names_count(&state->recent, state_key_slice(&out[i]), clock_ms()))
            out[n++] = out[i];
    return n;
}

static void learn_accepted(struct state *state, const void *data, const redisReply *reply)
{
    const struct counters *counters = data;
    for (size_t i = 0; i < counters->count; i++)
        if (reply->element[i]->integer >= state->config->settings.greylist_passes)
            remember_known(state, &counters->of[i]);
}

static void tell_accepted(struct state *state, const struct state_key *made, size_t count,
                          size_t counters)
{
    struct slice keys[NAMES + 1];
    struct number_text text[3];
    const struct slice args[] = {
        state_number_argument(&text[0], clock_wall()),
        state_number_argument(&text[1],
                              state_whole_seconds(state->config->settings.greylist_lifetime)),
        state_number_argument(&text[2], (int64_t)counters),
    };
    for (size_t i = 0; i < count; i++)
        keys[i] = state_key_slice(&made[i]);
    const struct state_question question = {&state->accepted, keys, count, args, 3};
    struct counters *told = calloc(1, sizeof *told);
    if (!told) {
        state_tell(state, &question);
        return;
    }
    told->count = counters;
    memcpy(told->of, made, counters * sizeof *made);
    state_tell_to_learn(
        state, &question,
        &(struct state_answer){
            .learn = learn_accepted, .data = told, .expected = counters, .forget = free});
}

void state_accepted(struct state *state, const struct state_sender *who)
{
    const struct policy *policy = state->config->policy;
    struct state_key made[NAMES + 1];
    size_t counters =
        policy_wants(policy, PRODUCER_GREYLIST) ? counters_to_tell(state, who, made) : 0;
    size_t count = counters;
    if (who->sender.len && policy_wants(policy, PRODUCER_HISTORY))
        made[count++] = state_key_sender(state->keys, who->sender);
    if (count > 0)
        tell_accepted(state, made, count, counters);
}
