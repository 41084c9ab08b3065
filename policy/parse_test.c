/* SPDX-License-Identifier: ISC
 * test "name" { given FACT VALUE ...  expect ... } */
#include "policy/parser.h"
#include "policy/syntax.h"

static struct syntax_term *parse_given(struct parser *parser);

/* { name "x" extension "exe" } */
static struct syntax_term *parse_record(struct parser *parser)
{
    struct syntax_term *record = source_alloc(parser->sources, 1, sizeof *record);
    if (!record)
        return NULL;
    *record = (struct syntax_term){.kind = TERM_RECORD, .token = parser->token};
    parser_next(parser);
    while (!accept_punct(parser, '}')) {
        struct token field;
        size_t count = record->count;
        if (!expect_kind(parser, TOKEN_WORD, "a field's name or '}'", &field))
            return NULL;
        struct syntax_term *value = parse_given(parser);
        struct token *name = value ? PARSER_PUSH(parser, record->fields, count) : NULL;
        struct syntax_term *place = name ? PARSER_PUSH(parser, record->items, record->count) : NULL;
        if (!place)
            return NULL;
        *name = field;
        *place = *value;
    }
    return record;
}

/* [ value, value ] [cut]: records may stand without commas */
static struct syntax_term *parse_members(struct parser *parser)
{
    struct syntax_term *list = source_alloc(parser->sources, 1, sizeof *list);
    if (!list)
        return NULL;
    *list = (struct syntax_term){.kind = TERM_LIST, .token = parser->token};
    parser_next(parser);
    while (!accept_punct(parser, ']')) {
        if (list->count > 0 && !at_punct(parser, '{') && !expect_punct(parser, ','))
            return NULL;
        struct syntax_term *item = parse_given(parser);
        struct syntax_term *place = item ? PARSER_PUSH(parser, list->items, list->count) : NULL;
        if (!place)
            return NULL;
        *place = *item;
    }
    list->cut = accept_word(parser, "cut");
    return list;
}

static struct syntax_term *parse_given_inside(struct parser *parser)
{
    if (at_punct(parser, '{'))
        return parse_record(parser);
    if (at_punct(parser, '['))
        return parse_members(parser);
    return parse_term(parser);
}

static struct syntax_term *parse_given(struct parser *parser)
{
    struct syntax_term *term = NULL;
    if (++parser->depth > 8)
        fail_expected(parser, "a plainer value");
    else
        term = parse_given_inside(parser);
    parser->depth--;
    return term;
}

static bool test_item(struct parser *parser, void *ctx)
{
    static const char *const words[] = {"given", "expect", NULL};
    struct syntax_test *test = ctx;
    unsigned word;
    if (!expect_choice(parser, words, "line of a test (given, expect)", &word))
        return false;
    if (word == 0) {
        struct syntax_given given = {.fact = parse_fact(parser)};
        if (!given.fact || !(given.value = parse_given(parser)))
            return false;
        struct syntax_given *place = PARSER_PUSH(parser, test->givens, test->given_count);
        if (place)
            *place = given;
        return place != NULL;
    }
    struct syntax_expect expect = {0};
    if (!parse_expect(parser, &expect))
        return false;
    struct syntax_expect *place = PARSER_PUSH(parser, test->expects, test->expect_count);
    if (place)
        *place = expect;
    return place != NULL;
}

bool parse_test(struct parser *parser)
{
    struct syntax_test test = {0};
    if (!expect_string(parser, "the test's name in quotes", &test.name) ||
        !parse_block(parser, test_item, &test))
        return false;
    struct syntax_test *place = PARSER_PUSH(parser, parser->tests, parser->test_count);
    if (place)
        *place = test;
    return place != NULL;
}
