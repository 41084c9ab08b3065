/* SPDX-License-Identifier: ISC
 * The order of the work: where objects stand, what each says, how they are encrypted, what stands in
 * object streams, and then once more what could not be followed before all were there. */
#include "filters/pdf/pdf.h"

#include "filters/cpu_budget.h"
#include "filters/mime/charset.h"
#include "filters/pdf/pdf_internal.h"
#include "filters/pdf/pdf_text.h"

#include <stdlib.h>

enum {
    PROLOGUE = 1024,
    ARENA_MIN = 64 << 20,
    ARENA_FACTOR = 8,
};

bool pdf_is(struct slice content)
{
    struct slice prologue = slice_sub(content, 0, PROLOGUE);
    return slice_search(prologue, SLICE("%PDF-")) < prologue.len ||
           slice_search(prologue, SLICE("%FDF-")) < prologue.len;
}

bool pdf_warm_up(void)
{
    charset_warm_up();
    return pdf_cipher_warm_up();
}

static bool has_type(const struct pdf *pdf, struct slice name)
{
    uint32_t type = pdf_find(&pdf->tree, 0, SLICE("Type"));
    return type && pdf_is_name(&pdf->tree, type, name);
}

static void classify_stream(struct pdf *pdf, uint32_t index, struct pdf_trailers *t)
{
    struct pdf_object *object = pdf_object(pdf, index);
    object->file = has_type(pdf, SLICE("EmbeddedFile"));
    object->holder = pdf_find(&pdf->tree, 0, SLICE("N")) && pdf_find(&pdf->tree, 0, SLICE("First"));
    if (pdf_find(&pdf->tree, 0, SLICE("F")))
        pdf->found.remote = true; /* its octets stand in another file */
    if (has_type(pdf, SLICE("XRef")))
        pdf_read_trailer(pdf, t);
}

static void look_at_file(struct pdf *pdf, struct pdf_trailers *t)
{
    for (uint32_t i = 0; i < pdf->objects.count && !cpu_budget_spent(0); i++)
        if (pdf_look(pdf, i, false) && pdf_object(pdf, i)->stream)
            classify_stream(pdf, i, t);
}

static void look_again(struct pdf *pdf)
{
    for (uint32_t i = 0; i < pdf->objects.count && !cpu_budget_spent(0); i++)
        if (pdf_object(pdf, i)->again)
            pdf_look(pdf, i, true);
}

/* Calls for all objects that the numbers of a list name, which may grow by that. */
static void each_named(struct pdf *pdf, const struct pdf_list *list,
                       void (*call)(struct pdf *, uint32_t))
{
    for (size_t i = 0; i < list->count && pdf_may_work(pdf, 0); i++) {
        uint32_t number = ((const uint32_t *)list->items)[i];
        size_t first, count = pdf_defined(pdf, number, &first);
        for (size_t k = 0; k < count && pdf_may_work(pdf, 0); k++)
            call(pdf, pdf->index[first + k].spec);
    }
}

/* A stream, or an array of them: the parts of a form in XML. */
static void look_at_form(struct pdf *pdf, uint32_t index)
{
    if (pdf_object(pdf, index)->formed || !pdf_load(pdf, index, &pdf->tree))
        return;
    pdf_object(pdf, index)->formed = true;
    for (uint32_t i = 0; i < pdf_count(&pdf->tree) && !pdf_object(pdf, index)->stream; i++) {
        uint64_t number;
        uint32_t *more = NULL;
        if (pdf_node(&pdf->tree, i)->kind == PDF_REF && pdf_whole(&pdf->tree, i, &number))
            more = pdf_more(pdf, &pdf->forms, sizeof *more);
        if (more)
            *more = (uint32_t)number;
    }
    if (!pdf_object(pdf, index)->stream)
        return;
    struct buf xml = buf_init((size_t)(pdf->max - pdf->found.unpacked));
    const char *problem = pdf_unpack(pdf, index, pdf->crypt.streams, &xml);
    if (problem && !pdf->found.encrypted)
        pdf_note(pdf, problem);
    pdf->found.javascript = pdf->found.javascript || pdf_has_script(buf_slice(&xml));
    pdf->found.unpacked += buf_len(&xml);
    buf_release(&xml);
}

static void read_all(struct pdf *pdf)
{
    struct pdf_trailers trailers = {0};
    pdf_locate(pdf);
    pdf_find_trailers(pdf, &trailers);
    look_at_file(pdf, &trailers);
    pdf_open_encryption(pdf, &trailers);
    pdf_open_holders(pdf);
    look_again(pdf);
    each_named(pdf, &pdf->automatic, pdf_look_at_automatic);
    each_named(pdf, &pdf->forms, look_at_form);
    pdf_list_files(pdf);
    pdf_list_links(pdf);
    pdf->found.active = pdf->found.active || pdf->found.javascript || pdf->found.launch;
    if (cpu_budget_spent(0))
        pdf_note(pdf, CPU_BUDGET_SPENT);
}

struct pdf *pdf_open(struct slice content, uint64_t max)
{
    return pdf_open_with(content, max, NULL, 0);
}

struct pdf *pdf_open_with(struct slice content, uint64_t max, const struct slice *passwords,
                          size_t count)
{
    struct pdf *pdf = calloc(1, sizeof *pdf);
    if (!pdf)
        return NULL;
    pdf->arena = arena_new(ARENA_MIN + ARENA_FACTOR * content.len);
    pdf->content = slice_sub(content, 0, UINT32_MAX);
    pdf->max = max;
    pdf->passwords = passwords;
    pdf->n_passwords = count;
    struct pdf_tree *trees[] = PDF_TREES(pdf);
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++)
        *trees[i] = pdf_tree_new();
    if (!pdf->arena) {
        pdf_close(&pdf);
        return NULL;
    }
    if (content.len > UINT32_MAX)
        pdf_note(pdf, "limit: bytes");
    read_all(pdf);
    return pdf;
}

void pdf_close(struct pdf **pdf)
{
    if (!*pdf)
        return;
    struct pdf_tree *trees[] = PDF_TREES(*pdf);
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++)
        pdf_tree_free(trees[i]);
    for (size_t i = 0; i < (*pdf)->sources.count; i++)
        buf_release((struct buf *)(*pdf)->sources.items + i);
    arena_free(&(*pdf)->arena);
    free(*pdf);
    *pdf = NULL;
}

const struct pdf_findings *pdf_findings(const struct pdf *pdf)
{
    return &pdf->found;
}
