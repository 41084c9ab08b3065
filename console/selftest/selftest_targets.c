/* SPDX-License-Identifier: ISC
 * Who is played against: the listeners and the servers of a configuration, or whom flags name. */
#include "console/command.h"
#include "console/selftest/selftest.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

static struct target *add(struct selftest *run, enum side side)
{
    if (run->target_count == TARGETS_MAX)
        return NULL;
    struct target *target = &run->targets[run->target_count++];
    *target = (struct target){.side = side};
    return target;
}

static void set_address(struct selftest *run, struct target *target, const struct ip *ip,
                        uint16_t port)
{
    char text[46];
    ip_text(ip, text);
    target->where =
        arena_printf(run->arena, ip->family == 4 ? "%s:%u" : "[%s]:%u", text, (unsigned)port);
    if (ip->family == 4) {
        struct sockaddr_in *four = (struct sockaddr_in *)&target->address;
        *four = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&four->sin_addr, ip->bytes, sizeof four->sin_addr);
        target->length = sizeof *four;
    } else {
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)&target->address;
        *six = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
        memcpy(&six->sin6_addr, ip->bytes, sizeof six->sin6_addr);
        target->length = sizeof *six;
    }
}

/* ---- of a configuration ---- */

/* The first that is led there; of any backend when that is NULL. */
static struct slice domain_of(const struct selftest *run, const struct backend *backend)
{
    const struct config *config = run->config;
    for (size_t i = 0; config && i < config->domain_count; i++) {
        const struct domain *domain = &config->domains[i];
        if (!backend || domain->backend == backend)
            return domain->subdomains
                       ? ARENA_JOIN(run->arena, SLICE("selftest."), domain->name.text)
                       : domain->name.text;
    }
    return slice_from(run->recipient, slice_rfind(run->recipient, '@') + 1);
}

static struct slice own_name(const struct config *config)
{
    struct slice first = config->certificate_count ? config->certificates[0].names[0] : SLICE("*");
    return slice_find(first, '*') < first.len ? config->hostname : first;
}

/* Who listens everywhere listens here. */
static struct ip reachable(const struct listener *listener)
{
    static const uint8_t nowhere[16] = {0};
    bool six = listener->ip.family == 6;
    struct ip ip = listener->ip;
    if (memcmp(ip.bytes, nowhere, six ? 16 : 4) == 0)
        ip_parse(six ? SLICE("::1") : SLICE("127.0.0.1"), &ip);
    return ip;
}

static void add_listener(struct selftest *run, const struct listener *listener)
{
    struct ip ip = reachable(listener);
    struct target *target = add(run, SIDE_GATEWAY);
    if (!target)
        return;
    target->protocol = listener->protocol;
    target->implicit_tls = listener->implicit_tls;
    target->submission = listener->submission;
    target->outbound = listener->direction == DIRECTION_OUTBOUND;
    target->name = own_name(run->config);
    target->domain = domain_of(run, NULL);
    set_address(run, target, &ip, listener->port);
}

static void add_server(struct selftest *run, const struct backend *backend,
                       const struct server *server)
{
    bool may = server->protocol == PROTOCOL_SMTP && !server->lmtp && !server->original &&
               !server_is_introduced(server);
    struct target *target = may ? add(run, SIDE_SERVER) : NULL;
    if (!target)
        return;
    target->protocol = server->protocol;
    target->implicit_tls = server->implicit_tls;
    target->submission = server->submission;
    target->tls = server->tls;
    target->name = server->tls_name;
    target->domain = domain_of(run, backend);
    set_address(run, target, &server->ip, server->port);
}

void selftest_targets(struct selftest *run, bool gateways, bool servers)
{
    const struct config *config = run->config;
    for (size_t i = 0; gateways && i < config->listener_count; i++)
        if (config->listeners[i].protocol != PROTOCOL_MILTER)
            add_listener(run, &config->listeners[i]);
    for (size_t b = 0; servers && b < config->backend_count; b++)
        for (size_t s = 0; s < config->backends[b].server_count; s++)
            add_server(run, &config->backends[b], &config->backends[b].servers[s]);
}

/* ---- of a flag ---- */

/* "mx.example.com:25", "[2001:db8::1]:25", "192.0.2.1" */
static bool cut_port(struct selftest *run, struct slice where, char **host, char **port)
{
    size_t colon = slice_rfind(where, ':'), bracket = slice_find(where, ']');
    bool has_port = colon < where.len && (bracket < colon || slice_find(where, ':') == colon);
    struct slice name = slice_sub(where, 0, has_port ? colon : where.len);
    if (name.len > 1 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']')
        name = slice_sub(name, 1, name.len - 1);
    *host = arena_cstr(run->arena, name);
    *port = arena_cstr(run->arena, has_port ? slice_from(where, colon + 1) : SLICE("25"));
    return *host && *port && **host && **port;
}

bool selftest_target(struct selftest *run, enum side side, const char *where)
{
    char *host, *port;
    struct addrinfo *found = NULL;
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct target *target = add(run, side);
    struct ip ip;
    if (!target || !cut_port(run, slice_of(where), &host, &port))
        return command_error(where, "expected host:port"), false;
    int error = getaddrinfo(host, port, &wanted, &found);
    if (error)
        return command_error(where, gai_strerror(error)), false;
    memcpy(&target->address, found->ai_addr, found->ai_addrlen);
    target->length = found->ai_addrlen;
    freeaddrinfo(found);
    target->tls = BACKEND_TLS_OPPORTUNISTIC;
    target->where = slice_of(where);
    target->name = ip_parse(slice_of(host), &ip) ? SLICE("") : slice_of(host);
    target->domain = domain_of(run, NULL);
    return true;
}
