/* SPDX-License-Identifier: ISC
 * Which parts of a message a rule fired on. */
#ifndef POLICY_PARTS_H
#define POLICY_PARTS_H

#include "policy/eval.h"

struct parts {
    unsigned *numbers;
    size_t count, room;
};

/* The number of the MIME part that a member of such a list names. False: none is known. */
bool part_of(const struct type *list, const struct value *member, unsigned *part);

bool parts_add(struct parts *parts, struct arena *arena, unsigned part); /* false: no memory */
void parts_sort(struct parts *parts);                                    /* ascending, each once */

enum fired_on { FIRED_ON_PARTS, FIRED_ON_WHOLE, FIRED_ON_NO_MEMORY };

/* What a rule fired on whose condition holds; its parts are added, unsorted.
 *
 * `any a in attachments (...)` names the parts of all members for which the inner condition holds.
 * `and` names what its sides name; one that names nothing only qualifies the other. So does `or`,
 * of the sides that hold; but when one of them names nothing, what the others name counts only
 * within an `and` whose other side names something. All else names nothing. What names nothing
 * fired on the whole, and so did what cannot be told completely: a list was cut, a member or a side
 * could not be decided, a number is not known. */
enum fired_on parts_fired_on(struct evaluation *evaluation, const struct rule *rule,
                             struct arena *arena, struct parts *parts);

#endif
