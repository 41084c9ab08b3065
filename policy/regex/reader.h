/* SPDX-License-Identifier: ISC
 * What the parts of regex_tree_read() share. */
#ifndef POLICY_REGEX_READER_H
#define POLICY_REGEX_READER_H

#include "policy/regex/tree.h"

/* What (?i) and its kin change up to the end of their group. */
struct flags {
    bool fold, newlines, extended;
};

struct reader {
    struct regex_tree *tree;
    struct slice pattern;
    size_t at;
    unsigned depth;
    bool failed;
};

bool reader_at_end(const struct reader *r);
char reader_peek(const struct reader *r, size_t ahead); /* NUL behind the end */
bool reader_comes(const struct reader *r, const char *text);
void reader_pass_to(struct reader *r, const char *end); /* behind it, or to the end */

struct regex_node *reader_node(struct reader *r, int node);
/* An index; -1 and `failed` when the arena is full. */
int reader_add(struct reader *r, enum regex_node_kind kind, size_t from);
int reader_empty(struct reader *r, size_t from); /* up to where the reader is */
/* Behind *last, which is the last child so far; -1: there is none. */
void reader_append(struct reader *r, int parent, int child, int *last);

/* Up to ')' or the end; -1: failed. What it says of flags changes *flags. */
int reader_alternatives(struct reader *r, struct flags *flags);
int reader_group(struct reader *r, struct flags *flags);

#endif
