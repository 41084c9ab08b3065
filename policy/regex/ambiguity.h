/* SPDX-License-Identifier: ISC
 * Texts that a repeat can read in more than one way: such a text, twice, can be read in four, three
 * times in eight ... (exponential ambiguity: Weber and Seidl, "On the degree of ambiguity of finite
 * automata", 1991). Found in the automaton of the repeat's positions (Glushkov 1961), where an edge
 * that two repeats make counts twice: pairs of positions that one text leads to, from one position
 * and back to it, and that are not the same all the way. */
#ifndef POLICY_REGEX_AMBIGUITY_H
#define POLICY_REGEX_AMBIGUITY_H

#include "policy/regex/tree.h"

struct regex_ambiguity {
    int leaf; /* a REGEX_CHARS within the repeat: */
    struct slice
        texts[2]; /* each leads from it to it in two ways: of usual characters, of others */
};

enum { REGEX_POSITIONS_MAX = 256 };

/* How many were found, at most `max`, one a leaf, in no more than *steps, which become less. None
 * when it has more than REGEX_POSITIONS_MAX leaves, or the tree's arena is full. What looks ahead or
 * behind is no part of it. */
size_t regex_ambiguities(const struct regex_tree *tree, int repeat, struct regex_ambiguity *out,
                         size_t max, size_t *steps);

#endif
