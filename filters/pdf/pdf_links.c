/* SPDX-License-Identifier: ISC
 * The links, each once, and what is started. */
#include "filters/cpu_budget.h"
#include "filters/pdf/pdf_internal.h"
#include "filters/pdf/pdf_text.h"

enum { HASHES = 4096 }; /* more than twice as many as there may be links */

struct set {
    struct slice links[PDF_LINKS_MAX];
    size_t count;
    uint16_t places[HASHES]; /* 1 + the index of a link; 0 is free */
};

static size_t hash_of(struct slice text)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * 16777619u;
    return hash % HASHES;
}

/* False: it is new, and there is no room for it. */
static bool add(struct set *set, struct slice link)
{
    size_t place = hash_of(link);
    for (; set->places[place]; place = (place + 1) % HASHES)
        if (slice_eq(set->links[set->places[place] - 1], link))
            return true;
    if (set->count == PDF_LINKS_MAX)
        return false;
    set->links[set->count++] = link;
    set->places[place] = (uint16_t)set->count;
    return true;
}

static struct slice text_of(struct pdf *pdf, const struct pdf_value *value)
{
    struct slice octets = pdf_octets(pdf, value);
    struct slice text = octets.ptr ? pdf_clean(pdf->arena, octets) : octets;
    if (!text.ptr)
        pdf_note(pdf, "limit: objects");
    return slice_trim(text);
}

void pdf_list_links(struct pdf *pdf)
{
    const struct pdf_value *values = pdf->links.items;
    struct set *set = pdf->links.count ? arena_alloc(pdf->arena, sizeof *set) : NULL;
    if (pdf->links.count && !set)
        pdf_note(pdf, "limit: objects");
    for (size_t i = 0; set && i < pdf->links.count && !cpu_budget_spent(values[i].raw.len); i++) {
        struct slice link = text_of(pdf, &values[i]);
        if (link.len && !add(set, link))
            pdf->found.more_links = true;
    }
    pdf->found.links = set ? set->links : NULL;
    pdf->found.link_count = set ? set->count : 0;
    if (pdf->launched.count)
        pdf->found.launched = text_of(pdf, pdf->launched.items);
}
