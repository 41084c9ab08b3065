/* SPDX-License-Identifier: ISC
 * table banned { "exe" "scr" }    table banned from file "banned.txt" */
#include "policy/facts.h"
#include "policy/pairs.h"
#include "policy/table_entries.h"
#include "policy/table_file.h"
#include "policy/table_shrink.h"

static bool entry_is_short(struct parser *parser, const struct token *entry)
{
    const char *fault = entry_fault(entry->text);
    if (fault)
        source_error(parser->sources, entry->at, "the entry \"%.*s\" %s", SHOWN(entry->text),
                     fault);
    return !fault;
}

static bool pair_item(struct parser *parser, struct table *table, const struct token *key)
{
    struct token value = parser->token;
    parser_next(parser);
    return pairs_add(parser, table, key, &value);
}

static bool table_item(struct parser *parser, void *ctx)
{
    struct table *table = ctx;
    struct token entry;
    if (!expect_string(parser, "an entry in quotes", &entry) || !entry_is_short(parser, &entry))
        return false;
    bool first = table_count(table) == 0, pair = accept_arrow(parser);
    if (pair != (pairs_type(table) != NULL) && !first)
        return fail_expected(parser, pair ? "no value, as in the entries before"
                                          : "'->' and a value, as in the entries before");
    return table_add_token(parser, table, &entry) && (!pair || pair_item(parser, table, &entry));
}

/* What has an index was looked at when that was made; and where it has shrunk, so was that. */
static bool is_sound(struct parser *parser, const struct table *table, uint16_t file,
                     const struct token *name, struct span user)
{
    struct sources *sources = parser->sources;
    if (table_file_is_indexed(sources, sources->files[file]->text))
        return true;
    if (!source_is_text(sources, file) || !table_check(sources, table, entry_fault, user))
        return false;
    keep_if_shrunk(sources, file, name, user);
    return true;
}

static bool read_entries(struct parser *parser, struct table *table, const struct token *name,
                         struct span user)
{
    uint16_t file = (uint16_t)(parser->sources->count - 1);
    *table_origin(table) = (struct table_origin){.at = {.file = file}, .in_file = true};
    parser->sources->files[file]->is_table = true;
    parser->sources->files[file]->named_in = user.file;
    parser->sources->files[file]->named_at = source_line(parser->sources, user);
    if (!is_sound(parser, table, file, name, user))
        return true;
    struct slice text = parser->sources->files[file]->text;
    return pairs_in_file(text) ? pairs_read(parser, table, file)
                               : table_read(parser->sources, table, text);
}

static bool read_table_file(struct parser *parser, struct table *table, const struct token *name)
{
    struct token file;
    const char *why = "";
    if (!expect_word(parser, "file") || !expect_string(parser, "the name of a file", &file))
        return false;
    struct slice path = source_join(parser->sources, file.at.file, file.text);
    const struct source *source = path.ptr ? source_open_table(parser->sources, path, &why) : NULL;
    if (!source) {
        source_error(parser->sources, file.at, "cannot read '%.*s': %s", SHOWN(file.text), why);
        return true;
    }
    return read_entries(parser, table, name, file.at);
}

/* `{ "a" "b" }` or `from file "f"`, of a table of that name (NULL: none). */
static bool parse_body(struct parser *parser, const struct token *name, struct table **out)
{
    *out = table_new(parser->sources, 0);
    if (!*out)
        return false;
    table_origin(*out)->at = parser->token.at;
    if (accept_word(parser, "from"))
        return read_table_file(parser, *out, name);
    if (!at_punct(parser, '{'))
        return fail_expected(parser, "'from file' or '{'");
    return parse_block(parser, table_item, *out);
}

bool parse_table_choice(struct parser *parser, struct token *name, struct table **own)
{
    struct table *table;
    if (at_kind(parser, TOKEN_WORD) && !at_word(parser, "from"))
        return expect_kind(parser, TOKEN_WORD, "the name of a table", name);
    if (!at_word(parser, "from") && !at_punct(parser, '{'))
        return fail_expected(parser, "the name of a table, 'from file' or '{'");
    bool read = parse_body(parser, NULL, &table);
    *own = read ? table : NULL;
    return read;
}

bool parse_from_table(struct parser *parser, struct token *name, struct table **own)
{
    struct parser_mark from = parser_mark(parser);
    if (!expect_word(parser, "from"))
        return false;
    if (at_word(parser, "file"))
        parser_return(parser, &from);
    return parse_table_choice(parser, name, own);
}

bool parse_table(struct parser *parser)
{
    struct named_table table = {0};
    enum fact fact;
    if (!expect_kind(parser, TOKEN_WORD, "a name for the table", &table.name) ||
        !parse_body(parser, &table.name, &table.table))
        return false;
    if (fact_by_name(table.name.text, &fact))
        source_error(parser->sources, table.name.at, "'%.*s' is the name of a fact",
                     SHOWN(table.name.text));
    size_t same;
    if (name_index_find(&parser->table_names, table.name.text, &same)) {
        source_error(parser->sources, table.name.at, "the table '%.*s' stands in line %u already",
                     SHOWN(table.name.text),
                     source_line(parser->sources, parser->tables[same]->name.at));
        return true;
    }
    struct named_table *copy = source_alloc(parser->sources, 1, sizeof *copy);
    struct named_table **place =
        copy ? PARSER_PUSH(parser, parser->tables, parser->table_count) : NULL;
    if (!place)
        return false;
    *copy = table;
    *place = copy;
    return name_index_add(parser->sources, &parser->table_names, table.name.text,
                          parser->table_count - 1);
}

struct table *find_table(struct parser *parser, const struct token *name)
{
    size_t found;
    if (name_index_find(&parser->table_names, name->text, &found)) {
        parser->tables[found]->used = true;
        return parser->tables[found]->table;
    }
    struct nearest near = nearest_to(name->text);
    for (size_t i = 0; i < parser->table_count; i++)
        nearest_offer(&near, parser->tables[i]->name.text);
    fail_missing(parser, name, "table", &near);
    return NULL;
}
