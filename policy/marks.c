/* SPDX-License-Identifier: ISC */
#include "policy/marks.h"

#include "policy/program.h"

const struct marks *policy_marks(const struct policy *policy)
{
    return policy->marks;
}

/* ---- made ---- */

static void add_field(struct marks *marks, struct slice *fields, struct slice name)
{
    if (marks->field_count < MARKS_MOST && !marks_have_field(marks, name))
        fields[marks->field_count++] = name;
}

/* All of it or nothing. */
static void add_prefix(struct marks *marks, struct mark_piece *pieces, const struct text *text)
{
    if (text->count == 0 || text->count > MARKS_MOST - marks->piece_count)
        return;
    for (size_t i = 0; i < text->count; i++)
        pieces[marks->piece_count++] = (struct mark_piece){.literal = text->pieces[i].literal,
                                                           .fact = text->pieces[i].operand >= 0,
                                                           .last = i + 1 == text->count};
}

static size_t pieces_of(const struct compiled_action *action)
{
    return action->kind == ACTION_SUBJECT_PREFIX ? action->text.count : 0;
}

static size_t pieces_of_all(const struct policy *policy)
{
    size_t count = 0;
    for (size_t i = 0; i < policy->action_count; i++)
        count += pieces_of(&policy->actions[i]);
    return count;
}

const struct marks *marks_make(struct arena *arena, const struct policy *policy)
{
    struct marks *marks = arena_alloc(arena, sizeof *marks);
    struct slice *fields = arena_array(arena, policy->action_count, sizeof *fields);
    struct mark_piece *pieces = arena_array(arena, pieces_of_all(policy), sizeof *pieces);
    if (!marks || !fields || !pieces)
        return NULL;
    *marks = (struct marks){.fields = fields, .pieces = pieces};
    for (size_t i = 0; i < policy->action_count; i++) {
        const struct compiled_action *action = &policy->actions[i];
        if (action->kind == ACTION_HEADER_ADD || action->kind == ACTION_HEADER_SET)
            add_field(marks, fields, action->name);
        else if (action->kind == ACTION_SUBJECT_PREFIX)
            add_prefix(marks, pieces, &action->text);
    }
    return marks;
}

/* ---- asked ---- */

bool marks_have_field(const struct marks *marks, struct slice name)
{
    for (size_t i = 0; i < marks->field_count; i++)
        if (slice_ieq(marks->fields[i], name))
            return true;
    return false;
}

/* Where the literal of a piece stands at or behind `at`; behind a fact it may be farther. False: nowhere. */
static bool pass_literal(struct slice subject, struct slice literal, bool behind_fact, size_t *at)
{
    for (size_t from = *at; from + literal.len <= subject.len; from++) {
        if (slice_eq(slice_sub(subject, from, from + literal.len), literal)) {
            *at = from + literal.len;
            return true;
        }
        if (!behind_fact)
            return false;
    }
    return false;
}

/* One that is nothing but facts could be anything, and is not known again. */
static size_t extent(const struct mark_piece *pieces, size_t count, struct slice subject)
{
    size_t at = 0;
    bool behind_fact = false;
    if (pieces[0].literal.len == 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        struct slice literal = pieces[i].literal;
        if (literal.len && !pass_literal(subject, literal, behind_fact, &at))
            return 0;
        behind_fact = pieces[i].fact;
    }
    if (behind_fact)
        at += slice_find(slice_from(subject, at), ' ');
    return at < subject.len ? at : subject.len;
}

size_t marks_prefix_of(const struct marks *marks, struct slice subject)
{
    size_t longest = 0, first = 0;
    for (size_t i = 0; i < marks->piece_count; i++) {
        if (!marks->pieces[i].last)
            continue;
        size_t len = extent(&marks->pieces[first], i + 1 - first, subject);
        longest = len > longest ? len : longest;
        first = i + 1;
    }
    return longest;
}
