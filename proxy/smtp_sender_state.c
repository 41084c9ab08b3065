/* SPDX-License-Identifier: ISC
 * What Redis remembers of a sender, asked and told over one transaction. */
#include "proxy/smtp_study.h"

#include "filters/dmarc.h"
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

struct slice sender_authenticated(const struct session *s)
{
    const struct value *spf = &s->t.facts.fact[FACT_SPF_RESULT],
                       *domain = &s->t.facts.fact[FACT_SPF_DOMAIN];
    bool passed =
        spf->state == VALUE_KNOWN && spf->integer == SPF_PASS && domain->state == VALUE_KNOWN;
    return passed ? domain->text : SLICE("");
}

static struct state_sender who(const struct session *s, struct slice recipient)
{
    return (struct state_sender){.client = s->client,
                                 .sender = s->t.sender.spelled,
                                 .recipient = recipient,
                                 .authenticated = sender_authenticated(s)};
}

/* ---- asking ---- */

void sender_state_failed(struct session *s, enum phase phase)
{
    size_t count;
    const struct policy_key *keys = policy_keys(policy_of(s), &count);
    struct facts *facts = &s->t.facts;
    facts_fail(facts, PRODUCER_HISTORY, policy_of(s));
    if (phase >= PHASE_RCPT)
        facts_fail(facts, PRODUCER_GREYLIST, policy_of(s));
    for (size_t i = 0; facts->keyed && i < count; i++)
        if (keys[i].fact == FACT_RATE && policy_key_phase(&keys[i]) <= phase &&
            facts->keyed[i].state == VALUE_PENDING)
            facts->keyed[i] = value_unknown();
}

/* Once the client's names are known, which it may be counted by. */
static void count_transaction(struct session *s)
{
    struct transaction *t = &s->t;
    if (t->counted || !s->proxy->counts[RATE_TRANSACTIONS] || !client_study_done(s, PHASE_HELO))
        return;
    t->counted = true;
    state_rates(t->state, RATE_TRANSACTIONS);
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
        state_history(t->state, t->sender.spelled);
    count_transaction(s);
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
        if (keys[i].fact == FACT_RATE && policy_key_phase(&keys[i]) == PHASE_RCPT)
            facts->keyed[i] = (struct value){0};
}

void recipient_state_begin(struct session *s, const struct recipient *r)
{
    struct transaction *t = &s->t;
    t->facts.fact[FACT_RECIPIENT] = value_text(r->path.spelled);
    forget(s);
    if (!t->state) {
        sender_state_failed(s, PHASE_RCPT);
        return;
    }
    struct state_sender sender = who(s, r->path.spelled);
    if (s->proxy->wants[PRODUCER_GREYLIST])
        state_greylist(t->state, &sender);
    count_transaction(s);
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
        if (keys[i].fact == FACT_RATE && policy_key_phase(&keys[i]) == PHASE_RCPT)
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

/* Who it is that was let through: the domain that SPF passed for, else the one that signed. */
static void accepted(struct session *s)
{
    const struct value *fact = s->t.facts.fact, *aligned = &fact[FACT_DMARC_DKIM_ALIGNED];
    struct state_sender sender = who(s, s->t.recipients[0].path.spelled);
    if (sender.authenticated.len == 0 && aligned->state == VALUE_KNOWN && aligned->truth &&
        fact[FACT_DMARC_DOMAIN].state == VALUE_KNOWN)
        sender.authenticated = fact[FACT_DMARC_DOMAIN].text;
    state_accepted(s->proxy->state, &sender);
}

/* What was done because of DMARC, in the words of its reports. */
static const char *disposition(const struct facts *facts, bool taken)
{
    const struct value *result = &facts->fact[FACT_DMARC_RESULT],
                       *policy = &facts->fact[FACT_DMARC_POLICY];
    if (result->integer != DMARC_FAIL || policy->state != VALUE_KNOWN)
        return "none";
    if (policy->integer == DMARC_POLICY_REJECT && !taken)
        return "reject";
    return policy->integer == DMARC_POLICY_QUARANTINE && taken ? "quarantine" : "none";
}

/* A deferred message comes again, and is counted then. */
void sender_state_end(struct session *s, const char *verdict)
{
    const struct proxy *proxy = s->proxy;
    bool taken = strcmp(verdict, "accept") == 0;
    if (!proxy->state || strcmp(verdict, "defer") == 0)
        return;
    if (proxy->wants[PRODUCER_AUTHENTICATION] &&
        s->t.facts.fact[FACT_DMARC_RESULT].state == VALUE_KNOWN)
        state_dmarc(proxy->state, &s->t.facts, disposition(&s->t.facts, taken));
    if (remembers_senders(proxy) && taken && s->t.recipient_count)
        accepted(s);
}
