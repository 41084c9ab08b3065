/* SPDX-License-Identifier: ISC */
#include "filters/documents/ole_tree.h"

enum { NO_STREAM = 0xfffffffa }; /* from here on a link is none */

struct link {
    uint32_t slot, parent;
};

struct walk {
    const struct ole *ole;
    struct ole_tree *tree;
    uint32_t *entries; /* of each slot: its index and 1; 0 when it is not in use */
    size_t slots;
    bool *taken;
    struct link *stack; /* each entry adds three at most */
    size_t depth;
};

static void push(struct walk *w, uint32_t slot, uint32_t parent)
{
    if (slot < NO_STREAM)
        w->stack[w->depth++] = (struct link){slot, parent};
}

static void take(struct walk *w, uint32_t i, uint32_t parent)
{
    const struct ole_entry *e = &w->ole->entries[i];
    w->taken[i] = true;
    w->tree->parent[i] = parent;
    if (parent != OLE_NOWHERE) {
        w->tree->next[i] = w->tree->first[parent];
        w->tree->first[parent] = i;
        push(w, e->left, parent);
        push(w, e->right, parent);
    }
    if (e->kind != OLE_STREAM)
        push(w, e->child, i);
}

/* False when a link was wrong. */
static bool take_all_below(struct walk *w, uint32_t top)
{
    bool sound = true;
    take(w, top, OLE_NOWHERE);
    while (w->depth > 0) {
        struct link link = w->stack[--w->depth];
        uint32_t entry = link.slot < w->slots ? w->entries[link.slot] : 0;
        if (entry && !w->taken[entry - 1])
            take(w, entry - 1, link.parent);
        else
            sound = false;
    }
    return sound;
}

static uint32_t find_root(const struct ole *ole)
{
    for (size_t i = 0; i < ole->count; i++)
        if (ole->entries[i].kind == OLE_ROOT)
            return (uint32_t)i;
    return OLE_NOWHERE;
}

static bool make_room(struct arena *arena, struct walk *w)
{
    size_t count = w->ole->count;
    w->slots = count ? (size_t)w->ole->entries[count - 1].slot + 1 : 0;
    w->entries = arena_array(arena, w->slots + 1, sizeof *w->entries);
    w->taken = arena_array(arena, count + 1, sizeof *w->taken);
    w->stack = arena_array(arena, 3 * count + 1, sizeof *w->stack);
    w->tree->parent = arena_array(arena, count + 1, sizeof *w->tree->parent);
    w->tree->first = arena_array(arena, count + 1, sizeof *w->tree->first);
    w->tree->next = arena_array(arena, count + 1, sizeof *w->tree->next);
    return w->entries && w->taken && w->stack && w->tree->parent && w->tree->first && w->tree->next;
}

bool ole_tree(struct arena *arena, const struct ole *ole, struct ole_tree *out)
{
    struct walk w = {.ole = ole, .tree = out};
    *out = (struct ole_tree){.root = find_root(ole)};
    if (!make_room(arena, &w))
        return false;
    for (size_t i = 0; i < ole->count; i++) {
        w.entries[ole->entries[i].slot] = (uint32_t)i + 1;
        out->parent[i] = out->first[i] = out->next[i] = OLE_NOWHERE;
    }
    out->broken = out->root == OLE_NOWHERE || !take_all_below(&w, out->root);
    for (size_t i = 0; i < ole->count; i++)
        if (!w.taken[i] && ole->entries[i].kind == OLE_STORAGE)
            take_all_below(&w, (uint32_t)i);
    return true;
}
