/* SPDX-License-Identifier: ISC */
#include "policy/pairs.h"

#include "policy/table_entries.h"
#include "policy/table_file.h"
#include "policy/table_index.h"
#include "policy/types.h"

/* Of a table in a file they are in its index, but where values cannot be read as they stand there. */
struct pairs {
    struct type type;
    struct value *values; /* an entry's number is an index into them, plus one */
    struct span *places;
    size_t count, place_count;
    bool has_type;
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

static void say_double(struct parser *parser, const struct token *key, struct span first)
{
    source_error(parser->sources, key->at, "\"%.*s\" stands in line %u already", SHOWN(key->text),
                 source_line(parser->sources, first));
}

static bool is_new(struct parser *parser, const struct pairs *pairs, const struct table *table,
                   const struct token *key)
{
    size_t number = table_number_of(table, key->text);
    if (number > 0)
        say_double(parser, key, pairs->places[number - 1]);
    return number == 0;
}

static bool same_kind(struct parser *parser, struct pairs *pairs, struct type type, struct span at)
{
    char wanted[80], found[80];
    if (!pairs->has_type)
        pairs->type = type;
    pairs->has_type = true;
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

/* What a token is as a value. False: reported. */
static bool take_value(struct parser *parser, const struct token *token, struct type *type,
                       struct value *value)
{
    char found[96];
    if (value_of(token, type, value))
        return true;
    token_describe(token, found, sizeof found);
    source_error(parser->sources, token->at,
                 "expected a text in quotes, a number, a size or a duration, found %s", found);
    return false;
}

bool pairs_add(struct parser *parser, struct table *table, const struct token *key,
               const struct token *value)
{
    struct pairs *pairs = pairs_of(parser, table);
    struct type type = {0};
    struct value parsed;
    return pairs && take_value(parser, value, &type, &parsed) &&
           is_new(parser, pairs, table, key) && same_kind(parser, pairs, type, value->at) &&
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

struct line {
    struct token key, value;
};

/* False: reported. */
static bool read_line(struct parser *parser, struct slice line, uint16_t file, struct line *out)
{
    struct slice text = parser->sources->files[file]->text;
    struct slice key = pairs_key(line);
    size_t at = slice_search(line, arrow);
    struct slice value = at < line.len ? slice_trim(slice_from(line, at + arrow.len)) : SLICE("");
    out->key = (struct token){.kind = TOKEN_STRING, .text = key, .at = span_of(text, key, file)};
    if (key.len == 0 || value.len == 0) {
        source_error(parser->sources, span_of(text, line, file),
                     "expected KEY -> VALUE, as in the first entry");
        return false;
    }
    out->value = token_of(parser, value, span_of(text, value, file));
    return out->value.kind != TOKEN_ERROR;
}

/* A file of the wrong kind is wrong in each line: the first is enough. */
static void copy_lines(struct parser *parser, struct table *table, uint16_t file)
{
    struct slice rest = parser->sources->files[file]->text, text;
    struct line line;
    while (table_line(&rest, &text))
        if (!read_line(parser, text, file, &line) ||
            !pairs_add(parser, table, &line.key, &line.value))
            return;
}

/* Other than what stands there is what has a backslash in it. */
static bool stands_in(struct slice text, const struct token *value)
{
    return value->kind != TOKEN_STRING ||
           (value->text.ptr >= text.ptr && value->text.ptr <= text.ptr + text.len);
}

/* False: reported. */
static bool index_line(struct parser *parser, struct pairs *pairs, const struct line *line,
                       struct table_index *index)
{
    struct slice text = index->text.octets, same;
    struct type type = {0};
    struct value value;
    if (!take_value(parser, &line->value, &type, &value) ||
        !same_kind(parser, pairs, type, line->value.at))
        return false;
    if (table_index_put(index, line->key.text, table_file_pack(text, type.kind, &value), &same))
        return true;
    say_double(parser, &line->key, span_of(text, same, line->key.at.file));
    return false;
}

enum indexing { INDEX_DONE, INDEX_FAULTY, INDEX_IMPOSSIBLE };

static enum indexing index_lines(struct parser *parser, struct pairs *pairs, uint16_t file,
                                 struct table_index *index)
{
    struct slice rest = index->text.octets, text;
    struct line line;
    while (table_line(&rest, &text)) {
        if (!read_line(parser, text, file, &line))
            return INDEX_FAULTY;
        if (!stands_in(index->text.octets, &line.value))
            return INDEX_IMPOSSIBLE;
        if (!index_line(parser, pairs, &line, index))
            return INDEX_FAULTY;
    }
    index->header->kind = pairs->type.kind;
    return INDEX_DONE;
}

/* With an index of its own, in which *made is then read. */
static enum indexing make_index(struct parser *parser, struct pairs *pairs, uint16_t file,
                                const struct table_text *text, struct table_file *made)
{
    struct table_index index;
    struct slice octets;
    if (!table_index_begin(&index, parser->sources, text))
        return INDEX_FAULTY;
    enum indexing how = index_lines(parser, pairs, file, &index);
    if (how != INDEX_DONE)
        table_index_drop(&index);
    else if (!table_index_end(&index, &octets) || !table_file_open(made, text, octets))
        how = INDEX_FAULTY;
    return how;
}

bool pairs_read(struct parser *parser, struct table *table, uint16_t file)
{
    struct sources *sources = parser->sources;
    const struct table_text text = {sources->files[file]->text, true};
    struct pairs *pairs = pairs_of(parser, table);
    struct table_file found;
    if (!pairs)
        return false;
    enum indexing how = table_file_find(sources, &found, &text)
                            ? INDEX_DONE
                            : make_index(parser, pairs, file, &text, &found);
    if (how == INDEX_IMPOSSIBLE) {
        pairs->has_type = false;
        copy_lines(parser, table, file);
    } else if (how == INDEX_DONE) {
        pairs->type = (struct type){.kind = found.kind};
        table_take_file(sources, table, &found);
    } else if (!pairs->has_type) {
        table_set_pairs(table, NULL);
    }
    return !sources->no_memory;
}

/* ---- asked ---- */

const struct type *pairs_type(const struct table *table)
{
    const struct pairs *pairs = table_pairs(table);
    return pairs ? &pairs->type : NULL;
}

struct span pairs_place(const struct table *table, size_t number)
{
    const struct table_file *file = table_in_file(table);
    return file->values ? span_of(file->text.octets, table_file_entry(file, number),
                                  table_origin(table)->at.file)
                        : table_pairs(table)->places[number - 1];
}

struct value pairs_look_up(const struct table *table, struct slice text, bool letters)
{
    const struct table_file *file = table_in_file(table);
    size_t number = table_number_for(table, text, letters);
    if (number == 0)
        return value_absent();
    return file->values ? table_file_value(file, number) : table_pairs(table)->values[number - 1];
}
