/* SPDX-License-Identifier: ISC */
#include "console/trial.h"

#include "base/clock.h"
#include "filters/dns/client_names.h"
#include "policy/spelling.h"

#include <unistd.h>

enum { ARENA_MAX = 64 * 1024 * 1024 };

bool trial_init(struct trial *e)
{
    *e = (struct trial){.arena = arena_new(ARENA_MAX), .message = -1, .sockets = {-1, -1}};
    return e->arena != NULL;
}

void trial_reset(struct trial *e)
{
    struct arena *arena = e->arena;
    if (e->inquiry.pending)
        inquiry_cancel(&e->inquiry);
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        if (e->sockets[kind] >= 0)
            close(e->sockets[kind]);
    if (e->message >= 0)
        close(e->message);
    arena_reset(arena);
    *e = (struct trial){.arena = arena, .message = -1, .sockets = {-1, -1}};
}

void trial_free(struct trial *e)
{
    if (!e->arena)
        return;
    trial_reset(e);
    arena_free(&e->arena);
}

/* ---- facts of the envelope ---- */

struct slice envelope_address(struct slice text)
{
    if (text.len >= 2 && text.ptr[0] == '<' && text.ptr[text.len - 1] == '>')
        return slice_sub(text, 1, text.len - 1);
    return text;
}

static struct slice listener_name(const struct config *config, enum direction direction)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].direction == direction)
            return config->listeners[i].name;
    return fact_baseline(FACT_LISTENER).text;
}

static struct slice sender_of(const struct envelope *envelope)
{
    return envelope->from.ptr ? envelope->from : fact_baseline(FACT_SENDER).text;
}

static void recipient_facts(struct trial *e)
{
    static const struct slice nobody = {"", 0};
    struct envelope *envelope = &e->envelope;
    if (envelope->recipient_count == 0) {
        struct slice *usual = arena_alloc(e->arena, sizeof *usual);
        if (usual)
            *usual = fact_baseline(FACT_RECIPIENT).text;
        envelope->recipients = usual ? usual : &nobody;
        envelope->recipient_count = 1;
    }
    struct value *items = arena_array(e->arena, envelope->recipient_count, sizeof *items);
    for (size_t i = 0; items && i < envelope->recipient_count; i++)
        items[i] = value_address(e->arena, envelope->recipients[i]);
    e->facts.fact[FACT_RECIPIENT] = value_address(e->arena, envelope->recipients[0]);
    e->facts.fact[FACT_RECIPIENTS] =
        (struct value){.state = items ? VALUE_KNOWN : VALUE_UNKNOWN,
                       .list = {items, items ? envelope->recipient_count : 0, false}};
}

bool trial_envelope(struct trial *e, const struct config *config)
{
    static const struct ip not_known = {0};
    struct envelope *envelope = &e->envelope;
    if (!envelope->has_time)
        envelope->time = clock_wall();
    struct value *fact = e->facts.fact;
    for (int i = 0; i < FACT_COUNT; i++)
        if (fact_info((enum fact)i)->producer == PRODUCER_SESSION)
            fact[i] = fact_baseline((enum fact)i);
    e->facts.keyed = facts_keyed_new(e->arena, config->policy);
    fact[FACT_LISTENER] = value_text(listener_name(config, envelope->direction));
    fact[FACT_DIRECTION] = value_integer(envelope->direction);
    if (envelope->ip.family)
        fact[FACT_CLIENT_IP] = value_ip(envelope->ip);
    if (envelope->helo.ptr)
        fact[FACT_HELO] = value_text(envelope->helo);
    struct slice from = sender_of(envelope);
    fact[FACT_SENDER] = from.len ? value_address(e->arena, from) : value_absent();
    fact[FACT_MESSAGE_NULL_SENDER] = value_bool(from.len == 0);
    helo_form(e->arena, config, fact[FACT_HELO].text, &fact[FACT_CLIENT_IP].ip, &not_known,
              &e->facts);
    recipient_facts(e);
    fact[FACT_MESSAGE_SIZE] = e->message >= 0 ? value_integer((int64_t)e->size) : (struct value){0};
    return e->facts.keyed != NULL;
}

static enum phase last_phase(const struct trial *e)
{
    return e->message >= 0 ? PHASE_MESSAGE : PHASE_RCPT;
}

/* What nobody was there to find out. */
static void settle_facts(struct trial *e, const struct config *config)
{
    for (int i = 0; i < PRODUCER_COUNT; i++) {
        const struct producer_info *info = producer_info((enum producer)i);
        if (info->asks != ASKS_NOBODY && info->phase <= last_phase(e))
            facts_fail(&e->facts, (enum producer)i, config->policy);
    }
}

/* ---- the verdict ---- */

static void turn(void *ctx, size_t recipient)
{
    struct trial *e = ctx;
    e->facts.fact[FACT_RECIPIENT] = value_address(e->arena, e->envelope.recipients[recipient]);
}

/* False: out of memory. */
static bool convene(struct trial *e, const struct config *config, struct judge *judge)
{
    size_t count = e->envelope.recipient_count;
    *judge = (struct judge){.policy = config->policy,
                            .facts = &e->facts,
                            .through = last_phase(e),
                            .arena = e->arena,
                            .verdicts = arena_array(e->arena, count, sizeof *judge->verdicts),
                            .count = count,
                            .turn = turn,
                            .ctx = e};
    e->verdicts = arena_array(e->arena, count, sizeof *e->verdicts);
    e->verdict_count = count;
    for (size_t i = 0; judge->verdicts && e->verdicts && i < count; i++)
        judge->verdicts[i] = &e->verdicts[i];
    return judge->verdicts && e->verdicts;
}

static void too_big(struct trial *e)
{
    e->verdict = (struct verdict){.rule = -1,
                                  .unknown = -1,
                                  .action = ACTION_REJECT,
                                  .code = 552,
                                  .enhanced = SLICE("5.3.4"),
                                  .text = SLICE("message too big")};
}

static void settle(struct trial *e, const struct ruling *ruling)
{
    e->differing = ruling->kind == RULING_SPLIT;
    e->verdict = *ruling->verdict;
    e->verdict.action = ruling->action;
    e->verdict.code = ruling->code;
    e->verdict.enhanced = ruling->enhanced;
    e->verdict.text = ruling->text;
}

bool trial_decide(struct trial *e, const struct config *config)
{
    struct judge judge;
    if (e->too_big) {
        too_big(e);
        return true;
    }
    settle_facts(e, config);
    if (!convene(e, config, &judge) || !judge_each(&judge))
        return false;
    turn(e, 0);
    struct ruling ruling = judge_together(&judge, e->parts, e->part_count, e->size);
    settle(e, &ruling);
    return true;
}
