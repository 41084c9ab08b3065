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
    facts->fact[FACT_CLIENT_DESTINATION] = s->local_port ? value_ip(s->local) : value_absent();
    facts->fact[FACT_CLIENT_DESTINATION_PORT] =
        s->local_port ? value_number(s->local_port) : value_absent();
    client_study_facts(s->study, facts);
    if (s->proxy->wants[PRODUCER_GEO])
        origin_facts(s->proxy->config, &s->client, facts);
}

const char *session_tls_version(const struct session *s)
{
    const SSL *ssl = s->stream ? stream_ssl(s->stream) : NULL;
    if (ssl)
        return SSL_get_version(ssl);
    return *s->told_tls.version ? s->told_tls.version : NULL;
}

const char *session_tls_cipher(const struct session *s)
{
    const SSL *ssl = s->stream ? stream_ssl(s->stream) : NULL;
    return ssl ? SSL_get_cipher_name(ssl) : *s->told_tls.version ? s->told_tls.cipher : NULL;
}

bool session_is_encrypted(const struct session *s)
{
    return stream_ssl(s->stream) || *s->told_tls.version;
}

struct slice session_server_name(const struct session *s)
{
    const SSL *ssl = s->stream ? stream_ssl(s->stream) : NULL;
    const char *name = ssl ? SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) : NULL;
    name = name ? name : s->told_name;
    return name ? slice_of(name) : SLICE("");
}

void session_tls_facts(const struct session *s, struct arena *arena, struct facts *facts)
{
    struct value *fact = facts->fact;
    struct slice name = session_server_name(s);
    const char *version = session_tls_version(s), *cipher = session_tls_cipher(s);
    fact[FACT_TLS_ACTIVE] = value_bool(version != NULL);
    fact[FACT_TLS_VERSION] = version ? value_text(slice_of(version)) : value_absent();
    fact[FACT_TLS_CIPHER] = cipher ? value_text(slice_of(cipher)) : value_absent();
    fact[FACT_TLS_SNI] = name.len ? value_domain(arena, name) : value_absent();
}
