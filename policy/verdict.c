/* SPDX-License-Identifier: ISC
 * The walk over the rules.
 *
 * What holds a decision up while facts are pending:
 *   a refusal     an enforced rule before it that has a verdict of its own and is pending
 *   an accept     any rule before it that is pending: its edits belong to the message,
 *                 and an observed one wants its facts
 *
 * An unknown rule does not fire. When the walk ends with a delivery (accept, discard, quarantine) and such a
 * rule was stricter, and its fact's default says so, the message is deferred:
 * neither let through nor refused for good. */
#include "policy/gates.h"
#include "policy/parts.h"
#include "policy/text.h"
#include "policy/walk.h"

static void *push(struct walk *walk, void *array, size_t *count, size_t size)
{
    size_t room = arena_room(*count);
    void *place = arena_grow(walk->arena, array, *count, &room, size);
    if (!place)
        walk->no_memory = true;
    else
        ++*count;
    return place;
}

#define PUSH(walk, array, count, element)                                                          \
    do {                                                                                           \
        void *place_ = push((walk), (array), &(count), sizeof *(array));                           \
        if (place_) {                                                                              \
            (array) = place_;                                                                      \
            (array)[(count)-1] = (element);                                                        \
        }                                                                                          \
    } while (0)

static struct slice render(struct walk *walk, const struct text *text, enum text_kind kind)
{
    struct slice rendered = text_render(&walk->evaluation, text, kind, walk->arena);
    if (!rendered.ptr)
        walk->no_memory = true;
    return rendered;
}

static void note_doubt(struct walk *walk, size_t rule, struct judgement judgement, int strictness)
{
    if (!judgement.defer || strictness <= walk->doubtful_strictness)
        return;
    walk->doubtful_rule = (int)rule;
    walk->doubtful_fact = judgement.fact;
    walk->doubtful_tired = judgement.tired;
    walk->doubtful_strictness = strictness;
}

/* Members of one archive follow each other, so the last edit is looked at first. */
static bool stripped_already(const struct verdict *out, unsigned part)
{
    for (size_t i = out->edit_count; i-- > 0;)
        if (out->edits[i].kind == ACTION_STRIP && out->edits[i].part == part)
            return true;
    return false;
}

/* False: which part that is, is not known. */
static bool strip_member(struct walk *walk, const struct compiled_action *action,
                         const struct value *member)
{
    struct edit edit = {.kind = ACTION_STRIP};
    const struct type *list = &walk->evaluation.policy->operands[action->list].type;
    if (!part_of(list, member, &edit.part))
        return false;
    if (stripped_already(walk->out, edit.part))
        return true;
    edit.value = render(walk, &action->text, TEXT_HEADER);
    PUSH(walk, walk->out->edits, walk->out->edit_count, edit);
    return true;
}

/* Strips what is known to fit (when `act`). Says whether all members could be decided, and those
 * that fit be stripped. */
static struct judgement strip(struct walk *walk, const struct compiled_action *action, bool act)
{
    struct evaluation *evaluation = &walk->evaluation;
    enum fact fact = evaluation->policy->operands[action->list].fact;
    struct value list = eval_operand(evaluation, action->list);
    struct judgement complete = judge(true);
    if (list.state == VALUE_ABSENT)
        return complete;
    if (list.state != VALUE_KNOWN)
        return judge_missing(evaluation, &list, fact);
    for (size_t i = 0; i < list.list.count; i++) {
        evaluation->bound[action->slot] = &list.list.items[i];
        struct judgement one = eval_work(evaluation, 1, fact)
                                   ? eval_node(evaluation, action->condition)
                                   : judge_unknown(evaluation, fact);
        if (one.truth == TRUTH_TRUE && act && !strip_member(walk, action, &list.list.items[i]))
            one = judge_unknown(evaluation, fact);
        complete = judge_and(complete, one.truth == TRUTH_FALSE ? judge(true) : one);
    }
    return list.list.cut ? judge_and(complete, judge_unknown(evaluation, fact)) : complete;
}

/* A rule that holds delays the reply, even while a text of its verdict is pending. */
static void delay(struct walk *walk, const struct rule *rule)
{
    for (size_t i = 0; i < rule->action_count; i++) {
        const struct compiled_action *action =
            &walk->evaluation.policy->actions[rule->first_action + i];
        if (action->delay > walk->out->delay)
            walk->out->delay = action->delay;
    }
}

/* The condition, and whether everything is there that the actions need. */
static struct judgement judge_rule(struct walk *walk, const struct rule *rule)
{
    struct evaluation *evaluation = &walk->evaluation;
    eval_begin_rule(evaluation);
    struct judgement judgement =
        rule->condition < 0 ? judge(true) : eval_node(evaluation, rule->condition);
    if (judgement.truth != TRUTH_TRUE || rule->observe)
        return judgement;
    delay(walk, rule);
    if (evaluation->final)
        return judgement;
    for (size_t i = 0; i < rule->action_count; i++) {
        const struct compiled_action *action = &evaluation->policy->actions[rule->first_action + i];
        struct judgement ready =
            action->kind == ACTION_STRIP ? strip(walk, action, false) : judge(true);
        if (ready.truth == TRUTH_PENDING)
            return ready;
        if (action->kind != ACTION_STRIP && text_pending(evaluation, &action->text))
            return (struct judgement){.truth = TRUTH_PENDING, .fact = -1};
    }
    return judgement;
}

static void add_score(struct walk *walk, const struct compiled_action *action)
{
    struct score_part part = {action->name, action->points};
    score_add(&walk->evaluation.score, action->points, judge(true));
    walk->out->score = walk->evaluation.score.sum;
    PUSH(walk, walk->out->parts, walk->out->part_count, part);
}

static void set_reply(struct walk *walk, size_t rule, const struct compiled_action *action)
{
    struct verdict *out = walk->out;
    out->action = action->kind;
    out->rule = (int)rule;
    out->held_as = action->name;
    if (action->code == 0)
        return;
    out->code = action->code;
    out->enhanced = action->enhanced;
    out->text = render(walk, &action->text, TEXT_REPLY);
}

static void add_edit(struct walk *walk, const struct compiled_action *action, enum action kind)
{
    struct edit edit = {.kind = kind, .name = action->name};
    if (kind != ACTION_HEADER_REMOVE)
        edit.value = render(walk, &action->text, TEXT_HEADER);
    PUSH(walk, walk->out->edits, walk->out->edit_count, edit);
}

/* The same text stands in a message once. */
static void add_banner(struct walk *walk, const struct compiled_action *action)
{
    struct verdict *out = walk->out;
    struct edit edit = {.kind = action->kind, .split = action->split};
    edit.value = slice_trim(render(walk, &action->text, TEXT_HEADER));
    for (size_t i = 0; i < out->edit_count; i++) {
        if (out->edits[i].kind != edit.kind || !slice_eq(out->edits[i].value, edit.value))
            continue;
        out->edits[i].split |= edit.split;
        return;
    }
    if (edit.value.len > 0)
        PUSH(walk, out->edits, out->edit_count, edit);
}

static void set_header(struct walk *walk, const struct compiled_action *action)
{
    add_edit(walk, action, ACTION_HEADER_REMOVE);
    add_edit(walk, action, ACTION_HEADER_ADD);
}

static void add_address(struct walk *walk, struct slice **all, size_t *count, struct slice address)
{
    for (size_t i = 0; i < *count; i++)
        if (slice_ieq((*all)[i], address))
            return;
    PUSH(walk, *all, *count, address);
}

static void add_notice(struct walk *walk, size_t rule, const struct compiled_action *action)
{
    struct notice notice = {(unsigned)rule, action->name};
    PUSH(walk, walk->out->notices, walk->out->notice_count, notice);
}

static void act(struct walk *walk, size_t rule, const struct compiled_action *action)
{
    struct slice line;
    switch (action->kind) {
    case ACTION_SCORE:
        add_score(walk, action);
        return;
    case ACTION_HEADER_ADD:
    case ACTION_HEADER_REMOVE:
    case ACTION_SUBJECT_PREFIX:
        add_edit(walk, action, action->kind);
        return;
    case ACTION_HEADER_SET:
        set_header(walk, action);
        return;
    case ACTION_BANNER:
    case ACTION_DISCLAIMER:
        add_banner(walk, action);
        return;
    case ACTION_STRIP:
        note_doubt(walk, rule, strip(walk, action, true), action_info(ACTION_STRIP)->strictness);
        return;
    case ACTION_COPY:
        add_address(walk, &walk->out->copies, &walk->out->copy_count, action->name);
        return;
    case ACTION_BCC:
        add_address(walk, &walk->out->bccs, &walk->out->bcc_count, action->name);
        return;
    case ACTION_NOTIFY:
        add_notice(walk, rule, action);
        return;
    case ACTION_JOURNAL:
        walk->out->journal = true;
        return;
    case ACTION_LOG:
        line = render(walk, &action->text, TEXT_LOG);
        PUSH(walk, walk->out->log, walk->out->log_count, line);
        return;
    case ACTION_DELAY:
        return;
    default:
        set_reply(walk, rule, action);
    }
}

static void pass_over(struct walk *walk, size_t index, const struct rule *rule,
                      struct judgement judgement)
{
    if (judgement.truth == TRUTH_FALSE)
        return;
    bool pending = judgement.truth == TRUTH_PENDING;
    walk->waiting |= pending;
    if (rule->observe)
        return;
    walk->blocked |= pending && rule->terminal;
    eval_score(&walk->evaluation, rule, judgement);
    if (!pending)
        note_doubt(walk, index, judgement, rule->strictness);
}

static bool is_delivery(enum action action)
{
    return action == ACTION_ACCEPT || action == ACTION_DISCARD || action == ACTION_QUARANTINE ||
           action == ACTION_REDIRECT;
}

/* It is for the limits on our DNS questions that the fact is not known. */
static bool is_unasked(const struct walk *walk)
{
    return walk->evaluation.facts->unasked && !walk->evaluation.facts->unexamined &&
           fact_info((enum fact)walk->doubtful_fact)->producer == PRODUCER_AUTHENTICATION;
}

/* It will not be known another time either. */
static bool is_for_good(const struct walk *walk)
{
    const struct fact_info *info = fact_info((enum fact)walk->doubtful_fact);
    return !walk->doubtful_tired && walk->evaluation.facts->never >> info->producer & 1;
}

static void refuse_for_doubt(struct verdict *out)
{
    out->action = ACTION_REJECT;
    out->code = 550;
    out->enhanced = SLICE("5.7.1");
    out->text = SLICE("the message cannot be checked, and trying again will not change that; "
                      "send it in another form");
}

static void defer_for_doubt(const struct walk *walk, struct verdict *out)
{
    out->action = ACTION_DEFER;
    out->code = 451;
    out->enhanced = is_unasked(walk) ? SLICE("4.4.3") : SLICE("4.7.1");
    out->text = is_unasked(walk)
                    ? SLICE("the DNS cannot be asked all that tells who sent this, try again later")
                    : SLICE("the message could not be checked now, try again later");
}

static void put_off(struct verdict *out)
{
    out->action = ACTION_DEFER;
    out->code = 451;
    out->enhanced = SLICE("4.4.3");
    out->text = SLICE("names of yours are still being looked up, try again later");
}

/* A delivery that a stricter rule might have prevented, had its facts been known. */
static void apply_doubt(struct walk *walk)
{
    struct verdict *out = walk->out;
    if (walk->evaluation.facts->withheld && is_delivery(out->action)) {
        put_off(out);
        return;
    }
    if (walk->doubtful_rule < 0 || !is_delivery(out->action) ||
        walk->doubtful_strictness <= action_info(out->action)->strictness)
        return;
    if (is_for_good(walk))
        refuse_for_doubt(out);
    else
        defer_for_doubt(walk, out);
    out->rule = walk->doubtful_rule;
    out->unknown = walk->doubtful_fact;
    out->tired = walk->doubtful_tired;
}

static bool held_up(const struct walk *walk, enum action action)
{
    bool keeps =
        action == ACTION_ACCEPT || action == ACTION_QUARANTINE || action == ACTION_REDIRECT;
    return keeps ? walk->waiting : walk->blocked;
}

/* A rule that holds. True: it ends the walk. */
static bool fire(struct walk *walk, size_t index, const struct rule *rule)
{
    unsigned number = (unsigned)index;
    PUSH(walk, walk->out->fired, walk->out->fired_count, number);
    for (size_t i = 0; !rule->observe && i < rule->action_count; i++)
        act(walk, index, &walk->evaluation.policy->actions[rule->first_action + i]);
    return rule->terminal && !rule->observe && (!walk->ends || walk->ends(walk, rule));
}

/* Whom others must be able to reach is ours. */
static bool leaves(const struct facts *facts)
{
    const struct value *direction = &facts->fact[FACT_DIRECTION];
    return direction->state == VALUE_KNOWN && direction->integer == DIRECTION_OUTBOUND;
}

bool rule_passes_over(const struct rule *rule, const struct facts *facts)
{
    const struct value *recipient = &facts->fact[FACT_RECIPIENT];
    return rule->spares_postmaster && recipient->state == VALUE_KNOWN &&
           is_postmaster(recipient->text) && !leaves(facts);
}

/* True: it ends the walk. */
static bool look_at(struct walk *walk, size_t index)
{
    const struct policy *policy = walk->evaluation.policy;
    const struct rule *rule = &policy->rules[index];
    if ((walk->counts && !walk->counts(policy, rule)) ||
        rule_passes_over(rule, walk->evaluation.facts))
        return false;
    struct judgement judgement = judge_rule(walk, rule);
    if (judgement.truth == TRUTH_TRUE)
        return fire(walk, index, rule);
    pass_over(walk, index, rule, judgement);
    return false;
}

static unsigned moot(const struct walk *walk)
{
    return (walk->waiting ? PENDING_WAITS : 0) | (walk->blocked ? PENDING_BLOCKS : 0) |
           moot_doubts(&walk->evaluation);
}

void walk_rules(struct walk *walk)
{
    const struct policy *policy = walk->evaluation.policy;
    struct candidates candidates = candidates_begin(&walk->evaluation);
    size_t last = policy->rule_count;
    for (size_t i; last == policy->rule_count && !walk->no_memory &&
                   candidates_next(&candidates, moot(walk), &i);)
        if (look_at(walk, i))
            last = i;
    candidates_end(&candidates);
    walk->out->per_recipient = !walk->counts && policy->first_for_recipient < policy->rule_count &&
                               policy->first_for_recipient <= last;
}

struct walk walk_begin(const struct policy *policy, const struct facts *facts, bool final,
                       struct arena *arena, struct verdict *out)
{
    *out = (struct verdict){.action = ACTION_ACCEPT, .code = 250, .rule = -1, .unknown = -1};
    return (struct walk){.arena = arena,
                         .out = out,
                         .doubtful_rule = -1,
                         .evaluation = {.policy = policy,
                                        .facts = facts,
                                        .final = final,
                                        .score.doubt = judge(true),
                                        .exhausted = -1}};
}

enum outcome walk_end(struct walk *walk)
{
    if (walk->no_memory)
        return OUTCOME_NO_MEMORY;
    if (held_up(walk, walk->out->action))
        return OUTCOME_PENDING;
    apply_doubt(walk);
    return OUTCOME_DECIDED;
}

enum outcome policy_evaluate(const struct policy *policy, const struct facts *facts,
                             enum phase through, struct arena *arena, struct verdict *out)
{
    struct walk walk = walk_begin(policy, facts, through == PHASE_MESSAGE, arena, out);
    walk_rules(&walk);
    return walk_end(&walk);
}
