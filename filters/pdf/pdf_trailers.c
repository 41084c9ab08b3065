/* SPDX-License-Identifier: ISC
 * Trailers (ISO 32000-2, 7.5.5), as many as there are, and the encryption that they speak of. */
#include "filters/cpu_budget.h"
#include "filters/pdf/pdf_internal.h"
#include "filters/pdf/pdf_text.h"

enum { TRY_OCTETS = 64 * 1024 /* that trying a password counts for */ };

void pdf_read_trailer(struct pdf *pdf, struct pdf_trailers *t)
{
    struct pdf_value values[PDF_VALUES_MAX];
    uint32_t encrypt = pdf_find(&pdf->tree, 0, SLICE("Encrypt"));
    uint32_t id = pdf_find(&pdf->tree, 0, SLICE("ID"));
    if (encrypt) {
        const struct pdf_node *node = pdf_node(&pdf->tree, encrypt);
        struct slice raw = pdf_raw(&pdf->tree, node);
        t->several = t->several || (t->encrypted && !slice_eq(raw, t->encrypt.raw));
        if (!t->encrypted)
            t->encrypt = (struct pdf_value){raw, (enum pdf_kind)node->kind, 0};
        t->encrypted = true;
    }
    size_t count = id ? pdf_values(pdf, &pdf->tree, id, 0, values, PDF_VALUES_MAX) : 0;
    for (size_t i = 0; i < count && t->id_count < PDF_IDENTIFIERS_MAX; i++) {
        pdf_parse_part(pdf, &pdf->parameters, values[i].raw, 0);
        if (pdf_count(&pdf->parameters) < 2)
            continue;
        const struct pdf_node *first = pdf_node(&pdf->parameters, 1);
        struct slice text = pdf_raw(&pdf->parameters, first);
        t->ids[t->id_count++] = pdf_string(pdf->arena, text, first->kind == PDF_HEX);
    }
}

void pdf_find_trailers(struct pdf *pdf, struct pdf_trailers *t)
{
    struct slice text = pdf->content, word = SLICE("trailer");
    size_t at = 0, step;
    while ((step = slice_search(slice_from(text, at), word)) < text.len - at) {
        at += step + word.len;
        size_t end = pdf_parse_part(pdf, &pdf->tree, text, at);
        if (!pdf_may_work(pdf, end - at) || cpu_budget_spent(step))
            return;
        pdf_read_trailer(pdf, t);
    }
}

/* As one of the identifiers has it: there is one for all revisions of a file, or it is damaged. */
static bool opens_with(struct pdf *pdf, const struct pdf_trailers *t, struct slice password)
{
    for (size_t i = 0; i < t->id_count + (t->id_count == 0); i++) {
        if (cpu_budget_spent(TRY_OCTETS))
            return false;
        if (pdf_crypt_open(pdf->arena, &pdf->tree, 0, t->ids[i], password, &pdf->crypt))
            return true;
    }
    return false;
}

void pdf_open_encryption(struct pdf *pdf, const struct pdf_trailers *t)
{
    struct pdf_value value;
    if (!t->encrypted)
        return;
    if (t->several)
        pdf_note(pdf, "corrupt");
    pdf_parse_part(pdf, &pdf->tree, t->encrypt.raw, 0);
    bool found = pdf_count(&pdf->tree) && pdf_value(pdf, &pdf->tree, 0, &value);
    if (found)
        pdf_parse_part(pdf, &pdf->tree, value.raw, 0);
    pdf->opened = found && opens_with(pdf, t, SLICE(""));
    for (size_t i = 0; found && !pdf->opened && i < pdf->n_passwords; i++)
        pdf->opened = opens_with(pdf, t, pdf->passwords[i]);
    if (pdf->crypt.failed)
        pdf_note(pdf, "memory");
    pdf->found.encrypted = !pdf->opened && !pdf->crypt.failed;
}
