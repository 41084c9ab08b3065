/* SPDX-License-Identifier: ISC
 * A pattern as a tree: what it repeats, in what order, over which characters. Read to find patterns
 * that take too long (regex_risk.h), of those that PCRE2 has compiled: so nothing is refused here,
 * and what does not matter for that (what groups capture, assertions, back references) is empty. */
#ifndef POLICY_REGEX_TREE_H
#define POLICY_REGEX_TREE_H

#include "base/arena.h"
#include "policy/regex/chars.h"

enum { REGEX_UNBOUNDED = 100000 };

enum regex_node_kind {
    REGEX_EMPTY,
    REGEX_CHARS,
    REGEX_CAT,
    REGEX_ALT,
    REGEX_REPEAT, /* of its one child */
    REGEX_ASIDE,  /* looks ahead or behind: one child */
};

struct regex_node {
    enum regex_node_kind kind;
    int parent, child, next; /* indices; -1: none. `next` is the sibling behind it */
    uint32_t from, to;       /* octets of the pattern; a repeat's go up to its quantifier's end */
    unsigned min, max;       /* REPEAT */
    bool behind;             /* ASIDE: it looks at what stands before */
    struct regex_chars chars;
    size_t shortest; /* the length of what it matches at least, in characters */
};

struct regex_tree {
    struct arena *arena;
    struct regex_node *nodes;
    size_t count, room;
    int root;
};

/* False: the arena is full, or the pattern is nested deeper than can be (REGEX_DEPTH_MAX). */
enum { REGEX_DEPTH_MAX = 64 };
bool regex_tree_read(struct arena *arena, struct slice pattern, bool fold, struct regex_tree *out);

/* ---- texts that it matches, as far as assertions let them */

/* Appends the shortest that the node matches. */
void regex_write_shortest(const struct regex_tree *tree, int node, struct buf *out);
/* ... that leads up to it, and that completes a match from behind it. */
void regex_write_before(const struct regex_tree *tree, int node, struct buf *out);
void regex_write_behind(const struct regex_tree *tree, int node, struct buf *out);

/* Whether `node` is `holder`, or within it. */
bool regex_within(const struct regex_tree *tree, int node, int holder);

#endif
