/* SPDX-License-Identifier: ISC
 * Rules as wholes: names that are unique, actions that go together. */
#include "policy/check.h"
#include "policy/gates.h"
#include "policy/marks.h"
#include "policy/table_entries.h"

static void note_action(struct rule *rule, const struct compiled_action *action)
{
    const struct action_info *info = action_info(action->kind);
    rule->terminal |= info->terminal;
    rule->scores |= action->kind == ACTION_SCORE;
    rule->edits |= !info->terminal && action->kind != ACTION_SCORE;
    if (info->strictness > rule->strictness)
        rule->strictness = info->strictness;
}

static bool check_actions(struct checker *checker, const struct syntax_rule *syntax)
{
    struct policy *policy = checker->policy;
    struct rule *rule = checker->rule;
    rule->first_action = policy->action_count;
    for (size_t i = 0; i < syntax->action_count; i++) {
        struct compiled_action action;
        if (rule->terminal) {
            source_error(checker->parser->sources, syntax->actions[i].at,
                         "nothing can follow the verdict; put it last");
            return false;
        }
        if (!check_action(checker, &syntax->actions[i], &action))
            return false;
        struct compiled_action *place =
            PARSER_PUSH(checker->parser, policy->actions, policy->action_count);
        if (!place)
            return false;
        *place = action;
        rule->action_count++;
        note_action(rule, &action);
    }
    return true;
}

enum { DOES_MAX = 65536 };

static void tell_actions(struct checker *checker)
{
    struct rule *rule = checker->rule;
    struct sources *sources = checker->parser->sources;
    struct buf out = buf_init(DOES_MAX);
    for (size_t i = 0; i < rule->action_count; i++) {
        const struct compiled_action *action = &checker->policy->actions[rule->first_action + i];
        buf_printf(&out, "%s%s", i ? ", " : "", action_info(action->kind)->word);
        if (action->name.len > 0 && action->kind != ACTION_SCORE)
            buf_printf(&out, " \"%.*s\"", SLICE_ARGS(action->name));
    }
    rule->does = out.failed ? (struct slice){NULL, 0} : arena_copy(sources->arena, buf_slice(&out));
    sources->no_memory |= !rule->does.ptr;
    buf_release(&out);
}

static bool name_is_new(struct checker *checker, const struct token *name)
{
    size_t same;
    if (!name_index_find(&checker->parser->rule_names, name->text, &same))
        return true;
    source_error(checker->parser->sources, name->at,
                 "a rule of this name stands in line %u already",
                 checker->policy->rules[same].line);
    return false;
}

static bool check_parts(struct checker *checker, const struct syntax_rule *syntax)
{
    if (syntax->when && (checker->rule->condition = check_condition(checker, syntax->when)) < 0)
        return false;
    return check_actions(checker, syntax);
}

static void check_rule(struct checker *checker, const struct syntax_rule *syntax)
{
    struct sources *sources = checker->parser->sources;
    struct policy *policy = checker->policy;
    struct rule rule = {.name = syntax->name.text,
                        .file = sources->files[syntax->name.at.file]->path,
                        .line = source_line(sources, syntax->name.at),
                        .at = syntax->name.at,
                        .observe = syntax->observe,
                        .condition = -1};
    checker->variable_count = checker->uncertain = 0;
    checker->first_node = policy->node_count;
    checker->full = false;
    if (!name_is_new(checker, &syntax->name))
        return;
    checker->rule = &rule;
    bool sound = check_parts(checker, syntax);
    if (sound)
        tell_actions(checker);
    checker->rule = NULL;
    if (!sound ||
        !name_index_add(sources, &checker->parser->rule_names, rule.name, policy->rule_count))
        return;
    struct rule *place = PARSER_PUSH(checker->parser, policy->rules, policy->rule_count);
    if (place)
        *place = rule;
}

static void find_recipient_rule(struct policy *policy)
{
    size_t i = 0;
    while (i < policy->rule_count && !policy->rules[i].names_recipient)
        i++;
    policy->first_for_recipient = i;
}

void check_rules(struct parser *parser)
{
    struct checker checker = {.parser = parser, .policy = parser->config->policy};
    check_named_conditions(&checker);
    for (size_t i = 0; i < parser->rule_count && parser->sources->errors < ERRORS_MAX; i++)
        check_rule(&checker, &parser->rules[i]);
    if (parser->sources->errors == 0) {
        check_phases(&checker);
        find_recipient_rule(checker.policy);
        checker.policy->gates = gates_make(parser->sources, checker.policy);
    }
    checker.policy->marks = marks_make(parser->sources->arena, checker.policy);
    parser->sources->no_memory |= !checker.policy->marks;
}

/* A file without entries may be an export that failed. */
void warn_of_idle_tables(struct parser *parser)
{
    for (size_t i = 0; i < parser->table_count; i++) {
        const struct named_table *t = parser->tables[i];
        const char *what = !t->used ? "is used nowhere"
                           : table_origin(t->table)->in_file && table_count(t->table) == 0
                               ? "is empty: its file has no entries"
                               : NULL;
        if (what)
            source_warning(parser->sources, t->name.at, "the table '%.*s' %s", SHOWN(t->name.text),
                           what);
    }
}
