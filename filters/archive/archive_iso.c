/* SPDX-License-Identifier: ISC
 * The members of a CD's image: nothing in it is packed, but files may share what they are made of. */
#include "filters/archive/archive_walk.h"
#include "filters/archive/iso.h"
#include "filters/cpu_budget.h"
#include "filters/mime/bytes.h"

enum { DESCRIPTORS_AT = 0x8000, DESCRIPTORS_OCTETS = 32 * 2048 };

/* Those who read it as UDF may see another tree. */
static bool is_bridge(struct slice image)
{
    struct slice descriptors =
        slice_sub(image, DESCRIPTORS_AT, DESCRIPTORS_AT + DESCRIPTORS_OCTETS);
    return slice_search(descriptors, SLICE("\0NSR0")) < descriptors.len;
}

static uint64_t octets_of(const struct iso_file *file)
{
    uint64_t sum = 0;
    for (const struct iso_piece *piece = &file->content; piece; piece = piece->next)
        sum += piece->octets.len;
    return sum;
}

/* In one piece, from `joined` if that must be. Empty when it does not fit. */
static struct slice content_of(const struct iso_file *file, struct buf *joined)
{
    if (!file->content.next)
        return file->content.octets;
    for (const struct iso_piece *piece = &file->content; piece; piece = piece->next)
        if (!buf_append(joined, piece->octets) || cpu_budget_spent(piece->octets.len))
            return (struct slice){0};
    return buf_slice(joined);
}

static void read_content(struct archive_walk *walk, const struct iso_file *file, struct buf *joined,
                         struct archive_member *m)
{
    uint64_t octets = octets_of(file);
    if (!archive_walk_charge(walk, octets)) {
        m->problem = walk->report->why;
        return;
    }
    m->content = content_of(file, joined);
    if (m->content.len < octets)
        m->problem = cpu_budget_spent(0) ? CPU_BUDGET_SPENT : "limit: member";
    m->complete = !m->problem;
}

static void list_file(struct archive_walk *walk, const struct iso_file *file)
{
    struct archive_member m = {.names = file->names,
                               .name_count = file->name_count,
                               .declared = file->size,
                               .sized = true,
                               .problem = file->problem};
    struct buf joined = buf_init((size_t)walk->budget->limits.member);
    read_content(walk, file, &joined, &m);
    archive_walk_give(walk, &m);
    buf_release(&joined);
}

bool archive_iso_list(struct archive_walk *walk, struct slice content)
{
    struct iso iso;
    struct slice image = iso_sectors(walk->scratch, content);
    if (!iso_read(walk->scratch, image, walk->budget->limits.entries, &iso))
        return false;
    for (size_t i = 0; i < iso.count && archive_walk_enter(walk); i++)
        list_file(walk, &iso.files[i]);
    walk->position = content.len;
    archive_report_add(walk->report, iso.truncated ? "limit: entries" : NULL);
    archive_report_add(walk->report, iso.broken ? "corrupt" : NULL);
    archive_report_add(walk->report, iso.unsupported || is_bridge(image) ? "unsupported" : NULL);
    return true;
}
