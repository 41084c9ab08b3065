/* SPDX-License-Identifier: ISC
 * Items of settings blocks that are more than one value. */
#include "policy/parser.h"
#include "policy/settings.h"
#include "policy/table.h"

#include <string.h>

enum { REDIS_PORT = 6379 };

static bool parse_exempt(struct parser *parser)
{
    struct config *config = parser->config;
    if (config->greylist_exempt || parser->greylist_exempt.kind != TOKEN_END) {
        source_error(parser->sources, parser->previous.at, "exempt is given twice");
        return false;
    }
    return parse_table_choice(parser, &parser->greylist_exempt, &config->greylist_exempt);
}

const struct settings_item settings_items[] = {
    {"resolver", "forward", parse_forward, "ADDRESS ...",
     "name servers that answer for everything, such as \"192.0.2.53\" or \"[2001:db8::53]:5353\"; "
     "without one, those of resolv_conf"},
    {"resolver", "stub", parse_stub, "ZONE ADDRESS ...",
     "name servers that are asked for a zone and what lies below it; its answers are not "
     "validated"},
    {"greylist", "exempt", parse_exempt, "TABLE",
     "recipients that are never greylisted: the name of a table, from file \"FILE\", or texts in "
     "braces"},
};

const size_t settings_item_count = sizeof settings_items / sizeof *settings_items;

/* ---- what must go together ---- */

/* The value that was given; NULL: none, or an empty text. */
static const struct token *given(const struct parser *parser, const char *block, const char *word)
{
    for (size_t i = 0; parser->settings_given && i < settings_count; i++)
        if (strcmp(settings_table[i].block, block) == 0 &&
            strcmp(settings_table[i].word, word) == 0)
            return parser->settings_given[i].text.len ? &parser->settings_given[i] : NULL;
    return NULL;
}

static void check_redis(struct parser *parser)
{
    const struct token *server = given(parser, "redis", "server"),
                       *socket = given(parser, "redis", "socket"),
                       *tls_name = given(parser, "redis", "tls_name");
    struct ip ip;
    uint16_t port;
    if (server)
        parse_endpoint(parser, server, REDIS_PORT, &ip, &port);
    if (server && socket)
        source_error(parser->sources, socket->at, "expected either server or socket, not both");
    if (tls_name && !server)
        source_error(parser->sources, tls_name->at,
                     "tls_name needs a server: over a Unix socket there is no TLS");
}

void finish_settings_items(struct parser *parser)
{
    check_redis(parser);
    if (parser->greylist_exempt.kind != TOKEN_END)
        parser->config->greylist_exempt = find_names(parser, &parser->greylist_exempt);
}
