/* SPDX-License-Identifier: ISC */
#include "filters/judge.h"

#include "base/buf.h"

/* ---- each ---- */

static bool evaluate(const struct judge *judge, struct verdict *out)
{
    enum outcome outcome =
        policy_evaluate(judge->policy, judge->facts, judge->through, judge->arena, out);
    if (outcome == OUTCOME_PENDING) {
        out->action = ACTION_ACCEPT;
        out->code = 250;
        out->enhanced = out->text = SLICE("");
    }
    return outcome != OUTCOME_NO_MEMORY;
}

static bool is_for_postmaster(const struct facts *facts)
{
    const struct value *recipient = &facts->fact[FACT_RECIPIENT];
    return recipient->state == VALUE_KNOWN && is_postmaster(recipient->text);
}

/* Another one's verdict is asked for when it can differ from the first one's. */
bool judge_each(const struct judge *judge)
{
    struct verdict *first = judge->verdicts[0];
    bool for_postmaster = false;
    for (size_t i = 0; i < judge->count; i++) {
        judge->turn(judge->ctx, i);
        if (i == 0)
            for_postmaster = is_for_postmaster(judge->facts);
        bool may_differ =
            i == 0 || first->per_recipient || is_for_postmaster(judge->facts) != for_postmaster;
        if (!may_differ)
            *judge->verdicts[i] = *first;
        else if (!evaluate(judge, judge->verdicts[i]))
            return false;
    }
    judge->turn(judge->ctx, 0);
    return true;
}

/* ---- together ---- */

bool judge_refuses(const struct verdict *v)
{
    return v->action == ACTION_REJECT || v->action == ACTION_DEFER || v->action == ACTION_DROP;
}

bool judge_holds(const struct verdict *v)
{
    return v->action == ACTION_QUARANTINE || v->action == ACTION_REDIRECT;
}

bool judge_keeps_edit(const struct edit *edit, bool banners_differ)
{
    bool banner = edit->kind == ACTION_BANNER || edit->kind == ACTION_DISCLAIMER;
    return !banner || edit->split || !banners_differ;
}

/* The next one from *at on, of those that stay where banners differ, or of all; NULL: none. */
static const struct edit *next_edit(const struct verdict *v, size_t *at, bool all)
{
    while (*at < v->edit_count) {
        const struct edit *edit = &v->edits[(*at)++];
        if (all || judge_keeps_edit(edit, true))
            return edit;
    }
    return NULL;
}

static bool same_edit(const struct edit *a, const struct edit *b)
{
    return a->kind == b->kind && a->part == b->part && slice_eq(a->name, b->name) &&
           slice_eq(a->value, b->value);
}

static bool same_edits(const struct verdict *a, const struct verdict *b, bool all)
{
    size_t at_a = 0, at_b = 0;
    const struct edit *edit_a, *edit_b;
    do {
        edit_a = next_edit(a, &at_a, all);
        edit_b = next_edit(b, &at_b, all);
    } while (edit_a && edit_b && same_edit(edit_a, edit_b));
    return !edit_a && !edit_b;
}

static bool is_edited(const struct verdict *v)
{
    return v->action == ACTION_ACCEPT || v->action == ACTION_REDIRECT;
}

bool judge_same_fate(const struct verdict *a, const struct verdict *b)
{
    if (judge_refuses(a) || judge_refuses(b))
        return a->action == b->action && a->code == b->code && a->rule == b->rule;
    return a->action != b->action || !is_edited(a) || same_edits(a, b, false);
}

static bool can_strip(const struct verdict *v, const struct part_range *parts, size_t part_count,
                      uint64_t size)
{
    for (size_t i = 0; i < v->edit_count; i++)
        if (v->edits[i].kind == ACTION_STRIP &&
            !part_to_replace(parts, part_count, v->edits[i].part, size))
            return false;
    return true;
}

static enum ruling_kind kind_of(const struct ruling *ruling, bool differ, bool sealed)
{
    return differ                           ? RULING_SPLIT
           : judge_refuses(ruling->verdict) ? RULING_REFUSE
           : sealed                         ? RULING_SEALED
           : ruling->deliveries             ? RULING_DELIVER
           : ruling->holds                  ? RULING_HOLD
                                            : RULING_DISCARD;
}

static void say(struct ruling *ruling, enum action action, unsigned code, struct slice enhanced,
                struct slice text)
{
    ruling->action = action;
    ruling->code = code;
    ruling->enhanced = enhanced;
    ruling->text = text;
}

static void word(struct ruling *ruling)
{
    const struct verdict *v = ruling->verdict;
    switch (ruling->kind) {
    case RULING_DELIVER:
    case RULING_DISCARD:
    case RULING_HOLD:
        say(ruling, v->action, 250, SLICE("2.0.0"), SLICE("accepted"));
        break;
    case RULING_REFUSE:
        say(ruling, v->action, v->code, v->enhanced, v->text);
        break;
    case RULING_SPLIT:
        say(ruling, ACTION_DEFER, 451, SLICE("4.5.3"),
            SLICE("recipients fare differently, try again: they will be taken group by group"));
        break;
    case RULING_SEALED:
        say(ruling, ACTION_REJECT, 550, SLICE("5.7.1"),
            SLICE("a forbidden attachment cannot be taken out of a signed or encrypted message"));
        break;
    }
}

/* ---- all or nobody ---- */

bool judge_all_or_nobody(const struct config *config, enum direction direction)
{
    return direction == DIRECTION_OUTBOUND && !config->settings.smtp_outbound_split;
}

enum { NAMED = 3, NAMES_OCTETS = 300 /* of a reply */ };

static const struct verdict *strictest(const struct judge *judge)
{
    const struct verdict *found = NULL;
    for (size_t i = 0; i < judge->count; i++) {
        const struct verdict *v = judge->verdicts[i];
        if (judge_refuses(v) &&
            (!found || action_info(v->action)->strictness > action_info(found->action)->strictness))
            found = v;
    }
    return found;
}

static void name_refused(const struct judge *judge, struct buf *names)
{
    size_t refused = 0, named = 0;
    for (size_t i = 0; i < judge->count; i++) {
        if (!judge_refuses(judge->verdicts[i]))
            continue;
        refused++;
        judge->turn(judge->ctx, i);
        struct slice name = judge->facts->fact[FACT_RECIPIENT].text;
        if (named == NAMED || buf_len(names) + name.len > NAMES_OCTETS)
            continue;
        buf_printf(names, "%s%.*s", named++ ? ", " : "", SLICE_ARGS(name));
    }
    if (refused > named)
        buf_printf(names, "%s%zu more", named ? " and " : "", refused - named);
    judge->turn(judge->ctx, 0);
}

/* What sends out mail of ours tells its user so, who takes them off; told apart at later tries, some
 * would have it now and others in a quarter of an hour. */
static void refuse_all(const struct judge *judge, const struct verdict *why, struct ruling *ruling)
{
    char room[NAMES_OCTETS + 64];
    struct buf names = buf_over(room, sizeof room);
    name_refused(judge, &names);
    ruling->kind = RULING_REFUSE;
    ruling->refused_for_one = true;
    ruling->verdict = why;
    say(ruling, why->action, why->code, why->enhanced,
        arena_printf(judge->arena, "%.*s; sent to nobody, as it is refused for %.*s",
                     SLICE_ARGS(why->text), SLICE_ARGS(buf_slice(&names))));
}

/* From the first who fares like this one; all else that could differ is looked at by others. */
static bool differs_in_banners(const struct judge *judge, size_t index)
{
    const struct verdict *v = judge->verdicts[index];
    size_t first = 0;
    while (judge->verdicts[first]->action != v->action)
        first++;
    return is_edited(v) && !same_edits(judge->verdicts[first], v, true);
}

struct ruling judge_together(const struct judge *judge, const struct part_range *parts,
                             size_t part_count, uint64_t size)
{
    struct ruling ruling = {.verdict = judge->verdicts[0]};
    bool differ = false, sealed = false;
    for (size_t i = 0; i < judge->count; i++) {
        const struct verdict *v = judge->verdicts[i];
        size_t first = 0;
        while (judge->verdicts[first]->action != v->action)
            first++;
        differ |=
            !judge_same_fate(judge->verdicts[0], v) || !judge_same_fate(judge->verdicts[first], v);
        sealed |= is_edited(v) && !can_strip(v, parts, part_count, size);
        if (judge_holds(v) && !ruling.holds++ && !ruling.deliveries)
            ruling.verdict = v;
        if (v->action == ACTION_ACCEPT && !ruling.deliveries++)
            ruling.verdict = v;
        ruling.banners_differ |= differs_in_banners(judge, i);
    }
    const struct verdict *refused = differ && judge->all_or_nobody ? strictest(judge) : NULL;
    ruling.kind = kind_of(&ruling, differ, sealed);
    if (refused)
        refuse_all(judge, refused, &ruling);
    else
        word(&ruling);
    return ruling;
}
