/* SPDX-License-Identifier: ISC */
#include "proxy/session/session_told.h"

#include "proxy/session/session_facts.h"
#include "proxy/upstream/socket_end.h"

/* Of its own connection, which a balancer may have ended. */
static void find_reached(const struct session *s, struct told_client *out)
{
    if (s->stream)
        socket_own_end(stream_fd(s->stream), &out->reached, &out->reached_port);
    if (s->local.family)
        out->reached = s->local;
    if (s->local_port || s->told_port)
        out->reached_port = s->local_port ? s->local_port : s->told_port;
}

/* The DNS has names of any octets. */
static bool is_plain(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '_')
            return false;
    }
    return name.len <= 253;
}

static void find_name(const struct session *s, struct told_client *out)
{
    struct facts facts = {0};
    client_study_facts(s->study, &facts);
    const struct value *name = &facts.fact[FACT_CLIENT_PTR];
    const struct value *confirmed = &facts.fact[FACT_CLIENT_FCRDNS];
    if (name->state == VALUE_KNOWN && confirmed->state == VALUE_KNOWN && confirmed->truth &&
        is_plain(name->text))
        out->name = name->text;
}

struct told_client session_told_client(const struct session *s)
{
    const char *version = session_tls_version(s);
    struct told_client client = {.ip = s->client,
                                 .port = s->client_port,
                                 .tls_version = version ? slice_of(version) : SLICE(""),
                                 .server_name = session_server_name(s)};
    find_reached(s, &client);
    find_name(s, &client);
    if (s->health)
        client = (struct told_client){.port = 0};
    return client;
}
