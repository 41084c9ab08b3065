/* SPDX-License-Identifier: ISC
 * What rules put on messages, known again on those that have it: what a message has because a rule fired is the
 * rule's word, and nothing of what the sender wrote. Rules that only observe count as well, as they may have done more
 * before. */
#ifndef POLICY_MARKS_H
#define POLICY_MARKS_H

#include "policy/policy.h"

enum {
    MARKS_MOST =
        1024 /* fields of different names, and pieces of prefixes; the rest is not known again */
};

/* A text, and whether a fact stands behind it, which may be anything. */
struct mark_piece {
    struct slice literal;
    bool fact;
    bool last; /* of its prefix */
};

struct marks {
    const struct slice *fields; /* names that are added or set */
    size_t field_count;
    const struct mark_piece *pieces; /* of prefixes of the subject, one behind the other */
    size_t piece_count;
};

/* As they were when the policy was made; they live as long as it does. */
const struct marks *policy_marks(const struct policy *policy);

/* Made once all rules are there. NULL: the arena is full. Texts stay the policy's. */
const struct marks *marks_make(struct arena *arena, const struct policy *policy);

/* Whether a field of this name is one, whatever its case. */
bool marks_have_field(const struct marks *marks, struct slice name);

/* How many octets at the beginning of a subject are a prefix that a rule gives; 0: none are. */
size_t marks_prefix_of(const struct marks *marks, struct slice subject);

#endif
