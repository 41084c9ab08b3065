/* SPDX-License-Identifier: ISC
 * backend exchange {
 *   smtp "10.0.0.5:25" tls opportunistic priority 10  (or lmtp "10.0.0.5:24" ...)
 *   smtp "192.0.2.25:587" tls verify "smart.example" login "gatepost" password_file "relay.password"
 *   smtp "10.0.0.6:25" client_by xclient
 *   connections 10  recipient_check on  probe on  profile exchange  source "10.0.0.1"
 *   imap original tls opportunistic  source client  (behind transparent listeners: config_transparent.c)
 * } */
#include "policy/parser.h"

#include <string.h>

enum { STANDARD_CONNECTIONS = 10, STANDARD_PRIORITY = 10 };

/* What is being read. */
struct reading_backend {
    struct backend backend;
    struct backend_places places;
};

static bool parse_tls(struct parser *parser, struct server *server, const char *word)
{
    static const char *const words[] = {"none", "opportunistic", "required", "verify", NULL};
    unsigned mode;
    if (!expect_choice(parser, words, "tls mode (none, opportunistic, required, verify)", &mode))
        return false;
    server->tls = (enum backend_tls)mode;
    if (server->implicit_tls && server->tls < BACKEND_TLS_REQUIRED) {
        source_error(parser->sources, parser->previous.at,
                     "%s is always encrypted; expected 'required' or 'verify'", word);
        return false;
    }
    if (server->tls == BACKEND_TLS_VERIFY && at_kind(parser, TOKEN_STRING)) {
        server->tls_name = parser->token.text;
        parser_next(parser);
    }
    return true;
}

/* Whoever expects SMTP there and hears LMTP may lose mail: RFC 2033 5 forbids it. */
static void check_port(struct parser *parser, const struct server *server,
                       const struct token *address)
{
    if (server->lmtp && server->port == 25)
        source_error(parser->sources, address->at,
                     "port 25 is SMTP's; expected the port of LMTP, such as \"10.0.0.5:24\"");
}

/* login "user" password_file "path" */
static bool parse_login(struct parser *parser, struct server *server)
{
    enum { USER_MAX = 255 };
    struct token user, path;
    if (!expect_string(parser, "a user", &user) || !expect_word(parser, "password_file") ||
        !expect_string(parser, "the name of a file", &path))
        return false;
    server->login_user = user.text;
    server->login_at = path.at;
    server->login_password_file = source_join(parser->sources, path.at.file, path.text);
    if (user.text.len == 0 || user.text.len > USER_MAX)
        source_error(parser->sources, user.at, "expected a user of 1 to %d octets", USER_MAX);
    if (server->protocol != PROTOCOL_SMTP || server->lmtp || server->submission)
        source_error(parser->sources, user.at,
                     "Gatepost logs in to SMTP servers alone; users of others log in themselves");
    return server->login_password_file.ptr != NULL;
}

void check_passwords(struct parser *parser, const struct server *server)
{
    if (server->tls == BACKEND_TLS_OPPORTUNISTIC)
        source_error(parser->sources, server->at,
                     "passwords would go in the clear as soon as somebody between breaks TLS; "
                     "expected 'tls verify' or 'tls required'");
    else if (server->tls == BACKEND_TLS_NONE)
        source_warning(parser->sources, server->at,
                       "passwords go there in the clear; expected 'tls verify' or 'tls required', "
                       "unless nobody can listen on the way");
}

/* Behind all options, as they come in any order. */
static void check_login(struct parser *parser, const struct server *server)
{
    if (server->submission)
        check_passwords(parser, server);
    if (server->login_user.len && server->tls < BACKEND_TLS_REQUIRED)
        source_error(parser->sources, server->login_at,
                     "the password could go in the clear; expected 'tls verify' or 'tls required' "
                     "beside it");
    else if (server->login_user.len && server->tls < BACKEND_TLS_VERIFY)
        source_warning(parser->sources, server->login_at,
                       "whoever stands between reads the password, as the certificate is not "
                       "looked at; expected 'tls verify' beside it");
}

/* client_by xclient | proxy_protocol */
static bool parse_client_by(struct parser *parser, struct server *server)
{
    static const char *const words[] = {"xclient", "proxy_protocol", NULL};
    unsigned word;
    if (!expect_choice(parser, words, "way to tell of clients (xclient, proxy_protocol)", &word))
        return false;
    server->client_by = word == 0 ? CLIENT_BY_XCLIENT : CLIENT_BY_PROXY_PROTOCOL;
    server->client_by_at = parser->previous.at;
    return true;
}

/* Behind all options, as they come in any order. */
static void check_client_by(struct parser *parser, const struct server *server)
{
    if (server->client_by != CLIENT_BY_XCLIENT)
        return;
    if (server->protocol != PROTOCOL_SMTP)
        source_error(
            parser->sources, server->client_by_at,
            "XCLIENT is SMTP's and LMTP's, and a Dovecot is told by what it offers itself; "
            "expected 'proxy_protocol', or nothing");
    else if (server->login_user.len)
        source_error(parser->sources, server->client_by_at,
                     "behind XCLIENT the login would be the client's; expected 'client_by' or "
                     "'login', not both");
}

/* "10.0.0.5:25", or the word original. */
static bool parse_where(struct parser *parser, uint16_t standard, struct server *server)
{
    struct token address = parser->token;
    server->original = accept_word(parser, "original");
    if (!server->original &&
        !expect_string(parser, "the server's address, such as \"10.0.0.5:25\", or 'original'",
                       &address))
        return false;
    server->address = address.text;
    server->at = address.at;
    if (server->original)
        return true;
    if (!parse_endpoint(parser, &address, standard, &server->ip, &server->port))
        return false;
    check_port(parser, server, &address);
    return true;
}

/* It has no address, but is known by one wherever servers are counted: one of a backend and a protocol each. */
static void name_original(const struct backend *backend, uint16_t standard, struct server *server)
{
    enum { START = 2166136261U, TIMES = 16777619U }; /* FNV-1a */
    uint32_t hash = START;
    for (size_t i = 0; i < backend->name.len; i++)
        hash = (hash ^ (unsigned char)backend->name.ptr[i]) * TIMES;
    memcpy(server->ip.bytes, &hash, sizeof hash);
    server->port = standard;
}

static void check_original(struct parser *parser, struct backend *backend,
                           const struct server *server)
{
    if (!server->original)
        return;
    if (!backend->source_client && backend->source_at.to == 0)
        backend->source_at = server->at;
    if (server->login_user.len)
        source_error(parser->sources, server->login_at,
                     "whoever a client wanted to reach would be told the password; expected the "
                     "server's address");
}

static bool parse_server(struct parser *parser, struct backend *backend, enum service word)
{
    struct service_info service = service_info(word);
    struct server server = {.protocol = service.protocol,
                            .implicit_tls = service.implicit_tls,
                            .lmtp = service.lmtp,
                            .submission = service.submission,
                            .priority = STANDARD_PRIORITY};
    int64_t priority;
    server.tls =
        server.implicit_tls || server.submission ? BACKEND_TLS_REQUIRED : BACKEND_TLS_OPPORTUNISTIC;
    if (!parse_where(parser, service.port, &server))
        return false;
    for (;;) {
        if (accept_word(parser, "tls")) {
            if (!parse_tls(parser, &server, service.word))
                return false;
        } else if (accept_word(parser, "priority")) {
            if (!expect_integer(parser, 0, 1000, "a priority", &priority))
                return false;
            server.priority = (unsigned)priority;
        } else if (accept_word(parser, "login")) {
            if (!parse_login(parser, &server))
                return false;
        } else if (accept_word(parser, "client_by")) {
            if (!parse_client_by(parser, &server))
                return false;
        } else {
            break;
        }
    }
    check_login(parser, &server);
    check_client_by(parser, &server);
    check_original(parser, backend, &server);
    if (server.original)
        name_original(backend, service.port, &server);
    struct server *place = PARSER_PUSH(parser, backend->servers, backend->server_count);
    if (place)
        *place = server;
    return place != NULL;
}

static bool parse_switch(struct parser *parser, bool *out)
{
    static const char *const words[] = {"off", "on", NULL};
    unsigned word;
    if (!expect_choice(parser, words, "switch (on, off)", &word))
        return false;
    *out = word == 1;
    return true;
}

static bool parse_source(struct parser *parser, struct backend *backend)
{
    struct token address;
    if (accept_word(parser, "client")) {
        backend->source_client = true;
        backend->source_at = parser->previous.at;
        return true;
    }
    if (!expect_string(parser, "a local address, or 'client'", &address))
        return false;
    backend->has_source = ip_parse(address.text, &backend->source);
    if (!backend->has_source)
        source_error(parser->sources, address.at,
                     "expected an address without a port, such as \"10.0.0.1\"");
    return backend->has_source;
}

static const char *const profile_words[] = {
#define PROFILE(id, word, ...) word,
#include "policy/profiles.def"
#undef PROFILE
    NULL};

const char *profile_word(enum server_profile profile)
{
    return profile_words[profile];
}

static bool parse_profile(struct parser *parser, struct reading_backend *reading)
{
    struct backend *backend = &reading->backend;
    unsigned word;
    if (!expect_choice(parser, profile_words, "kind of server", &word))
        return false;
    backend->has_profile = true;
    backend->profile = (enum server_profile)word;
    reading->places.profile = parser->previous.at;
    return true;
}

static bool backend_item(struct parser *parser, void *ctx)
{
    enum { CONNECTIONS = SERVICES_SERVED, RECIPIENT_CHECK, PROBE, PROFILE, SOURCE };
    static const char *const words[] = {[SERVICE_SMTP] = "smtp",
                                        [SERVICE_SMTPS] = "smtps",
                                        [SERVICE_SUBMISSION] = "submission",
                                        [SERVICE_SUBMISSIONS] = "submissions",
                                        [SERVICE_POP3] = "pop3",
                                        [SERVICE_POP3S] = "pop3s",
                                        [SERVICE_IMAP] = "imap",
                                        [SERVICE_IMAPS] = "imaps",
                                        [SERVICE_LMTP] = "lmtp",
                                        "connections",
                                        "recipient_check",
                                        "probe",
                                        "profile",
                                        "source",
                                        "sockets",
                                        NULL};
    struct reading_backend *reading = ctx;
    struct backend *backend = &reading->backend;
    int64_t number;
    unsigned word;
    if (!expect_choice(parser, words, "backend option", &word))
        return false;
    switch (word) {
    case SERVICE_SMTP:
    case SERVICE_SMTPS:
    case SERVICE_SUBMISSION:
    case SERVICE_SUBMISSIONS:
    case SERVICE_POP3:
    case SERVICE_POP3S:
    case SERVICE_IMAP:
    case SERVICE_IMAPS:
    case SERVICE_LMTP:
        return parse_server(parser, backend, (enum service)word);
    case CONNECTIONS:
        if (!expect_integer(parser, 1, 10000, "how many connections at most", &number))
            return false;
        backend->connections = (unsigned)number;
        backend->has_connections = true;
        return true;
    case RECIPIENT_CHECK:
        return parse_switch(parser, &backend->recipient_check);
    case PROBE:
        return parse_switch(parser, &backend->probe);
    case PROFILE:
        return parse_profile(parser, reading);
    case SOURCE:
        return parse_source(parser, backend);
    default: /* its word of old */
        return expect_word(parser, "from") && parse_source(parser, backend);
    }
}

bool parse_backend(struct parser *parser)
{
    struct reading_backend reading = {
        .backend = {.connections = STANDARD_CONNECTIONS, .recipient_check = true, .probe = true}};
    struct token name;
    if (!expect_kind(parser, TOKEN_WORD, "a name for the backend", &name))
        return false;
    reading.backend.name = name.text;
    reading.places.name = name.at;
    if (!parse_block(parser, backend_item, &reading))
        return false;
    struct config *config = parser->config;
    for (size_t i = 0; i < config->backend_count; i++)
        if (slice_eq(config->backends[i].name, name.text)) {
            source_error(parser->sources, name.at, "the backend '%.*s' stands in line %u already",
                         SHOWN(name.text),
                         source_line(parser->sources, parser->backend_places[i].name));
            return true;
        }
    size_t count = config->backend_count;
    struct backend_places *places = PARSER_PUSH(parser, parser->backend_places, count);
    struct backend *place = PARSER_PUSH(parser, config->backends, config->backend_count);
    if (!places || !place)
        return false;
    *places = reading.places;
    *place = reading.backend;
    return true;
}

const struct backend *find_backend(struct parser *parser, const struct token *name)
{
    const struct config *config = parser->config;
    struct nearest near = nearest_to(name->text);
    for (size_t i = 0; i < config->backend_count; i++) {
        if (slice_eq(config->backends[i].name, name->text))
            return &config->backends[i];
        nearest_offer(&near, config->backends[i].name);
    }
    fail_missing(parser, name, "backend", &near);
    return NULL;
}

bool server_password(struct slice *content)
{
    *content = slice_trim(*content);
    for (size_t i = 0; i < content->len; i++)
        if (content->ptr[i] == '\0' || content->ptr[i] == '\r' || content->ptr[i] == '\n')
            return false;
    return content->len > 0 && content->len <= SERVER_PASSWORD_MAX;
}

static bool has_servers(const struct backend *backend, enum protocol protocol, bool submission)
{
    for (size_t i = 0; i < backend->server_count; i++)
        if (backend->servers[i].protocol == protocol &&
            backend->servers[i].submission == submission)
            return true;
    return false;
}

bool backend_speaks(const struct backend *backend, enum protocol protocol)
{
    return has_servers(backend, protocol, false);
}

bool backend_relays(const struct backend *backend)
{
    for (size_t i = 0; i < backend->server_count; i++)
        if (backend->servers[i].lmtp)
            return false;
    return backend_speaks(backend, PROTOCOL_SMTP);
}

bool backend_serves(const struct backend *backend, const struct listener *listener)
{
    bool asked = listener->protocol == PROTOCOL_MILTER; /* of what is delivered by SMTP */
    if (listener->login_by_imap)
        return backend_speaks(backend, PROTOCOL_IMAP);
    return has_servers(backend, asked ? PROTOCOL_SMTP : listener->protocol, listener->submission);
}

void finish_backends(struct parser *parser)
{
    const struct config *config = parser->config;
    for (size_t i = 0; i < config->backend_count; i++)
        if (config->backends[i].server_count == 0)
            source_error(
                parser->sources, parser->backend_places[i].name,
                "this backend has no server; expected a line such as: smtp \"10.0.0.5:25\"");
        else if (config->backends[i].source_client && config->backends[i].has_source)
            source_error(parser->sources, config->backends[i].source_at,
                         "connections come from the client's address or from that one; expected "
                         "one 'source'");
}
