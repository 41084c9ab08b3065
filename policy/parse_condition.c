/* SPDX-License-Identifier: ISC
 *
 *     condition   = conjunction { "or" conjunction }
 *     conjunction = negation { "and" negation }
 *     negation    = "not" negation | "(" condition ")" | named | quantifier | comparison
 *     named       = "condition" STRING
 *     quantifier  = ("any" | "all" | "none") WORD "in" (path | table) "(" condition ")"
 *     comparison  = term [ COMPARE term
 *                        | ["not"] "in" set
 *                        | ["not"] "matches" ["i"] /regex/
 *                        | ["not"] "contains" ["i"] term
 *                        | ["not"] ("starts" | "ends") "with" ["i"] term
 *                        | "is" ["not"] ("absent" | "known" | "unknown") ] */
#include "policy/parser.h"
#include "policy/syntax.h"

enum { DEPTH_MAX = 50, LINKS_MAX = 1000 };

static struct syntax_expr *parse_or(struct parser *parser);

static struct syntax_expr *new_expr(struct parser *parser, enum expr_kind kind, struct span at)
{
    struct syntax_expr *expr = source_alloc(parser->sources, 1, sizeof *expr);
    if (expr) {
        expr->kind = kind;
        expr->at = at;
    }
    return expr;
}

static struct syntax_term *new_term(struct parser *parser, enum term_kind kind)
{
    struct syntax_term *term = source_alloc(parser->sources, 1, sizeof *term);
    if (term) {
        term->kind = kind;
        term->token = parser->token;
    }
    return term;
}

static struct syntax_expr *parenthesised(struct parser *parser)
{
    struct syntax_expr *inner;
    if (!expect_punct(parser, '(') || !(inner = parse_or(parser)) || !expect_punct(parser, ')'))
        return NULL;
    return inner;
}

/* count(list)   count(a in list (condition)) */
static struct syntax_term *parse_count(struct parser *parser)
{
    struct syntax_term *term = new_term(parser, TERM_COUNT);
    parser_next(parser);
    if (!term || !expect_punct(parser, '(') || !(term->list = parse_path(parser)))
        return NULL;
    if (accept_word(parser, "in")) {
        term->variable = term->list->token;
        if (!(term->list = parse_path(parser)) || !(term->condition = parenthesised(parser)))
            return NULL;
    }
    return expect_punct(parser, ')') ? term : NULL;
}

/* [a, b], or after `in` (a, b) */
static struct syntax_term *parse_list(struct parser *parser, char close)
{
    struct syntax_term *list = new_term(parser, TERM_LIST);
    parser_next(parser);
    while (list && !accept_punct(parser, close)) {
        if (list->count > 0 && !expect_punct(parser, ','))
            return NULL;
        struct syntax_term *item = parse_term(parser);
        struct syntax_term *place = item ? PARSER_PUSH(parser, list->items, list->count) : NULL;
        if (!place)
            return NULL;
        *place = *item;
    }
    return list;
}

static struct syntax_term *parse_term_inside(struct parser *parser)
{
    if (at_word(parser, "count"))
        return parse_count(parser);
    switch (parser->token.kind) {
    case TOKEN_WORD:
        return parse_path(parser);
    case TOKEN_STRING:
    case TOKEN_NUMBER:
    case TOKEN_SIZE:
    case TOKEN_DURATION:
    case TOKEN_REGEX: {
        struct syntax_term *term = new_term(parser, TERM_LITERAL);
        parser_next(parser);
        return term;
    }
    default:
        if (at_punct(parser, '['))
            return parse_list(parser, ']');
        fail_expected(parser, "a fact or a value");
        return NULL;
    }
}

static bool deeper(struct parser *parser)
{
    if (++parser->depth <= DEPTH_MAX)
        return true;
    source_error(parser->sources, parser->token.at, "nested too deep");
    return false;
}

struct syntax_term *parse_term(struct parser *parser)
{
    struct syntax_term *term = deeper(parser) ? parse_term_inside(parser) : NULL;
    parser->depth--;
    return term;
}

/* any a in LIST (condition) */
static struct syntax_expr *parse_quantifier(struct parser *parser, enum expr_kind kind)
{
    struct syntax_expr *expr = new_expr(parser, kind, parser->token.at);
    parser_next(parser);
    if (!expr ||
        !expect_kind(parser, TOKEN_WORD, "a name for the member, such as 'a'", &expr->variable) ||
        !expect_word(parser, "in") || !(expr->a = parse_path(parser)) ||
        !(expr->left = parenthesised(parser)))
        return NULL;
    return expr;
}

/* is [not] absent | known | unknown */
static bool parse_state(struct parser *parser, struct syntax_expr *expr, bool *negated)
{
    static const char *const words[] = {"absent", "known", "unknown", NULL};
    unsigned word;
    *negated = accept_word(parser, "not");
    if (!expect_choice(parser, words, "state (absent, known, unknown)", &word))
        return false;
    expr->kind = (enum expr_kind)(EXPR_ABSENT + word);
    return true;
}

static bool case_counts(struct parser *parser)
{
    if (!at_word(parser, "i"))
        return false;
    source_error(parser->sources, parser->token.at,
                 "'==', '!=' and 'in' never count case; leave out the i");
    return true;
}

/* contains [i] term   starts with [i] term   in (a, b) */
static bool parse_right(struct parser *parser, struct syntax_expr *expr)
{
    if (expr->kind == EXPR_IN && case_counts(parser))
        return false;
    if (expr->kind == EXPR_IN && at_punct(parser, '('))
        return (expr->b = parse_list(parser, ')')) != NULL;
    expr->letters = accept_word(parser, "i");
    return (expr->b = parse_term(parser)) != NULL;
}

/* What follows the left side. */
static bool parse_operator(struct parser *parser, struct syntax_expr *expr, bool *negated)
{
    static const struct {
        const char *word, *second;
        enum expr_kind kind;
    } rows[] = {
        {"in", NULL, EXPR_IN},
        {"matches", NULL, EXPR_MATCHES},
        {"contains", NULL, EXPR_CONTAINS},
        {"starts", "with", EXPR_STARTS},
        {"ends", "with", EXPR_ENDS},
    };
    if (at_kind(parser, TOKEN_COMPARE)) {
        expr->kind = EXPR_COMPARE;
        expr->compare = parser->token.compare;
        parser_next(parser);
        return !case_counts(parser) && (expr->b = parse_term(parser));
    }
    if (accept_word(parser, "is"))
        return parse_state(parser, expr, negated);
    *negated = accept_word(parser, "not");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (accept_word(parser, rows[i].word)) {
            expr->kind = rows[i].kind;
            return (!rows[i].second || expect_word(parser, rows[i].second)) &&
                   parse_right(parser, expr);
        }
    return *negated
               ? fail_expected(parser, "'in', 'matches', 'contains', 'starts with' or 'ends with'")
               : true;
}

static struct syntax_expr *negate(struct parser *parser, struct syntax_expr *inner)
{
    struct syntax_expr *expr = new_expr(parser, EXPR_NOT, inner->at);
    if (expr)
        expr->left = inner;
    return expr;
}

static struct syntax_expr *parse_comparison(struct parser *parser)
{
    struct syntax_expr *expr = new_expr(parser, EXPR_TRUTH, parser->token.at);
    bool negated = false;
    if (!expr)
        return NULL;
    if (accept_word(parser, "unknown")) {
        expr->kind = EXPR_UNKNOWN;
        if (!expect_punct(parser, '(') || !(expr->a = parse_path(parser)) ||
            !expect_punct(parser, ')'))
            return NULL;
    } else if (!(expr->a = parse_term(parser)) || !parse_operator(parser, expr, &negated)) {
        return NULL;
    }
    expr->at.to = parser->previous.at.to;
    return negated ? negate(parser, expr) : expr;
}

/* condition "name" */
static struct syntax_expr *parse_named(struct parser *parser)
{
    struct syntax_expr *expr = new_expr(parser, EXPR_NAMED, parser->previous.at);
    return expr && expect_string(parser, "the condition's name in quotes", &expr->variable) ? expr
                                                                                            : NULL;
}

static struct syntax_expr *parse_primary(struct parser *parser)
{
    static const char *const words[] = {"any", "all", "none"};
    if (accept_word(parser, "condition"))
        return parse_named(parser);
    if (at_punct(parser, '('))
        return parenthesised(parser);
    for (unsigned i = 0; i < 3; i++)
        if (at_word(parser, words[i]))
            return parse_quantifier(parser, (enum expr_kind)(EXPR_ANY + i));
    return parse_comparison(parser);
}

static struct syntax_expr *parse_not(struct parser *parser)
{
    struct span at = parser->token.at;
    struct syntax_expr *expr = NULL;
    if (!deeper(parser)) {
        parser->depth--;
        return NULL;
    }
    if (accept_word(parser, "not")) {
        expr = parse_not(parser);
        if (expr)
            expr = negate(parser, expr);
    } else {
        expr = parse_primary(parser);
    }
    parser->depth--;
    if (expr) {
        expr->at.from = at.from;
        expr->at.to = parser->previous.at.to;
    }
    return expr;
}

static struct syntax_expr *parse_chain(struct parser *parser, const char *word, enum expr_kind kind,
                                       struct syntax_expr *(*element)(struct parser *))
{
    struct syntax_expr *left = element(parser);
    while (left && accept_word(parser, word)) {
        if (++parser->links > LINKS_MAX) {
            source_error(parser->sources, parser->previous.at,
                         "this condition is too long; put texts into a table");
            return NULL;
        }
        struct syntax_expr *both = new_expr(parser, kind, left->at);
        if (!both)
            return NULL;
        both->left = left;
        both->right = element(parser);
        both->at.to = parser->previous.at.to;
        left = both->right ? both : NULL;
    }
    return left;
}

static struct syntax_expr *parse_and(struct parser *parser)
{
    return parse_chain(parser, "and", EXPR_AND, parse_not);
}

static struct syntax_expr *parse_or(struct parser *parser)
{
    return parse_chain(parser, "or", EXPR_OR, parse_and);
}

struct syntax_expr *parse_condition(struct parser *parser)
{
    parser->links = 0;
    return parse_or(parser);
}
