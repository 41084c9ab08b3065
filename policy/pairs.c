/* SPDX-License-Identifier: ISC */
#include "policy/pairs.h"

#include "policy/table_entries.h"
#include "policy/types.h"

struct pairs {
    struct type type;
    struct value *values; /* an entry's number is an index into them, plus one */
    struct span *places;
    size_t count, place_count;
};

bool accept_arrow(struct parser *parser)
{
    return accept_punct(parser, '-');
}

static struct pairs *pairs_of(struct parser *parser, struct table *table)
{
    if (!table_pairs(table))
        table_set_pairs(table, source_alloc(parser->sources, 1, sizeof(struct pairs)));
    return table_pairs(table);
}

/* False: nothing that can be a value. */
static bool value_of(const struct token *token, struct type *type, struct value *value)
{
    *value = value_number(token->number);
    type->kind = TYPE_NUMBER;
    if (token->kind == TOKEN_STRING) {
        type->kind = TYPE_TEXT;
        *value = value_text(token->text);
    } else if (token->kind == TOKEN_SIZE || token->kind == TOKEN_DURATION) {
        type->kind = token->kind == TOKEN_SIZE ? TYPE_SIZE : TYPE_DURATION;
        *value = value_integer((int64_t)token->number);
    }
    return type->kind != TYPE_NUMBER || token->kind == TOKEN_NUMBER;
}

static bool is_new(struct parser *parser, const struct pairs *pairs, const struct table *table,
                   const struct token *key)
{
    size_t number = table_number_of(table, key->text);
    if (number > 0)
        source_error(parser->sources, key->at, "\"%.*s\" stands in line %u already",
                     SHOWN(key->text), source_line(parser->sources, pairs->places[number - 1]));
    return number == 0;
}

static bool same_kind(struct parser *parser, struct pairs *pairs, struct type type, struct span at)
{
    char wanted[80], found[80];
    if (pairs->count == 0)
        pairs->type = type;
    if (pairs->type.kind == type.kind)
        return true;
    type_describe(&pairs->type, wanted, sizeof wanted);
    type_describe(&type, found, sizeof found);
    source_error(parser->sources, at, "expected a %s, as in the entries before, found a %s", wanted,
                 found);
    return false;
}

static bool push(struct parser *parser, struct pairs *pairs, struct value value, struct span at)
{
    struct value *place = PARSER_PUSH(parser, pairs->values, pairs->count);
    struct span *where = place ? PARSER_PUSH(parser, pairs->places, pairs->place_count) : NULL;
    if (!where)
        return false;
    *place = value;
    *where = at;
    return true;
}

bool pairs_add(struct parser *parser, struct table *table, const struct token *key,
               const struct token *value)
{
    struct pairs *pairs = pairs_of(parser, table);
    struct type type = {0};
    struct value parsed;
    char found[96];
    if (!pairs)
        return false;
    if (!value_of(value, &type, &parsed)) {
        token_describe(value, found, sizeof found);
        source_error(parser->sources, value->at,
                     "expected a text in quotes, a number, a size or a duration, found %s", found);
        return false;
    }
    return is_new(parser, pairs, table, key) && same_kind(parser, pairs, type, value->at) &&
           push(parser, pairs, parsed, key->at) &&
           table_add_numbered(parser->sources, table, key->text, pairs->count);
}

/* ---- files ---- */

static const struct slice arrow = {"->", 2};

struct slice pairs_key(struct slice line)
{
    return slice_trim(slice_sub(line, 0, slice_search(line, arrow)));
}

bool pairs_in_file(struct slice text)
{
    struct slice entry;
    return table_line(&text, &entry) && slice_search(entry, arrow) < entry.len;
}

static struct span span_of(struct slice file, struct slice part, uint16_t number)
{
    uint32_t from = (uint32_t)(part.ptr - file.ptr);
    return (struct span){from, from + (uint32_t)part.len, number};
}

/* A text need not stand in quotes there. */
static struct token token_of(struct parser *parser, struct slice text, struct span at)
{
    struct lexer lexer = lexer_of_text(parser->sources, text, at);
    struct token token = {.kind = TOKEN_STRING, .text = text, .at = at};
    char first = text.ptr[0];
    if (!ascii_digit(first) && first != '-' && first != '"')
        return token;
    struct token lexed = lexer_next(&lexer);
    return lexed.kind == TOKEN_ERROR || lexer.at == lexer.text.len ? lexed : token;
}

static bool read_line(struct parser *parser, struct table *table, struct slice line, uint16_t file)
{
    struct slice text = parser->sources->files[file]->text;
    struct slice key = pairs_key(line);
    size_t at = slice_search(line, arrow);
    struct slice value = at < line.len ? slice_trim(slice_from(line, at + arrow.len)) : SLICE("");
    struct token name = {.kind = TOKEN_STRING, .text = key, .at = span_of(text, key, file)};
    if (key.len == 0 || value.len == 0) {
        source_error(parser->sources, span_of(text, line, file),
                     "expected KEY -> VALUE, as in the first entry");
        return false;
    }
    struct token token = token_of(parser, value, span_of(text, value, file));
    return token.kind != TOKEN_ERROR && pairs_add(parser, table, &name, &token);
}

/* A file of the wrong kind is wrong in each line: the first is enough. */
bool pairs_read(struct parser *parser, struct table *table, uint16_t file)
{
    struct slice rest = parser->sources->files[file]->text, line;
    while (table_line(&rest, &line))
        if (!read_line(parser, table, line, file))
            return !parser->sources->no_memory;
    return true;
}

/* ---- asked ---- */

const struct type *pairs_type(const struct table *table)
{
    const struct pairs *pairs = table_pairs(table);
    return pairs ? &pairs->type : NULL;
}

struct span pairs_place(const struct table *table, size_t number)
{
    return table_pairs(table)->places[number - 1];
}

struct value pairs_look_up(const struct table *table, struct slice text, bool letters)
{
    const struct pairs *pairs = table_pairs(table);
    size_t number = table_number_for(table, text, letters);
    return number > 0 ? pairs->values[number - 1] : value_absent();
}
