/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_facts.h"

#include "filters/dns/client_names.h"
#include "proxy/session/session_facts.h"
#include "proxy/smtp/smtp_login.h"
#include "proxy/smtp/smtp_owned.h"

/* What stays as it is over a transaction is told once: a client may name recipients without end, and
 * these take room. */

static bool is_told(const struct smtp_session *s, enum fact fact)
{
    return s->t->message.facts.fact[fact].state != VALUE_PENDING;
}

static void tell_login(struct smtp_session *s)
{
    const struct policy *policy = s->base.proxy->config->policy;
    if (is_told(s, FACT_LOGIN_USER))
        return;
    if (s->submitter) {
        smtp_login_facts(s, &s->t->message.facts);
        return;
    }
    facts_absent(&s->t->message.facts, PRODUCER_LOGIN, policy);
    facts_absent(&s->t->message.facts, PRODUCER_LOGIN_FAILURES, policy);
}

/* Of outbound mail nothing is asked about strangers. */
static void leave_out_others(struct smtp_session *s)
{
    struct facts *facts = &s->t->message.facts;
    const struct policy *policy = s->base.proxy->config->policy;
    if (s->base.listener->direction == DIRECTION_OUTBOUND && !is_told(s, FACT_SPF_RESULT))
        facts_no_stranger(facts, policy);
}

/* Not before their phase: when a rule is decided must not depend on what other rules look at then. */
static void leave_out_of_message(struct smtp_session *s)
{
    struct facts *facts = &s->t->message.facts;
    const struct policy *policy = s->base.proxy->config->policy;
    if (s->base.listener->direction != DIRECTION_OUTBOUND && !is_told(s, FACT_ACCOUNT_BURST))
        facts_none_of_ours(facts, policy);
    if (!s->submitter && !is_told(s, FACT_LOGIN_OWNS_FROM))
        facts_absent(facts, PRODUCER_LOGIN_AUTHOR, policy);
}

/* Whose outbound mail it is. */
static struct value account_name(const struct smtp_session *s)
{
    const struct value *fact = s->t->message.facts.fact;
    if (s->base.listener->direction != DIRECTION_OUTBOUND)
        return value_absent();
    return fact[FACT_LOGIN_USER].state == VALUE_KNOWN ? fact[FACT_LOGIN_USER] : fact[FACT_SENDER];
}

static void helo_facts(struct smtp_session *s, struct facts *facts)
{
    facts->fact[FACT_HELO_ESMTP] = value_bool(s->esmtp);
    facts->fact[FACT_CLIENT_EARLY] = value_bool(s->early);
}

static void form_of_helo(struct smtp_session *s, struct facts *facts)
{
    helo_form(s->mail, s->base.proxy->config, s->helo, &s->base.client, &s->base.local, facts);
}

void smtp_session_facts(struct smtp_session *s, struct facts *facts)
{
    session_facts(&s->base, facts);
    session_tls_facts(&s->base, s->mail, facts);
    facts->fact[FACT_CLIENT_PREGREET] = value_bool(s->pregreet);
    helo_facts(s, facts);
    form_of_helo(s, facts);
}

void smtp_facts(struct smtp_session *s, enum phase phase)
{
    struct value *fact = s->t->message.facts.fact;
    if (!s->t->message.facts.keyed)
        s->t->message.facts.keyed = facts_keyed_new(s->mail, s->base.proxy->config->policy);
    session_facts(&s->base, &s->t->message.facts);
    session_client_facts(&s->base, &s->t->message.facts);
    fact[FACT_CLIENT_PREGREET] = value_bool(s->pregreet);
    tell_login(s);
    leave_out_others(s);
    if (phase >= PHASE_HELO) {
        helo_facts(s, &s->t->message.facts);
        if (!is_told(s, FACT_HELO_VALID))
            form_of_helo(s, &s->t->message.facts);
    }
    if (phase >= PHASE_MAIL) {
        const struct transaction *t = s->t;
        if (!is_told(s, FACT_TLS_ACTIVE))
            session_tls_facts(&s->base, s->mail, &s->t->message.facts);
        fact[FACT_SENDER] = t->sender.address.len ? value_text(t->sender.spelled) : value_absent();
        smtp_owned_sender(s);
        fact[FACT_ACCOUNT_NAME] = account_name(s);
        fact[FACT_MESSAGE_NULL_SENDER] = value_bool(t->sender.address.len == 0);
        fact[FACT_DECLARED_SIZE] =
            t->mail.has_size ? value_integer((int64_t)t->mail.size) : value_absent();
    }
    if (phase >= PHASE_MESSAGE)
        leave_out_of_message(s);
}

enum outcome smtp_judge(struct smtp_session *s, enum phase phase, struct verdict *out)
{
    smtp_facts(s, phase);
    return policy_evaluate(s->base.proxy->config->policy, &s->t->message.facts, phase, s->mail,
                           out);
}
