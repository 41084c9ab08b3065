/* SPDX-License-Identifier: ISC
 * listen pop3 on "0.0.0.0:110" {
 *   starttls  require_tls
 *   backend exchange  login_domain "example.com"  mechanisms { "PLAIN" "XOAUTH2" }
 *   server_name "pop.b.example" backend b  users vips backend c
 * } */
#include "policy/parser.h"
#include "policy/table.h"
#include "policy/table_entries.h"

/* ---- read ---- */

static bool parse_domain_name(struct parser *parser, const char *what, struct slice *out)
{
    struct token name;
    struct domain_name made;
    if (!expect_string(parser, what, &name))
        return false;
    const char *flaw = domain_name_make(parser->config->arena, name.text, &made);
    if (flaw)
        source_error(parser->sources, name.at, "expected %s, but %s", what, flaw);
    *out = made.text;
    return true;
}

static bool parse_route(struct parser *parser, bool by_users, struct listener *listener,
                        struct listener_names *names)
{
    struct route_names route = {.server_name.kind = TOKEN_END, .users.kind = TOKEN_END};
    struct login_route made = {.server_name = SLICE("")};
    route.server_name = parser->previous;
    bool read = by_users ? parse_table_choice(parser, &route.users, &route.own)
                         : parse_domain_name(parser, "a name, such as \"pop.example.com\"",
                                             &made.server_name);
    if (!read || !expect_word(parser, "backend") ||
        !expect_kind(parser, TOKEN_WORD, "the name of a backend", &route.backend))
        return false;
    size_t count = listener->route_count;
    struct route_names *place = PARSER_PUSH(parser, names->routes, count);
    struct login_route *slot = PARSER_PUSH(parser, listener->routes, listener->route_count);
    if (!place || !slot)
        return false;
    *place = route;
    *slot = made;
    return true;
}

static const char *const mechanism_names[] = {
#define MECHANISM(id, name) name,
#include "policy/mechanisms.def"
#undef MECHANISM
};

enum {
    OF_READERS = 1 << MECHANISM_USER, /* no SASL: USER and PASS of POP3, LOGIN of IMAP */
    USUAL_MECHANISMS = OF_READERS | 1 << MECHANISM_PLAIN | 1 << MECHANISM_LOGIN
};

const char *mechanism_name(enum login_mechanism mechanism)
{
    return mechanism_names[mechanism];
}

static bool parse_mechanism(struct parser *parser, void *ctx)
{
    struct listener *listener = ctx;
    struct token name;
    struct nearest near;
    if (!expect_string(parser, "a mechanism, such as \"PLAIN\"", &name))
        return false;
    near = nearest_to(name.text);
    for (int i = 0; i < MECHANISMS; i++) {
        if (slice_ieq(name.text, slice_of(mechanism_names[i]))) {
            listener->mechanisms |= 1U << i;
            return true;
        }
        nearest_offer(&near, slice_of(mechanism_names[i]));
    }
    fail_unknown(parser, &name, "mechanism", &near);
    return true;
}

static bool parse_mechanisms(struct parser *parser, struct listener *listener)
{
    struct span at = parser->previous.at;
    if (!parse_block(parser, parse_mechanism, listener))
        return false;
    if (listener->mechanisms == 0)
        source_error(parser->sources, at, "expected at least one mechanism");
    if (listener->submission && listener->mechanisms & OF_READERS)
        source_error(parser->sources, at, "USER is for those who read mail; expected \"PLAIN\"");
    return true;
}

bool parse_login_option(struct parser *parser, enum login_option option, struct listener *listener,
                        struct listener_names *names)
{
    if (!listener_logs_in(listener)) {
        source_error(parser->sources, parser->previous.at,
                     "'%.*s' is for listeners where users log in, such as submission or pop3",
                     SHOWN(parser->previous.text));
        return false;
    }
    switch (option) {
    case LOGIN_BACKEND:
        return expect_kind(parser, TOKEN_WORD, "the name of a backend", &names->backend);
    case LOGIN_DOMAIN:
        return parse_domain_name(parser, "a domain, such as \"example.com\"",
                                 &listener->login_domain);
    case LOGIN_MECHANISMS:
        return parse_mechanisms(parser, listener);
    default:
        return parse_route(parser, option == LOGIN_USERS, listener, names);
    }
}

/* ---- looked up ---- */

static const struct backend *backend_of(struct parser *parser, const struct token *name,
                                        const struct listener *listener, struct slice word)
{
    const struct backend *backend = find_backend(parser, name);
    if (!backend || backend_serves(backend, listener))
        return backend;
    bool by_imap = listener->submission && backend_speaks(backend, PROTOCOL_IMAP);
    source_error(parser->sources, name->at, "the backend '%.*s' has no %.*s server%s",
                 SHOWN(name->text), SHOWN(word),
                 by_imap ? "; its IMAP server can say who may send, with 'login_by imap' and "
                           "'relay NAME' beside it"
                         : "");
    return backend;
}

static struct slice service_word(const struct listener *listener)
{
    if (listener->login_by_imap)
        return SLICE("imap");
    return listener->submission
               ? SLICE("submission")
               : slice_of(fact_info(FACT_PROTOCOL)->type.words->words[listener->protocol]);
}

static void finish_route(struct parser *parser, const struct listener *listener,
                         struct login_route *route, const struct route_names *names)
{
    struct table *table = names->own;
    route->backend = backend_of(parser, &names->backend, listener, service_word(listener));
    if (names->users.kind != TOKEN_END)
        table = find_table(parser, &names->users);
    route->users = table;
}

static bool domain_leads_there(const struct config *config, const struct listener *listener)
{
    for (size_t i = 0; i < config->domain_count; i++)
        if (config->domains[i].backend && backend_serves(config->domains[i].backend, listener))
            return true;
    return false;
}

void finish_logins(struct parser *parser, struct listener *listener,
                   const struct listener_names *names)
{
    if (!listener_logs_in(listener))
        return;
    if (listener->mechanisms == 0)
        listener->mechanisms = USUAL_MECHANISMS;
    if (listener->submission)
        listener->mechanisms &= ~(unsigned)OF_READERS;
    if (names->has_direction)
        source_error(parser->sources, names->at, "%s: inbound and outbound have no place there",
                     listener->submission ? "users send their mail here" : "mail is read here");
    if (names->backend.kind != TOKEN_END)
        listener->backend = backend_of(parser, &names->backend, listener, service_word(listener));
    for (size_t i = 0; i < listener->route_count; i++)
        finish_route(parser, listener, &listener->routes[i], &names->routes[i]);
    if (!listener->backend && !listener->route_count && !listener->destination_count &&
        !domain_leads_there(parser->config, listener))
        source_error(parser->sources, names->at, "nobody knows where %s; expected { backend NAME }",
                     listener->submission ? "users log in" : "the mailboxes are");
}

static bool is_asked_by_imap(const struct config *config, const struct backend *backend)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].login_by_imap &&
            config_logs_in(config, &config->listeners[i], backend))
            return true;
    return false;
}

void check_login_servers(struct parser *parser)
{
    const struct config *config = parser->config;
    for (size_t b = 0; b < config->backend_count; b++) {
        const struct backend *backend = &config->backends[b];
        for (size_t s = 0; s < backend->server_count && is_asked_by_imap(config, backend); s++)
            if (backend->servers[s].protocol == PROTOCOL_IMAP)
                check_passwords(parser, &backend->servers[s]);
    }
}

/* ---- asked ---- */

bool config_reads_mail(const struct config *config)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (protocol_reads(config->listeners[i].protocol))
            return true;
    return false;
}

static bool is_destination(const struct listener *listener, const struct backend *backend)
{
    bool is = false;
    for (size_t i = 0; i < listener->destination_count; i++)
        is |= listener->destinations[i].backend == backend;
    return is;
}

bool config_leads(const struct config *config, const struct listener *listener,
                  const struct backend *backend)
{
    if (listener->relay)
        return listener->relay == backend || is_destination(listener, backend);
    return config_logs_in(config, listener, backend);
}

bool config_logs_in(const struct config *config, const struct listener *listener,
                    const struct backend *backend)
{
    bool leads = listener->backend == backend || is_destination(listener, backend);
    for (size_t i = 0; i < listener->route_count; i++)
        leads |= listener->routes[i].backend == backend;
    for (size_t i = 0; i < config->domain_count; i++)
        leads |= config->domains[i].backend == backend;
    return leads && backend_serves(backend, listener);
}

bool config_asks(const struct config *config, const struct listener *listener,
                 const struct backend *backend, enum protocol protocol)
{
    enum protocol spoken = listener->login_by_imap ? PROTOCOL_IMAP : listener->protocol;
    return spoken == protocol && config_logs_in(config, listener, backend);
}

static const struct backend *by_users(const struct listener *listener, struct slice user)
{
    for (size_t i = 0; i < listener->route_count; i++)
        if (listener->routes[i].users && table_holds_text(listener->routes[i].users, user))
            return listener->routes[i].backend;
    return NULL;
}

static const struct backend *by_domain(const struct config *config, struct arena *arena,
                                       const struct listener *listener, struct slice user)
{
    struct domain_name name;
    struct slice domain = slice_from(user, slice_rfind(user, '@') + 1);
    if (domain.len == 0 || domain.len == user.len || domain_name_make(arena, domain, &name))
        return NULL;
    const struct domain *found = config_domain(config, name);
    return found && backend_serves(found->backend, listener) ? found->backend : NULL;
}

static const struct backend *by_server_name(const struct listener *listener, struct slice name)
{
    for (size_t i = 0; name.len && i < listener->route_count; i++)
        if (slice_ieq(listener->routes[i].server_name, name))
            return listener->routes[i].backend;
    return NULL;
}

const struct backend *config_mailbox(const struct config *config, struct arena *arena,
                                     const struct listener *listener, const struct mailbox_way *way)
{
    const struct backend *found = way->led_to;
    if (!found)
        found = by_users(listener, way->user);
    if (!found)
        found = by_domain(config, arena, listener, way->user);
    if (!found)
        found = by_server_name(listener, way->server_name);
    return found ? found : listener->backend;
}
