/* SPDX-License-Identifier: ISC */
#include "policy/regex/tree.h"

enum { TEXT_MAX = 512 };

static int shortest_child(const struct regex_tree *tree, int alt)
{
    int best = tree->nodes[alt].child;
    for (int child = best; child >= 0; child = tree->nodes[child].next)
        if (tree->nodes[child].shortest < tree->nodes[best].shortest)
            best = child;
    return best;
}

/* As deep as the tree is. */
void regex_write_shortest(const struct regex_tree *tree, int node, struct buf *out)
{
    if (node < 0 || buf_len(out) > TEXT_MAX)
        return;
    const struct regex_node *it = &tree->nodes[node];
    switch (it->kind) {
    case REGEX_CHARS:
        regex_chars_write(&it->chars, false, out);
        break;
    case REGEX_CAT:
        for (int child = it->child; child >= 0; child = tree->nodes[child].next)
            regex_write_shortest(tree, child, out);
        break;
    case REGEX_ALT:
        regex_write_shortest(tree, shortest_child(tree, node), out);
        break;
    case REGEX_REPEAT:
        for (unsigned i = 0; i < it->min && buf_len(out) <= TEXT_MAX; i++) {
            size_t before = buf_len(out);
            regex_write_shortest(tree, it->child, out);
            if (buf_len(out) == before)
                break;
        }
        break;
    case REGEX_EMPTY:
    case REGEX_ASIDE:
        break;
    }
}

void regex_write_before(const struct regex_tree *tree, int node, struct buf *out)
{
    int parent = tree->nodes[node].parent;
    if (parent < 0)
        return;
    regex_write_before(tree, parent, out);
    if (tree->nodes[parent].kind != REGEX_CAT)
        return;
    for (int child = tree->nodes[parent].child; child >= 0 && child != node;
         child = tree->nodes[child].next)
        regex_write_shortest(tree, tree->nodes[child].behind ? tree->nodes[child].child : child,
                             out);
}

void regex_write_behind(const struct regex_tree *tree, int node, struct buf *out)
{
    for (; node >= 0; node = tree->nodes[node].parent) {
        int parent = tree->nodes[node].parent;
        if (parent >= 0 && tree->nodes[parent].kind == REGEX_CAT)
            for (int child = tree->nodes[node].next; child >= 0; child = tree->nodes[child].next)
                regex_write_shortest(tree, child, out);
    }
}

bool regex_within(const struct regex_tree *tree, int node, int holder)
{
    while (node >= 0 && node != holder)
        node = tree->nodes[node].parent;
    return node >= 0;
}
