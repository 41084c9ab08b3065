/* SPDX-License-Identifier: ISC
 * PDFs: each embedded file is a member. */
#include "filters/cpu_budget.h"
#include "filters/files/inspect_internal.h"
#include "filters/files/picture_kind.h"
#include "filters/pdf/pdf.h"

#include <string.h>

enum { TRY_COST = 2 /* tries on a zip that one counts for */ };

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What so many packed octets may become; *ratio: no more because of those. */
static uint64_t room_for(const struct level *level, uint64_t packed, bool *ratio)
{
    const struct archive_budget *budget = &level->inspection->budget;
    const struct archive_limits *limits = &budget->limits;
    uint64_t most = limits->ratio * packed, left = limits->total - budget->unpacked;
    if (most < limits->ratio_floor)
        most = limits->ratio_floor;
    *ratio = most < least(limits->member, left);
    return least(most, least(limits->member, left));
}

static const char *limit_of(const char *problem, bool ratio)
{
    bool full = problem && strcmp(problem, "limit: bytes") == 0;
    return full && ratio ? "limit: ratio" : problem;
}

/* What was read, which may be a part, with the reason; NULL: all. */
static void add_file(struct level *level, const struct pdf_file *file, struct slice content,
                     const char *problem)
{
    struct slice unnamed = SLICE("embedded");
    if (!inspect_charge(level, 1, content.len))
        return;
    struct inspected_file *member =
        file->name_count ? inspect_add(level, file->names, file->name_count, content.len)
                         : inspect_add(level, &unnamed, 1, content.len);
    if (!member)
        return;
    inspect_note_problem(member, problem);
    inspect_look_inside(level->inspection, member, content);
    level->findings->macros = level->findings->macros || member->macros;
}

/* Of what needs a password only what is not encrypted can be read. */
static void open_file(struct level *level, struct pdf *pdf, const struct pdf_file *file)
{
    bool ratio;
    struct buf content = buf_init((size_t)room_for(level, file->place.len, &ratio));
    const char *problem = limit_of(pdf_read(pdf, file, &content), ratio);
    if (!problem || !pdf_findings(pdf)->encrypted)
        add_file(level, file, buf_slice(&content), problem);
    buf_release(&content);
}

static void blank(char *rest, struct slice content, struct slice place)
{
    memset(rest + (place.ptr - content.ptr), 0, place.len);
}

/* `rest` without what was handed out as it lies there, or archives in it would be found twice. */
static struct slice without_files(struct arena *scratch, const struct pdf_findings *found,
                                  struct slice content, struct slice rest)
{
    char *copy = NULL;
    for (size_t i = 0; i < found->file_count; i++) {
        if (!found->files[i].bare || found->files[i].place.len == 0)
            continue;
        if (!copy && !(copy = arena_cstr(scratch, rest)))
            return rest;
        blank(copy, content, found->files[i].place);
    }
    return copy ? (struct slice){copy, rest.len} : rest;
}

static void note_findings(struct level *level, const struct pdf_findings *found)
{
    inspect_note_problem(level->file, found->encrypted ? "encrypted" : NULL);
    inspect_note_problem(level->file, found->problem);
    level->inspection->pictures |= found->pictures ? 1U << PICTURE_JPEG : 0;
    level->findings->embedded = level->findings->embedded || found->embedded;
    level->findings->active = level->findings->active || found->active;
    level->findings->remote = level->findings->remote || found->remote;
    for (size_t i = 0; i < found->link_count; i++)
        inspect_tell(level, INSPECTED_LINK, found->links[i]);
    if (found->more_links || level->file->limit)
        inspect_tell(level, INSPECTED_MORE, SLICE(""));
    inspect_charge(level, 0, found->unpacked);
}

/* As it opens without a password, or with one that the message tells: then it is encrypted still. */
static struct pdf *open_pdf(struct level *level, struct slice content, uint64_t most)
{
    struct slice list[PASSWORDS_MAX];
    struct pdf *pdf = pdf_open(content, most), *told;
    if (!pdf || !pdf_findings(pdf)->encrypted)
        return pdf;
    inspect_note_problem(level->file, "encrypted");
    struct passwords *passwords = inspect_passwords(level);
    size_t count = passwords ? passwords_list(passwords, level->file->name, list) : 0;
    size_t cost = count * TRY_COST;
    if (count == 0 || cost > passwords->tries)
        return pdf;
    passwords->tries -= (unsigned)cost;
    if (!(told = pdf_open_with(content, most, list, count)))
        return pdf;
    pdf_close(&pdf);
    return told;
}

struct slice inspect_pdf(struct level *level, struct arena *scratch, struct slice content,
                         struct slice rest)
{
    bool ratio;
    if (!pdf_is(content))
        return rest;
    uint64_t most = room_for(level, content.len, &ratio);
    struct pdf *pdf = open_pdf(level, content, most);
    if (!pdf) {
        inspect_note_problem(level->file, "memory");
        return rest;
    }
    const struct pdf_findings *found = pdf_findings(pdf);
    note_findings(level, found);
    if (found->file_count && !inspect_too_deep(level)) {
        level->file->archive = true;
        for (size_t i = 0; i < found->file_count && !level->file->limit; i++)
            open_file(level, pdf, &found->files[i]);
        rest = without_files(scratch, found, content, rest);
    }
    pdf_close(&pdf);
    return rest;
}
