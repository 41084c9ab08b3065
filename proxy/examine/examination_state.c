/* SPDX-License-Identifier: ISC
 * What Redis remembers of a sender, asked and told over one transaction. */
#include "proxy/examine/examination.h"

#include "filters/sender/dmarc.h"
#include "filters/sender/spf.h"
#include "proxy/examine/answered.h"

#include <string.h>

static const enum fact greylist_facts[] = {FACT_GREYLIST_KNOWN, FACT_GREYLIST_FIRST_SEEN,
                                           FACT_GREYLIST_WAIT};
enum {
    GREYLIST_FACTS = sizeof greylist_facts / sizeof *greylist_facts,
    NETWORK_LEAST = 8, /* bits; what is wider belongs to nobody */
};

static const struct policy *policy_of(const struct examination *e)
{
    return e->proxy->config->policy;
}

static void on_state(void *ctx)
{
    struct examination *e = ctx;
    e->owner->changed(e->ctx);
}

/* "+all", "ip4:0.0.0.0/1", "a//0": who passes by such a term is anybody. */
static bool lets_anybody_pass(struct slice term)
{
    uint64_t bits;
    struct slice length = slice_from(term, slice_rfind(term, '/') + 1);
    return slice_ieq(term, SLICE("all")) || slice_ieq(term, SLICE("+all")) ||
           (length.len && slice_to_u64(length, UINT8_MAX, &bits) && bits < NETWORK_LEAST);
}

struct slice examination_authenticated(const struct examination *e)
{
    const struct value *spf = &e->facts.fact[FACT_SPF_RESULT],
                       *domain = &e->facts.fact[FACT_SPF_DOMAIN],
                       *term = &e->facts.fact[FACT_SPF_MECHANISM];
    bool passed = spf->state == VALUE_KNOWN && spf->integer == SPF_PASS &&
                  domain->state == VALUE_KNOWN &&
                  !(term->state == VALUE_KNOWN && lets_anybody_pass(term->text));
    return passed ? domain->text : SLICE("");
}

/* As it is spelled; empty: the null sender. */
static struct slice sender_of(const struct examination *e)
{
    const struct value *sender = &e->facts.fact[FACT_SENDER];
    return sender->state == VALUE_KNOWN ? sender->text : SLICE("");
}

static struct state_sender who(const struct examination *e, struct slice recipient)
{
    return (struct state_sender){.client = e->study.from.client,
                                 .sender = sender_of(e),
                                 .recipient = recipient,
                                 .authenticated = examination_authenticated(e)};
}

/* What SPF asks about (RFC 7208 2.4). */
static struct slice to_be_proven(const struct examination *e)
{
    struct slice sender = e->study.from.sender;
    return sender.len ? slice_from(sender, slice_rfind(sender, '@') + 1) : e->study.from.helo;
}

/* ---- asking ---- */

void examination_state_failed(struct examination *e, enum phase phase)
{
    size_t count;
    const struct policy_key *keys = policy_keys(policy_of(e), &count);
    struct facts *facts = &e->facts;
    facts_fail(facts, PRODUCER_HISTORY, policy_of(e));
    if (phase >= PHASE_RCPT) {
        facts_fail(facts, PRODUCER_GREYLIST, policy_of(e));
        facts_fail(facts, PRODUCER_CONTACT, policy_of(e));
        facts_fail(facts, PRODUCER_ANSWERED, policy_of(e));
    }
    if (phase >= PHASE_MESSAGE) {
        facts_fail(facts, PRODUCER_CAMPAIGN, policy_of(e));
        facts_fail(facts, PRODUCER_REPORTED, policy_of(e));
        facts_fail(facts, PRODUCER_ANSWERED_AUTHOR, policy_of(e));
        facts_fail(facts, PRODUCER_REPLY, policy_of(e));
        facts_fail(facts, PRODUCER_ACCOUNT, policy_of(e));
    }
    for (size_t i = 0; facts->keyed && i < count; i++)
        if (keys[i].fact == FACT_RATE && policy_key_phase(&keys[i]) <= phase &&
            facts->keyed[i].state == VALUE_PENDING)
            facts->keyed[i] = value_unknown();
}

/* Once the client's names are known, which it may be counted by. */
static void count_transaction(struct examination *e)
{
    if (e->counted || !e->proxy->counts[RATE_TRANSACTIONS] ||
        !client_study_done(e->client, PHASE_HELO))
        return;
    e->counted = true;
    state_rates(e->state, RATE_TRANSACTIONS);
}

void examination_state_begin(struct examination *e)
{
    if (e->proxy->state)
        e->state = state_begin(e->proxy->state, e->arena, &e->facts, on_state, e);
    if (!e->state)
        return;
    if (e->wants[PRODUCER_HISTORY])
        state_history(e->state, sender_of(e));
    count_transaction(e);
}

static bool counts_recipients(const struct examination *e)
{
    return e->proxy->counts[RATE_RECIPIENTS] || e->proxy->counts[RATE_UNKNOWN_RECIPIENTS];
}

/* The values of the recipient before are not this one's. */
static void forget(struct examination *e)
{
    size_t count;
    const struct policy_key *keys = policy_keys(policy_of(e), &count);
    struct facts *facts = &e->facts;
    for (int i = 0; e->wants[PRODUCER_GREYLIST] && i < GREYLIST_FACTS; i++)
        facts->fact[greylist_facts[i]] = (struct value){0};
    e->proven_first_seen = (struct value){0};
    if (e->wants[PRODUCER_CONTACT])
        facts->fact[FACT_SENDER_FIRST_CONTACT] = (struct value){0};
    if (e->wants[PRODUCER_ANSWERED])
        facts->fact[FACT_SENDER_ANSWERED] = (struct value){0};
    for (size_t i = 0; facts->keyed && i < count; i++)
        if (keys[i].fact == FACT_RATE && policy_key_phase(&keys[i]) == PHASE_RCPT)
            facts->keyed[i] = (struct value){0};
}

void examination_greylist(struct examination *e, struct slice recipient)
{
    struct state_sender sender = who(e, recipient);
    bool unproven = examination_spf_waits(e);
    for (int i = 0; i < GREYLIST_FACTS; i++)
        e->facts.fact[greylist_facts[i]] = (struct value){0};
    e->proven_first_seen = (struct value){0};
    if (unproven)
        sender.authenticated = to_be_proven(e);
    sender.unproven = unproven && sender.authenticated.len;
    state_greylist(e->state, &sender, sender.unproven ? &e->proven_first_seen : NULL);
}

void examination_recipient(struct examination *e, struct slice recipient)
{
    e->facts.fact[FACT_RECIPIENT] = value_text(recipient);
    forget(e);
    if (!e->state) {
        examination_state_failed(e, PHASE_RCPT);
        return;
    }
    if (e->wants[PRODUCER_GREYLIST])
        examination_greylist(e, recipient);
    if (e->wants[PRODUCER_CONTACT])
        state_contact(e->state, sender_of(e), recipient);
    answered_ask_sender(e, recipient);
    count_transaction(e);
    if (e->proxy->counts[RATE_RECIPIENTS])
        state_rates(e->state, RATE_RECIPIENTS);
    if (e->proxy->counts[RATE_UNKNOWN_RECIPIENTS])
        state_rates(e->state, RATE_UNKNOWN_RECIPIENTS);
}

void examination_keep_recipient(const struct examination *e, struct arena *arena,
                                struct recipient_facts *known)
{
    size_t count;
    policy_keys(policy_of(e), &count);
    const struct facts *facts = &e->facts;
    for (int i = 0; i < GREYLIST_FACTS; i++)
        known->greylist[i] = facts->fact[greylist_facts[i]];
    known->proven_first_seen = e->proven_first_seen;
    known->first_contact = facts->fact[FACT_SENDER_FIRST_CONTACT];
    known->answered = facts->fact[FACT_SENDER_ANSWERED];
    known->bounce_tag = facts->fact[FACT_BOUNCE_TAG];
    if (!counts_recipients(e) || !facts->keyed)
        return;
    known->keyed = arena_array(arena, count, sizeof *known->keyed);
    if (known->keyed)
        memcpy(known->keyed, facts->keyed, count * sizeof *facts->keyed);
}

static bool was_proven(const struct examination *e, const struct recipient_facts *known)
{
    return known->proven_first_seen.state == VALUE_KNOWN && examination_authenticated(e).len;
}

void examination_met_again(struct examination *e, struct slice recipient,
                           const struct recipient_facts *known)
{
    struct state_sender sender = who(e, recipient);
    if (was_proven(e, known))
        state_met_again(e->proxy->state, &sender);
}

void examination_recall_recipient(struct examination *e, struct slice recipient,
                                  const struct recipient_facts *known)
{
    e->facts.fact[FACT_RECIPIENT] = value_text(recipient);
    size_t count;
    const struct policy_key *keys = policy_keys(policy_of(e), &count);
    struct facts *facts = &e->facts;
    for (int i = 0; i < GREYLIST_FACTS; i++)
        facts->fact[greylist_facts[i]] = known->greylist[i];
    if (was_proven(e, known))
        facts->fact[FACT_GREYLIST_FIRST_SEEN] = known->proven_first_seen;
    facts->fact[FACT_SENDER_FIRST_CONTACT] = known->first_contact;
    facts->fact[FACT_SENDER_ANSWERED] = known->answered;
    facts->fact[FACT_BOUNCE_TAG] = known->bounce_tag;
    for (size_t i = 0; facts->keyed && known->keyed && i < count; i++)
        if (keys[i].fact == FACT_RATE && policy_key_phase(&keys[i]) == PHASE_RCPT)
            facts->keyed[i] = known->keyed[i];
}

/* ---- what people have said ---- */

void examination_recipients(struct examination *e, size_t count,
                            struct slice (*spelled)(void *ctx, size_t number), void *ctx)
{
    if (!e->wants[PRODUCER_REPORTED] && !e->wants[PRODUCER_ANSWERED_AUTHOR] &&
        !e->wants[PRODUCER_ACCOUNT])
        return;
    e->recipients = arena_array(e->arena, count, sizeof *e->recipients);
    e->recipient_count = e->recipients ? count : 0;
    for (size_t i = 0; i < e->recipient_count; i++)
        e->recipients[i] =
            (struct state_recipient){spelled(ctx, i), value_unknown(), value_unknown()};
}

void examination_recall_told(struct examination *e, size_t number)
{
    bool known = number < e->recipient_count;
    if (e->wants[PRODUCER_REPORTED])
        e->facts.fact[FACT_REPORTED_BY_RECIPIENT] =
            known ? e->recipients[number].reported : value_unknown();
    if (e->wants[PRODUCER_ANSWERED_AUTHOR])
        e->facts.fact[FACT_FROM_ANSWERED] =
            known ? e->recipients[number].answered : value_unknown();
}

static struct slice from_of(const struct examination *e)
{
    const struct value *from = &e->facts.fact[FACT_MESSAGE_FROM];
    return from->state == VALUE_KNOWN ? from->text : SLICE("");
}

/* Nothing is learnt, or not yet: there are no opinions to be asked for. */
static void nobody_has_said_anything(struct examination *e)
{
    facts_absent(&e->facts, PRODUCER_CAMPAIGN, policy_of(e));
    for (size_t i = 0; i < e->recipient_count; i++)
        e->recipients[i].reported = value_absent();
}

void examination_campaign(struct examination *e, const struct campaign_sketch *sketch)
{
    const bool *wants = e->wants;
    if (e->banners_only || (!wants[PRODUCER_CAMPAIGN] && !wants[PRODUCER_REPORTED]))
        return;
    if (!e->state) {
        examination_state_failed(e, PHASE_MESSAGE);
        return;
    }
    if (!sketch->made) {
        nobody_has_said_anything(e);
        return;
    }
    bool counts = wants[PRODUCER_CAMPAIGN] && sketch->text;
    if (wants[PRODUCER_CAMPAIGN] && !sketch->text)
        e->facts.fact[FACT_CAMPAIGN_SEEN] = value_number(0);
    size_t asking = wants[PRODUCER_REPORTED] ? e->recipient_count : 0;
    if (counts || asking)
        state_campaign(e->state, &(struct state_campaign){.sketch = sketch,
                                                          .author = from_of(e),
                                                          .counts = counts,
                                                          .recipients = e->recipients,
                                                          .count = asking});
}

/* ---- telling ---- */

void examination_unknown_recipient(struct examination *e)
{
    if (e->proxy->state && e->proxy->counts[RATE_UNKNOWN_RECIPIENTS])
        state_unknown_recipient(e->proxy->state, &e->facts);
}

void examination_delivered(struct examination *e, const struct slice *recipients, size_t count)
{
    if (e->proxy->state && e->wants[PRODUCER_CONTACT])
        state_met(e->proxy->state, sender_of(e), recipients, count);
}

static bool remembers_senders(const struct examination *e)
{
    return e->wants[PRODUCER_GREYLIST] || e->wants[PRODUCER_HISTORY];
}

/* Who it is that was let through: the domain that SPF passed for, else the one that signed. */
static void accepted(struct examination *e, struct slice recipient)
{
    const struct value *fact = e->facts.fact, *aligned = &fact[FACT_DMARC_DKIM_ALIGNED];
    struct state_sender sender = who(e, recipient);
    if (sender.authenticated.len == 0 && aligned->state == VALUE_KNOWN && aligned->truth &&
        fact[FACT_DMARC_DOMAIN].state == VALUE_KNOWN)
        sender.authenticated = fact[FACT_DMARC_DOMAIN].text;
    state_accepted(e->proxy->state, &sender);
}

/* What was done because of DMARC, in the words of its reports. */
static const char *disposition(const struct facts *facts, const char *verdict)
{
    bool held = strcmp(verdict, "quarantine") == 0;
    bool taken = strcmp(verdict, "accept") == 0 || strcmp(verdict, "redirect") == 0;
    const struct value *result = &facts->fact[FACT_DMARC_RESULT],
                       *policy = &facts->fact[FACT_DMARC_POLICY];
    if (result->integer != DMARC_FAIL || policy->state != VALUE_KNOWN)
        return "none";
    if (held)
        return "quarantine";
    return policy->integer == DMARC_POLICY_REJECT && !taken ? "reject" : "none";
}

/* A deferred message comes again, and is counted then. */
void examination_remember(struct examination *e, const char *verdict, struct slice recipient)
{
    const struct proxy *proxy = e->proxy;
    bool taken = strcmp(verdict, "accept") == 0;
    if (!proxy->state || strcmp(verdict, "defer") == 0)
        return;
    if (e->wants[PRODUCER_AUTHENTICATION] && e->facts.fact[FACT_DMARC_RESULT].state == VALUE_KNOWN)
        state_dmarc(proxy->state, &e->facts, disposition(&e->facts, verdict));
    if (remembers_senders(e) && taken)
        accepted(e, recipient);
}
