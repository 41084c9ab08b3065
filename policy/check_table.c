/* SPDX-License-Identifier: ISC
 * Tables that a condition goes through entry by entry, or asks for a value. */
#include "policy/check.h"
#include "policy/pairs.h"
#include "policy/table_entries.h"

/* Each entry costs what its comparison costs, for each message. */
enum { MEMBERS_MAX = 10000 };

static struct named_table *table_named(struct parser *parser, struct slice name)
{
    size_t found;
    return name_index_find(&parser->table_names, name, &found) ? parser->tables[found] : NULL;
}

/* Once for all who go through it. */
static bool read_members(struct sources *sources, struct named_table *named)
{
    struct table_walk walk = table_walk(sources, named->table);
    struct slice entry;
    struct span at;
    while (!named->members && table_walk_next(&walk, &entry, &at))
        named->member_count++;
    if (named->members || named->member_count == 0)
        return true;
    named->members = source_alloc(sources, named->member_count, sizeof *named->members);
    walk = table_walk(sources, named->table);
    for (size_t i = 0; named->members && table_walk_next(&walk, &entry, &at); i++)
        named->members[i] = value_text(entry);
    return named->members != NULL;
}

int check_table_members(struct checker *checker, const struct syntax_term *name)
{
    static const struct type text = {.kind = TYPE_TEXT};
    struct parser *parser = checker->parser;
    struct named_table *named = table_named(parser, name->token.text);
    struct operand operand = {.kind = OPERAND_LITERAL,
                              .type = {.kind = TYPE_LIST, .element = &text},
                              .literal = {.state = VALUE_KNOWN}};
    if (!named)
        return -2;
    named->used = true;
    if (table_count(named->table) > MEMBERS_MAX) {
        source_error(parser->sources, name->token.at,
                     "the table '%.*s' has %zu entries; at most %d can be gone through one by one",
                     SHOWN(name->token.text), table_count(named->table), MEMBERS_MAX);
        return -1;
    }
    if (!read_members(parser->sources, named))
        return -1;
    operand.literal.list = (struct list){.items = named->members, .count = named->member_count};
    return add_operand(checker, &operand);
}

static bool can_be_key(struct checker *checker, const struct syntax_term *key,
                       const struct type *type)
{
    char name[80];
    if (type_is_textual(type))
        return true;
    type_describe(type, name, sizeof name);
    source_error(checker->parser->sources, key->token.at,
                 "expected a text, a domain or an address, but '%.*s' is a %s",
                 SHOWN(key->token.text), name);
    return false;
}

int check_pair(struct checker *checker, const struct syntax_term *term,
               int (*path)(struct checker *checker, const struct syntax_term *term))
{
    struct parser *parser = checker->parser;
    struct table *table = find_table(parser, &term->token);
    int key = table ? path(checker, term->index) : -1;
    if (key < 0)
        return -1;
    const struct type *type = pairs_type(table);
    struct operand operand = {.kind = OPERAND_PAIR, .of = key, .table = table};
    const struct operand *of = &checker->policy->operands[key];
    if (!type && parser->incomplete)
        return -1; /* its file may be what could not be read */
    if (!type) {
        source_error(parser->sources, term->token.at,
                     "the table '%.*s' has no values; expected entries such as \"example.com\" -> "
                     "10MiB",
                     SHOWN(term->token.text));
        return -1;
    }
    if (!can_be_key(checker, term->index, &of->type))
        return -1;
    if (of->type.kind != TYPE_TEXT)
        table_take_names(parser->sources, table);
    operand.fact = of->fact;
    operand.type = *type;
    return add_operand(checker, &operand);
}
