/* SPDX-License-Identifier: ISC */
#include "filters/pdf/pdf_syntax.h"

#include "filters/cpu_budget.h"
#include "filters/mime/bytes.h"

#define NOWHERE UINT32_MAX

enum { NODES_MAX = 1 << 20, TOP_NUMBERS_MAX = 3 };

struct parser {
    struct pdf_tree *tree;
    struct slice in;
    size_t at;
    uint32_t count;
    uint32_t open; /* the innermost container that is; its `next` names the one around it */
    uint32_t closed;
    uint32_t dicts, arrays; /* how many are open */
    bool done;
};

/* Of octets; all others are regular. */
enum class {
    REGULAR,
    SPACE,
    DELIMITER,
};

static const uint8_t classes[256] = {
    ['\0'] = SPACE,    ['\t'] = SPACE,    ['\n'] = SPACE,    ['\f'] = SPACE,
    ['\r'] = SPACE,    [' '] = SPACE,     ['/'] = DELIMITER, ['('] = DELIMITER,
    [')'] = DELIMITER, ['<'] = DELIMITER, ['>'] = DELIMITER, ['['] = DELIMITER,
    [']'] = DELIMITER, ['{'] = DELIMITER, ['}'] = DELIMITER, ['%'] = DELIMITER,
};

bool pdf_is_space(char c)
{
    return classes[(uint8_t)c] == SPACE;
}

static bool is_regular(char c)
{
    return classes[(uint8_t)c] == REGULAR;
}

static bool is_numeric(char c)
{
    return ascii_digit(c) || c == '+' || c == '-' || c == '.';
}

size_t pdf_skip_space(struct slice text, size_t at)
{
    for (; at < text.len; at++) {
        if (text.ptr[at] == '%')
            while (at < text.len && text.ptr[at] != '\n' && text.ptr[at] != '\r')
                at++;
        else if (!pdf_is_space(text.ptr[at]))
            break;
    }
    return at < text.len ? at : text.len;
}

struct pdf_tree pdf_tree_new(void)
{
    return (struct pdf_tree){.nodes = buf_init(NODES_MAX * sizeof(struct pdf_node))};
}

void pdf_tree_free(struct pdf_tree *tree)
{
    buf_release(&tree->nodes);
}

static void add(struct parser *p, enum pdf_kind kind, size_t from, size_t to)
{
    struct pdf_node node = {.at = (uint32_t)from,
                            .len = (uint32_t)(to - from),
                            .next = p->count + 1,
                            .kind = (uint8_t)kind};
    struct buf *nodes = &p->tree->nodes;
    bool room = nodes->size - nodes->tail >= sizeof node;
    if (room) /* nearly always */
        *pdf_node(p->tree, p->count) = node;
    if (room)
        nodes->tail += sizeof node;
    else if (!buf_append(nodes, (struct slice){(const char *)&node, sizeof node})) {
        p->tree->cut = p->done = true;
        return;
    }
    p->count++;
}

static void open_container(struct parser *p, enum pdf_kind kind, size_t len)
{
    uint32_t index = p->count;
    add(p, kind, p->at, p->at + len);
    p->at += len;
    if (p->done)
        return;
    pdf_node(p->tree, index)->next = p->open;
    p->open = index;
    *(kind == PDF_DICT ? &p->dicts : &p->arrays) += 1;
}

static enum pdf_kind close_innermost(struct parser *p)
{
    struct pdf_node *node = pdf_node(p->tree, p->open);
    p->open = node->next;
    node->next = p->closed = p->count;
    node->len = (uint32_t)(p->at - node->at);
    *(node->kind == PDF_DICT ? &p->dicts : &p->arrays) -= 1;
    return (enum pdf_kind)node->kind;
}

/* With all that was left open within; a mark that closes nothing is stepped over. */
static void close_container(struct parser *p, enum pdf_kind kind, size_t len)
{
    p->at += len;
    if (*(kind == PDF_DICT ? &p->dicts : &p->arrays) == 0)
        return;
    while (close_innermost(p) != kind)
        ;
    p->done = p->open == NOWHERE;
}

static size_t run(const struct parser *p, size_t at, bool (*belongs)(char))
{
    while (at < p->in.len && belongs(p->in.ptr[at]))
        at++;
    return at;
}

static void take_string(struct parser *p)
{
    size_t from = ++p->at, depth = 1;
    for (; p->at < p->in.len; p->at++) {
        char c = p->in.ptr[p->at];
        if (c == '\\')
            p->at++;
        else if (c == '(')
            depth++;
        else if (c == ')' && --depth == 0)
            break;
    }
    size_t to = p->at < p->in.len ? p->at : p->in.len;
    add(p, PDF_STRING, from, to);
    p->at = to + 1;
}

static void take_hex(struct parser *p)
{
    struct slice rest = slice_from(p->in, p->at + 1);
    size_t len = slice_find(rest, '>');
    add(p, PDF_HEX, p->at + 1, p->at + 1 + len);
    p->at += len + 2;
}

/* The two numbers before it, if they stand right there, become a reference. */
static bool make_reference(struct parser *p, size_t end)
{
    uint32_t first = p->count - 2;
    if (p->count < 2 || first < p->closed || (p->open != NOWHERE && first <= p->open))
        return false;
    struct pdf_node *node = pdf_node(p->tree, first);
    if (node[0].kind != PDF_NUMBER || node[1].kind != PDF_NUMBER)
        return false;
    node->kind = PDF_REF;
    node->len = (uint32_t)(end - node->at);
    p->tree->nodes.tail -= sizeof *node;
    p->count--;
    return true;
}

static void take_word(struct parser *p)
{
    size_t from = p->at, to = run(p, from, is_regular);
    struct slice word = slice_sub(p->in, from, to);
    bool value = slice_eq(word, SLICE("true")) || slice_eq(word, SLICE("false")) ||
                 slice_eq(word, SLICE("null"));
    if (p->open == NOWHERE && !value && !slice_eq(word, SLICE("R"))) {
        p->done = true; /* endobj, stream: it is not of the value */
        return;
    }
    p->at = to;
    if (!slice_eq(word, SLICE("R")) || !make_reference(p, to))
        add(p, PDF_WORD, from, to);
}

/* One node, or one that ends. */
static void step(struct parser *p)
{
    char c = p->in.ptr[p->at];
    bool twice = bytes_u8(p->in, p->at + 1) == (uint8_t)c;
    size_t from = p->at;
    if (c == '/')
        add(p, PDF_NAME, from + 1, p->at = run(p, from + 1, is_regular));
    else if (c == '(')
        take_string(p);
    else if (c == '[' || (c == '<' && twice))
        open_container(p, c == '[' ? PDF_ARRAY : PDF_DICT, c == '[' ? 1 : 2);
    else if (c == ']' || (c == '>' && twice))
        close_container(p, c == ']' ? PDF_ARRAY : PDF_DICT, c == ']' ? 1 : 2);
    else if (c == '<')
        take_hex(p);
    else if (classes[(uint8_t)c] == DELIMITER)
        p->at++;
    else if (is_numeric(c))
        add(p, PDF_NUMBER, from, p->at = run(p, from, is_numeric));
    else
        take_word(p);
}

/* A value that is no container is one node, but a reference begins as two numbers. */
static bool is_whole(const struct parser *p)
{
    return p->open == NOWHERE && p->count > 0 &&
           (p->count == TOP_NUMBERS_MAX || pdf_node(p->tree, p->count - 1)->kind != PDF_NUMBER);
}

size_t pdf_parse(struct pdf_tree *tree, struct slice text, size_t at)
{
    struct parser p = {.tree = tree, .in = slice_sub(text, 0, UINT32_MAX), .open = NOWHERE};
    p.at = pdf_skip_space(p.in, at);
    tree->text = text;
    tree->cut = false;
    buf_clear(&tree->nodes);
    while (p.at < p.in.len && !p.done) {
        size_t before = p.at;
        step(&p);
        p.done = p.done || is_whole(&p);
        if (!p.done)
            p.at = pdf_skip_space(p.in, p.at);
        if (cpu_budget_spent(p.at - before))
            tree->cut = p.done = true;
    }
    p.at = p.at < p.in.len ? p.at : p.in.len;
    while (p.open != NOWHERE)
        close_innermost(&p);
    return p.at;
}
