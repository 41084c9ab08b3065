/* SPDX-License-Identifier: ISC
 * table banned { "exe" "scr" }    table banned from file "banned.txt" */
#include "policy/facts.h"
#include "policy/table.h"

static bool table_item(struct parser *parser, void *ctx)
{
    struct token entry;
    return expect_string(parser, "an entry in quotes", &entry) &&
           table_add(parser->sources, ctx, entry.text);
}

static bool read_table_file(struct parser *parser, struct table *table)
{
    struct token name;
    const char *why = "";
    if (!expect_word(parser, "file") || !expect_string(parser, "the name of a file", &name))
        return false;
    struct slice path = source_join(parser->sources, name.at.file, name.text);
    const struct source *source = path.ptr ? source_open(parser->sources, path, &why) : NULL;
    if (!source) {
        source_error(parser->sources, name.at, "cannot read '%.*s': %s", SHOWN(name.text), why);
        return true;
    }
    return table_read(parser->sources, table, source->text);
}

bool parse_table_body(struct parser *parser, struct table **out)
{
    *out = table_new(parser->sources, 0);
    if (!*out)
        return false;
    if (accept_word(parser, "from"))
        return read_table_file(parser, *out);
    if (!at_punct(parser, '{'))
        return fail_expected(parser, "'from file' or '{'");
    return parse_block(parser, table_item, *out);
}

bool parse_table_choice(struct parser *parser, struct token *name, const struct table **own)
{
    struct table *table;
    if (at_kind(parser, TOKEN_WORD) && !at_word(parser, "from"))
        return expect_kind(parser, TOKEN_WORD, "the name of a table", name);
    if (!at_word(parser, "from") && !at_punct(parser, '{'))
        return fail_expected(parser, "the name of a table, 'from file' or '{'");
    struct span at = parser->token.at;
    bool read = parse_table_body(parser, &table);
    if (read)
        table_as_names(parser->sources, table, at);
    *own = read ? table : NULL;
    return read;
}

bool parse_table(struct parser *parser)
{
    struct named_table table = {0};
    enum fact fact;
    if (!expect_kind(parser, TOKEN_WORD, "a name for the table", &table.name) ||
        !parse_table_body(parser, &table.table))
        return false;
    if (fact_by_name(table.name.text, &fact))
        source_error(parser->sources, table.name.at, "'%.*s' is the name of a fact",
                     SHOWN(table.name.text));
    for (size_t i = 0; i < parser->table_count; i++)
        if (slice_eq(parser->tables[i]->name.text, table.name.text)) {
            source_error(parser->sources, table.name.at,
                         "the table '%.*s' stands in line %u already", SHOWN(table.name.text),
                         source_line(parser->sources, parser->tables[i]->name.at));
            return true;
        }
    struct named_table *copy = source_alloc(parser->sources, 1, sizeof *copy);
    struct named_table **place =
        copy ? PARSER_PUSH(parser, parser->tables, parser->table_count) : NULL;
    if (!place)
        return false;
    *copy = table;
    *place = copy;
    return true;
}

struct table *find_table(struct parser *parser, const struct token *name)
{
    struct nearest near = nearest_to(name->text);
    for (size_t i = 0; i < parser->table_count; i++) {
        if (slice_eq(parser->tables[i]->name.text, name->text)) {
            parser->tables[i]->used = true;
            return parser->tables[i]->table;
        }
        nearest_offer(&near, parser->tables[i]->name.text);
    }
    fail_unknown(parser, name, "table", &near);
    return NULL;
}

struct table *find_names(struct parser *parser, const struct token *name)
{
    struct table *table = find_table(parser, name);
    if (table)
        table_as_names(parser->sources, table, name->at);
    return table;
}
