/* SPDX-License-Identifier: ISC
 * The embedded files: streams that say so, and those that a file specification names, with all names
 * that any of these gives them. */
#include "filters/cpu_budget.h"
#include "filters/mime/params.h"
#include "filters/pdf/pdf_internal.h"
#include "filters/pdf/pdf_text.h"

#include <stdlib.h>

struct region {
    size_t from, to;
};

struct listing {
    struct pdf *pdf;
    struct pdf_list files;   /* struct pdf_file */
    struct pdf_list regions; /* struct region: PDFs that lie in the file as they are */
    bool *met;               /* of spec_refs: there is such a stream */
};

static struct pdf_spec_ref *refs_of(const struct listing *l)
{
    return l->pdf->spec_refs.items;
}

static int by_number(const void *left, const void *right)
{
    const struct pdf_spec_ref *a = left, *b = right;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return a->spec < b->spec ? -1 : a->spec > b->spec;
}

/* The first reference to the object, or to a later one. */
static size_t first_ref(const struct listing *l, uint32_t number)
{
    size_t low = 0, high = l->pdf->spec_refs.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (refs_of(l)[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_ref(const struct listing *l, size_t at, uint32_t number)
{
    return at < l->pdf->spec_refs.count && refs_of(l)[at].number == number;
}

/* What lies in a PDF that is a file of its own is that one's: numbers mean something else there. */
static bool is_inner(const struct listing *l, uint32_t index)
{
    const struct pdf_object *object = pdf_object(l->pdf, index);
    const struct region *regions = l->regions.items;
    size_t low = 0, high = l->regions.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (regions[middle].to <= object->at)
            low = middle + 1;
        else
            high = middle;
    }
    return object->source == 0 && low < l->regions.count && regions[low].from <= object->at;
}

static void note_region(struct listing *l, struct slice place)
{
    if (!pdf_is(place))
        return;
    size_t from = (size_t)(place.ptr - l->pdf->content.ptr);
    const struct region *regions = l->regions.items;
    if (l->regions.count && from < regions[l->regions.count - 1].to)
        return;
    struct region *region = pdf_more(l->pdf, &l->regions, sizeof *region);
    if (region)
        *region = (struct region){from, from + place.len};
}

static void find_files(struct listing *l)
{
    struct pdf *pdf = l->pdf;
    for (size_t i = 0; i < pdf->objects.count; i++) {
        const struct pdf_object *object = pdf_object(pdf, i);
        bool wanted = object->file || is_ref(l, first_ref(l, object->number), object->number);
        if (!object->stream || !wanted)
            continue;
        struct slice place = pdf_place(pdf, (uint32_t)i);
        struct pdf_file *file = pdf_more(pdf, &l->files, sizeof *file);
        if (!file || !pdf_count(&pdf->stream))
            return;
        *file = (struct pdf_file){
            .place = place, .bare = !pdf->opened && pdf_is_bare(pdf), .object = (uint32_t)i};
        if (file->bare)
            note_region(l, place);
    }
}

/* A NUL ends a name for some. */
static size_t add_name(struct pdf *pdf, struct slice *names, size_t count,
                       const struct pdf_value *value)
{
    struct slice octets = pdf_octets(pdf, value);
    if (!octets.ptr)
        pdf_note(pdf, "limit: objects");
    bool wide = slice_starts(octets, SLICE("\xfe\xff")) || slice_starts(octets, SLICE("\xff\xfe"));
    size_t nul = wide ? octets.len : slice_find(octets, '\0');
    struct slice parts[] = {slice_sub(octets, 0, nul), slice_from(octets, nul + 1)};
    for (size_t i = 0; i < 2; i++) {
        struct slice name = pdf_clean(pdf->arena, parts[i]);
        if (!name.ptr)
            pdf_note(pdf, "limit: objects");
        if (name.len == 0)
            continue;
        size_t before = count;
        count = slice_add_distinct(names, count, PDF_NAMES_MAX + 1, name);
        if (count > PDF_NAMES_MAX) {
            pdf_note(pdf, "limit: objects");
            return before;
        }
    }
    return count;
}

static size_t collect_names(struct listing *l, uint32_t number, struct slice *names, bool *named)
{
    struct pdf *pdf = l->pdf;
    const struct pdf_spec *specs = pdf->specs.items;
    const struct pdf_value *values = pdf->names.items;
    size_t count = 0;
    for (size_t at = first_ref(l, number); is_ref(l, at, number); at++) {
        const struct pdf_spec *spec = &specs[refs_of(l)[at].spec];
        if (cpu_budget_spent(spec->count + 1) || !pdf_may_work(pdf, spec->count))
            break;
        if (is_inner(l, spec->object))
            continue;
        *named = l->met[at] = true;
        for (size_t i = 0; i < spec->count; i++)
            count = add_name(pdf, names, count, &values[spec->first + i]);
    }
    return count;
}

static bool name_file(struct listing *l, struct pdf_file *file)
{
    struct slice names[PDF_NAMES_MAX + 1];
    const struct pdf_object *object = pdf_object(l->pdf, file->object);
    bool named = false;
    file->name_count = collect_names(l, object->number, names, &named);
    struct slice *copy = arena_array(l->pdf->arena, file->name_count + 1, sizeof *copy);
    if (!copy)
        pdf_note(l->pdf, "limit: objects");
    else if (file->name_count)
        memcpy(copy, names, file->name_count * sizeof *copy);
    file->names = copy;
    return copy && (named || object->file);
}

/* A file that is named and is nowhere may be where a viewer finds it. */
static void look_for_lost(struct listing *l)
{
    const struct pdf_spec *specs = l->pdf->specs.items;
    for (size_t i = 0; i < l->pdf->spec_refs.count; i++)
        if (!l->met[i] && !is_inner(l, specs[refs_of(l)[i].spec].object))
            pdf_note(l->pdf, "corrupt");
}

void pdf_list_files(struct pdf *pdf)
{
    struct listing l = {.pdf = pdf};
    size_t count = 0;
    l.met = arena_array(pdf->arena, pdf->spec_refs.count + 1, sizeof *l.met);
    if (!l.met) {
        pdf_note(pdf, "limit: objects");
        return;
    }
    if (pdf->spec_refs.count)
        qsort(pdf->spec_refs.items, pdf->spec_refs.count, sizeof(struct pdf_spec_ref), by_number);
    find_files(&l);
    struct pdf_file *files = l.files.items;
    for (size_t i = 0; i < l.files.count; i++)
        if (!is_inner(&l, files[i].object) && name_file(&l, &files[i]))
            files[count++] = files[i];
    if (!pdf->found.encrypted)
        look_for_lost(&l);
    pdf->found.files = files;
    pdf->found.file_count = count;
    pdf->found.embedded = count > 0;
}

const char *pdf_read(struct pdf *pdf, const struct pdf_file *file, struct buf *out)
{
    return pdf_unpack(pdf, file->object, pdf->crypt.files, out);
}
