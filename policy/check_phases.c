/* SPDX-License-Identifier: ISC
 * When a rule can act at the earliest, and what keeps it: its own facts, or an earlier rule that
 * must be decided first. */
#include "policy/check.h"

/* The earliest that a condition can be true, and that it can be false. */
struct outlook {
    struct when holds, fails;
};

static struct when later(struct when a, struct when b)
{
    return b.phase > a.phase ? b : a;
}

static struct when sooner(struct when a, struct when b)
{
    return b.phase < a.phase ? b : a;
}

static const struct when at_once = {PHASE_CONNECT, -1}, never = {(enum phase)PHASE_NEVER, -1};

struct outlooks {
    struct checker *checker;
    struct when score; /* of the score fact at the rule that is looked at */
};

static struct outlook node_outlook(const struct outlooks *all, int index);

static struct when operand_when(const struct outlooks *all, int index)
{
    const struct operand *operand = &all->checker->policy->operands[index];
    switch (operand->kind) {
    case OPERAND_LITERAL:
        return at_once;
    case OPERAND_SCORE:
        return all->score;
    case OPERAND_COUNT: {
        struct when when = operand_when(all, operand->list);
        if (operand->condition < 0)
            return when;
        struct outlook inner = node_outlook(all, operand->condition);
        return later(when, sooner(inner.holds, inner.fails));
    }
    case OPERAND_KEYED:
        return (struct when){policy_key_phase(&all->checker->policy->keys[operand->key]), index};
    default:
        return (struct when){fact_info(operand->fact)->phase, index};
    }
}

/* A list may be empty: any over it is then false,
 * all over it true, whatever the condition needs. Of a table that is known. */
static struct outlook quantifier_outlook(const struct outlooks *all, const struct node *node)
{
    const struct operand *operand = &all->checker->policy->operands[node->a];
    struct when list = operand_when(all, node->a);
    struct outlook inner = node_outlook(all, node->left);
    if (operand->kind == OPERAND_LITERAL && operand->literal.list.count > 0)
        return inner;
    if (node->op == OP_ANY)
        return (struct outlook){later(list, inner.holds), list};
    return (struct outlook){list, later(list, inner.fails)};
}

static struct outlook node_outlook(const struct outlooks *all, int index)
{
    const struct node *node = &all->checker->policy->nodes[index];
    struct outlook left = {at_once, at_once}, right = left;
    if (node->op == OP_ANY || node->op == OP_ALL)
        return quantifier_outlook(all, node);
    if (node->left >= 0)
        left = node_outlook(all, node->left);
    if (node->right >= 0)
        right = node_outlook(all, node->right);
    struct when both = later(at_once, node->a >= 0 ? operand_when(all, node->a) : at_once);
    if (node->b >= 0)
        both = later(both, operand_when(all, node->b));
    switch (node->op) {
    case OP_NOT:
        return (struct outlook){left.fails, left.holds};
    case OP_AND:
        return (struct outlook){later(left.holds, right.holds), sooner(left.fails, right.fails)};
    case OP_OR:
        return (struct outlook){sooner(left.holds, right.holds), later(left.fails, right.fails)};
    default:
        return (struct outlook){both, both};
    }
}

static struct when text_when(const struct outlooks *all, const struct text *text)
{
    struct when when = at_once;
    for (size_t i = 0; i < text->count; i++)
        if (text->pieces[i].operand >= 0)
            when = later(when, operand_when(all, text->pieces[i].operand));
    return when;
}

static struct when actions_when(const struct outlooks *all, const struct rule *rule)
{
    struct when when = at_once;
    for (size_t i = 0; i < rule->action_count; i++) {
        const struct compiled_action *action =
            &all->checker->policy->actions[rule->first_action + i];
        when = later(when, text_when(all, &action->text));
        if (action->list < 0)
            continue;
        struct outlook inner = node_outlook(all, action->condition);
        when = later(when, operand_when(all, action->list));
        when = later(when, sooner(inner.holds, inner.fails));
    }
    return when;
}

/* What keeps a rule from being passed over: until it is false, or for one without a verdict, until
 * it is decided. */
static struct when passes(const struct rule *rule)
{
    return rule->terminal && !rule->observe ? rule->fails : sooner(rule->holds, rule->fails);
}

/* Its verdict keeps the message, whose edits belong to it. */
static bool keeps(const struct policy *policy, const struct rule *rule)
{
    enum action verdict = policy->actions[rule->first_action + rule->action_count - 1].kind;
    return rule->terminal &&
           (verdict == ACTION_ACCEPT || verdict == ACTION_QUARANTINE || verdict == ACTION_REDIRECT);
}

/* Of the rules before one: the first that always decides, the first of those that take longest, of
 * all and of those with an enforced verdict. NULL: there is none. */
struct earlier {
    const struct rule *last, *slowest, *slowest_verdict;
};

static struct slice operand_name(struct checker *checker, int index)
{
    if (index < 0)
        return SLICE("more");
    const struct operand *operand = &checker->policy->operands[index];
    if (operand->kind == OPERAND_KEYED)
        return policy_key_name(checker->parser->sources->arena,
                               &checker->policy->keys[operand->key]);
    return slice_of(fact_info(operand->fact)->name);
}

static void explain(struct checker *checker, struct rule *rule, struct when own,
                    const struct rule *cause)
{
    struct arena *arena = checker->parser->sources->arena;
    if (rule->acts_at == PHASE_CONNECT)
        return;
    const char *phase = phase_word(rule->acts_at);
    struct slice needs = operand_name(checker, cause ? passes(cause).operand : own.operand);
    if (cause)
        rule->why_later = arena_printf(
            arena, "cannot act before %s because rule \"%.*s\" (line %u) before it needs %.*s",
            phase, SHOWN(cause->name), cause->line, SHOWN(needs));
    else
        rule->why_later =
            arena_printf(arena, "cannot act before %s: names %.*s", phase, SHOWN(needs));
    if (!rule->why_later.ptr)
        checker->parser->sources->no_memory = true;
}

static void warn_never(struct checker *checker, const struct rule *rule, const struct rule *cause)
{
    source_warning(checker->parser->sources, rule->at,
                   "this rule can never act: rule \"%.*s\" (line %u) before it always decides",
                   SHOWN(cause->name), cause->line);
}

static void hold_up(const struct rule **slowest, const struct rule *rule)
{
    if (!*slowest || passes(rule).phase > passes(*slowest).phase)
        *slowest = rule;
}

/* For those behind it. */
static void add_earlier(struct earlier *earlier, const struct rule *rule)
{
    bool decides = rule->terminal && !rule->observe;
    hold_up(&earlier->slowest, rule);
    if (decides)
        hold_up(&earlier->slowest_verdict, rule);
    if (decides && !earlier->last && rule->fails.phase > PHASE_MESSAGE)
        earlier->last = rule;
}

/* The first of those that it waits for longest; see policy_evaluate. NULL: none. */
static const struct rule *waits_for(const struct policy *policy, const struct rule *rule,
                                    const struct earlier *earlier)
{
    if (!rule->terminal)
        return NULL;
    return keeps(policy, rule) ? earlier->slowest : earlier->slowest_verdict;
}

static void place_rule(struct checker *checker, struct rule *rule, const struct earlier *earlier)
{
    struct when own = later(rule->holds, rule->texts);
    const struct rule *cause = waits_for(checker->policy, rule, earlier);
    if (earlier->last) {
        warn_never(checker, rule, earlier->last);
        return;
    }
    if (cause && passes(cause).phase <= own.phase)
        cause = NULL;
    rule->acts_at = cause ? passes(cause).phase : own.phase;
    explain(checker, rule, own, cause);
}

/* By its own facts alone: what other rules stand above it, or score above it, does not count. */
static bool spares_postmaster(struct checker *checker, const struct rule *rule)
{
    struct outlooks alone = {checker, at_once};
    struct when holds = rule->condition < 0 ? at_once : node_outlook(&alone, rule->condition).holds;
    return rule->terminal && rule->strictness > 0 &&
           later(holds, actions_when(&alone, rule)).phase < PHASE_MESSAGE;
}

void check_phases(struct checker *checker)
{
    struct outlooks all = {checker, at_once};
    struct earlier earlier = {0};
    struct policy *policy = checker->policy;
    for (size_t i = 0; i < policy->rule_count; i++) {
        struct rule *rule = &policy->rules[i];
        struct outlook outlook = {at_once, never};
        if (rule->condition >= 0)
            outlook = node_outlook(&all, rule->condition);
        rule->holds = outlook.holds;
        rule->fails = outlook.fails;
        rule->texts = actions_when(&all, rule);
        rule->spares_postmaster = spares_postmaster(checker, rule);
        place_rule(checker, rule, &earlier);
        add_earlier(&earlier, rule);
        if (rule->scores && !rule->observe)
            all.score = later(all.score, sooner(rule->holds, rule->fails));
    }
}
