/* SPDX-License-Identifier: ISC */
#include "policy/regex/reader.h"

bool reader_at_end(const struct reader *r)
{
    return r->at >= r->pattern.len;
}

char reader_peek(const struct reader *r, size_t ahead)
{
    return r->at + ahead < r->pattern.len ? r->pattern.ptr[r->at + ahead] : '\0';
}

bool reader_comes(const struct reader *r, const char *text)
{
    return slice_starts(slice_from(r->pattern, r->at), slice_of(text));
}

void reader_pass_to(struct reader *r, const char *end)
{
    struct slice rest = slice_from(r->pattern, r->at), mark = slice_of(end);
    size_t found = slice_search(rest, mark);
    r->at += found < rest.len ? found + mark.len : rest.len;
}

/* ---- nodes */

struct regex_node *reader_node(struct reader *r, int node)
{
    return &r->tree->nodes[node];
}

int reader_add(struct reader *r, enum regex_node_kind kind, size_t from)
{
    struct regex_tree *tree = r->tree;
    struct regex_node *grown =
        arena_grow(tree->arena, tree->nodes, tree->count, &tree->room, sizeof *tree->nodes);
    if (!grown) {
        r->failed = true;
        return -1;
    }
    tree->nodes = grown;
    grown[tree->count] = (struct regex_node){.kind = kind,
                                             .parent = -1,
                                             .child = -1,
                                             .next = -1,
                                             .from = (uint32_t)from,
                                             .to = (uint32_t)from};
    return (int)tree->count++;
}

/* Behind *last, which is the last child so far. */
void reader_append(struct reader *r, int parent, int child, int *last)
{
    if (parent < 0 || child < 0)
        return;
    reader_node(r, child)->parent = parent;
    if (*last < 0)
        reader_node(r, parent)->child = child;
    else
        reader_node(r, *last)->next = child;
    *last = child;
}

static size_t shortest_of(struct reader *r, int node)
{
    return node < 0 ? 0 : reader_node(r, node)->shortest;
}

int reader_empty(struct reader *r, size_t from)
{
    int node = reader_add(r, REGEX_EMPTY, from);
    if (node >= 0)
        reader_node(r, node)->to = (uint32_t)r->at;
    return node;
}

/* ---- quantifiers */

static bool read_count(struct reader *r, unsigned *min, unsigned *max)
{
    size_t at = r->at + 1;
    unsigned values[2] = {0, 0}, n = 0;
    for (; n < 2; n++) {
        size_t from = at;
        for (; at < r->pattern.len && ascii_digit(r->pattern.ptr[at]); at++)
            if (values[n] < REGEX_UNBOUNDED)
                values[n] = values[n] * 10 + (unsigned)(r->pattern.ptr[at] - '0');
        if (at == from && n == 0)
            return false;
        if (at == from)
            values[n] = REGEX_UNBOUNDED;
        if (n == 0 && (at >= r->pattern.len || r->pattern.ptr[at] != ',')) {
            values[1] = values[0];
            break;
        }
        at += n == 0;
    }
    if (at >= r->pattern.len || r->pattern.ptr[at] != '}')
        return false;
    r->at = at + 1;
    *min = values[0];
    *max = values[1];
    return true;
}

static bool read_quantifier(struct reader *r, unsigned *min, unsigned *max)
{
    char c = reader_peek(r, 0);
    if (reader_at_end(r) || (c != '*' && c != '+' && c != '?' && c != '{'))
        return false;
    if (c == '{')
        return read_count(r, min, max);
    *min = c == '+';
    *max = c == '?' ? 1 : REGEX_UNBOUNDED;
    r->at++;
    return true;
}

static bool pass_comment(struct reader *r, const struct flags *flags)
{
    if (reader_comes(r, "(?#"))
        reader_pass_to(r, ")");
    else if (flags->extended && reader_peek(r, 0) == '#')
        reader_pass_to(r, "\n");
    else if (flags->extended && reader_peek(r, 0) &&
             slice_find(SLICE(" \t\n\v\f\r"), reader_peek(r, 0)) < 6)
        r->at++;
    else
        return false;
    return true;
}

static bool is_repeated(struct reader *r, const struct flags *flags, unsigned *min, unsigned *max)
{
    while (flags->extended && pass_comment(r, flags))
        ;
    return read_quantifier(r, min, max);
}

static int repeated(struct reader *r, int atom, const struct flags *flags)
{
    unsigned min, max;
    while (atom >= 0 && is_repeated(r, flags, &min, &max)) {
        if (reader_peek(r, 0) == '?' || reader_peek(r, 0) == '+')
            r->at++;
        int last = -1, repeat = reader_add(r, REGEX_REPEAT, reader_node(r, atom)->from);
        if (repeat < 0)
            return -1;
        struct regex_node *node = reader_node(r, repeat);
        node->min = min;
        node->max = max;
        node->to = (uint32_t)r->at;
        reader_append(r, repeat, atom, &last);
        size_t shortest = min * shortest_of(r, atom);
        node->shortest = shortest < REGEX_UNBOUNDED ? shortest : REGEX_UNBOUNDED;
        atom = repeat;
    }
    return atom;
}

/* ---- atoms */

static int chars_node(struct reader *r, size_t from, const struct regex_chars *set)
{
    int node = reader_add(r, regex_chars_empty(set) ? REGEX_EMPTY : REGEX_CHARS, from);
    if (node < 0)
        return -1;
    reader_node(r, node)->chars = *set;
    reader_node(r, node)->to = (uint32_t)r->at;
    reader_node(r, node)->shortest = reader_node(r, node)->kind == REGEX_CHARS;
    return node;
}

/* \g{1}, \k<name>, \12: what it refers to is taken for nothing. */
static void pass_reference(struct reader *r)
{
    char letter = r->pattern.ptr[r->at - 1];
    if (letter == 'g' || letter == 'k') {
        if (reader_peek(r, 0) == '{')
            reader_pass_to(r, "}");
        else if (reader_peek(r, 0) == '<')
            reader_pass_to(r, ">");
        else if (reader_peek(r, 0) == '\'') {
            r->at++;
            reader_pass_to(r, "'");
        }
    }
    if (letter == 'g' || ascii_digit(letter))
        while (ascii_digit(reader_peek(r, 0)) || (letter == 'g' && reader_peek(r, 0) == '-'))
            r->at++;
}

static int read_escaped(struct reader *r)
{
    struct regex_chars set = {{0, 0}, false, {"", 0}};
    size_t from = r->at;
    if (!regex_read_escape(r->pattern, &r->at, &set)) {
        pass_reference(r);
        return reader_empty(r, from);
    }
    return chars_node(r, from, &set);
}

static int read_atom(struct reader *r, struct flags *flags)
{
    struct regex_chars set = {{0, 0}, false, {"", 0}};
    size_t from = r->at;
    switch (reader_peek(r, 0)) {
    case '(':
        return reader_group(r, flags);
    case '\\':
        return read_escaped(r);
    case '^':
    case '$':
        r->at++;
        return reader_empty(r, from);
    case '.':
        r->at++;
        set = regex_any(flags->newlines);
        break;
    case '[':
        regex_read_class(r->pattern, &r->at, flags->fold, &set);
        break;
    default:
        regex_read_literal(r->pattern, &r->at, flags->fold, &set);
    }
    return chars_node(r, from, &set);
}

/* ---- sequences */

/* \Q...\E: a quantifier behind it is of its last character. */
static void add_quoted(struct reader *r, int cat, const struct flags *flags, int *last)
{
    r->at += 2;
    while (!reader_at_end(r) && !reader_comes(r, "\\E") && !r->failed) {
        struct regex_chars set = {{0, 0}, false, {"", 0}};
        size_t from = r->at;
        regex_read_literal(r->pattern, &r->at, flags->fold, &set);
        int atom = chars_node(r, from, &set);
        if (reader_comes(r, "\\E")) {
            r->at += 2;
            reader_append(r, cat, repeated(r, atom, flags), last);
            return;
        }
        reader_append(r, cat, atom, last);
    }
    r->at += reader_at_end(r) ? 0 : 2;
}

static void sum_up(struct reader *r, int cat)
{
    size_t sum = 0;
    for (int child = reader_node(r, cat)->child; child >= 0; child = reader_node(r, child)->next)
        sum += shortest_of(r, child);
    reader_node(r, cat)->shortest = sum < REGEX_UNBOUNDED ? sum : REGEX_UNBOUNDED;
    reader_node(r, cat)->to = (uint32_t)r->at;
}

static int read_sequence(struct reader *r, struct flags *flags)
{
    int last = -1, cat = reader_add(r, REGEX_CAT, r->at);
    while (!r->failed && !reader_at_end(r) && reader_peek(r, 0) != '|' && reader_peek(r, 0) != ')')
        if (reader_comes(r, "\\Q"))
            add_quoted(r, cat, flags, &last);
        else if (reader_comes(r, "\\E"))
            r->at += 2;
        else if (!pass_comment(r, flags))
            reader_append(r, cat, repeated(r, read_atom(r, flags), flags), &last);
    if (cat >= 0 && !r->failed)
        sum_up(r, cat);
    return r->failed ? -1 : cat;
}

int reader_alternatives(struct reader *r, struct flags *flags)
{
    size_t from = r->at;
    int last = -1, first = read_sequence(r, flags);
    if (reader_peek(r, 0) != '|' || first < 0)
        return first;
    int alt = reader_add(r, REGEX_ALT, from);
    if (alt < 0)
        return -1;
    size_t shortest = shortest_of(r, first);
    reader_append(r, alt, first, &last);
    while (!r->failed && reader_peek(r, 0) == '|') {
        r->at++;
        int next = read_sequence(r, flags);
        reader_append(r, alt, next, &last);
        if (shortest_of(r, next) < shortest)
            shortest = shortest_of(r, next);
    }
    reader_node(r, alt)->shortest = shortest;
    reader_node(r, alt)->to = (uint32_t)r->at;
    return r->failed ? -1 : alt;
}

bool regex_tree_read(struct arena *arena, struct slice pattern, bool fold, struct regex_tree *out)
{
    struct reader r = {.tree = out, .pattern = pattern};
    struct flags flags = {.fold = fold};
    *out = (struct regex_tree){.arena = arena, .root = -1};
    out->root = reader_alternatives(&r, &flags);
    return !r.failed && out->root >= 0;
}
