/* SPDX-License-Identifier: ISC */
#include "policy/regex/risk.h"

#include "policy/regex/ambiguity.h"
#include "policy/regex/attack.h"

#include <stdlib.h>

enum {
    ARENA_MAX = 16 << 20,
    STEPS_MAX = 1000000,
    PROBES_MAX = 1000,
    AMBIGUITIES_MAX = 6,
    LOOPS_MAX = 48,
    CHAIN_MAX = 7,   /* repeats that a text is made of */
    CHAIN_LEAST = 3, /* below that it is a square at most */
    WORD_MAX = 64,
    LONG_ENOUGH = 8, /* a repeat of up to so many is no loop of a chain */
};

struct judge {
    struct regex_tree tree;
    struct regex_attacker attacker;
    size_t steps;
    struct regex_risk found;
};

typedef void write_text(const struct regex_tree *tree, int node, struct buf *out);

static struct slice written(struct judge *j, write_text *write, int node)
{
    struct buf b = buf_init(2048);
    write(&j->tree, node, &b);
    struct slice text = arena_copy(j->tree.arena, buf_slice(&b));
    buf_release(&b);
    return text.ptr ? text : (struct slice){"", 0};
}

static bool report(struct judge *j, enum regex_risk_kind kind, int node)
{
    j->found.kind = kind;
    j->found.from = j->tree.nodes[node].from;
    j->found.to = j->tree.nodes[node].to;
    j->found.length = j->attacker.length;
    return true;
}

/* ---- repeats within repeats */

static bool is_loop(const struct regex_tree *tree, int node)
{
    return tree->nodes[node].kind == REGEX_REPEAT && tree->nodes[node].max > 1;
}

/* Not within another, but for those that look aside. */
static bool is_outermost(const struct regex_tree *tree, int node)
{
    int at = tree->nodes[node].parent;
    while (at >= 0 && tree->nodes[at].kind != REGEX_ASIDE && !is_loop(tree, at))
        at = tree->nodes[at].parent;
    return at < 0 || !is_loop(tree, at);
}

/* The repeat to be blamed: the innermost around the leaf that has another, or a choice, in it. */
static int blamed(const struct regex_tree *tree, int leaf, int outermost)
{
    int best = outermost;
    for (int at = leaf, loops = 0; at >= 0 && at != outermost; at = tree->nodes[at].parent)
        if (is_loop(tree, at) && ++loops == 2)
            best = at;
    return best;
}

static bool look_into(struct judge *j, int loop)
{
    struct regex_ambiguity found[AMBIGUITIES_MAX];
    size_t n = regex_ambiguities(&j->tree, loop, found, AMBIGUITIES_MAX, &j->steps);
    for (size_t i = 0; i < n; i++) {
        struct slice leaf = written(j, regex_write_shortest, found[i].leaf);
        struct slice before = written(j, regex_write_before, found[i].leaf);
        before = ARENA_JOIN(j->tree.arena, before, leaf);
        for (int k = 0; k < 2 && before.ptr; k++) {
            struct regex_attack attack = {before, found[i].texts[k],
                                          written(j, regex_write_behind, found[i].leaf)};
            if (regex_explodes_somehow(&j->attacker, &attack))
                return report(j, REGEX_RISK_NESTED, blamed(&j->tree, found[i].leaf, loop));
        }
    }
    return false;
}

/* As deep as the tree is. */
static bool has_choice_within(const struct regex_tree *tree, int node)
{
    for (int child = tree->nodes[node].child; child >= 0; child = tree->nodes[child].next)
        if (tree->nodes[child].kind == REGEX_ALT ||
            (tree->nodes[child].kind == REGEX_REPEAT &&
             tree->nodes[child].min != tree->nodes[child].max) ||
            has_choice_within(tree, child))
            return true;
    return false;
}

static bool nested(struct judge *j)
{
    for (size_t i = 0; i < j->tree.count && j->attacker.probes; i++)
        if (is_loop(&j->tree, (int)i) && is_outermost(&j->tree, (int)i) &&
            has_choice_within(&j->tree, (int)i) && look_into(j, (int)i))
            return true;
    return false;
}

/* ---- repeats behind repeats */

struct loop {
    int node;
    struct regex_chars chars; /* all that are in it */
    struct slice before;
};

static int by_place(const void *a, const void *b)
{
    const struct loop *x = a, *y = b;
    return (x->node > y->node) - (x->node < y->node);
}

static struct regex_chars chars_within(const struct regex_tree *tree, int node)
{
    struct regex_chars all = {{0, 0}, false, {"", 0}};
    for (size_t i = 0; i < tree->count; i++)
        if (tree->nodes[i].kind == REGEX_CHARS && regex_within(tree, (int)i, node))
            regex_chars_join(&all, &tree->nodes[i].chars);
    return all;
}

static size_t list_loops(struct judge *j, struct loop loops[LOOPS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < j->tree.count && n < LOOPS_MAX; i++)
        if (is_loop(&j->tree, (int)i) && j->tree.nodes[i].max > LONG_ENOUGH)
            loops[n++].node = (int)i;
    if (n < CHAIN_LEAST)
        return n;
    qsort(loops, n, sizeof *loops, by_place);
    for (size_t i = 0; i < n; i++) {
        loops[i].chars = chars_within(&j->tree, loops[i].node);
        loops[i].before = written(j, regex_write_before, loops[i].node);
    }
    return n;
}

static bool chain_explodes(struct judge *j, const struct loop *first, struct slice word)
{
    struct regex_attack attack = {first->before, word, written(j, regex_write_behind, first->node)};
    return word.len && word.len <= WORD_MAX && regex_explodes(&j->attacker, &attack, word.len == 1);
}

/* A character of all three. */
static struct slice common(struct judge *j, const struct loop loops[3], bool unusual)
{
    char room[8];
    struct buf one = buf_over(room, sizeof room);
    struct regex_chars all = regex_chars_both(&loops[0].chars, &loops[1].chars);
    all = regex_chars_both(&all, &loops[2].chars);
    regex_chars_write(&all, unusual, &one);
    struct slice text = arena_copy(j->tree.arena, buf_slice(&one));
    return text.ptr ? text : (struct slice){"", 0};
}

/* What stands between two repeats, in its shortest form. */
static struct slice between(const struct loop *a, const struct loop *b)
{
    if (!slice_starts(b->before, a->before))
        return (struct slice){"", 0};
    return slice_from(b->before, a->before.len);
}

static bool chain_from(struct judge *j, const struct loop *loops, size_t i, size_t n)
{
    if (chain_explodes(j, &loops[i], common(j, &loops[i], false)) ||
        chain_explodes(j, &loops[i], common(j, &loops[i], true)) ||
        chain_explodes(j, &loops[i],
                       written(j, regex_write_shortest, j->tree.nodes[loops[i].node].child)))
        return true;
    for (size_t k = i + CHAIN_LEAST - 1; k < n && k < i + CHAIN_MAX; k++)
        if (chain_explodes(j, &loops[i], between(&loops[i], &loops[k])))
            return true;
    return false;
}

static bool chained(struct judge *j)
{
    struct loop loops[LOOPS_MAX];
    size_t n = list_loops(j, loops);
    for (size_t i = 0; i + CHAIN_LEAST <= n && j->attacker.probes; i++)
        if (chain_from(j, loops, i, n))
            return report(j, REGEX_RISK_CHAIN, loops[i].node);
    return false;
}

/* ---- */

static char stranger_to(const struct regex_tree *tree)
{
    struct regex_chars all = chars_within(tree, tree->root);
    for (int i = 0; i < REGEX_ASCII - 1; i++) {
        int c = ('!' + i) % REGEX_ASCII; /* marks first, controls last */
        if (c != '\n' && c != '\0' && !regex_chars_has(&all, (unsigned char)c))
            return (char)c;
    }
    return '\0';
}

static bool counts(const struct regex_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        if (is_loop(tree, (int)i) && tree->nodes[i].max < REGEX_UNBOUNDED)
            return true;
    return false;
}

static size_t lead_of(struct judge *j)
{
    for (size_t i = 0; i < j->tree.count; i++)
        if (j->tree.nodes[i].behind && written(j, regex_write_before, (int)i).len == 0)
            return written(j, regex_write_shortest, j->tree.nodes[i].child).len;
    return 0;
}

static void look(struct judge *j)
{
    j->attacker.stranger = stranger_to(&j->tree);
    j->attacker.lead = lead_of(j);
    j->attacker.counts = counts(&j->tree);
    if (!nested(j))
        chained(j);
}

struct regex_risk regex_risk(struct slice pattern, bool fold, regex_probe *probe, void *context)
{
    struct judge j = {
        .attacker = {.probe = probe, .context = context, .probes = PROBES_MAX},
        .steps = STEPS_MAX,
    };
    struct arena *arena = arena_new(ARENA_MAX);
    if (arena && regex_tree_read(arena, pattern, fold, &j.tree))
        look(&j);
    arena_free(&arena);
    return j.found;
}
