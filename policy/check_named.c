/* SPDX-License-Identifier: ISC
 * Conditions with a name. A rule that uses one means what it would mean with the condition's own
 * words in parentheses: the compiled rule holds them. */
#include "policy/check.h"

enum { NAMED_DEPTH_MAX = 50 };

static struct syntax_named *find_named(struct parser *parser, const struct token *name)
{
    size_t found;
    if (name_index_find(&parser->condition_names, name->text, &found))
        return &parser->named[found];
    struct nearest near = nearest_to(name->text);
    for (size_t i = 0; i < parser->named_count; i++)
        nearest_offer(&near, parser->named[i].name.text);
    fail_missing(parser, name, "condition", &near);
    return NULL;
}

/* Nobody outside may name what it has bound. */
static void forget_variables(struct checker *checker, unsigned from)
{
    for (unsigned i = from; i < checker->variable_count; i++) {
        checker->variables[i].name.text = SLICE("");
        checker->variables[i].bound_surely = false;
    }
}

static int compile(struct checker *checker, struct syntax_named *named)
{
    unsigned hidden = checker->hidden, bound = checker->variable_count;
    checker->hidden = bound;
    checker->named_depth++;
    named->open = true;
    int node = check_condition(checker, named->when);
    named->open = false;
    checker->named_depth--;
    checker->hidden = hidden;
    forget_variables(checker, bound);
    return node;
}

int check_named(struct checker *checker, const struct syntax_expr *expr)
{
    struct sources *sources = checker->parser->sources;
    const struct token *name = &expr->variable;
    struct syntax_named *named = find_named(checker->parser, name);
    if (!named)
        return -1;
    named->used = true;
    if (named->open || checker->named_depth == NAMED_DEPTH_MAX) {
        source_error(sources, name->at,
                     named->open ? "the condition \"%.*s\" uses itself"
                                 : "the condition \"%.*s\" uses others, and they others, too deep",
                     SHOWN(name->text));
        return -1;
    }
    int node = named->faulty ? -1 : compile(checker, named);
    named->faulty |= node < 0 && !checker->full;
    return node;
}

/* What a condition alone would have added: no rule asks for it yet. */
static void take_back(struct policy *policy, const struct policy *before)
{
    for (size_t i = before->regex_count; i < policy->regex_count; i++)
        regex_free(policy->regexes[i]);
    *policy = *before;
}

static bool name_is_new(struct parser *parser, size_t index)
{
    const struct token *name = &parser->named[index].name;
    size_t first;
    if (!name_index_find(&parser->condition_names, name->text, &first) || first == index)
        return true;
    source_error(parser->sources, name->at, "a condition of this name stands in line %u already",
                 source_line(parser->sources, parser->named[first].name.at));
    return false;
}

/* So that a mistake is told once, and also where no rule uses the condition. What a rule that uses
 * it is warned of is said there. */
void check_named_conditions(struct checker *checker)
{
    struct parser *parser = checker->parser;
    parser->sources->quiet = true;
    for (size_t i = 0; i < parser->named_count && parser->sources->errors < ERRORS_MAX; i++) {
        struct policy before = *checker->policy;
        struct rule nobodys = {.condition = -1};
        checker->rule = &nobodys;
        checker->variable_count = checker->uncertain = 0;
        checker->first_node = before.node_count;
        checker->full = false;
        parser->named[i].faulty = parser->named[i].faulty || !name_is_new(parser, i) ||
                                  compile(checker, &parser->named[i]) < 0;
        checker->rule = NULL;
        take_back(checker->policy, &before);
    }
    parser->sources->quiet = false;
}

void warn_of_idle_conditions(struct parser *parser)
{
    for (size_t i = 0; i < parser->named_count; i++)
        if (!parser->named[i].used)
            source_warning(parser->sources, parser->named[i].name.at,
                           "the condition \"%.*s\" is used nowhere",
                           SHOWN(parser->named[i].name.text));
}
