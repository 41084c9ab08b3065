/* SPDX-License-Identifier: ISC */
#include "console/sender.h"

#include "filters/blocklists.h"
#include "filters/client_names.h"

enum { OF_THE_ENVELOPE = 3, ROUNDS_MAX = 100 };

enum step { CLIENT_NAMES, HELO_NAMES, CLIENT_LISTS, SENDER_LISTS, MESSAGE_LISTS, STEPS };

/* ---- domains ---- */

static struct slice domain_of(const struct value *address)
{
    if (address->state != VALUE_KNOWN)
        return SLICE("");
    return slice_from(address->text, slice_rfind(address->text, '@') + 1);
}

static bool holds(const struct value *value)
{
    return value->state == VALUE_KNOWN && value->truth;
}

static struct slice text_if(bool wanted, const struct value *value)
{
    return wanted && value->state == VALUE_KNOWN ? value->text : SLICE("");
}

static void envelope_domains(const struct examination *e, struct slice out[static OF_THE_ENVELOPE])
{
    const struct value *fact = e->facts.fact;
    bool named = holds(&fact[FACT_HELO_VALID]) && !holds(&fact[FACT_HELO_LITERAL]);
    out[0] = text_if(named, &fact[FACT_HELO]);
    out[1] = domain_of(&fact[FACT_SENDER]);
    out[2] = text_if(holds(&fact[FACT_CLIENT_FCRDNS]), &fact[FACT_CLIENT_PTR]);
}

static size_t count_of(const struct value *list)
{
    return list->state == VALUE_KNOWN ? list->list.count : 0;
}

/* Those, of every author, and what the body points to; NULL: out of memory. */
static struct slice *message_domains(const struct examination *e, size_t *count)
{
    const struct value *authors = &e->facts.fact[FACT_MESSAGE_FROM_ALL];
    const struct value *links = &e->facts.fact[FACT_MESSAGE_DOMAINS];
    size_t n = OF_THE_ENVELOPE;
    struct slice *domains =
        arena_array(e->arena, n + count_of(authors) + count_of(links), sizeof *domains);
    if (!domains)
        return NULL;
    envelope_domains(e, domains);
    for (size_t i = 0; i < count_of(authors); i++)
        domains[n++] = domain_of(&authors->list.items[i]);
    for (size_t i = 0; i < count_of(links); i++)
        domains[n++] = text_if(true, &links->list.items[i]);
    *count = n;
    return domains;
}

/* ---- steps ---- */

static bool look_up_message(struct examination *e, const struct config *config)
{
    size_t count;
    const struct slice *domains = message_domains(e, &count);
    return domains && blocklists_message(e->arena, e->dns, config, 0, domains, count, &e->facts);
}

static bool look_up(struct examination *e, const struct config *config, enum step step)
{
    const struct ip *client = &e->facts.fact[FACT_CLIENT_IP].ip;
    struct slice domains[OF_THE_ENVELOPE];
    switch (step) {
    case CLIENT_NAMES:
        return client_names(e->arena, e->dns, client, &e->facts);
    case HELO_NAMES:
        return helo_names(e->arena, e->dns, client, e->facts.fact[FACT_HELO].text, &e->facts);
    case CLIENT_LISTS:
        return blocklists_client(e->arena, e->dns, config, 0, client, &e->facts);
    case SENDER_LISTS:
        envelope_domains(e, domains);
        return blocklists_sender(e->arena, e->dns, config, 0, domains, OF_THE_ENVELOPE, &e->facts);
    default:
        return look_up_message(e, config);
    }
}

static const struct {
    enum producer producer;
    unsigned needs; /* bits of steps */
    bool message;   /* its own facts */
} steps[STEPS] = {
    [CLIENT_NAMES] = {PRODUCER_CLIENT, 0, false},
    [HELO_NAMES] = {PRODUCER_CLIENT, 0, false},
    [CLIENT_LISTS] = {PRODUCER_DNSBL, 0, false},
    [SENDER_LISTS] = {PRODUCER_SENDER_DOMAINS, 1U << CLIENT_NAMES, false},
    [MESSAGE_LISTS] = {PRODUCER_DOMAINS, 1U << CLIENT_NAMES, true},
};

static bool is_due(const struct examination *e, enum step step)
{
    bool knows_message = e->facts.fact[FACT_MESSAGE_DOMAINS].state == VALUE_KNOWN;
    return !(e->looked_up & 1U << step) && (steps[step].needs & ~e->looked_up) == 0 &&
           (!steps[step].message || knows_message);
}

/* Facts that were filled after a miss are filled again in the next round. */
static void advance(struct examination *e, const struct config *config, enum step step)
{
    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        dns_answers_restart(e->dns);
        if (!look_up(e, config, step))
            break;
        size_t count;
        const struct dns_wanted *wanted = dns_wanted(e->dns, &count);
        if (!dns_missed(e->dns)) {
            e->looked_up |= 1U << step;
            return;
        }
        if (inquiry_ask(&e->inquiry, wanted, count) > 0)
            return;
    }
    facts_fail(&e->facts, steps[step].producer, config->policy);
    e->looked_up |= 1U << step;
}

void sender_advance(struct examination *e, const struct config *config)
{
    if (!e->dns || e->inquiry.pending)
        return;
    for (enum step step = 0; step < STEPS; step++)
        if (is_due(e, step))
            advance(e, config, step);
}

void sender_for_scanner(const struct examination *e, const struct config *config,
                        struct scan_sender *out)
{
    const struct value *fact = e->facts.fact;
    *out = (struct scan_sender){.client = fact[FACT_CLIENT_IP].ip,
                                .helo = fact[FACT_HELO].text,
                                .sender = text_if(true, &fact[FACT_SENDER]),
                                .receiver = config->hostname,
                                .now = e->envelope.time};
}
