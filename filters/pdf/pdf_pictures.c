/* SPDX-License-Identifier: ISC
 * Pictures (ISO 32000-2, 8.9.5). */
#include "filters/cpu_budget.h"
#include "filters/pdf/pdf_internal.h"

static uint32_t number(struct pdf *pdf, struct slice key)
{
    uint64_t number;
    struct pdf_value value;
    uint32_t node = pdf_find(&pdf->tree, 0, key);
    bool known = node && pdf_value(pdf, &pdf->tree, node, &value) && value.kind == PDF_NUMBER &&
                 pdf_leading_number(value.raw, &number) && number <= UINT32_MAX;
    return known ? (uint32_t)number : 0;
}

static bool read_picture(struct pdf *pdf, uint32_t index, struct pdf_picture *out)
{
    if (!pdf_load(pdf, index, &pdf->tree) || !pdf_object(pdf, index)->stream)
        return false;
    uint32_t kind = pdf_find(&pdf->tree, 0, SLICE("Subtype"));
    if (!kind || !pdf_is_name(&pdf->tree, kind, SLICE("Image")))
        return false;
    uint32_t bits = number(pdf, SLICE("BitsPerComponent"));
    *out = (struct pdf_picture){
        .object = index,
        .width = number(pdf, SLICE("Width")),
        .height = number(pdf, SLICE("Height")),
        .bits = bits ? bits : 1, /* a mask need not say so */
    };
    return true;
}

bool pdf_next_picture(struct pdf *pdf, uint32_t *at, struct pdf_picture *out)
{
    while (*at < pdf->objects.count && !cpu_budget_spent(0))
        if (read_picture(pdf, (*at)++, out))
            return true;
    return false;
}

const char *pdf_read_picture(struct pdf *pdf, const struct pdf_picture *picture,
                             enum pdf_packing *packing, struct buf *out)
{
    return pdf_unpack_picture(pdf, picture->object, pdf->crypt.streams, packing, out);
}
