/* SPDX-License-Identifier: ISC
 * listen imap on "0.0.0.0:10143" {
 *   transparent  destination { "10.0.0.5" } backend exchange  foreign_tls pass
 * }
 * What its clients' own addresses, and where they wanted to go, are needed for stands in a backend: a server
 * `original`, and `source client` (config_backend.c). */
#include "policy/parser.h"
#include "policy/table.h"
#include "policy/table_entries.h"

/* ---- read ---- */

bool parse_destination(struct parser *parser, struct listener *listener,
                       struct listener_names *names)
{
    struct destination_names read = {.networks.kind = TOKEN_END};
    read.at = parser->previous.at;
    if (!parse_table_choice(parser, &read.networks, &read.own) || !expect_word(parser, "backend") ||
        !expect_kind(parser, TOKEN_WORD, "the name of a backend", &read.backend))
        return false;
    size_t count = listener->destination_count;
    struct destination_names *place = PARSER_PUSH(parser, names->destinations, count);
    struct destination *slot =
        PARSER_PUSH(parser, listener->destinations, listener->destination_count);
    if (!place || !slot)
        return false;
    *place = read;
    *slot = (struct destination){0};
    return true;
}

bool parse_foreign_tls(struct parser *parser, struct listener *listener,
                       struct listener_names *names)
{
    static const char *const words[] = {"pass", "refuse", NULL};
    static const enum foreign_tls meanings[] = {FOREIGN_TLS_PASS, FOREIGN_TLS_REFUSE};
    unsigned word;
    names->foreign_tls = parser->previous.at;
    if (!expect_choice(parser, words, "word of 'foreign_tls' (pass or refuse)", &word))
        return false;
    listener->foreign_tls = meanings[word];
    return true;
}

/* ---- looked up ---- */

static bool takes_anywhere(const struct listener *listener)
{
    return listener->protocol == PROTOCOL_SMTP && listener->direction == DIRECTION_OUTBOUND &&
           !listener->submission;
}

static void check_destination(struct parser *parser, const struct listener *listener,
                              const struct token *name, const struct backend *backend)
{
    if (!backend_serves(backend, listener))
        source_error(parser->sources, name->at,
                     "the backend '%.*s' has no server for who comes to this listener",
                     SHOWN(name->text));
    else if (takes_anywhere(listener) && !backend_relays(backend))
        source_error(
            parser->sources, name->at,
            "mail for anywhere leaves by SMTP; expected a backend with smtp servers alone");
}

static void finish_destination(struct parser *parser, const struct listener *listener,
                               struct destination *destination,
                               const struct destination_names *names)
{
    struct table *table = chosen_table(parser, &names->networks, names->own);
    if (table && table_take_networks(parser->sources, table, names->at))
        destination->networks = table;
    destination->backend = find_backend(parser, &names->backend);
    if (destination->backend)
        check_destination(parser, listener, &names->backend, destination->backend);
}

static const struct server *original_of(const struct backend *backend,
                                        const struct listener *listener)
{
    for (size_t i = 0; backend && i < backend->server_count; i++) {
        const struct server *server = &backend->servers[i];
        if (server->original && server->protocol == listener->protocol &&
            server->submission == listener->submission)
            return server;
    }
    return NULL;
}

static bool may_lead_to_original(const struct listener *listener)
{
    bool may = original_of(listener->relay ? listener->relay : listener->backend, listener);
    for (size_t i = 0; i < listener->destination_count; i++)
        may |= original_of(listener->destinations[i].backend, listener) != NULL;
    return may;
}

static void check_foreign_tls(struct parser *parser, const struct listener *listener,
                              struct span at)
{
    bool passes = listener->foreign_tls == FOREIGN_TLS_PASS;
    const char *wrong = NULL;
    if (!listener->transparent)
        wrong = "TLS is foreign where clients are led here on their way to other servers; expected "
                "'transparent' beside it";
    else if (listener->starttls)
        wrong = "with starttls all TLS is ended here; expected either 'starttls' or 'foreign_tls'";
    else if (passes && !may_lead_to_original(listener))
        wrong = "nothing leads to the server that a client wanted to reach; expected a relay, a "
                "backend or a destination with a server 'original' that speaks what is spoken here";
    if (wrong)
        source_error(parser->sources, at, "%s", wrong);
}

void finish_transparent(struct parser *parser, struct listener *listener,
                        const struct listener_names *names)
{
    if (listener->transparent && listener->balancers)
        source_error(parser->sources, names->at,
                     "what a load balancer says and where a client was on its way to do not go "
                     "together; expected either 'proxy_protocol' or 'transparent'");
    if (listener->destination_count && !listener->transparent)
        source_error(parser->sources, names->destinations[0].at,
                     "where clients wanted to go is known where they are led here on their way; "
                     "expected 'transparent' beside it");
    for (size_t i = 0; i < listener->destination_count; i++)
        finish_destination(parser, listener, &listener->destinations[i], &names->destinations[i]);
    if (listener->foreign_tls != FOREIGN_TLS_UNSAID)
        check_foreign_tls(parser, listener, names->foreign_tls);
}

/* ---- whether each way is one that only a transparent listener knows ---- */

bool backend_is_original(const struct backend *backend)
{
    bool has = false;
    for (size_t i = 0; i < backend->server_count; i++)
        has |= backend->servers[i].original;
    return has;
}

static bool needs_transparency(const struct backend *backend)
{
    return backend->source_client || backend_is_original(backend);
}

static bool takes_for_domains(const struct config *config, const struct listener *listener,
                              const struct backend *backend)
{
    bool names = false;
    if (listener->protocol != PROTOCOL_SMTP || listener->relay || listener->submission)
        return false;
    for (size_t i = 0; i < config->domain_count; i++)
        names |= config->domains[i].backend == backend;
    return names;
}

static bool leads(const struct config *config, const struct listener *listener,
                  const struct backend *backend)
{
    return takes_for_domains(config, listener, backend) ||
           config_leads(config, listener, backend) || config_logs_in(config, listener, backend);
}

void check_transparency(struct parser *parser)
{
    const struct config *config = parser->config;
    for (size_t b = 0; b < config->backend_count; b++) {
        const struct backend *backend = &config->backends[b];
        for (size_t i = 0; needs_transparency(backend) && i < config->listener_count; i++) {
            const struct listener *listener = &config->listeners[i];
            if (listener->transparent || !leads(config, listener, backend))
                continue;
            source_error(parser->sources, backend->source_at,
                         "clients of the listener in line %u come this way, and it does not know "
                         "%s; expected 'transparent' there, or another backend",
                         source_line(parser->sources, parser->listener_names[i].at),
                         backend->source_client ? "an address of theirs that is theirs alone"
                                                : "where they wanted to go");
            break;
        }
    }
}

/* ---- asked ---- */

const struct backend *listener_destination(const struct listener *listener, const struct ip *ip)
{
    for (size_t i = 0; i < listener->destination_count; i++)
        if (table_holds_ip(listener->destinations[i].networks, ip))
            return listener->destinations[i].backend;
    return NULL;
}

struct original_server listener_original(const struct listener *listener, const struct ip *ip)
{
    const struct backend *backend = listener_destination(listener, ip);
    if (!backend)
        backend = listener->relay ? listener->relay : listener->backend;
    return (struct original_server){backend, original_of(backend, listener)};
}

/* A PROXY header names one client for good, and who is told of one by XCLIENT (Postfix' XCLIENT_README) does not let
 * that client tell it of the next. */
static bool is_told_of_clients(const struct backend *backend)
{
    for (size_t i = 0; i < backend->server_count; i++)
        if (backend->servers[i].protocol == PROTOCOL_SMTP && !backend->servers[i].submission &&
            backend->servers[i].client_by != CLIENT_BY_NOTHING)
            return true;
    return false;
}

bool backend_is_own(const struct backend *backend)
{
    return needs_transparency(backend) || is_told_of_clients(backend);
}

unsigned backend_connections(const struct config *config, const struct backend *backend)
{
    return backend_is_own(backend) && !backend->has_connections ? config->settings.limits_sessions
                                                                : backend->connections;
}

bool config_sources_clients(const struct config *config)
{
    for (size_t i = 0; i < config->backend_count; i++)
        if (config->backends[i].source_client)
            return true;
    return false;
}
