/* SPDX-License-Identifier: ISC
 * Backends that take fewer connections than would come from the gateway. */
#include "policy/parser.h"
#include "policy/server_profile.h"

enum { LIMITS_MAX = 160 };

static const struct listener *listener_before(const struct config *config,
                                              const struct backend *backend, enum protocol protocol)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].protocol == protocol &&
            config_leads(config, &config->listeners[i], backend))
            return &config->listeners[i];
    return NULL;
}

static void warn(struct parser *parser, struct span at, const struct backend *backend,
                 const struct listener *listener)
{
    char room[LIMITS_MAX];
    struct buf limits = buf_over(room, sizeof room);
    profile_limits(backend->profile, listener->protocol, &limits);
    source_warning(parser->sources, at,
                   "unless that was changed, %s takes fewer connections than may come from the "
                   "gateway: %.*s; %u sessions (limits sessions) are taken at %.*s:%u",
                   profile_word(backend->profile), SLICE_ARGS(buf_slice(&limits)),
                   parser->config->settings.limits_sessions, SLICE_ARGS(listener->file),
                   listener->line);
}

void warn_of_narrow_backends(struct parser *parser)
{
    const struct config *config = parser->config;
    for (size_t i = 0; i < config->backend_count; i++) {
        const struct backend *backend = &config->backends[i];
        for (enum protocol p = PROTOCOL_POP3; backend->has_profile && p <= PROTOCOL_IMAP; p++) {
            const struct listener *listener = listener_before(config, backend, p);
            if (listener && !profile_takes(backend->profile, p, config->settings.limits_sessions))
                warn(parser, parser->backend_places[i].profile, backend, listener);
        }
    }
}
