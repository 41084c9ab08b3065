/* SPDX-License-Identifier: ISC */
#include "policy/parser.h"

#include "policy/other_words.h"

#include <stdio.h>

void parser_next(struct parser *parser)
{
    parser->previous = parser->token;
    parser->token = lexer_next(&parser->lexer);
}

struct parser_mark parser_mark(const struct parser *parser)
{
    return (struct parser_mark){parser->lexer, parser->token, parser->previous};
}

void parser_return(struct parser *parser, const struct parser_mark *mark)
{
    parser->lexer = mark->lexer;
    parser->token = mark->token;
    parser->previous = mark->previous;
}

bool at_kind(const struct parser *parser, enum token_kind kind)
{
    return parser->token.kind == kind;
}

bool at_word(const struct parser *parser, const char *word)
{
    return at_kind(parser, TOKEN_WORD) && slice_eq(parser->token.text, slice_of(word));
}

bool at_punct(const struct parser *parser, char c)
{
    return at_kind(parser, TOKEN_PUNCT) && parser->token.text.ptr[0] == c;
}

bool accept_word(struct parser *parser, const char *word)
{
    bool there = at_word(parser, word);
    if (there)
        parser_next(parser);
    return there;
}

bool accept_punct(struct parser *parser, char c)
{
    bool there = at_punct(parser, c);
    if (there)
        parser_next(parser);
    return there;
}

bool fail_expected(struct parser *parser, const char *what)
{
    char found[96];
    if (at_kind(parser, TOKEN_ERROR))
        return false;
    token_describe(&parser->token, found, sizeof found);
    source_error(parser->sources, parser->token.at, "expected %s, found %s", what, found);
    return false;
}

bool fail_unknown(struct parser *parser, const struct token *token, const char *kind,
                  const struct nearest *near)
{
    struct slice best = nearest_name(near);
    const char *ours = other_word(kind, token->text);
    if (ours)
        source_error(parser->sources, token->at, "unknown %s '%.*s'; expected %s", kind,
                     SHOWN(token->text), ours);
    else if (best.len > 0)
        source_error(parser->sources, token->at, "unknown %s '%.*s'; did you mean '%.*s'?", kind,
                     SHOWN(token->text), SHOWN(best));
    else
        source_error(parser->sources, token->at, "unknown %s '%.*s'", kind, SHOWN(token->text));
    return false;
}

bool may_be_lost(const struct parser *parser, struct slice name)
{
    bool lost = parser->lost_any;
    for (size_t i = 0; i < parser->lost_count; i++)
        lost |= slice_eq(parser->lost[i], name);
    return lost;
}

bool fail_missing(struct parser *parser, const struct token *token, const char *kind,
                  const struct nearest *near)
{
    return !may_be_lost(parser, token->text) && fail_unknown(parser, token, kind, near);
}

void lose_sentence(struct parser *parser, uint32_t from)
{
    enum { NAMED_WITHIN = 3 /* tokens: blocklist domain "ZONE" */ };
    struct lexer lexer = parser->lexer;
    lexer.at = from;
    lexer.silent = true;
    for (unsigned n = 0; n < NAMED_WITHIN; n++) {
        struct token token = lexer_next(&lexer);
        bool names = token.kind == TOKEN_WORD || token.kind == TOKEN_STRING;
        struct slice *place = names ? PARSER_PUSH(parser, parser->lost, parser->lost_count) : NULL;
        if (place)
            *place = token.text;
    }
}

bool expect_word(struct parser *parser, const char *word)
{
    char what[40];
    if (accept_word(parser, word))
        return true;
    snprintf(what, sizeof what, "'%s'", word);
    return fail_expected(parser, what);
}

bool expect_punct(struct parser *parser, char c)
{
    char what[4] = {'\'', c, '\'', '\0'};
    return accept_punct(parser, c) || fail_expected(parser, what);
}

bool expect_kind(struct parser *parser, enum token_kind kind, const char *what, struct token *out)
{
    if (!at_kind(parser, kind))
        return fail_expected(parser, what);
    *out = parser->token;
    parser_next(parser);
    return true;
}

bool expect_string(struct parser *parser, const char *what, struct token *out)
{
    return expect_kind(parser, TOKEN_STRING, what, out);
}

bool expect_integer(struct parser *parser, int64_t low, int64_t high, const char *what,
                    int64_t *out)
{
    struct token token;
    if (!expect_kind(parser, TOKEN_NUMBER, what, &token))
        return false;
    if (token.number < (double)low || token.number > (double)high ||
        token.number != (double)(int64_t)token.number) {
        source_error(parser->sources, token.at, "expected %s, a whole number from %lld to %lld",
                     what, (long long)low, (long long)high);
        return false;
    }
    *out = (int64_t)token.number;
    return true;
}

bool expect_choice(struct parser *parser, const char *const *words, const char *kind, unsigned *out)
{
    if (!at_kind(parser, TOKEN_WORD))
        return fail_expected(parser, kind);
    struct nearest near = nearest_to(parser->token.text);
    for (*out = 0; words[*out]; ++*out) {
        if (accept_word(parser, words[*out]))
            return true;
        nearest_offer(&near, slice_of(words[*out]));
    }
    return fail_unknown(parser, &parser->token, kind, &near);
}

bool may_restart(const struct parser *parser)
{
    return at_kind(parser, TOKEN_END) || (parser->token.column_one && begins_sentence(parser));
}

void parser_recover(struct parser *parser)
{
    while (!may_restart(parser)) {
        if (parser->token.line_start && begins_sentence(parser))
            lose_sentence(parser, parser->token.at.from);
        parser_next(parser);
    }
}

/* To the next line of the same block, or its closing brace. */
static void skip_item(struct parser *parser)
{
    unsigned depth = 0;
    while (!may_restart(parser)) {
        if (depth == 0 && (at_punct(parser, '}') || parser->token.line_start))
            return;
        if (at_punct(parser, '{'))
            depth++;
        if (at_punct(parser, '}'))
            depth--;
        parser_next(parser);
    }
}

static bool fail_unclosed(struct parser *parser, struct span opened)
{
    char found[96];
    if (at_kind(parser, TOKEN_END))
        snprintf(found, sizeof found, "the end of the file");
    else
        snprintf(found, sizeof found, "line %u, where '%.*s' begins a sentence",
                 source_line(parser->sources, parser->token.at), SHOWN(parser->token.text));
    source_error(parser->sources, opened, "this block is not closed; expected '}' before %s",
                 found);
    return false;
}

bool parse_block(struct parser *parser, bool (*item)(struct parser *parser, void *ctx), void *ctx)
{
    if (!expect_punct(parser, '{'))
        return false;
    struct span opened = parser->previous.at;
    while (!accept_punct(parser, '}')) {
        if (may_restart(parser))
            return fail_unclosed(parser, opened);
        uint32_t before = parser->token.at.from;
        if (item(parser, ctx))
            continue;
        if (parser->token.at.from == before)
            parser_next(parser);
        skip_item(parser);
    }
    return true;
}

void *grown(struct parser *parser, void *array, size_t count, size_t size)
{
    return source_grow(parser->sources, array, count, size);
}
