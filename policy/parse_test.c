/* SPDX-License-Identifier: ISC
 * test "name" { given FACT VALUE ...  expect VERDICT [by "rule"]  expect [not] fired "rule"  expect
 * score >= 5 } */
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

static bool parse_verdict(struct parser *parser, struct syntax_expect *expect)
{
    struct nearest near = nearest_to(parser->token.text);
    for (unsigned i = 0; i < ACTION_COUNT; i++) {
        const struct action_info *info = action_info((enum action)i);
        if (!info->terminal)
            continue;
        if (accept_word(parser, info->word)) {
            expect->action = (enum action)i;
            return !accept_word(parser, "by") ||
                   expect_string(parser, "a rule's name", &expect->by);
        }
        nearest_offer(&near, slice_of(info->word));
    }
    nearest_offer(&near, SLICE("fired"));
    nearest_offer(&near, SLICE("score"));
    if (!at_kind(parser, TOKEN_WORD))
        return fail_expected(parser, "a verdict, 'fired' or 'score'");
    return fail_unknown(parser, &parser->token, "verdict", &near);
}

static bool parse_expect_score(struct parser *parser, struct syntax_expect *expect)
{
    struct token number;
    expect->kind = EXPECT_SCORE;
    expect->compare = parser->token.compare;
    struct token ignored;
    if (!expect_kind(parser, TOKEN_COMPARE, "a comparison, such as >=", &ignored) ||
        !expect_kind(parser, TOKEN_NUMBER, "a number", &number))
        return false;
    expect->score = number.number;
    return true;
}

static bool parse_expect(struct parser *parser, struct syntax_expect *expect)
{
    expect->at = parser->previous.at;
    if (accept_word(parser, "score"))
        return parse_expect_score(parser, expect);
    expect->negated = accept_word(parser, "not");
    if (expect->negated && !at_word(parser, "fired"))
        return fail_expected(parser, "'fired'");
    if (accept_word(parser, "fired")) {
        expect->kind = EXPECT_FIRED;
        return expect_string(parser, "a rule's name", &expect->by);
    }
    return parse_verdict(parser, expect);
}

static bool test_item(struct parser *parser, void *ctx)
{
    static const char *const words[] = {"given", "expect", NULL};
    struct syntax_test *test = ctx;
    unsigned word;
    if (!expect_choice(parser, words, "line of a test (given, expect)", &word))
        return false;
    if (word == 0) {
        struct syntax_given given = {.fact = parse_path(parser)};
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
