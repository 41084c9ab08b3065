/* SPDX-License-Identifier: ISC
 * redis { sentinel "192.0.2.7:26379" "192.0.2.8:26379"  master "senders" }, and what goes together in that block. */
#include "policy/parser.h"
#include "policy/settings.h"

enum { REDIS_PORT = 6379, SENTINEL_PORT = 26379 };

static bool add_sentinel(struct parser *parser, const struct token *address)
{
    struct config *config = parser->config;
    struct redis_sentinel sentinel;
    if (!parse_endpoint(parser, address, SENTINEL_PORT, &sentinel.ip, &sentinel.port))
        return false;
    if (config->redis_sentinel_count == REDIS_SENTINELS_MAX) {
        source_error(parser->sources, address->at, "expected at most %d sentinels",
                     REDIS_SENTINELS_MAX);
        return false;
    }
    struct redis_sentinel *place =
        PARSER_PUSH(parser, config->redis_sentinels, config->redis_sentinel_count);
    if (place)
        *place = sentinel;
    return place != NULL;
}

bool parse_sentinel(struct parser *parser)
{
    struct token address;
    if (parser->config->redis_sentinel_count == 0)
        parser->sentinel_at = parser->previous.at;
    do {
        if (!expect_string(parser, "a sentinel's address, such as \"192.0.2.7:26379\"", &address) ||
            !add_sentinel(parser, &address))
            return false;
    } while (at_kind(parser, TOKEN_STRING));
    return true;
}

static void check_sentinels(struct parser *parser, const struct token *other)
{
    const struct token *master = setting_given(parser, "redis", "master");
    bool some = parser->config->redis_sentinel_count > 0;
    if (master && !some)
        source_error(parser->sources, master->at,
                     "master needs sentinels: sentinel \"192.0.2.7:26379\" ...");
    if (some && other)
        source_error(parser->sources, other->at,
                     "expected either sentinels or this, not both: they tell where the master is");
    if (some && !master)
        source_error(parser->sources, parser->sentinel_at,
                     "sentinel needs the name that they know the master by: master \"NAME\"");
}

void finish_redis(struct parser *parser)
{
    const struct token *server = setting_given(parser, "redis", "server"),
                       *socket = setting_given(parser, "redis", "socket"),
                       *tls_name = setting_given(parser, "redis", "tls_name");
    struct ip ip;
    uint16_t port;
    if (server)
        parse_endpoint(parser, server, REDIS_PORT, &ip, &port);
    if (server && socket)
        source_error(parser->sources, socket->at, "expected either server or socket, not both");
    check_sentinels(parser, server ? server : socket);
    if (tls_name && !server && parser->config->redis_sentinel_count == 0)
        source_error(parser->sources, tls_name->at,
                     "tls_name needs a server or sentinels: over a Unix socket there is no TLS");
}
