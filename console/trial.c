/* SPDX-License-Identifier: ISC */
#include "console/trial.h"

#include "base/clock.h"
#include "filters/dns/client_names.h"
#include "filters/moment.h"
#include "filters/origin.h"
#include "policy/spelling.h"

#include <unistd.h>

enum { ARENA_MAX = 64 * 1024 * 1024 };

static void begin(struct trial *e, struct arena *arena)
{
    *e = (struct trial){.arena = arena, .message = -1};
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        e->sockets[kind] = -1;
}

bool trial_init(struct trial *e)
{
    begin(e, arena_new(ARENA_MAX));
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
    begin(e, arena);
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

static bool is_among(const struct value *items, size_t count, struct slice recipient)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq(items[i].text, recipient))
            return true;
    return false;
}

/* <postmaster> without a domain means ours: the first (RFC 5321 4.5.1). */
static struct slice completed(struct trial *e, const struct config *config, struct slice recipient)
{
    bool alone = slice_ieq(recipient, SLICE("postmaster")) && config->domain_count;
    return alone ? arena_printf(e->arena, "%.*s@%.*s", SLICE_ARGS(recipient),
                                SLICE_ARGS(config->domains[0].name.text))
                 : recipient;
}

/* Each once, however often it is named. */
static void recipient_facts(struct trial *e, const struct config *config)
{
    const struct slice usual = fact_baseline(FACT_RECIPIENT).text;
    struct envelope *envelope = &e->envelope;
    size_t given = envelope->recipient_count, count = 0;
    struct value *items = arena_array(e->arena, given + 1, sizeof *items);
    for (size_t i = 0; items && i < given; i++) {
        struct slice recipient = completed(e, config, envelope->recipients[i]);
        items[count] = value_address(e->arena, recipient);
        count += !is_among(items, count, items[count].text);
    }
    if (items && given == 0)
        items[count++] = value_text(usual);
    e->facts.fact[FACT_RECIPIENTS] =
        (struct value){.state = items ? VALUE_KNOWN : VALUE_UNKNOWN, .list = {items, count, false}};
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
    facts_absent(&e->facts, PRODUCER_LOGIN, config->policy);
    facts_absent(&e->facts, PRODUCER_LOGIN_FAILURES, config->policy);
    facts_absent(&e->facts, PRODUCER_LOGIN_AUTHOR, config->policy);
    if (envelope->direction == DIRECTION_OUTBOUND)
        facts_no_stranger(&e->facts, config->policy);
    else
        facts_none_of_ours(&e->facts, config->policy);
    moment_facts(config, envelope->time, &e->facts);
    fact[FACT_LISTENER] = value_text(listener_name(config, envelope->direction));
    fact[FACT_PROTOCOL] = value_integer(PROTOCOL_SMTP); /* whose envelope it is */
    fact[FACT_DIRECTION] = value_integer(envelope->direction);
    if (envelope->ip.family)
        fact[FACT_CLIENT_IP] = value_ip(envelope->ip);
    origin_facts(config, &fact[FACT_CLIENT_IP].ip, &e->facts);
    if (envelope->helo.ptr)
        fact[FACT_HELO] = value_text(envelope->helo);
    struct slice from = sender_of(envelope);
    fact[FACT_SENDER] = from.len ? value_address(e->arena, from) : value_absent();
    fact[FACT_ACCOUNT_NAME] =
        envelope->direction == DIRECTION_OUTBOUND ? fact[FACT_SENDER] : value_absent();
    fact[FACT_MESSAGE_NULL_SENDER] = value_bool(from.len == 0);
    helo_form(e->arena, config, fact[FACT_HELO].text, &fact[FACT_CLIENT_IP].ip, &not_known,
              &e->facts);
    recipient_facts(e, config);
    if (e->message < 0)
        fact[FACT_MESSAGE_RELEASED] = (struct value){0};
    fact[FACT_MESSAGE_SIZE] = e->message >= 0 ? value_integer((int64_t)e->size) : (struct value){0};
    return e->facts.keyed != NULL;
}
