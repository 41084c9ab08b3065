/* SPDX-License-Identifier: ISC
 * Objects, and what a reference may mean: all that bear its number. */
#include "filters/cpu_budget.h"
#include "filters/mime/bytes.h"
#include "filters/pdf/pdf_internal.h"
#include "filters/pdf/pdf_text.h"

#include <stdlib.h>

enum {
    OBJECT_WORK = 16, /* that looking at one counts for, were it empty */
    WORK_FACTOR = 4,
    WORK_MIN = 1 << 20,
};

void pdf_note(struct pdf *pdf, const char *problem)
{
    if (!pdf->found.problem)
        pdf->found.problem = problem;
}

void *pdf_more(struct pdf *pdf, struct pdf_list *list, size_t size)
{
    void *items = arena_grow(pdf->arena, list->items, list->count, &list->room, size);
    if (!items) {
        pdf_note(pdf, "limit: objects");
        return NULL;
    }
    list->items = items;
    return (char *)items + size * list->count++;
}

struct pdf_object *pdf_object(const struct pdf *pdf, size_t index)
{
    return (struct pdf_object *)pdf->objects.items + index;
}

struct slice pdf_source(const struct pdf *pdf, uint32_t source)
{
    return source ? buf_slice((const struct buf *)pdf->sources.items + source) : pdf->content;
}

struct pdf_object *pdf_add_object(struct pdf *pdf, uint32_t number, uint32_t generation,
                                  uint32_t source, size_t at)
{
    struct pdf_object *object = pdf_more(pdf, &pdf->objects, sizeof *object);
    if (object)
        *object = (struct pdf_object){
            .number = number, .generation = generation, .source = source, .at = (uint32_t)at};
    return object;
}

bool pdf_may_work(struct pdf *pdf, size_t octets)
{
    uint64_t limit = WORK_MIN + WORK_FACTOR * (pdf->content.len + pdf->found.unpacked);
    pdf->work += octets + OBJECT_WORK;
    if (pdf->work > limit)
        pdf_note(pdf, "limit: objects");
    return pdf->work <= limit;
}

static uint32_t stream_behind(struct slice text, size_t at)
{
    if (!bytes_are(text, at, SLICE("stream")))
        return 0;
    at += 6;
    while (ascii_blank((char)bytes_u8(text, at)))
        at++;
    at += bytes_u8(text, at) == '\r';
    at += bytes_u8(text, at) == '\n';
    return at < UINT32_MAX ? (uint32_t)at : 0;
}

size_t pdf_parse_part(struct pdf *pdf, struct pdf_tree *tree, struct slice text, size_t at)
{
    size_t end = pdf_parse(tree, text, at);
    if (tree->cut)
        pdf_note(pdf, cpu_budget_spent(0) ? CPU_BUDGET_SPENT : "limit: objects");
    return end;
}

bool pdf_load(struct pdf *pdf, uint32_t index, struct pdf_tree *tree)
{
    struct pdf_object *object = pdf_object(pdf, index);
    struct slice text = pdf_source(pdf, object->source);
    buf_clear(&tree->nodes);
    if (!pdf_may_work(pdf, 0))
        return false;
    size_t end = pdf_parse_part(pdf, tree, text, object->at);
    if (pdf_count(tree) == 0)
        return false;
    if (object->source == 0 && pdf_node(tree, 0)->kind == PDF_DICT) {
        end = pdf_skip_space(text, end);
        object->stream = stream_behind(text, end);
    }
    return pdf_may_work(pdf, end - object->at);
}

static int by_number(const void *left, const void *right)
{
    const struct pdf_spec_ref *a = left, *b = right;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return a->spec < b->spec ? -1 : a->spec > b->spec;
}

static void make_index(struct pdf *pdf)
{
    size_t count = pdf->objects.count;
    pdf->index = arena_array(pdf->arena, count + 1, sizeof *pdf->index);
    if (!pdf->index)
        pdf_note(pdf, "limit: objects");
    for (size_t i = 0; pdf->index && i < count; i++)
        pdf->index[i] = (struct pdf_spec_ref){pdf_object(pdf, i)->number, (uint32_t)i};
    pdf->indexed = pdf->index ? count : 0;
    if (pdf->index)
        qsort(pdf->index, count, sizeof *pdf->index, by_number);
}

/* The place of the first with this number, or of a later one. */
static size_t first_with(const struct pdf *pdf, uint64_t number)
{
    size_t low = 0, high = pdf->indexed;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pdf->index[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t pdf_defined(struct pdf *pdf, uint64_t number, size_t *first)
{
    if (!pdf->indexed)
        make_index(pdf);
    *first = first_with(pdf, number);
    return first_with(pdf, number + 1) - *first;
}

/* The values under `number` behind the `count` that are there already. */
static size_t add_defined(struct pdf *pdf, uint64_t number, struct pdf_value *out, size_t count,
                          size_t max)
{
    size_t first, defined = pdf_defined(pdf, number, &first);
    for (size_t i = 0; i < defined; i++) {
        uint32_t object = pdf->index[first + i].spec;
        if (count == max)
            pdf_note(pdf, "limit: objects");
        if (count == max || !pdf_load(pdf, object, &pdf->value))
            break;
        const struct pdf_node *node = pdf_node(&pdf->value, 0);
        out[count++] =
            (struct pdf_value){pdf_raw(&pdf->value, node), (enum pdf_kind)node->kind, object};
    }
    return count;
}

size_t pdf_values(struct pdf *pdf, const struct pdf_tree *tree, uint32_t index, uint32_t object,
                  struct pdf_value *out, size_t max)
{
    const struct pdf_node *node = pdf_node(tree, index);
    size_t count = 0, kept = 0;
    uint64_t number;
    out[count++] = (struct pdf_value){pdf_raw(tree, node), (enum pdf_kind)node->kind, object};
    /* What a reference leads to stands behind it, and may be one too. */
    for (size_t i = 0; i < count; i++)
        if (out[i].kind == PDF_REF && pdf_leading_number(out[i].raw, &number))
            count = add_defined(pdf, number, out, count, max);
    for (size_t i = 0; i < count; i++)
        if (out[i].kind != PDF_REF)
            out[kept++] = out[i];
    return kept;
}

bool pdf_value(struct pdf *pdf, const struct pdf_tree *tree, uint32_t index, struct pdf_value *out)
{
    struct pdf_value values[PDF_VALUES_MAX];
    size_t count = pdf_values(pdf, tree, index, 0, values, PDF_VALUES_MAX);
    for (size_t i = 1; i < count; i++)
        if (!slice_eq(values[i].raw, values[0].raw))
            return false;
    if (count)
        *out = values[0];
    return count > 0;
}

struct slice pdf_octets(struct pdf *pdf, const struct pdf_value *value)
{
    struct slice text = pdf_string(pdf->arena, value->raw, value->kind == PDF_HEX);
    const struct pdf_object *object = pdf_object(pdf, value->object);
    if (!pdf->opened || object->source != 0 || !text.ptr)
        return text;
    struct buf plain = buf_init(text.len + AES_BLOCK);
    if (pdf_decrypt(&pdf->crypt, pdf->crypt.strings, object->number, object->generation, text,
                    &plain))
        text = arena_copy(pdf->arena, buf_slice(&plain));
    else if (plain.failed || text.len >= AES_BLOCK)
        text.ptr = NULL; /* memory is out: shorter ones were never encrypted */
    buf_release(&plain);
    return text;
}
