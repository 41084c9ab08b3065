/* SPDX-License-Identifier: ISC
 * What may be shown of a message. */
#include "policy/parts.h"
#include "policy/walk.h"

struct reader {
    struct walk walk;
    struct parts parts;
    bool whole;
    bool decided;         /* some rule has, and it is `first` */
    struct verdict first; /* its reply; lists are those of the walk */
};

static void take_reply(struct verdict *to, const struct verdict *from)
{
    to->action = from->action;
    to->code = from->code;
    to->enhanced = from->enhanced;
    to->text = from->text;
    to->held_as = from->held_as;
    to->rule = from->rule;
    to->unknown = from->unknown;
    to->tired = from->tired;
}

static void go_on(struct reader *reader)
{
    static const struct verdict none = {
        .action = ACTION_ACCEPT, .code = 250, .rule = -1, .unknown = -1};
    struct verdict *out = reader->walk.out;
    if (!reader->decided)
        take_reply(&reader->first, out);
    reader->decided = true;
    take_reply(out, &none);
}

static bool ends(struct walk *walk, const struct rule *rule)
{
    struct reader *reader = (struct reader *)walk; /* its first member */
    if (walk->out->action == ACTION_ACCEPT || walk->out->action == ACTION_DEFER)
        return true;
    enum fired_on fired_on = parts_fired_on(&walk->evaluation, rule, walk->arena, &reader->parts);
    walk->no_memory |= fired_on == FIRED_ON_NO_MEMORY;
    reader->whole = fired_on == FIRED_ON_WHOLE;
    if (fired_on != FIRED_ON_PARTS)
        return true;
    parts_sort(&reader->parts);
    go_on(reader);
    return false;
}

static bool add_stripped(struct reader *reader)
{
    const struct verdict *out = reader->walk.out;
    for (size_t i = 0; i < out->edit_count; i++)
        if (out->edits[i].kind == ACTION_STRIP &&
            !parts_add(&reader->parts, reader->walk.arena, out->edits[i].part))
            return false;
    parts_sort(&reader->parts);
    return true;
}

/* What the walk came to in the end is in the verdict: of an accept, a whole, or a defer. */
static bool conclude(struct reader *reader, struct reading *out)
{
    if (out->verdict.action == ACTION_DEFER) {
        out->kind = READING_LATER;
        return true;
    }
    /* refused for what will never be known */
    reader->whole |= out->verdict.action == ACTION_REJECT && out->verdict.unknown >= 0;
    if (reader->decided)
        take_reply(&out->verdict, &reader->first);
    out->whole = reader->whole;
    if (!out->whole && !add_stripped(reader))
        return false;
    if (!out->whole) {
        out->parts = reader->parts.numbers;
        out->part_count = reader->parts.count;
    }
    out->kind = out->whole || out->part_count > 0 ? READING_REDACTED : READING_CLEAR;
    return true;
}

enum outcome policy_evaluate_reading(const struct policy *policy, const struct facts *facts,
                                     struct arena *arena, struct reading *out)
{
    *out = (struct reading){.kind = READING_LATER};
    struct reader reader = {.walk = walk_begin(policy, facts, true, arena, &out->verdict)};
    reader.walk.ends = ends;
    walk_rules(&reader.walk);
    enum outcome outcome = walk_end(&reader.walk);
    if (outcome == OUTCOME_DECIDED && !conclude(&reader, out))
        outcome = OUTCOME_NO_MEMORY;
    return outcome;
}
