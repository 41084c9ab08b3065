/* SPDX-License-Identifier: ISC
 * What pdf_look.c finds, put into lists. */
#include "filters/pdf/pdf_look.h"

size_t look_values_of(struct look *l, uint32_t node, struct pdf_value *out)
{
    if (!l->follow && pdf_node(l->tree, node)->kind == PDF_REF) {
        pdf_object(l->pdf, l->object)->again = true;
        return 0;
    }
    return pdf_values(l->pdf, l->tree, node, l->object, out, PDF_VALUES_MAX);
}

static void push_value(struct look *l, struct pdf_list *list, const struct pdf_value *value)
{
    if (value->kind != PDF_STRING && value->kind != PDF_HEX)
        return;
    struct pdf_value *more = pdf_more(l->pdf, list, sizeof *more);
    if (more)
        *more = *value;
}

void look_push_strings(struct look *l, struct pdf_list *list, uint32_t node)
{
    struct pdf_value values[PDF_VALUES_MAX];
    size_t count = look_values_of(l, node, values);
    for (size_t i = 0; i < count; i++)
        push_value(l, list, &values[i]);
}

/* What stands under the names of files in a dictionary, that is the value. */
static void push_named(struct look *l, struct pdf_list *list, const struct pdf_value *dict)
{
    static const struct slice keys[] = {SLICE("UF"), SLICE("F"), SLICE("Unix"), SLICE("DOS"),
                                        SLICE("Mac")};
    struct pdf_value values[PDF_VALUES_MAX];
    struct pdf_tree *inner = &l->pdf->parameters;
    pdf_parse_part(l->pdf, inner, dict->raw, 0);
    l->pdf->work += dict->raw.len;
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        uint32_t at = pdf_find(inner, 0, keys[k]);
        bool later = at && !l->follow && pdf_node(inner, at)->kind == PDF_REF;
        size_t count =
            !at || later ? 0 : pdf_values(l->pdf, inner, at, dict->object, values, PDF_VALUES_MAX);
        if (later)
            pdf_object(l->pdf, l->object)->again = true;
        for (size_t i = 0; i < count; i++)
            push_value(l, list, &values[i]);
    }
}

void look_push_target(struct look *l, struct pdf_list *list, uint32_t node)
{
    struct pdf_value values[PDF_VALUES_MAX];
    size_t count = look_values_of(l, node, values);
    for (size_t i = 0; i < count; i++) {
        push_value(l, list, &values[i]);
        if (values[i].kind == PDF_DICT)
            push_named(l, list, &values[i]);
    }
}

void look_push_number(struct look *l, struct pdf_list *list, uint32_t node)
{
    uint64_t number;
    if (!pdf_whole(l->tree, node, &number))
        return;
    uint32_t *more = pdf_more(l->pdf, list, sizeof *more);
    if (more)
        *more = (uint32_t)number;
}

void look_push_references(struct look *l, struct pdf_list *list, uint32_t node)
{
    for (uint32_t i = node; i < pdf_node(l->tree, node)->next; i++)
        if (pdf_node(l->tree, i)->kind == PDF_REF)
            look_push_number(l, list, i);
}

static void push_spec_refs(struct look *l, const struct pdf_tree *tree, uint32_t node)
{
    uint64_t number;
    for (uint32_t i = node; i < pdf_node(tree, node)->next; i++) {
        if (pdf_node(tree, i)->kind != PDF_REF || !pdf_whole(tree, i, &number))
            continue;
        struct pdf_spec_ref *ref = pdf_more(l->pdf, &l->pdf->spec_refs, sizeof *ref);
        if (ref)
            *ref = (struct pdf_spec_ref){(uint32_t)number, (uint32_t)l->pdf->specs.count - 1};
    }
}

void look_push_files(struct look *l, uint32_t node)
{
    struct pdf_value values[PDF_VALUES_MAX];
    size_t count = look_values_of(l, node, values);
    for (size_t i = 0; i < count; i++) {
        pdf_parse_part(l->pdf, &l->pdf->parameters, values[i].raw, 0);
        l->pdf->work += values[i].raw.len;
        if (pdf_count(&l->pdf->parameters))
            push_spec_refs(l, &l->pdf->parameters, 0);
    }
}
