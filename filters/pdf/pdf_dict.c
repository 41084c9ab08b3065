/* SPDX-License-Identifier: ISC
 * What is asked of nodes that were read. */
#include "filters/mime/bytes.h"
#include "filters/pdf/pdf_syntax.h"
#include "filters/pdf/pdf_text.h"

bool pdf_next_pair(const struct pdf_tree *tree, uint32_t dict, uint32_t *at, uint32_t *key,
                   uint32_t *value)
{
    if (dict >= pdf_count(tree) || pdf_node(tree, dict)->kind != PDF_DICT)
        return false;
    uint32_t end = pdf_node(tree, dict)->next;
    if (*at == 0)
        *at = dict + 1;
    while (*at < end && pdf_node(tree, *at)->kind != PDF_NAME)
        *at = pdf_node(tree, *at)->next;
    if (*at >= end || *at + 1 >= end)
        return false;
    *key = *at;
    *value = *at + 1;
    *at = pdf_node(tree, *value)->next;
    return true;
}

uint32_t pdf_find(const struct pdf_tree *tree, uint32_t dict, struct slice key)
{
    uint32_t at = 0, name, value;
    while (pdf_next_pair(tree, dict, &at, &name, &value))
        if (pdf_is_name(tree, name, key))
            return value;
    return 0;
}

bool pdf_is_ambiguous(const struct pdf_tree *tree, uint32_t dict, struct slice key)
{
    uint32_t at = 0, name, value, found = 0;
    while (pdf_next_pair(tree, dict, &at, &name, &value))
        if (pdf_is_name(tree, name, key) && found++ > 0)
            return true;
    return false;
}

bool pdf_is_name(const struct pdf_tree *tree, uint32_t node, struct slice name)
{
    const struct pdf_node *n = pdf_node(tree, node);
    return n->kind == PDF_NAME && pdf_name_eq(pdf_raw(tree, n), name);
}

bool pdf_leading_number(struct slice text, uint64_t *out)
{
    text = slice_from(text, bytes_u8(text, 0) == '+');
    size_t len = 0;
    while (len < text.len && ascii_digit(text.ptr[len]))
        len++;
    return slice_to_u64(slice_sub(text, 0, len), UINT32_MAX, out);
}

bool pdf_whole(const struct pdf_tree *tree, uint32_t node, uint64_t *out)
{
    const struct pdf_node *n = pdf_node(tree, node);
    return (n->kind == PDF_NUMBER || n->kind == PDF_REF) &&
           pdf_leading_number(pdf_raw(tree, n), out);
}
