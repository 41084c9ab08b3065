/* SPDX-License-Identifier: ISC */
#include "proxy/session/session_facts.h"

#include "filters/moment.h"
#include "filters/origin.h"
#include "policy/spelling.h"

void session_facts(const struct session *s, struct facts *facts)
{
    facts->fact[FACT_LISTENER] = value_text(s->listener->name);
    facts->fact[FACT_PROTOCOL] = value_integer(s->listener->protocol);
    facts->fact[FACT_DIRECTION] = value_integer(s->listener->direction);
    if (s->proxy->wants[PRODUCER_CLOCK])
        moment_facts(s->proxy->config, s->began_at, facts);
}

void session_client_facts(const struct session *s, struct facts *facts)
{
    facts->fact[FACT_CLIENT_IP] = value_ip(s->client);
    facts->fact[FACT_CLIENT_PORT] = value_number(s->client_port);
    client_study_facts(s->study, facts);
    if (s->proxy->wants[PRODUCER_GEO])
        origin_facts(s->proxy->config, &s->client, facts);
}

void session_tls_facts(const struct session *s, struct arena *arena, struct facts *facts)
{
    struct value *fact = facts->fact;
    SSL *ssl = stream_ssl(s->stream);
    const char *name = ssl ? SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) : NULL;
    fact[FACT_TLS_ACTIVE] = value_bool(ssl != NULL);
    fact[FACT_TLS_VERSION] = ssl ? value_text(slice_of(SSL_get_version(ssl))) : value_absent();
    fact[FACT_TLS_CIPHER] = ssl ? value_text(slice_of(SSL_get_cipher_name(ssl))) : value_absent();
    fact[FACT_TLS_SNI] = name ? value_domain(arena, slice_of(name)) : value_absent();
}
