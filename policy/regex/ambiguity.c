/* SPDX-License-Identifier: ISC */
#include "policy/regex/ambiguity.h"

#include <string.h>

enum { MOST = REGEX_POSITIONS_MAX, WORDS = MOST / 64, TEXT_MAX = 128, NONE = UINT32_MAX };

struct positions {
    uint64_t bits[WORDS];
};

/* What a part of the repeat begins and ends with. */
struct ends {
    struct positions first, last;
    bool nullable;
};

struct automaton {
    const struct regex_tree *tree;
    int *leaves;                  /* of each position */
    uint8_t (*edges)[MOST];       /* 0, 1, or 2 for more than one */
    uint16_t (*behind)[MOST + 1]; /* positions with an edge from this one, and how many first */
    size_t count;
    bool too_many;
};

/* ---- positions and edges */

static void put(struct positions *set, size_t position)
{
    set->bits[position / 64] |= UINT64_C(1) << position % 64;
}

static bool has(const struct positions *set, size_t position)
{
    return set->bits[position / 64] >> position % 64 & 1;
}

static void join(struct positions *into, const struct positions *other)
{
    for (size_t i = 0; i < WORDS; i++)
        into->bits[i] |= other->bits[i];
}

static void connect(struct automaton *a, const struct positions *from, const struct positions *to)
{
    for (size_t p = 0; p < a->count; p++)
        for (size_t q = 0; has(from, p) && q < a->count; q++)
            if (has(to, q) && a->edges[p][q] < 2)
                a->edges[p][q]++;
}

static struct ends ends_of(struct automaton *a, int node);

static struct ends ends_of_leaf(struct automaton *a, int node)
{
    struct ends ends = {.nullable = false};
    if (a->count == MOST) {
        a->too_many = true;
        return ends;
    }
    a->leaves[a->count] = node;
    put(&ends.first, a->count);
    put(&ends.last, a->count);
    a->count++;
    return ends;
}

static struct ends ends_of_sequence(struct automaton *a, int node)
{
    struct ends ends = {.nullable = true};
    int child = a->tree->nodes[node].child;
    for (; child >= 0 && !a->too_many; child = a->tree->nodes[child].next) {
        struct ends next = ends_of(a, child);
        connect(a, &ends.last, &next.first);
        if (ends.nullable)
            join(&ends.first, &next.first);
        if (next.nullable)
            join(&ends.last, &next.last);
        else
            ends.last = next.last;
        ends.nullable = ends.nullable && next.nullable;
    }
    return ends;
}

static struct ends ends_of_choice(struct automaton *a, int node)
{
    struct ends ends = {.nullable = false};
    int child = a->tree->nodes[node].child;
    for (; child >= 0 && !a->too_many; child = a->tree->nodes[child].next) {
        struct ends next = ends_of(a, child);
        join(&ends.first, &next.first);
        join(&ends.last, &next.last);
        ends.nullable = ends.nullable || next.nullable;
    }
    return ends;
}

/* As deep as the tree is. */
static struct ends ends_of(struct automaton *a, int node)
{
    const struct regex_node *it = &a->tree->nodes[node];
    struct ends ends = {.nullable = true};
    switch (it->kind) {
    case REGEX_CHARS:
        return ends_of_leaf(a, node);
    case REGEX_CAT:
        return ends_of_sequence(a, node);
    case REGEX_ALT:
        return ends_of_choice(a, node);
    case REGEX_REPEAT:
        if (it->max == 0)
            return ends;
        ends = ends_of(a, it->child);
        if (it->max > 1)
            connect(a, &ends.last, &ends.first);
        if (it->max > 1 && it->max < REGEX_UNBOUNDED && ends.nullable)
            connect(a, &ends.last, &ends.first); /* which of them are empty can be chosen */
        ends.nullable = ends.nullable || it->min == 0;
        return ends;
    case REGEX_EMPTY:
    case REGEX_ASIDE:
        break;
    }
    return ends;
}

static void list_edges(struct automaton *a)
{
    for (size_t p = 0; p < a->count; p++)
        for (size_t q = 0; q < a->count; q++)
            if (a->edges[p][q])
                a->behind[p][++a->behind[p][0]] = (uint16_t)q;
}

static bool make(struct automaton *a, const struct regex_tree *tree, int repeat)
{
    *a = (struct automaton){.tree = tree};
    a->leaves = arena_array(tree->arena, MOST, sizeof *a->leaves);
    a->edges = arena_array(tree->arena, MOST, sizeof *a->edges);
    a->behind = arena_array(tree->arena, MOST, sizeof *a->behind);
    if (!a->leaves || !a->edges || !a->behind)
        return false;
    ends_of(a, repeat);
    list_edges(a);
    return !a->too_many && a->count > 0;
}

/* ---- pairs of positions that one text leads to */

struct search {
    const struct automaton *a;
    uint32_t *came_from; /* of each pair, twice: the second once its ways have parted */
    uint32_t *queue;
    size_t queued, *steps;
};

static uint32_t pair_index(const struct search *s, size_t p, size_t q, bool parted)
{
    return (uint32_t)((p * s->a->count + q) * 2 + parted);
}

static const struct regex_chars *chars_at(const struct automaton *a, size_t position)
{
    return &a->tree->nodes[a->leaves[position]].chars;
}

static void visit(struct search *s, uint32_t from, size_t p, size_t q)
{
    const struct automaton *a = s->a;
    size_t was_p = from / 2 / a->count, was_q = from / 2 % a->count;
    bool parted = from & 1 || p != q || (was_p == was_q && a->edges[was_p][p] > 1);
    uint32_t to = pair_index(s, p, q, parted);
    if (s->came_from[to] != NONE || !regex_chars_meet(chars_at(a, p), chars_at(a, q)))
        return;
    s->came_from[to] = from;
    s->queue[s->queued++] = to;
}

static void go_on(struct search *s, uint32_t from)
{
    const struct automaton *a = s->a;
    const uint16_t *p = a->behind[from / 2 / a->count], *q = a->behind[from / 2 % a->count];
    for (size_t i = 1; i <= p[0] && *s->steps; i++)
        for (size_t k = 1; k <= q[0] && *s->steps; k++, --*s->steps)
            visit(s, from, p[i], q[k]);
}

/* The text that led there, ptr NULL when it is too long. */
static struct slice text_to(const struct search *s, uint32_t goal, uint32_t start, bool unusual)
{
    const struct automaton *a = s->a;
    struct slice chars[TEXT_MAX], text = {"", 0};
    size_t n = 0;
    uint32_t at = goal;
    do {
        char room[8];
        struct buf one = buf_over(room, sizeof room);
        struct regex_chars both =
            regex_chars_both(chars_at(a, at / 2 / a->count), chars_at(a, at / 2 % a->count));
        regex_chars_write(&both, unusual, &one);
        chars[n++] = arena_copy(a->tree->arena, buf_slice(&one));
        at = s->came_from[at];
    } while (at != start && n < TEXT_MAX);
    if (at != start)
        return (struct slice){NULL, 0};
    for (; n > 0; n--)
        text = ARENA_JOIN(a->tree->arena, text, chars[n - 1]);
    return text;
}

static bool ambiguous_from(struct search *s, size_t position, struct regex_ambiguity *out)
{
    size_t pairs = s->a->count * s->a->count * 2;
    uint32_t start = pair_index(s, position, position, false), goal = start + 1;
    memset(s->came_from, 0xff, pairs * sizeof *s->came_from);
    s->queue[0] = start;
    s->queued = 1;
    for (size_t i = 0; i < s->queued && *s->steps && s->came_from[goal] == NONE; i++)
        go_on(s, s->queue[i]);
    if (s->came_from[goal] == NONE)
        return false;
    out->leaf = s->a->leaves[position];
    for (int unusual = 0; unusual < 2; unusual++)
        out->texts[unusual] = text_to(s, goal, start, unusual);
    return out->texts[0].len && out->texts[1].len;
}

size_t regex_ambiguities(const struct regex_tree *tree, int repeat, struct regex_ambiguity *out,
                         size_t max, size_t *steps)
{
    struct automaton a;
    size_t found = 0;
    if (!make(&a, tree, repeat))
        return 0;
    struct search s = {.a = &a, .steps = steps};
    s.came_from = arena_array(tree->arena, a.count * a.count * 2, sizeof *s.came_from);
    s.queue = arena_array(tree->arena, a.count * a.count * 2, sizeof *s.queue);
    for (size_t p = 0; s.came_from && s.queue && p < a.count && found < max && *steps; p++)
        found += ambiguous_from(&s, p, &out[found]);
    return found;
}
