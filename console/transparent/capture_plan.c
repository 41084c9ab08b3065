/* SPDX-License-Identifier: ISC */
#include "console/transparent/capture_plan.h"

#include "policy/parser.h"
#include "policy/table.h"

#include <stdlib.h>
#include <string.h>

/* 10.1.2.3/8 is 10.0.0.0/8: as such it comes before all that lies in it. */
static void clear_host_bits(struct network *network)
{
    size_t bits = network->base.family == 4 ? 32 : 128;
    for (size_t bit = network->length; bit < bits; bit++)
        network->base.bytes[bit / 8] &= (uint8_t) ~(0x80 >> (bit % 8));
}

bool networks_add(struct networks *networks, struct arena *arena, const struct network *network)
{
    /* It doubles at powers of two. */
    if ((networks->count & (networks->count - 1)) == 0) {
        size_t room = networks->count ? networks->count * 2 : 1;
        struct network *larger = arena_array(arena, room, sizeof *larger);
        if (!larger)
            return false;
        if (networks->count)
            memcpy(larger, networks->list, networks->count * sizeof *larger);
        networks->list = larger;
    }
    networks->list[networks->count] = *network;
    clear_host_bits(&networks->list[networks->count++]);
    return true;
}

static uint16_t standard_port(const struct listener *listener)
{
    for (int i = 0; i < SERVICES_COMMON; i++) {
        struct service_info info = service_info((enum service)i);
        if (info.protocol == listener->protocol && info.implicit_tls == listener->implicit_tls &&
            info.submission == listener->submission)
            return info.port;
    }
    return listener->port;
}

/* Whom a listener serves: its clients, or its servers. */
struct sought {
    const struct listener *listener;
    struct arena *arena;
    struct networks networks; /* of both families */
    bool by_client;
    bool anywhere; /* the servers are where clients want to go */
};

static bool holds(const struct networks *networks, const struct network *network)
{
    for (size_t i = 0; i < networks->count; i++)
        if (networks->list[i].length <= network->length &&
            network_holds(&networks->list[i], &network->base))
            return true;
    return false;
}

static bool add_servers(struct sought *sought, const struct backend *backend)
{
    const struct listener *listener = sought->listener;
    enum protocol protocol = listener->login_by_imap ? PROTOCOL_IMAP : listener->protocol;
    bool submission = listener->submission && !listener->login_by_imap, ok = true;
    for (size_t i = 0; backend && i < backend->server_count; i++) {
        const struct server *server = &backend->servers[i];
        if (server->protocol != protocol || server->submission != submission)
            continue;
        struct network host = {server->ip, server->ip.family == 4 ? 32 : 128};
        sought->anywhere |= server->original;
        ok = ok && (server->original || networks_add(&sought->networks, sought->arena, &host));
    }
    return ok;
}

static bool add_table(struct sought *sought, const struct table *table)
{
    struct network network;
    struct slice entry;
    bool ok = true;
    for (size_t at = 0; ok && table_each(table, &at, &entry);)
        ok = network_parse(entry, &network) &&
             networks_add(&sought->networks, sought->arena, &network);
    return ok;
}

static bool seek(const struct config *config, struct sought *sought)
{
    const struct listener *listener = sought->listener;
    bool ok = true;
    sought->by_client = listener->trusted != NULL;
    if (listener->trusted)
        return add_table(sought, listener->trusted);
    for (size_t i = 0; ok && i < listener->destination_count; i++)
        ok = add_table(sought, listener->destinations[i].networks);
    if (listener_logs_in(listener)) {
        ok = ok && add_servers(sought, listener->backend);
        for (size_t i = 0; ok && i < listener->route_count; i++)
            ok = add_servers(sought, listener->routes[i].backend);
        return ok;
    }
    for (size_t i = 0; ok && i < config->domain_count; i++)
        ok = add_servers(sought, config->domains[i].backend);
    return ok;
}

struct planning {
    struct capture_plan *plan;
    const struct networks *servers;
    struct arena *arena;
};

static int by_address(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct network));
}

/* In the order of addresses, as tables have none, and each address once: what lies within a network
 * follows it then. */
static void tidy(struct networks *networks)
{
    size_t kept = 0;
    if (networks->count)
        qsort(networks->list, networks->count, sizeof *networks->list, by_address);
    for (size_t i = 0; i < networks->count; i++) {
        const struct network *network = &networks->list[i];
        bool within = kept > 0 && networks->list[kept - 1].length <= network->length &&
                      network_holds(&networks->list[kept - 1], &network->base);
        if (!within)
            networks->list[kept++] = *network;
    }
    networks->count = kept;
}

static bool copy_family(struct arena *arena, const struct networks *from, uint8_t family,
                        struct networks *to)
{
    bool ok = true;
    for (size_t i = 0; ok && i < from->count; i++)
        if (from->list[i].base.family == family)
            ok = networks_add(to, arena, &from->list[i]);
    tidy(to);
    return ok;
}

static bool plan_family(struct planning *planning, const struct sought *sought, uint8_t family)
{
    struct capture capture = {.listener = sought->listener,
                              .family = family,
                              .port = standard_port(sought->listener),
                              .by_client = sought->by_client};
    bool all = sought->anywhere && planning->servers->count == 0;
    const struct networks *from = sought->anywhere ? planning->servers : &sought->networks;
    if (!all && !copy_family(planning->arena, from, family, &capture.networks))
        return false;
    if (all || capture.networks.count)
        planning->plan->captures[planning->plan->count++] = capture;
    return true;
}

static bool plan_listener(struct planning *planning, const struct config *config,
                          const struct listener *listener)
{
    size_t before = planning->plan->count;
    struct sought sought = {.listener = listener, .arena = planning->arena};
    if (!seek(config, &sought))
        return false;
    if (listener->ip.family == 4 || listener->takes_ipv4)
        if (!plan_family(planning, &sought, 4))
            return false;
    if (listener->ip.family == 6 && !plan_family(planning, &sought, 6))
        return false;
    if (planning->plan->count == before)
        planning->plan->idle[planning->plan->idle_count++] = listener;
    return true;
}

static unsigned rank(const struct capture *capture)
{
    return capture->by_client ? 0 : capture->networks.count ? 1 : 2;
}

/* Stable, as what stands first in the configuration is asked first. */
static void sort(struct capture_plan *plan)
{
    for (size_t i = 1; i < plan->count; i++) {
        struct capture moved = plan->captures[i];
        size_t at = i;
        for (; at > 0 && rank(&plan->captures[at - 1]) > rank(&moved); at--)
            plan->captures[at] = plan->captures[at - 1];
        plan->captures[at] = moved;
    }
}

static bool takes_all_of(const struct capture *first, const struct capture *second)
{
    if (first->family != second->family || first->port != second->port ||
        first->by_client != second->by_client)
        return false;
    if (first->networks.count == 0)
        return second->networks.count == 0;
    for (size_t i = 0; i < second->networks.count; i++)
        if (!holds(&first->networks, &second->networks.list[i]))
            return false;
    return second->networks.count > 0;
}

static bool check_each_gets_some(struct arena *arena, const struct capture_plan *plan,
                                 struct slice *why)
{
    for (size_t i = 0; i < plan->count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct capture *first = &plan->captures[j], *second = &plan->captures[i];
            if (!takes_all_of(first, second))
                continue;
            *why = arena_printf(arena,
                                "%.*s:%u: nothing would come to this listener, as what it is for "
                                "(port %u, IPv%u, of the same %s) goes to the one of line %u",
                                SLICE_ARGS(second->listener->file), second->listener->line,
                                second->port, second->family,
                                second->by_client ? "clients" : "servers", first->listener->line);
            return false;
        }
    return true;
}

bool capture_plan_make(const struct config *config, const struct networks *servers,
                       struct arena *arena, struct capture_plan *plan, struct slice *why)
{
    *plan = (struct capture_plan){.source_client = config_sources_clients(config)};
    *why = SLICE("out of memory");
    plan->captures = arena_array(arena, 2 * config->listener_count + 1, sizeof *plan->captures);
    plan->idle = arena_array(arena, config->listener_count + 1, sizeof *plan->idle);
    if (!plan->captures || !plan->idle)
        return false;
    struct planning planning = {.plan = plan, .servers = servers, .arena = arena};
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].transparent &&
            !plan_listener(&planning, config, &config->listeners[i]))
            return false;
    sort(plan);
    return check_each_gets_some(arena, plan, why);
}

bool capture_plan_has(const struct capture_plan *plan, uint8_t family)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->captures[i].family == family)
            return true;
    return false;
}
