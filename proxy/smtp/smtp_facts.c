/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_facts.h"

#include "filters/dns/client_names.h"
#include "policy/spelling.h"

static void tls_facts(struct smtp_session *s)
{
    struct value *fact = s->t.message.facts.fact;
    SSL *ssl = stream_ssl(s->base.stream);
    const char *name = ssl ? SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) : NULL;
    fact[FACT_TLS_ACTIVE] = value_bool(ssl != NULL);
    fact[FACT_TLS_VERSION] = ssl ? value_text(slice_of(SSL_get_version(ssl))) : value_absent();
    fact[FACT_TLS_CIPHER] = ssl ? value_text(slice_of(SSL_get_cipher_name(ssl))) : value_absent();
    fact[FACT_TLS_SNI] = name ? value_domain(s->mail, slice_of(name)) : value_absent();
}

static void nobody_logs_in(struct smtp_session *s)
{
    const struct policy *policy = s->base.proxy->config->policy;
    facts_absent(&s->t.message.facts, PRODUCER_LOGIN, policy);
    facts_absent(&s->t.message.facts, PRODUCER_LOGIN_FAILURES, policy);
}

void smtp_facts(struct smtp_session *s, enum phase phase)
{
    struct value *fact = s->t.message.facts.fact;
    if (!s->t.message.facts.keyed)
        s->t.message.facts.keyed = facts_keyed_new(s->mail, s->base.proxy->config->policy);
    fact[FACT_LISTENER] = value_text(s->base.listener->name);
    fact[FACT_PROTOCOL] = value_integer(s->base.listener->protocol);
    fact[FACT_DIRECTION] = value_integer(s->base.listener->direction);
    fact[FACT_CLIENT_IP] = value_ip(s->base.client);
    fact[FACT_CLIENT_PORT] = value_number(s->base.client_port);
    fact[FACT_CLIENT_PREGREET] = value_bool(s->pregreet);
    client_study_facts(s->base.study, &s->t.message.facts);
    nobody_logs_in(s);
    if (phase >= PHASE_HELO) {
        fact[FACT_HELO_ESMTP] = value_bool(s->esmtp);
        fact[FACT_CLIENT_EARLY] = value_bool(s->early);
        helo_form(s->mail, s->base.proxy->config, s->helo, &s->base.client, &s->base.local,
                  &s->t.message.facts);
    }
    if (phase >= PHASE_MAIL) {
        const struct transaction *t = &s->t;
        tls_facts(s);
        fact[FACT_SENDER] = t->sender.address.len ? value_text(t->sender.spelled) : value_absent();
        fact[FACT_MESSAGE_NULL_SENDER] = value_bool(t->sender.address.len == 0);
        fact[FACT_DECLARED_SIZE] =
            t->mail.has_size ? value_integer((int64_t)t->mail.size) : value_absent();
    }
}

enum outcome smtp_judge(struct smtp_session *s, enum phase phase, struct verdict *out)
{
    smtp_facts(s, phase);
    return policy_evaluate(s->base.proxy->config->policy, &s->t.message.facts, phase, s->mail, out);
}
