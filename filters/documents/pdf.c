/* SPDX-License-Identifier: ISC
 * The order of the work: where objects stand, what each says, how they are encrypted, what stands in
 * object streams, and then once more what could not be followed before all were there. */
#include "filters/documents/pdf.h"

#include "filters/cpu_budget.h"
#include "filters/documents/pdf_internal.h"
#include "filters/documents/pdf_text.h"
#include "filters/mime/charset.h"

#include <stdlib.h>

enum {
    PROLOGUE = 1024,
    ARENA_MIN = 64 << 20,
    ARENA_FACTOR = 8,
    IDENTIFIERS_MAX = 8,
};

/* What trailers say of encryption. */
struct trailers {
    struct pdf_value encrypt;
    bool encrypted, several;
    struct slice ids[IDENTIFIERS_MAX];
    size_t id_count;
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

static void read_trailer(struct pdf *pdf, struct trailers *t)
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
    for (size_t i = 0; i < count && t->id_count < IDENTIFIERS_MAX; i++) {
        pdf_parse(&pdf->parameters, values[i].raw, 0);
        if (pdf_count(&pdf->parameters) < 2)
            continue;
        const struct pdf_node *first = pdf_node(&pdf->parameters, 1);
        struct slice text = pdf_raw(&pdf->parameters, first);
        t->ids[t->id_count++] = pdf_string(pdf->arena, text, first->kind == PDF_HEX);
    }
}

static void find_trailers(struct pdf *pdf, struct trailers *t)
{
    struct slice text = pdf->content, word = SLICE("trailer");
    size_t at = 0, step;
    while ((step = slice_search(slice_from(text, at), word)) < text.len - at) {
        at += step + word.len;
        size_t end = pdf_parse(&pdf->tree, text, at);
        if (!pdf_may_work(pdf, end - at) || cpu_budget_spent(step))
            return;
        read_trailer(pdf, t);
    }
}

static bool has_type(const struct pdf *pdf, struct slice name)
{
    uint32_t type = pdf_find(&pdf->tree, 0, SLICE("Type"));
    return type && pdf_is_name(&pdf->tree, type, name);
}

static void classify_stream(struct pdf *pdf, uint32_t index, struct trailers *t)
{
    struct pdf_object *object = pdf_object(pdf, index);
    object->file = has_type(pdf, SLICE("EmbeddedFile"));
    object->holder =
        pdf_find(&pdf->tree, 0, SLICE("N")) && pdf_find(&pdf->tree, 0, SLICE("First"));
    if (pdf_find(&pdf->tree, 0, SLICE("F")))
        pdf->found.remote = true; /* its octets stand in another file */
    if (has_type(pdf, SLICE("XRef")))
        read_trailer(pdf, t);
}

static void look_at_file(struct pdf *pdf, struct trailers *t)
{
    for (uint32_t i = 0; i < pdf->objects.count && !cpu_budget_spent(0); i++)
        if (pdf_look(pdf, i, false) && pdf_object(pdf, i)->stream)
            classify_stream(pdf, i, t);
}

/* As one of the identifiers has it: there is one for all revisions of a file, or it is damaged. */
static void open_encryption(struct pdf *pdf, const struct trailers *t)
{
    struct pdf_value value;
    if (!t->encrypted)
        return;
    if (t->several)
        pdf_note(pdf, "corrupt");
    pdf_parse(&pdf->tree, t->encrypt.raw, 0);
    bool found = pdf_count(&pdf->tree) && pdf_value(pdf, &pdf->tree, 0, &value);
    if (found)
        pdf_parse(&pdf->tree, value.raw, 0);
    for (size_t i = 0; found && !pdf->opened && i < t->id_count + (t->id_count == 0); i++)
        pdf->opened = pdf_crypt_open(pdf->arena, &pdf->tree, 0, t->ids[i], &pdf->crypt);
    pdf->found.encrypted = !pdf->opened;
}

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

static void open_holders(struct pdf *pdf)
{
    size_t count = pdf->objects.count;
    if (!pdf_more(pdf, &pdf->sources, sizeof(struct buf))) /* the file itself */
        return;
    for (uint32_t i = 0; i < count && !cpu_budget_spent(0); i++)
        if (pdf_object(pdf, i)->holder)
            open_holder(pdf, i);
    pdf->indexed = 0;
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
    struct trailers trailers = {0};
    pdf_locate(pdf);
    find_trailers(pdf, &trailers);
    look_at_file(pdf, &trailers);
    open_encryption(pdf, &trailers);
    open_holders(pdf);
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
    struct pdf *pdf = calloc(1, sizeof *pdf);
    if (!pdf)
        return NULL;
    pdf->arena = arena_new(ARENA_MIN + ARENA_FACTOR * content.len);
    pdf->content = slice_sub(content, 0, UINT32_MAX);
    pdf->max = max;
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
