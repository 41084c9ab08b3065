/* SPDX-License-Identifier: ISC */
#include "console/examination.h"

#include "base/clock.h"
#include "filters/client_names.h"
#include "policy/spelling.h"

#include <unistd.h>

enum { ARENA_MAX = 64 * 1024 * 1024 };

bool examination_init(struct examination *e)
{
    *e = (struct examination){.arena = arena_new(ARENA_MAX), .message = -1, .sockets = {-1, -1}};
    return e->arena != NULL;
}

void examination_reset(struct examination *e)
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
    *e = (struct examination){.arena = arena, .message = -1, .sockets = {-1, -1}};
}

void examination_free(struct examination *e)
{
    if (!e->arena)
        return;
    examination_reset(e);
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

static void recipient_facts(struct examination *e)
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

bool examination_envelope(struct examination *e, const struct config *config)
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

static enum phase last_phase(const struct examination *e)
{
    return e->message >= 0 ? PHASE_MESSAGE : PHASE_RCPT;
}

/* What nobody was there to find out. */
static void settle_facts(struct examination *e, const struct config *config)
{
    for (int i = 0; i < PRODUCER_COUNT; i++) {
        const struct producer_info *info = producer_info((enum producer)i);
        if (info->asks != ASKS_NOBODY && info->phase <= last_phase(e))
            facts_fail(&e->facts, (enum producer)i, config->policy);
    }
}

/* ---- the verdict ---- */

static void refuse(struct verdict *v, enum action action, unsigned code, struct slice enhanced,
                   struct slice text)
{
    v->action = action;
    v->code = code;
    v->enhanced = enhanced;
    v->text = text;
}

/* An attachment inside a signed or encrypted part cannot be replaced by a notice. */
static bool cannot_strip(const struct examination *e, const struct verdict *v)
{
    for (size_t i = 0; i < v->edit_count; i++) {
        if (v->edits[i].kind != ACTION_STRIP)
            continue;
        size_t p = 0;
        while (p < e->part_count && e->parts[p].part != v->edits[i].part)
            p++;
        if (p == e->part_count || e->parts[p].sealed)
            return true;
    }
    return false;
}

static bool evaluate(struct examination *e, const struct config *config, size_t recipient)
{
    struct verdict *v = &e->verdicts[recipient];
    e->facts.fact[FACT_RECIPIENT] = value_address(e->arena, e->envelope.recipients[recipient]);
    enum outcome outcome = policy_evaluate(config->policy, &e->facts, last_phase(e), e->arena, v);
    if (outcome == OUTCOME_PENDING) /* nothing speaks against it so far */
        refuse(v, ACTION_ACCEPT, 250, SLICE(""), SLICE(""));
    return outcome != OUTCOME_NO_MEMORY;
}

/* Each recipient's own verdict is asked for when it can differ from the first one's. */
static bool may_differ(const struct examination *e, size_t recipient)
{
    const struct slice *to = e->envelope.recipients;
    return e->verdicts[0].per_recipient || is_postmaster(to[recipient]) != is_postmaster(to[0]);
}

static void settle(struct examination *e)
{
    e->verdict = e->verdicts[0];
    for (size_t i = 1; i < e->verdict_count; i++) {
        const struct verdict *v = &e->verdicts[i];
        e->differing |= !pipeline_same_fate(&e->verdicts[0], v);
        if (v->action == ACTION_ACCEPT && e->verdict.action != ACTION_ACCEPT)
            e->verdict = *v;
    }
    if (e->differing)
        refuse(&e->verdict, ACTION_DEFER, 451, SLICE("4.5.3"),
               SLICE("recipients fare differently, try again: they will be taken group by group"));
    else if (e->verdict.action == ACTION_ACCEPT && cannot_strip(e, &e->verdict))
        refuse(
            &e->verdict, ACTION_REJECT, 550, SLICE("5.7.1"),
            SLICE("a forbidden attachment cannot be taken out of a signed or encrypted message"));
    else if (!pipeline_is_refusal(&e->verdict))
        refuse(&e->verdict, e->verdict.action, 250, SLICE("2.0.0"), SLICE("accepted"));
}

bool examination_decide(struct examination *e, const struct config *config)
{
    e->verdict = (struct verdict){.rule = -1, .unknown = -1};
    if (e->too_big) {
        refuse(&e->verdict, ACTION_REJECT, 552, SLICE("5.3.4"), SLICE("message too big"));
        return true;
    }
    settle_facts(e, config);
    size_t count = e->envelope.recipient_count;
    e->verdicts = arena_array(e->arena, count, sizeof *e->verdicts);
    if (!e->verdicts || !evaluate(e, config, 0))
        return false;
    for (size_t i = 1; i < count; i++) {
        e->verdicts[i] = e->verdicts[0];
        if (may_differ(e, i) && !evaluate(e, config, i))
            return false;
    }
    e->facts.fact[FACT_RECIPIENT] = value_address(e->arena, e->envelope.recipients[0]);
    e->verdict_count = count;
    settle(e);
    return true;
}
