/* SPDX-License-Identifier: ISC
 * What a test expects:
 *
 *     expect VERDICT [by "rule"]              expect reject [550] [5.7.1] ["text"] [by "rule"]
 *     expect quarantine ["word"] [by "rule"]  expect redirect [to "address"] [by "rule"]
 *     expect reply [550] [5.7.1] ["text"]     expect score COMPARE NUMBER
 *     expect [not] fired "rule"               expect [not] subject "what it is then"
 *     expect [not] ACTION ["name"] ["text"]   of what changes the message, or goes beside it */
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
static bool parse_reply(struct parser *parser, struct syntax_expect *expect)
{
    bool any = take(parser, TOKEN_NUMBER, &expect->code);
    any |= take(parser, TOKEN_CODE, &expect->enhanced);
    any |= take(parser, TOKEN_STRING, &expect->text);
    return any;
}

static bool parse_by(struct parser *parser, struct syntax_expect *expect)
{
    return !accept_word(parser, "by") || expect_string(parser, "a rule's name", &expect->by);
}

static bool parse_verdict(struct parser *parser, struct syntax_expect *expect)
{
    bool replies = expect->action == ACTION_REJECT || expect->action == ACTION_DEFER ||
                   expect->action == ACTION_DROP;
    if (expect->negated)
        return fail_expected(parser, "'fired', 'subject' or an action that is no verdict");
    if (replies)
        parse_reply(parser, expect);
    else if (expect->action == ACTION_QUARANTINE)
        take(parser, TOKEN_STRING, &expect->name);
    else if (expect->action == ACTION_REDIRECT && accept_word(parser, "to") &&
             !expect_string(parser, "an address", &expect->name))
        return false;
    return parse_by(parser, expect);
}

/* What stands behind the action's words in a rule, as far as it is to be compared. */
static bool parse_edit(struct parser *parser, struct syntax_expect *expect)
{
    expect->kind = EXPECT_EDIT;
    switch (expect->action) {
    case ACTION_HEADER_ADD:
    case ACTION_HEADER_SET:
        return expect_string(parser, "the name of a header field", &expect->name) &&
               (take(parser, TOKEN_STRING, &expect->text) || true);
    case ACTION_HEADER_REMOVE:
        return expect_string(parser, "the name of a header field", &expect->name);
    case ACTION_COPY:
    case ACTION_BCC:
        return expect_string(parser, "an address", &expect->name);
    case ACTION_DELAY:
        return expect_kind(parser, TOKEN_DURATION, "a duration, such as 5s", &expect->duration);
    case ACTION_JOURNAL:
        return true;
    default:
        take(parser, TOKEN_STRING, &expect->text);
        return true;
    }
}

static bool parse_score(struct parser *parser, struct syntax_expect *expect)
{
    struct token compare = parser->token, number;
    expect->kind = EXPECT_SCORE;
    expect->compare = compare.compare;
    if (expect->negated)
        return fail_expected(parser, "a score without 'not'");
    if (!expect_kind(parser, TOKEN_COMPARE, "a comparison, such as >=", &compare) ||
        !expect_kind(parser, TOKEN_NUMBER, "a number", &number))
        return false;
    expect->score = number.number;
    return true;
}

static bool unknown_expectation(struct parser *parser)
{
    struct nearest near = nearest_to(parser->token.text);
    if (!at_kind(parser, TOKEN_WORD))
        return fail_expected(parser,
                             "a verdict, an action, 'fired', 'score', 'subject' or 'reply'");
    for (unsigned i = 0; i < ACTION_COUNT; i++)
        nearest_offer(&near, slice_of(action_info((enum action)i)->word));
    nearest_offer(&near, SLICE("fired"));
    nearest_offer(&near, SLICE("subject"));
    nearest_offer(&near, SLICE("reply"));
    return fail_unknown(parser, &parser->token, "expectation", &near);
}

bool parse_expect(struct parser *parser, struct syntax_expect *expect)
{
    expect->at = parser->previous.at;
    expect->negated = accept_word(parser, "not");
    if (accept_word(parser, "fired")) {
        expect->kind = EXPECT_FIRED;
        return expect_string(parser, "a rule's name", &expect->by);
    }
    if (accept_word(parser, "score"))
        return parse_score(parser, expect);
    if (!expect->negated && accept_word(parser, "reply")) {
        expect->kind = EXPECT_REPLY;
        return parse_reply(parser, expect) ||
               fail_expected(parser, "a reply code, an enhanced code or a text");
    }
    if (accept_action(parser, &expect->action))
        return action_info(expect->action)->terminal ? parse_verdict(parser, expect)
                                                     : parse_edit(parser, expect);
    if (!accept_word(parser, "subject"))
        return unknown_expectation(parser);
    expect->kind = EXPECT_SUBJECT;
    return expect_string(parser, "the subject that it has then", &expect->text);
}
