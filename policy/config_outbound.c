/* SPDX-License-Identifier: ISC
 * listen smtp "out" on "10.0.0.1:2525" {
 *   outbound from { "10.0.0.5" "10.0.1.0/24" }
 *   relay smarthost
 * } */
#include "policy/parser.h"
#include "policy/table.h"
#include "policy/table_entries.h"

/* ---- read ---- */

bool parse_outbound(struct parser *parser, struct listener_names *names)
{
    return !at_word(parser, "from") ||
           parse_from_table(parser, &names->trusted, &names->trusted_own);
}

bool parse_relay(struct parser *parser, struct listener_names *names)
{
    return expect_kind(parser, TOKEN_WORD, "the name of a backend", &names->relay);
}

/* ---- looked up ---- */

static void check_servers(struct parser *parser, const struct backend *relay,
                          const struct token *name)
{
    bool smtp = false, lmtp = false;
    for (size_t i = 0; i < relay->server_count; i++) {
        smtp |= relay->servers[i].protocol == PROTOCOL_SMTP;
        lmtp |= relay->servers[i].lmtp;
    }
    if (!smtp || lmtp)
        source_error(
            parser->sources, name->at,
            "mail for anywhere leaves by SMTP; expected a backend with smtp servers alone");
}

static void find_relay(struct parser *parser, struct listener *listener,
                       const struct listener_names *names)
{
    listener->relay = find_backend(parser, &names->relay);
    if (listener->relay)
        check_servers(parser, listener->relay, &names->relay);
}

static void find_trusted(struct parser *parser, struct listener *listener,
                         const struct listener_names *names)
{
    struct table *table = chosen_table(parser, &names->trusted, names->trusted_own);
    if (!table || !table_take_networks(parser->sources, table, names->at))
        return;
    if (table_holds_all(table))
        source_error(parser->sources, names->at,
                     "everybody could send to anywhere through here; expected the networks of your "
                     "own servers");
    listener->trusted = table;
}

void finish_outbound(struct parser *parser, struct listener *listener,
                     const struct listener_names *names)
{
    bool trusts = names->trusted_own || names->trusted.kind != TOKEN_END;
    bool relays = names->relay.kind != TOKEN_END;
    if (relays && listener->direction != DIRECTION_OUTBOUND)
        source_error(parser->sources, names->relay.at,
                     "a relay is for mail that leaves; expected 'outbound from { \"10.0.0.5\" }' "
                     "beside it");
    else if (relays && !trusts)
        source_error(parser->sources, names->relay.at,
                     "nobody may send through here; expected who does: outbound from { "
                     "\"10.0.0.5\" }");
    else if (trusts && !relays)
        source_error(parser->sources, names->at,
                     "nothing says by which way mail leaves; expected 'relay NAME', the name of a "
                     "backend");
    if (relays)
        find_relay(parser, listener, names);
    if (trusts)
        find_trusted(parser, listener, names);
}
