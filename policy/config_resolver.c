/* SPDX-License-Identifier: ISC
 * resolver { forward "192.0.2.53" "[2001:db8::53]:53"  stub "example.com" "192.0.2.54:5353" } */
#include "policy/parser.h"
#include "policy/settings.h"

enum { DNS_PORT = 53, NAME_SERVERS_MAX = 256, ZONE_MAX = 253 };

static bool add_server(struct parser *parser, const struct token *address, struct slice zone)
{
    struct config *config = parser->config;
    struct name_server server = {.zone = zone};
    if (!parse_endpoint(parser, address, DNS_PORT, &server.ip, &server.port))
        return false;
    if (config->name_server_count == NAME_SERVERS_MAX) {
        source_error(parser->sources, address->at, "expected at most %d name servers",
                     NAME_SERVERS_MAX);
        return false;
    }
    struct name_server *place =
        PARSER_PUSH(parser, config->name_servers, config->name_server_count);
    if (place)
        *place = server;
    return place != NULL;
}

static bool parse_servers(struct parser *parser, struct slice zone)
{
    struct token address;
    do {
        if (!expect_string(parser, "a name server's address, such as \"192.0.2.53\"", &address) ||
            !add_server(parser, &address, zone))
            return false;
    } while (at_kind(parser, TOKEN_STRING));
    return true;
}

bool parse_forward(struct parser *parser)
{
    return parse_servers(parser, SLICE(""));
}

static bool is_zone(struct slice name)
{
    char before = '.';
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool fits = ascii_alpha(c) || ascii_digit(c) || c == '-' || c == '_' || c == '/' ||
                    (c == '.' && before != '.');
        if (!fits)
            return false;
        before = c;
    }
    return before != '.' && name.len <= ZONE_MAX;
}

bool parse_stub(struct parser *parser)
{
    struct token name;
    if (!expect_string(parser, "the name of a zone", &name))
        return false;
    struct slice zone = name.text;
    if (slice_iends(zone, SLICE(".")))
        zone.len--;
    if (!is_zone(zone)) {
        source_error(parser->sources, name.at, "expected a zone such as \"example.com\"");
        return false;
    }
    zone = lower_copy(parser, zone);
    return zone.ptr && parse_servers(parser, zone);
}
