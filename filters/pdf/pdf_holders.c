/* SPDX-License-Identifier: ISC
 * Object streams (ISO 32000-2, 7.5.7): what a stream of objects holds counts like what stands in the
 * file. */
#include "filters/cpu_budget.h"
#include "filters/pdf/pdf_internal.h"

static bool take_number(struct slice text, size_t *at, uint64_t *out)
{
    size_t from = *at = pdf_skip_space(text, *at);
    while (*at < text.len && ascii_digit(text.ptr[*at]))
        ++*at;
    return slice_to_u64(slice_sub(text, from, *at), PDF_NUMBERLESS - 1, out);
}

static uint64_t held(struct pdf *pdf, struct slice key)
{
    struct pdf_value value;
    uint64_t number;
    uint32_t node = pdf_find(&pdf->stream, 0, key);
    if (node && pdf_value(pdf, &pdf->stream, node, &value) &&
        pdf_leading_number(value.raw, &number))
        return number;
    pdf_note(pdf, "corrupt");
    return 0;
}

/* Number and place of each of its objects stand before the first (7.5.7). */
static void list_held(struct pdf *pdf, uint32_t source)
{
    uint64_t count = held(pdf, SLICE("N")), first = held(pdf, SLICE("First")), number, place;
    struct slice text = pdf_source(pdf, source);
    size_t at = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (!take_number(text, &at, &number) || !take_number(text, &at, &place) ||
            !pdf_may_work(pdf, 0) || cpu_budget_spent(0))
            break;
        if (first + place < text.len &&
            pdf_add_object(pdf, (uint32_t)number, 0, source, (size_t)(first + place)))
            pdf_look(pdf, (uint32_t)pdf->objects.count - 1, false);
    }
}

static void open_holder(struct pdf *pdf, uint32_t index)
{
    struct buf *source = pdf_more(pdf, &pdf->sources, sizeof *source);
    if (!source)
        return;
    *source = buf_init((size_t)(pdf->max - pdf->found.unpacked));
    struct buf unpacked = *source;
    const char *problem = pdf_unpack(pdf, index, pdf->crypt.streams, &unpacked);
    source = (struct buf *)pdf->sources.items + pdf->sources.count - 1;
    *source = unpacked;
    pdf->found.unpacked += buf_len(source);
    if (problem && !pdf->found.encrypted)
        pdf_note(pdf, problem);
    list_held(pdf, (uint32_t)pdf->sources.count - 1);
}

void pdf_open_holders(struct pdf *pdf)
{
    size_t count = pdf->objects.count;
    if (!pdf_more(pdf, &pdf->sources, sizeof(struct buf))) /* the file itself */
        return;
    for (uint32_t i = 0; i < count && !cpu_budget_spent(0); i++)
        if (pdf_object(pdf, i)->holder)
            open_holder(pdf, i);
    pdf->indexed = 0;
}
