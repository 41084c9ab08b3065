/* SPDX-License-Identifier: ISC
 * Asks a real Redis for test_state.py. The argument is a configuration; questions come a JSON
 * object a line, answers go out as an array a line, one for each of the "count" times that it was
 * asked at once.
 *
 *   {"do": "advance", "ms": 1000}           moves the clock
 *   {"do": "greylist", "client": ...}       with "unproven", of a domain that may pass; "met_again" tells; and "history", "rates", "contact": ask; with "cancel", give up
 *   {"do": "campaign", "text": [...], "structure": [...], "author": ..., "recipients": [...]}
 *   {"do": "answered", ...}, "answered_author", with "recipients", and "in_reply", with "ids": ask
 *   {"do": "wrote", "sender": ..., "recipients": [...], "id": ...}: tells
 *   {"do": "sending", "account": ..., "recipients": [...]}  with "client" and "country" where it has logged in,
 *                                           "text"; "refused" asks nothing, and tells of one at RCPT
 *   {"do": "sent", ...}                     the same, and what became of it: "delivered", "refused", "put_off"
 *   {"do": "accepted", "client": ...}       and "unknown_recipient", "dmarc", "met", "opine": tell
 *
 * A second argument is the secret of contacts. */
#include "tests/harness/memory_loader.h"

#include "base/clock.h"
#include "base/log.h"
#include "policy/types.h"
#include "proxy/state/state.h"

#include <jansson.h>
#include <stdlib.h>

enum { ARENA = 16 << 20 };

static struct event_base *base;
static struct redis *redis;
static struct state *state;
static struct config *config;

/* One inquiry, with what it finds out. */
struct job {
    struct arena *arena;
    struct facts facts;
    size_t rates; /* as many as facts.keyed has */
    struct state_inquiry *inquiry;
    struct value proven_first_seen;
    struct state_recipient *recipients;
    size_t recipient_count;
    unsigned done; /* how often it was told so */
};

/* ---- JSON to values */

static struct slice text_of(const json_t *string)
{
    return (struct slice){json_is_string(string) ? json_string_value(string) : "",
                          json_string_length(string)};
}

static struct slice member(const json_t *object, const char *name)
{
    return text_of(json_object_get(object, name));
}

static struct value value_of(struct arena *arena, const struct type *type, const json_t *json);

static struct value list_of(struct arena *arena, const struct type *type, const json_t *json)
{
    struct value value = {.state = VALUE_KNOWN};
    value.list.count = json_array_size(json);
    value.list.items = arena_array(arena, value.list.count + 1, sizeof *value.list.items);
    for (size_t i = 0; i < value.list.count; i++)
        value.list.items[i] = value_of(arena, type->element, json_array_get(json, i));
    return value;
}

static struct value record_of(struct arena *arena, const struct record_type *record,
                              const json_t *json)
{
    struct value value = {.state = VALUE_KNOWN};
    value.fields = arena_array(arena, record->count, sizeof *value.fields);
    for (size_t i = 0; i < record->count; i++)
        value.fields[i] =
            value_of(arena, &record->fields[i].type, json_object_get(json, record->fields[i].name));
    return value;
}

static struct value value_of(struct arena *arena, const struct type *type, const json_t *json)
{
    struct ip ip = {0};
    if (json_is_null(json) || !json)
        return value_absent();
    if (json_is_string(json) && strcmp(json_string_value(json), "unknown") == 0)
        return value_unknown();
    switch (type->kind) {
    case TYPE_BOOL:
        return value_bool(json_is_true(json));
    case TYPE_NUMBER:
        return value_number(json_number_value(json));
    case TYPE_IP:
        (void)ip_parse(text_of(json), &ip);
        return value_ip(ip);
    case TYPE_ENUM:
        return value_integer(enum_word_index(type->words, text_of(json)));
    case TYPE_LIST:
        return list_of(arena, type, json);
    case TYPE_RECORD:
        return record_of(arena, type->record, json);
    default:
        return json_is_string(json) ? value_text(text_of(json))
                                    : value_integer(json_integer_value(json));
    }
}

static void read_facts(struct job *job, const json_t *facts)
{
    const char *name;
    json_t *json;
    json_object_foreach((json_t *)(uintptr_t)facts, name, json) {
        enum fact fact;
        if (fact_by_name(slice_of(name), &fact))
            job->facts.fact[fact] = value_of(job->arena, &fact_info(fact)->type, json);
    }
}

static struct state_sender sender_of(const json_t *question)
{
    struct state_sender who = {.sender = member(question, "sender"),
                               .recipient = member(question, "recipient"),
                               .authenticated = member(question, "authenticated"),
                               .unproven = json_is_true(json_object_get(question, "unproven"))};
    (void)ip_parse(member(question, "client"), &who.client);
    return who;
}

/* ---- questions */

static void ask_greylist(struct job *job, const json_t *question)
{
    struct state_sender who = sender_of(question);
    state_greylist(job->inquiry, &who, who.unproven ? &job->proven_first_seen : NULL);
}

static void ask_history(struct job *job, const json_t *question)
{
    state_history(job->inquiry, member(question, "sender"));
}

/* "times": as many events in one transaction. */
static void ask_rates(struct job *job, const json_t *question)
{
    json_int_t times = json_integer_value(json_object_get(question, "times"));
    do
        state_rates(job->inquiry,
                    (enum rate_event)json_integer_value(json_object_get(question, "event")));
    while (--times > 0);
}

static void ask_contact(struct job *job, const json_t *question)
{
    state_contact(job->inquiry, member(question, "sender"), member(question, "recipient"));
}

static void ask_answered(struct job *job, const json_t *question)
{
    state_answered(job->inquiry, member(question, "sender"), member(question, "recipient"));
}

/* The texts of a list. */
static const struct slice *texts_of(struct job *job, const json_t *list)
{
    struct slice *texts = arena_array(job->arena, json_array_size(list) + 1, sizeof *texts);
    for (size_t i = 0; i < json_array_size(list); i++)
        texts[i] = text_of(json_array_get(list, i));
    return texts;
}

static void ask_in_reply(struct job *job, const json_t *question)
{
    const json_t *ids = json_object_get(question, "ids");
    state_in_reply(job->inquiry, texts_of(job, ids), json_array_size(ids));
}

static void tell_wrote(struct job *job, const json_t *question)
{
    const json_t *whom = json_object_get(question, "recipients");
    state_wrote(state, &(struct state_letter){.sender = member(question, "sender"),
                                              .recipients = texts_of(job, whom),
                                              .count = json_array_size(whom),
                                              .id = member(question, "id")});
}

static void tell_met(struct job *job, const json_t *question)
{
    const json_t *whom = json_object_get(question, "recipients");
    state_met(state, member(question, "sender"), texts_of(job, whom), json_array_size(whom));
}

/* Digests are small numbers, "text" and "structure" as many as there are in a sketch, or none. */
static struct campaign_sketch sketch_of(const json_t *question)
{
    const json_t *text = json_object_get(question, "text"),
                 *structure = json_object_get(question, "structure");
    struct campaign_sketch sketch = {.made = true,
                                     .text = json_array_size(text) == CAMPAIGN_TEXT,
                                     .structure = json_array_size(structure) == CAMPAIGN_STRUCTURE};
    for (size_t i = 0; sketch.text && i < CAMPAIGN_TEXT; i++)
        sketch.digests[i] = (uint64_t)json_integer_value(json_array_get(text, i));
    for (size_t i = 0; sketch.structure && i < CAMPAIGN_STRUCTURE; i++)
        sketch.digests[CAMPAIGN_TEXT + i] =
            (uint64_t)json_integer_value(json_array_get(structure, i));
    return sketch;
}

static void read_recipients(struct job *job, const json_t *question)
{
    const json_t *whom = json_object_get(question, "recipients");
    job->recipient_count = json_array_size(whom);
    job->recipients = arena_array(job->arena, job->recipient_count + 1, sizeof *job->recipients);
    for (size_t i = 0; i < job->recipient_count; i++)
        job->recipients[i].address = text_of(json_array_get(whom, i));
}

static void ask_answered_author(struct job *job, const json_t *question)
{
    read_recipients(job, question);
    state_answered_author(job->inquiry, member(question, "author"), job->recipients,
                          job->recipient_count);
}

static void ask_campaign(struct job *job, const json_t *question)
{
    struct campaign_sketch sketch = sketch_of(question);
    read_recipients(job, question);
    state_campaign(job->inquiry, &(struct state_campaign){.sketch = &sketch,
                                                          .author = member(question, "author"),
                                                          .counts = true,
                                                          .recipients = job->recipients,
                                                          .count = job->recipient_count});
}

static void tell_opinion(struct job *job, const json_t *question)
{
    struct campaign_sketch sketch = sketch_of(question);
    (void)job;
    state_opine(state, &(struct state_opinion){
                           .sketch = &sketch,
                           .account = member(question, "account"),
                           .author = member(question, "author"),
                           .personal = !json_is_false(json_object_get(question, "personal")),
                           .spam = !json_is_true(json_object_get(question, "good"))});
}

/* Octets of the text are its digest. */
static struct state_sending sending_of(struct job *job, const json_t *question)
{
    const json_t *whom = json_object_get(question, "recipients");
    struct slice text = member(question, "text"), *all;
    uint8_t *digest = arena_alloc(job->arena, STATE_DIGEST);
    struct state_sending who = {.name = member(question, "account"),
                                .count = json_array_size(whom),
                                .asn =
                                    (uint32_t)json_integer_value(json_object_get(question, "asn")),
                                .country = member(question, "country"),
                                .text = text.len ? digest : NULL};
    memset(digest, 0, STATE_DIGEST);
    memcpy(digest, text.ptr, text.len < STATE_DIGEST ? text.len : STATE_DIGEST);
    all = arena_array(job->arena, who.count + 1, sizeof *all);
    for (size_t i = 0; i < who.count; i++)
        all[i] = text_of(json_array_get(whom, i));
    who.recipients = all;
    who.logged_in = ip_parse(member(question, "client"), &who.client);
    return who;
}

static struct state_sending_count sent; /* the last that was asked for */

static void ask_sending(struct job *job, const json_t *question)
{
    struct state_sending who = sending_of(job, question);
    if (who.count)
        state_sending(job->inquiry, &who, &sent);
    else
        state_sending_refused(state, who.name);
}

static void tell_sent(struct job *job, const json_t *question)
{
    struct state_sending who = sending_of(job, question);
    bool delivered = json_is_true(json_object_get(question, "delivered"));
    state_sending_over(
        state, &who,
        &(struct state_sending_end){
            .count = sent,
            .put_off = json_is_true(json_object_get(question, "put_off")),
            .delivered = who.recipients,
            .delivered_count = delivered ? who.count : 0,
            .refused = (size_t)json_integer_value(json_object_get(question, "refused"))});
}

static void tell_met_again(struct job *job, const json_t *question)
{
    (void)job;
    struct state_sender who = sender_of(question);
    state_met_again(state, &who);
}

static void tell_accepted(struct job *job, const json_t *question)
{
    (void)job;
    struct state_sender who = sender_of(question);
    state_accepted(state, &who);
}

static void tell_unknown_recipient(struct job *job, const json_t *question)
{
    (void)question;
    state_unknown_recipient(state, &job->facts);
}

static void tell_dmarc(struct job *job, const json_t *question)
{
    state_dmarc(state, &job->facts, json_string_value(json_object_get(question, "disposition")));
    state_settle(state);
}

static void move_clock(struct job *job, const json_t *question)
{
    (void)job;
    clock_advance(json_integer_value(json_object_get(question, "ms")));
}

static const struct {
    const char *name;
    void (*ask)(struct job *job, const json_t *question);
} questions[] = {
    {"greylist", ask_greylist},    {"history", ask_history},
    {"rates", ask_rates},          {"accepted", tell_accepted},
    {"contact", ask_contact},      {"met", tell_met},
    {"answered", ask_answered},    {"answered_author", ask_answered_author},
    {"in_reply", ask_in_reply},    {"wrote", tell_wrote},
    {"sending", ask_sending},      {"sent", tell_sent},
    {"campaign", ask_campaign},    {"opine", tell_opinion},
    {"dmarc", tell_dmarc},         {"unknown_recipient", tell_unknown_recipient},
    {"met_again", tell_met_again}, {"advance", move_clock},
};

/* ---- answers */

static json_t *rates_json(const struct job *job)
{
    json_t *rates = json_array();
    for (size_t i = 0; i < job->rates; i++) {
        const struct value *value = &job->facts.keyed[i];
        json_array_append_new(rates, value->state == VALUE_KNOWN     ? json_real(value->number)
                                     : value->state == VALUE_UNKNOWN ? json_string("unknown")
                                                                     : json_null());
    }
    return rates;
}

static json_t *yes_or_no(const struct value *value)
{
    return value->state == VALUE_KNOWN     ? json_boolean(value->truth)
           : value->state == VALUE_UNKNOWN ? json_string("unknown")
                                           : json_null();
}

static json_t *reported_json(const struct job *job)
{
    json_t *reported = json_array();
    for (size_t i = 0; i < job->recipient_count; i++)
        json_array_append_new(reported, yes_or_no(&job->recipients[i].reported));
    return reported;
}

static json_t *answered_json(const struct job *job)
{
    json_t *answered = json_array();
    for (size_t i = 0; i < job->recipient_count; i++)
        json_array_append_new(answered, yes_or_no(&job->recipients[i].answered));
    return answered;
}

static json_t *facts_object(const struct job *job)
{
    struct buf text = buf_init(ARENA);
    buf_char(&text, '{');
    facts_json(&text, &job->facts);
    buf_char(&text, '}');
    json_t *object = json_loadb(buf_slice(&text).ptr, buf_len(&text), JSON_ALLOW_NUL, NULL);
    buf_release(&text);
    return object;
}

static json_t *answer_of(const struct job *job, int64_t now)
{
    struct state_cost cost = state_cost(job->inquiry);
    bool proven = job->proven_first_seen.state == VALUE_KNOWN;
    return json_pack("{sI so so so so si sI si sI}", "proven_first_seen",
                     (json_int_t)(proven ? job->proven_first_seen.integer : -1), "facts",
                     facts_object(job), "rates", rates_json(job), "reported", reported_json(job),
                     "answered", answered_json(job), "calls", (int)cost.calls, "ms",
                     (json_int_t)cost.ms, "done", (int)job->done, "now", (json_int_t)now);
}

static void job_done(void *ctx)
{
    struct job *job = ctx;
    job->done++;
}

static void begin_job(struct job *job, const json_t *question)
{
    job->arena = arena_new(ARENA);
    (void)policy_keys(config->policy, &job->rates);
    job->facts.keyed = arena_array(job->arena, job->rates + 1, sizeof *job->facts.keyed);
    job->inquiry = state_begin(state, job->arena, &job->facts, job_done, job);
    read_facts(job, json_object_get(question, "facts"));
    const char *what = json_string_value(json_object_get(question, "do"));
    for (size_t i = 0; what && i < sizeof questions / sizeof *questions; i++)
        if (strcmp(what, questions[i].name) == 0)
            questions[i].ask(job, question);
    if (json_is_true(json_object_get(question, "cancel")))
        state_cancel(job->inquiry);
}

static json_t *answer(const json_t *question)
{
    json_int_t count = json_integer_value(json_object_get(question, "count"));
    size_t jobs = count > 0 ? (size_t)count : 1;
    struct job *job = calloc(jobs, sizeof *job);
    int64_t now = clock_wall();
    for (size_t i = 0; i < jobs; i++)
        begin_job(&job[i], question);
    json_t *answers = json_array();
    for (size_t i = 0; i < jobs; i++) {
        while (state_pending(job[i].inquiry) > 0)
            event_base_loop(base, EVLOOP_ONCE);
        json_array_append_new(answers, answer_of(&job[i], now));
        state_cancel(job[i].inquiry);
        arena_free(&job[i].arena);
    }
    while (redis_counts(redis).pending > 0)
        event_base_loop(base, EVLOOP_ONCE);
    event_base_loop(base, EVLOOP_NONBLOCK); /* timers: is Redis back? */
    free(job);
    return answers;
}

static void nobody_is_asked(void *ctx)
{
    (void)ctx;
}

static bool start(const char *text, struct slice secret)
{
    static const struct redis_owner owner = {.wanted = nobody_is_asked};
    config = load_good(text);
    base = event_base_new();
    if (!config || !base)
        return false;
    redis = redis_new(base, config, &(struct redis_files){.ca = SLICE("")}, &owner);
    state = redis ? state_new(base, redis, config, secret) : NULL;
    return state != NULL;
}

static void stop(void)
{
    state_free(&state);
    redis_free(&redis);
    event_base_free(base);
    config_free(&config);
}

int main(int argc, char **argv)
{
    log_open("state_dump", SINK_STDERR, LEVEL_DEBUG);
    if (argc < 2 || !start(argv[1], argc > 2 ? slice_of(argv[2]) : SLICE("a secret")))
        return 1;
    json_t *question;
    while ((question = json_loadf(stdin, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL)) != NULL) {
        json_t *said = answer(question);
        json_dumpf(said, stdout, JSON_COMPACT);
        putchar('\n');
        fflush(stdout);
        json_decref(said);
        json_decref(question);
    }
    stop();
    return 0;
}
