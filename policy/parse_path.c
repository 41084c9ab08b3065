/* SPDX-License-Identifier: ISC
 * path = WORD | "header" "[" STRING "]" | ("dnsbl.listed" | "domains.listed") "(" STRING ")"
 *      | "rate" "(" WORD { "," WORD } "," DURATION [ "," EVENT ] ")" | TABLE "[" path "]" */
#include "policy/parser.h"
#include "policy/syntax.h"

#include <stdio.h>

static const char rate_form[] =
    "a rate with facts and a window in parentheses: rate(client.ip, 10min)";

/* Says how this fact is written. */
static bool fail_form(struct parser *parser, const struct token *name, const struct fact_info *info)
{
    char what[120];
    if (info->producer == PRODUCER_RATE)
        snprintf(what, sizeof what, "%s", rate_form);
    else if (info->type.kind == TYPE_LIST)
        snprintf(what, sizeof what, "a name in brackets: %s[\"X-Name\"]", info->name);
    else
        snprintf(what, sizeof what, "a zone in parentheses: %s(\"zone\")", info->name);
    source_error(parser->sources, name->at, "expected %s", what);
    return false;
}

static bool parse_window(struct parser *parser, struct syntax_rate *rate)
{
    rate->window = parser->token;
    parser_next(parser);
    if (!accept_punct(parser, ','))
        return true;
    return expect_kind(parser, TOKEN_WORD, "an event, such as messages", &rate->event);
}

/* client.ip, sender.domain, 1h, messages */
static bool parse_rate(struct parser *parser, struct syntax_rate *rate)
{
    while (!at_kind(parser, TOKEN_DURATION)) {
        if (rate->of_count == RATE_FACTS_MAX) {
            source_error(parser->sources, parser->token.at, "a rate takes at most %d facts",
                         RATE_FACTS_MAX);
            return false;
        }
        if (!expect_kind(parser, TOKEN_WORD,
                         rate->of_count ? "a fact or a window, such as 10min" : "a fact",
                         &rate->of[rate->of_count]))
            return false;
        rate->of_count++;
        if (!accept_punct(parser, ','))
            return fail_expected(parser, "',' and a window, such as 10min");
    }
    if (rate->of_count == 0)
        return fail_expected(parser, "a fact before the window");
    return parse_window(parser, rate);
}

static bool parse_arguments(struct parser *parser, struct syntax_term *term,
                            const struct fact_info *info)
{
    bool brackets = info->type.kind == TYPE_LIST;
    if (!accept_punct(parser, brackets ? '[' : '('))
        return fail_form(parser, &term->token, info);
    if (info->producer != PRODUCER_RATE)
        return expect_string(parser,
                             brackets ? "a name in quotes, such as \"Subject\""
                                      : "a zone in quotes, such as \"zen.example\"",
                             &term->key) &&
               expect_punct(parser, brackets ? ']' : ')');
    term->rate = source_alloc(parser->sources, 1, sizeof *term->rate);
    return term->rate && parse_rate(parser, term->rate) && expect_punct(parser, ')');
}

struct syntax_term *parse_fact(struct parser *parser)
{
    struct syntax_term *term = source_alloc(parser->sources, 1, sizeof *term);
    if (!term || !expect_kind(parser, TOKEN_WORD, "the name of a fact", &term->token))
        return NULL;
    enum fact fact;
    if (fact_by_name(term->token.text, &fact) && fact_info(fact)->keyed &&
        !parse_arguments(parser, term, fact_info(fact)))
        return NULL;
    return term;
}

struct syntax_term *parse_path(struct parser *parser)
{
    struct syntax_term *term = parse_fact(parser);
    enum fact fact;
    if (!term || fact_by_name(term->token.text, &fact) || !accept_punct(parser, '['))
        return term;
    term->index = parse_fact(parser);
    return term->index && expect_punct(parser, ']') ? term : NULL;
}
