/* SPDX-License-Identifier: ISC
 * What Redis remembers of a sender, asked and told over one transaction. */
#include "proxy/smtp_study.h"

#include "filters/spf.h"

#include <string.h>

static const enum fact greylist_facts[] = {FACT_GREYLIST_KNOWN, FACT_GREYLIST_FIRST_SEEN,
                                           FACT_GREYLIST_WAIT};
enum { GREYLIST_FACTS = sizeof greylist_facts / sizeof *greylist_facts };

static const struct policy *policy_of(const struct session *s)
{
    return s->proxy->config->policy;
}

static void on_state(void *ctx)
{
    session_settle(ctx);
}

static struct state_sender who(const struct session *s, struct slice recipient)
{
    const struct value *spf = &s->t.facts.fact[FACT_SPF_RESULT],
                       *domain = &s->t.facts.fact[FACT_SPF_DOMAIN];
    bool passed =
        spf->state == VALUE_KNOWN && spf->integer == SPF_PASS && domain->state == VALUE_KNOWN;
    return (struct state_sender){.client = s->client,
                                 .sender = s->t.sender.address,
                                 .recipient = recipient,
                                 .authenticated = passed ? domain->text : SLICE("")};
}

/* ---- asking ---- */

void sender_state_failed(struct session *s)
{
    facts_fail(&s->t.facts, PRODUCER_GREYLIST, policy_of(s));
    facts_fail(&s->t.facts, PRODUCER_HISTORY, policy_of(s));
    facts_fail(&s->t.facts, PRODUCER_RATE, policy_of(s));
}

void sender_state_begin(struct session *s)
{
    const struct proxy *proxy = s->proxy;
    struct transaction *t = &s->t;
    if (proxy->state)
        t->state = state_begin(proxy->state, s->mail, &t->facts, on_state, s);
    if (!t->state)
        return;
    if (proxy->wants[PRODUCER_HISTORY])
        state_history(t->state, t->sender.address);
    if (proxy->counts[RATE_TRANSACTIONS])
        state_rates(t->state, RATE_TRANSACTIONS);
}

static bool counts_recipients(const struct session *s)
{
    return s->proxy->counts[RATE_RECIPIENTS] || s->proxy->counts[RATE_UNKNOWN_RECIPIENTS];
}

/* The values of the recipient before are not this one's. */
static void forget(struct session *s)
{
    size_t count;
    const struct policy_key *keys = policy_keys(policy_of(s), &count);
    struct facts *facts = &s->t.facts;
    for (int i = 0; i < GREYLIST_FACTS; i++)
        facts->fact[greylist_facts[i]] = (struct value){0};
    for (size_t i = 0; facts->keyed && i < count; i++)
        if (keys[i].fact == FACT_RATE && keys[i].event == RATE_RECIPIENTS)
            facts->keyed[i] = (struct value){0};
}

void recipient_state_begin(struct session *s, const struct recipient *r)
{
    struct transaction *t = &s->t;
    t->facts.fact[FACT_RECIPIENT] = value_text(r->path.address);
    forget(s);
    if (!t->state) {
        sender_state_failed(s);
        return;
    }
    struct state_sender sender = who(s, r->path.address);
    if (s->proxy->wants[PRODUCER_GREYLIST])
        state_greylist(t->state, &sender);
    if (s->proxy->counts[RATE_RECIPIENTS])
        state_rates(t->state, RATE_RECIPIENTS);
    if (s->proxy->counts[RATE_UNKNOWN_RECIPIENTS])
        state_rates(t->state, RATE_UNKNOWN_RECIPIENTS);
}

void recipient_state_keep(struct session *s, struct recipient *r)
{
    size_t count;
    policy_keys(policy_of(s), &count);
    const struct facts *facts = &s->t.facts;
    for (int i = 0; i < GREYLIST_FACTS; i++)
        r->known.greylist[i] = facts->fact[greylist_facts[i]];
    if (!counts_recipients(s) || !facts->keyed)
        return;
    r->known.keyed = arena_array(s->mail, count, sizeof *r->known.keyed);
    if (r->known.keyed)
        memcpy(r->known.keyed, facts->keyed, count * sizeof *facts->keyed);
}

void recipient_state_recall(struct session *s, const struct recipient *r)
{
    size_t count;
    const struct policy_key *keys = policy_keys(policy_of(s), &count);
    struct facts *facts = &s->t.facts;
    for (int i = 0; i < GREYLIST_FACTS; i++)
        facts->fact[greylist_facts[i]] = r->known.greylist[i];
    for (size_t i = 0; facts->keyed && r->known.keyed && i < count; i++)
        if (keys[i].fact == FACT_RATE &&
            (keys[i].event == RATE_RECIPIENTS || keys[i].event == RATE_UNKNOWN_RECIPIENTS))
            facts->keyed[i] = r->known.keyed[i];
}

/* ---- telling ---- */

void recipient_state_unknown(struct session *s)
{
    if (s->proxy->state && s->proxy->counts[RATE_UNKNOWN_RECIPIENTS])
        state_unknown_recipient(s->proxy->state, &s->t.facts);
}

static bool remembers_senders(const struct proxy *proxy)
{
    return proxy->wants[PRODUCER_GREYLIST] || proxy->wants[PRODUCER_HISTORY];
}

static void accepted(struct session *s)
{
    const struct transaction *t = &s->t;
    const struct value *aligned = &t->facts.fact[FACT_DMARC_DKIM_ALIGNED];
    for (size_t i = 0; i < t->recipient_count; i++) {
        struct state_sender sender = who(s, t->recipients[i].path.address);
        if (sender.authenticated.len == 0 && aligned->state == VALUE_KNOWN && aligned->truth &&
            t->facts.fact[FACT_DMARC_DOMAIN].state == VALUE_KNOWN)
            sender.authenticated = t->facts.fact[FACT_DMARC_DOMAIN].text;
        if (t->recipients[i].verdict.action == ACTION_ACCEPT)
            state_accepted(s->proxy->state, &sender);
    }
}

void sender_state_end(struct session *s, const char *verdict)
{
    const struct proxy *proxy = s->proxy;
    if (!proxy->state)
        return;
    if (proxy->wants[PRODUCER_AUTHENTICATION] &&
        s->t.facts.fact[FACT_DMARC_RESULT].state == VALUE_KNOWN)
        state_dmarc(proxy->state, &s->t.facts, verdict);
    if (remembers_senders(proxy) && strcmp(verdict, "accept") == 0)
        accepted(s);
}
