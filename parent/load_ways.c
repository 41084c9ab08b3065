/* SPDX-License-Identifier: ISC
 * Ways that mail cannot take: nowhere, or back to ourselves. */
#include "parent/load_look.h"
#include "parent/own_address.h"

#include <string.h>

/* ---- back to ourselves ---- */

static bool takes(const struct listener *listener, const struct server *server)
{
    bool family = listener->ip.family == server->ip.family ||
                  (listener->takes_ipv4 && server->ip.family == 4);
    if (listener->port != server->port || !family)
        return false;
    if (address_is_any(&listener->ip) ||
        (address_is_any(&server->ip) && address_is_loopback(&listener->ip)))
        return address_is_ours(&server->ip);
    return memcmp(&listener->ip, &server->ip, sizeof listener->ip) == 0;
}

static void look_at_server(struct load_look *look, const struct server *server)
{
    const struct config *config = look->config;
    for (size_t i = 0; !server->original && i < config->listener_count; i++)
        if (takes(&config->listeners[i], server)) {
            LOOK_ERROR(look, server->at,
                       "this server is the gateway itself, which listens there (%.*s:%u), so mail "
                       "would go in circles; expected the mail server behind it",
                       SLICE_ARGS(config->listeners[i].file), config->listeners[i].line);
            return;
        }
}

/* ---- as whom ---- */

static void look_at_login(struct load_look *look, const struct server *server)
{
    struct slice password;
    struct span at = server->login_at;
    if (server->login_user.len == 0 ||
        !look_into(look, at, "password_file", server->login_password_file, &password))
        return;
    look_who_reads(look, at, "password_file", server->login_password_file);
    if (!server_password(&password))
        LOOK_ERROR(look, at, "password_file \"%.*s\": expected one line of up to %d octets",
                   PATH_SHOWN(server->login_password_file), SERVER_PASSWORD_MAX);
}

/* ---- nowhere ---- */

static void look_at_domains(struct load_look *look)
{
    const struct config *config = look->config;
    for (size_t i = 0; config->domain_count == 0 && i < config->listener_count; i++)
        if (config->listeners[i].protocol == PROTOCOL_SMTP && !config->listeners[i].relay &&
            !config->listeners[i].submission) {
            LOOK_WARNING(look, config->listeners[i].at,
                         "all mail is refused here, as there is no domain that it is taken for; "
                         "expected a sentence such as: domain \"example.com\" { backend NAME }");
            return;
        }
}

static void look_at_listener(struct load_look *look, const struct listener *listener)
{
    if (listener->direction == DIRECTION_OUTBOUND && !listener->relay && !listener->submission &&
        listener->protocol == PROTOCOL_SMTP)
        LOOK_WARNING(look, listener->at,
                     "outbound without relay tells rules where a message came in, and no more: it "
                     "is taken for the domains that are named here alone, and for no other");
}

static bool is_named(const struct config *config, const struct backend *backend)
{
    for (size_t i = 0; i < config->domain_count; i++)
        if (config->domains[i].backend == backend)
            return true;
    for (size_t i = 0; i < config->listener_count; i++)
        if (config_leads(config, &config->listeners[i], backend) ||
            config_logs_in(config, &config->listeners[i], backend))
            return true;
    return false;
}

static void look_at_backend(struct load_look *look, const struct backend *backend)
{
    for (size_t i = 0; i < backend->server_count; i++) {
        look_at_server(look, &backend->servers[i]);
        look_at_login(look, &backend->servers[i]);
    }
    if (!is_named(look->config, backend) && look->config->domain_count > 0)
        LOOK_WARNING(look, backend->servers[0].at,
                     "no domain and no listener leads to the backend '%.*s'", SHOWN(backend->name));
}

void look_at_ways(struct load_look *look)
{
    const struct config *config = look->config;
    if (config->listener_count == 0)
        LOOK_WARNING(look, NOWHERE,
                     "there is no listener, so nothing can come in; expected a sentence such as: "
                     "listen smtp on \"0.0.0.0:25\"");
    for (size_t i = 0; i < config->listener_count; i++)
        look_at_listener(look, &config->listeners[i]);
    for (size_t i = 0; i < config->backend_count; i++)
        look_at_backend(look, &config->backends[i]);
    look_at_domains(look);
}
