/* SPDX-License-Identifier: ISC
 * Tests: what they give must fit the facts' types, what they expect must be there. */
#include "policy/check.h"
#include "policy/testblock.h"

static bool word_is(const struct syntax_term *term, const char *word)
{
    return term->kind == TERM_PATH && slice_eq(term->token.text, slice_of(word));
}

static bool given_value(struct parser *parser, const struct syntax_given *given,
                        const struct type *type, struct value *out)
{
    *out = value_unknown();
    if (word_is(given->value, "unknown"))
        return true;
    *out = value_absent();
    if (word_is(given->value, "absent"))
        return true;
    return literal_value(parser->sources, given->value, type, out);
}

static bool unknown_fact(struct parser *parser, const struct token *name)
{
    struct nearest near = nearest_to(name->text);
    for (unsigned i = 0; i < FACT_COUNT; i++)
        nearest_offer(&near, slice_of(fact_info((enum fact)i)->name));
    return fail_unknown(parser, name, "fact", &near);
}

static bool check_given(struct parser *parser, struct policy_test *test,
                        const struct syntax_given *syntax)
{
    struct given given = {.key = -1};
    const struct token *name = &syntax->fact->token;
    if (!fact_by_name(name->text, &given.fact))
        return unknown_fact(parser, name);
    const struct fact_info *info = fact_info(given.fact);
    if (info->producer == PRODUCER_POLICY) {
        source_error(parser->sources, name->at, "%s is computed by the rules; it cannot be given",
                     info->name);
        return false;
    }
    if (!given_value(parser, syntax, &info->type, &given.value))
        return false;
    struct policy_key key;
    if (info->keyed && !check_key(parser, given.fact, syntax->fact, &key))
        return false;
    if (info->keyed && (given.key = find_key(parser->config->policy, &key)) < 0)
        return true; /* no rule asks for it */
    struct given *place = PARSER_PUSH(parser, test->givens, test->given_count);
    if (place)
        *place = given;
    return place != NULL;
}

static int find_rule(struct parser *parser, const struct token *name)
{
    const struct policy *policy = parser->config->policy;
    size_t found;
    if (name_index_find(&parser->rule_names, name->text, &found))
        return (int)found;
    struct nearest near = nearest_to(name->text);
    for (size_t i = 0; i < policy->rule_count; i++)
        nearest_offer(&near, policy->rules[i].name);
    fail_unknown(parser, name, "rule", &near);
    return -1;
}

/* ptr NULL: not given. */
static struct slice text_of(const struct token *token)
{
    return token->kind == TOKEN_END ? (struct slice){NULL, 0} : token->text;
}

/* Reply codes have three digits. */
static bool code_fits(struct parser *parser, const struct token *code)
{
    bool fits = code->kind == TOKEN_END ||
                (code->number >= 200 && code->number < 600 && code->number == (int)code->number);
    if (!fits)
        source_error(parser->sources, code->at, "expected a reply code, such as 550");
    return fits;
}

static bool check_expect(struct parser *parser, struct policy_test *test,
                         const struct syntax_expect *syntax)
{
    struct expectation expectation = {.kind = syntax->kind,
                                      .action = syntax->action,
                                      .rule = -1,
                                      .negated = syntax->negated,
                                      .name = text_of(&syntax->name),
                                      .text = text_of(&syntax->text),
                                      .enhanced = text_of(&syntax->enhanced),
                                      .code = (unsigned)syntax->code.number,
                                      .delay = (int64_t)syntax->duration.number,
                                      .compare = syntax->compare,
                                      .score = syntax->score,
                                      .at = syntax->at};
    if (!code_fits(parser, &syntax->code))
        return false;
    if (syntax->by.kind != TOKEN_END && (expectation.rule = find_rule(parser, &syntax->by)) < 0)
        return false;
    struct expectation *place = PARSER_PUSH(parser, test->expectations, test->expectation_count);
    if (place)
        *place = expectation;
    return place != NULL;
}

static bool check_test(struct parser *parser, const struct syntax_test *syntax)
{
    struct policy *policy = parser->config->policy;
    struct policy_test test = {.name = syntax->name.text};
    for (size_t i = 0; i < syntax->given_count; i++)
        if (!check_given(parser, &test, &syntax->givens[i]))
            return false;
    for (size_t i = 0; i < syntax->expect_count; i++)
        if (!check_expect(parser, &test, &syntax->expects[i]))
            return false;
    if (syntax->expect_count == 0)
        source_error(parser->sources, syntax->name.at, "this test expects nothing");
    struct policy_test *place = PARSER_PUSH(parser, policy->tests, policy->test_count);
    if (place)
        *place = test;
    return place != NULL;
}

void check_tests(struct parser *parser)
{
    for (size_t i = 0; i < parser->test_count && parser->sources->errors < ERRORS_MAX; i++)
        check_test(parser, &parser->tests[i]);
}
