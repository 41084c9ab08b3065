/* SPDX-License-Identifier: ISC
 * The syntax of PDF objects (ISO 32000-2, 7.2 and 7.3): a value and all within it as a list of nodes
 * in the order of the text. Read as forgiving viewers do: what stands in no order is stepped over,
 * what is not closed ends with the text. */
#ifndef FILTERS_PDF_PDF_SYNTAX_H
#define FILTERS_PDF_PDF_SYNTAX_H

#include "base/buf.h"

enum pdf_kind {
    PDF_WORD, /* true, false, null and what has no meaning */
    PDF_NUMBER,
    PDF_NAME,
    PDF_STRING, /* (text) */
    PDF_HEX,    /* <74657874> */
    PDF_REF,    /* 5 0 R */
    PDF_ARRAY,
    PDF_DICT,
};

struct pdf_node {
    uint32_t at, len; /* its text: of names and strings without what marks them */
    uint32_t next;    /* the node behind it and all within it */
    uint8_t kind;     /* enum pdf_kind */
    uint8_t role;     /* for whoever reads the nodes; 0 */
};

/* A value; nodes[0] is the value itself. */
struct pdf_tree {
    struct slice text;
    struct buf nodes;
    bool cut; /* it has more than a million nodes, or time or memory was out */
};

struct pdf_tree pdf_tree_new(void);
void pdf_tree_free(struct pdf_tree *tree);

/* Reads the value at `at`, which `text` outlives (up to 4 GiB of it are looked at). Answers with the
 * place behind it. The nodes of the value before are gone; there may be none now. */
size_t pdf_parse(struct pdf_tree *tree, struct slice text, size_t at);

static inline uint32_t pdf_count(const struct pdf_tree *tree)
{
    return (uint32_t)(tree->nodes.tail / sizeof(struct pdf_node));
}

/* index < count */
static inline struct pdf_node *pdf_node(const struct pdf_tree *tree, uint32_t index)
{
    return (struct pdf_node *)(void *)tree->nodes.data + index;
}

static inline struct slice pdf_raw(const struct pdf_tree *tree, const struct pdf_node *node)
{
    return (struct slice){tree->text.ptr + node->at, node->len};
}

/* The next pair of the dictionary `dict`: *at is 0 at first. False at its end. */
bool pdf_next_pair(const struct pdf_tree *tree, uint32_t dict, uint32_t *at, uint32_t *key,
                   uint32_t *value);

/* The first value under `key` in the dictionary, or the whole of what is none; 0: there is none. */
uint32_t pdf_find(const struct pdf_tree *tree, uint32_t dict, struct slice key);
/* Is there another one? */
bool pdf_is_ambiguous(const struct pdf_tree *tree, uint32_t dict, struct slice key);

/* Is the node a name, and this one? With #xx for what they stand for. */
bool pdf_is_name(const struct pdf_tree *tree, uint32_t node, struct slice name);

/* A number without sign, or that of the object that a reference names. False: it is none. */
bool pdf_whole(const struct pdf_tree *tree, uint32_t node, uint64_t *out);
/* The same of its text. */
bool pdf_leading_number(struct slice text, uint64_t *out);

/* Blanks, ends of lines and comments are stepped over. */
size_t pdf_skip_space(struct slice text, size_t at);
bool pdf_is_space(char c);

#endif
