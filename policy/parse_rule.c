/* SPDX-License-Identifier: ISC
 * [observe] rule "name" [when condition] then action, action ... */
#include "policy/parser.h"
#include "policy/syntax.h"

static bool take(struct parser *parser, enum token_kind kind, struct token *out)
{
    if (!at_kind(parser, kind))
        return false;
    *out = parser->token;
    parser_next(parser);
    return true;
}

/* [550] [5.7.1] ["text"] */
static bool parse_reply(struct parser *parser, struct syntax_action *action)
{
    take(parser, TOKEN_NUMBER, &action->code);
    take(parser, TOKEN_CODE, &action->enhanced);
    take(parser, TOKEN_STRING, &action->text);
    return true;
}

static bool parse_score(struct parser *parser, struct syntax_action *action)
{
    struct token points;
    if (!expect_kind(parser, TOKEN_NUMBER, "points, such as 2.5", &points))
        return false;
    action->points = points.number;
    return !accept_word(parser, "as") ||
           expect_string(parser, "a name for this part of the score", &action->name);
}

/* each a in attachments (condition) "notice" */
static bool parse_strip(struct parser *parser, struct syntax_action *action)
{
    if (!expect_word(parser, "each") ||
        !expect_kind(parser, TOKEN_WORD, "a name for the member, such as 'a'", &action->variable) ||
        !expect_word(parser, "in") || !(action->list = parse_path(parser)) ||
        !expect_punct(parser, '(') || !(action->condition = parse_condition(parser)) ||
        !expect_punct(parser, ')'))
        return false;
    return expect_string(parser, "the notice that takes its place", &action->text);
}

/* "text" [split] */
static bool parse_banner(struct parser *parser, struct syntax_action *action)
{
    bool read = expect_string(parser, "a text", &action->text);
    action->split = read && accept_word(parser, "split");
    return read;
}

static bool parse_arguments(struct parser *parser, struct syntax_action *action)
{
    switch (action->kind) {
    case ACTION_REJECT:
    case ACTION_DEFER:
    case ACTION_DROP:
        return parse_reply(parser, action);
    case ACTION_SCORE:
        return parse_score(parser, action);
    case ACTION_HEADER_ADD:
    case ACTION_HEADER_SET:
        return expect_string(parser, "the name of a header field", &action->name) &&
               expect_string(parser, "its value", &action->text);
    case ACTION_QUARANTINE:
        return expect_string(parser, "a word for it, such as \"spam\"", &action->name);
    case ACTION_HEADER_REMOVE:
        return expect_string(parser, "the name of a header field", &action->name);
    case ACTION_REDIRECT:
        return expect_word(parser, "to") &&
               expect_string(parser, "an address, such as \"abuse@example.com\"", &action->name);
    case ACTION_COPY:
    case ACTION_BCC:
        return expect_string(parser, "an address, such as \"journal@example.com\"", &action->name);
    case ACTION_NOTIFY:
        take(parser, TOKEN_STRING, &action->name);
        return true;
    case ACTION_SUBJECT_PREFIX:
    case ACTION_LOG:
        return expect_string(parser, "a text", &action->text);
    case ACTION_BANNER:
    case ACTION_DISCLAIMER:
        return parse_banner(parser, action);
    case ACTION_STRIP:
        return parse_strip(parser, action);
    case ACTION_DELAY:
        return expect_kind(parser, TOKEN_DURATION, "a duration, such as 5s", &action->duration);
    default:
        return true;
    }
}

/* Takes the words of one row of actions.def: one or two. */
static bool accept_words(struct parser *parser, enum action kind)
{
    struct slice first, second;
    slice_cut(slice_of(action_info(kind)->word), ' ', &first, &second);
    if (!at_kind(parser, TOKEN_WORD) || !slice_eq(parser->token.text, first))
        return false;
    if (second.len == 0) {
        parser_next(parser);
        return true;
    }
    struct parser_mark before = parser_mark(parser);
    parser_next(parser);
    if (at_kind(parser, TOKEN_WORD) && slice_eq(parser->token.text, second)) {
        parser_next(parser);
        return true;
    }
    parser_return(parser, &before);
    return false;
}

bool accept_action(struct parser *parser, enum action *action)
{
    for (unsigned kind = 0; kind < ACTION_COUNT; kind++)
        if (accept_words(parser, (enum action)kind)) {
            *action = (enum action)kind;
            return true;
        }
    return false;
}

static bool unknown_action(struct parser *parser)
{
    struct nearest near = nearest_to(parser->token.text);
    for (unsigned kind = 0; kind < ACTION_COUNT; kind++)
        nearest_offer(&near, slice_of(action_info((enum action)kind)->word));
    return fail_unknown(parser, &parser->token, "action", &near);
}

static bool parse_action(struct parser *parser, struct syntax_action *action)
{
    if (!at_kind(parser, TOKEN_WORD))
        return fail_expected(parser, "an action (accept, reject, header add ...)");
    action->at = parser->token.at;
    if (!accept_action(parser, &action->kind))
        return unknown_action(parser);
    bool read = parse_arguments(parser, action);
    action->at.to = parser->previous.at.to;
    return read;
}

/* condition "name" when ... */
bool parse_named_condition(struct parser *parser)
{
    struct syntax_named named = {0};
    if (!expect_string(parser, "the condition's name in quotes", &named.name) ||
        !expect_word(parser, "when") || !(named.when = parse_condition(parser)))
        return false;
    if (!name_index_add(parser->sources, &parser->condition_names, named.name.text,
                        parser->named_count))
        return false;
    struct syntax_named *place = PARSER_PUSH(parser, parser->named, parser->named_count);
    if (place)
        *place = named;
    return place != NULL;
}

static bool parse_actions(struct parser *parser, struct syntax_rule *rule)
{
    do {
        struct syntax_action action = {0};
        if (!parse_action(parser, &action))
            return false;
        struct syntax_action *place = PARSER_PUSH(parser, rule->actions, rule->action_count);
        if (!place)
            return false;
        *place = action;
    } while (accept_punct(parser, ','));
    return true;
}

/* One whose actions cannot be read is kept, so that its condition is looked at. */
bool parse_rule(struct parser *parser, bool observe)
{
    struct syntax_rule rule = {.observe = observe};
    if (!expect_string(parser, "the rule's name in quotes", &rule.name))
        return false;
    if (accept_word(parser, "when") && !(rule.when = parse_condition(parser)))
        return false;
    if (!at_word(parser, "then"))
        return fail_expected(parser, rule.when ? "'and', 'or' or 'then'" : "'when' or 'then'");
    parser_next(parser);
    bool read = parse_actions(parser, &rule);
    struct syntax_rule *place = PARSER_PUSH(parser, parser->rules, parser->rule_count);
    if (place)
        *place = rule;
    return place && read;
}
