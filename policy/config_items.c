/* SPDX-License-Identifier: ISC
 * Items of settings blocks that are more than one value. */
#include "policy/parser.h"
#include "policy/settings.h"
#include "policy/table.h"

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
    {"greylist", "exempt", parse_exempt, "TABLE",
     "recipients that are never greylisted: the name of a table, from file \"FILE\", or texts in "
     "braces"},
};

const size_t settings_item_count = sizeof settings_items / sizeof *settings_items;

void finish_settings_items(struct parser *parser)
{
    if (parser->greylist_exempt.kind != TOKEN_END)
        parser->config->greylist_exempt = find_table(parser, &parser->greylist_exempt);
}
