/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/errand_backend.h"

static bool is_named_by_some(const struct config *config, const struct backend *backend)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listener *listener = &config->listeners[i];
        if ((listener->relay || listener->submission) && config_leads(config, listener, backend))
            return true;
    }
    return false;
}

/* A listener's relay, or where users log in to send. */
static const struct backend *relay_of(const struct config *config, struct slice name)
{
    for (size_t i = 0; i < config->backend_count; i++)
        if (slice_eq(config->backends[i].name, name) &&
            is_named_by_some(config, &config->backends[i]))
            return &config->backends[i];
    return NULL;
}

static const struct backend *domain_backend(const struct config *config, struct arena *arena,
                                            struct slice address)
{
    struct domain_name name;
    struct slice text = slice_from(address, slice_rfind(address, '@') + 1);
    if (domain_name_make(arena, text, &name))
        return NULL;
    const struct domain *domain = config_domain(config, name);
    return domain ? domain->backend : NULL;
}

/* What is led there today. */
static const struct backend *led_to(const struct config *config, struct slice name)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listener *listener = &config->listeners[i];
        for (size_t n = 0; n < listener->destination_count; n++)
            if (slice_eq(listener->destinations[n].backend->name, name))
                return listener->destinations[n].backend;
    }
    return NULL;
}

struct upstream_client errand_client(const struct hold_request *held)
{
    struct upstream_client client = {.connection = -1, .queue = -1};
    size_t colon = slice_rfind(held->destination, ':');
    struct slice host = slice_sub(held->destination, 0, colon);
    uint64_t port;
    if (host.len > 1 && host.ptr[0] == '[')
        host = slice_sub(host, 1, host.len - 1);
    if (slice_to_u64(slice_from(held->destination, colon + 1), UINT16_MAX, &port) &&
        ip_parse(host, &client.destination))
        client.destination_port = (uint16_t)port;
    return client;
}

const struct backend *errand_backend(const struct config *config, struct arena *arena,
                                     const struct errand *errand, const struct hold_request *held,
                                     struct slice *why)
{
    *why = SLICE("no listener leads there any more");
    if (held->led_to.len)
        return led_to(config, held->led_to);
    *why = SLICE("its domain has no server behind");
    if (held->relay.len == 0)
        return domain_backend(config, arena, errand->address);
    const struct backend *relay = relay_of(config, held->relay);
    *why = arena_printf(arena,
                        relay ? "the servers of %.*s do not take mail for anywhere"
                              : "no listener has the relay %.*s any more",
                        SLICE_ARGS(held->relay));
    if (!why->ptr)
        *why = SLICE("out of memory");
    return relay && backend_relays(relay) ? relay : NULL;
}
