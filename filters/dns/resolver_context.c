/* SPDX-License-Identifier: ISC */
#include "filters/dns/resolver_context.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unbound-event.h>
#include <unistd.h>

enum {
    TCP_SOCKETS = 64,
    RETRY_PART = 4, /* of the time-out, until an unanswered packet is sent again */
    OPTION_MAX = 320,
    TYPE_A = 1,
    CLASS_IN = 1,
};

struct option {
    const char *name, *value;
};

/* Why: loopback servers and intranets are asked like any other; a name is asked as it is, once, as
 * the servers are our own forwarders; lists keep the order in which the server gave them; one
 * thread needs no slabs. Within infra-host-ttl no server can gather so many time-outs that it is
 * believed dead: else a few names whose own servers never answer would make our forwarder so. It is
 * asked for a name three times, no more: what nobody waits for any longer would keep its place for
 * many times resolver.timeout, and names that never answer would soon have all places. */
static const struct option standing_options[] = {
    {"do-not-query-localhost:", "no"}, {"unblock-lan-zones:", "yes"},
    {"insecure-lan-zones:", "yes"},    {"qname-minimisation:", "no"},
    {"rrset-roundrobin:", "no"},       {"minimal-responses:", "yes"},
    {"msg-cache-slabs:", "1"},         {"rrset-cache-slabs:", "1"},
    {"infra-cache-slabs:", "1"},       {"key-cache-slabs:", "1"},
    {"infra-keep-probing:", "yes"},    {"infra-host-ttl:", "60"},
    {"outbound-msg-retry:", "3"},      {"val-log-level:", "0"},
};

/* Zones that libunbound answers by itself and that people do use inside (RFC 6762 G, RFC 8375). */
static const char *const freed_zones[] = {"test", "home.arpa"};

/* Those that it answers unless a stub says where they are. */
static const char *const reserved_zones[] = {"localhost", "127.in-addr.arpa", "invalid", "onion"};

static bool fail(const char **reason, const char *what, const char *why)
{
    static char text[512];
    snprintf(text, sizeof text, "%s: %s", what, why);
    *reason = text;
    return false;
}

static bool done(int error, const char *what, const char **reason)
{
    return error == 0 || fail(reason, what, ub_strerror(error));
}

static bool set(struct ub_ctx *context, const char *name, const char *value, const char **reason)
{
    return done(ub_ctx_set_option(context, name, value), name, reason);
}

static bool set_number(struct ub_ctx *context, const char *name, uint64_t value,
                       const char **reason)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return set(context, name, text, reason);
}

static bool set_standing(struct ub_ctx *context, const char **reason)
{
    for (size_t i = 0; i < sizeof standing_options / sizeof *standing_options; i++)
        if (!set(context, standing_options[i].name, standing_options[i].value, reason))
            return false;
    return true;
}

static bool set_measures(struct ub_ctx *context, const struct settings *settings, unsigned sockets,
                         const char **reason)
{
    uint64_t timeout = (uint64_t)settings->resolver_timeout;
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"msg-cache-size:", settings->resolver_cache / 3},
        {"rrset-cache-size:", settings->resolver_cache / 3 * 2},
        {"outgoing-range:", sockets},
        {"num-queries-per-thread:", sockets},
        {"outgoing-num-tcp:", TCP_SOCKETS},
        {"unknown-server-time-limit:", timeout / RETRY_PART},
        {"infra-cache-min-rtt:", timeout / RETRY_PART},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!set_number(context, rows[i].name, rows[i].value, reason))
            return false;
    return true;
}

/* A path for libunbound, which must be readable now. */
static bool readable(struct slice path, char out[static OPTION_MAX], const char **reason)
{
    snprintf(out, OPTION_MAX, "%.*s", SLICE_ARGS(path));
    return (path.len < OPTION_MAX && access(out, R_OK) == 0) || fail(reason, out, strerror(errno));
}

static bool set_validation(struct ub_ctx *context, const struct settings *settings,
                           const char **reason)
{
    char path[OPTION_MAX];
    if (!settings->resolver_dnssec)
        return set(context, "module-config:", "iterator", reason);
    return set(context, "module-config:", "validator iterator", reason) &&
           readable(settings->resolver_root_key, path, reason) &&
           done(ub_ctx_add_ta_file(context, path), path, reason);
}

/* ---- name servers ---- */

static void address_of(const struct name_server *server, char out[static 64])
{
    char ip[46];
    ip_text(&server->ip, ip);
    snprintf(out, 64, "%s@%u", ip, server->port);
}

/* The zones of stubs are the administrator's own; most are unknown to the signed root. */
static bool add_stub(struct ub_ctx *context, const struct name_server *server, const char *address,
                     const char **reason)
{
    char zone[OPTION_MAX];
    snprintf(zone, sizeof zone, "%.*s", SLICE_ARGS(server->zone));
    return done(ub_ctx_set_stub(context, zone, address, 0), zone, reason) &&
           set(context, "domain-insecure:", zone, reason);
}

static bool add_servers(struct ub_ctx *context, const struct config *config, bool *forwarded,
                        const char **reason)
{
    char address[64];
    for (size_t i = 0; i < config->name_server_count; i++) {
        const struct name_server *server = &config->name_servers[i];
        address_of(server, address);
        if (server->zone.len > 0) {
            if (!add_stub(context, server, address, reason))
                return false;
        } else {
            *forwarded = true;
            if (!done(ub_ctx_set_fwd(context, address), address, reason))
                return false;
        }
    }
    return true;
}

/* Without any forwarder, and with resolv_conf "", the servers of the root are where it begins. */
static bool set_servers(struct ub_ctx *context, const struct config *config, const char **reason)
{
    struct slice file = config->settings.resolver_resolv_conf;
    char path[OPTION_MAX];
    bool forwarded = false;
    if (!add_servers(context, config, &forwarded, reason))
        return false;
    if (forwarded || file.len == 0)
        return true;
    return readable(file, path, reason) && done(ub_ctx_resolvconf(context, path), path, reason);
}

/* ---- zones ---- */

static bool lies_in(struct slice name, const char *zone)
{
    struct slice end = slice_of(zone);
    return slice_iends(name, end) &&
           (name.len == end.len || name.ptr[name.len - end.len - 1] == '.');
}

static bool is_stubbed(const struct config *config, const char *zone)
{
    for (size_t i = 0; i < config->name_server_count; i++)
        if (lies_in(config->name_servers[i].zone, zone))
            return true;
    return false;
}

/* The first of these makes the context final: nothing is opened or configured after it. */
static bool free_zones(struct ub_ctx *context, const struct config *config, const char **reason)
{
    for (size_t i = 0; i < sizeof freed_zones / sizeof *freed_zones; i++)
        if (!done(ub_ctx_zone_remove(context, freed_zones[i]), freed_zones[i], reason))
            return false;
    for (size_t i = 0; i < sizeof reserved_zones / sizeof *reserved_zones; i++)
        if (is_stubbed(config, reserved_zones[i]) &&
            !done(ub_ctx_zone_remove(context, reserved_zones[i]), reserved_zones[i], reason))
            return false;
    return true;
}

static void ignore(void *ctx, int rcode, void *packet, int length, int security, char *why_bogus,
                   int limited)
{
    (void)ctx, (void)rcode, (void)packet, (void)length;
    (void)security, (void)why_bogus, (void)limited;
}

/* Its worker is made with the first look-up: one that it answers by itself. */
static bool wake(struct ub_ctx *context, const char **reason)
{
    return done(ub_resolve_event(context, "gatepost.onion", TYPE_A, CLASS_IN, NULL, ignore, NULL),
                "libunbound", reason);
}

struct ub_ctx *resolver_context_new(struct event_base *base, const struct config *config,
                                    unsigned sockets, const char **reason)
{
    struct ub_ctx *context = ub_ctx_create_event(base);
    if (!context) {
        *reason = "libunbound: out of memory";
        return NULL;
    }
    ub_ctx_debugout(context, NULL);
    if (set_standing(context, reason) &&
        set_measures(context, &config->settings, sockets, reason) &&
        set_validation(context, &config->settings, reason) &&
        set_servers(context, config, reason) && free_zones(context, config, reason) &&
        wake(context, reason))
        return context;
    ub_ctx_delete(context);
    return NULL;
}
