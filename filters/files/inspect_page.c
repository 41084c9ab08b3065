/* SPDX-License-Identifier: ISC
 * Files whose words somebody sees who opens them: pages and drawings, which may be active, too;
 * calendars, cards and texts. By what they are, are called or are said to be. */
#include "filters/documents/page.h"
#include "filters/files/inspect_internal.h"
#include "filters/files/wide_text.h"

enum { SCRATCH_SLACK = 1 << 20, SCRATCH_FACTOR = 12 };

static bool is_one_of(struct slice word, const struct slice *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq(word, list[i]))
            return true;
    return false;
}

static bool is_called(const struct inspected_file *file, const struct slice *list, size_t count)
{
    for (size_t i = 0; i < file->name_count; i++)
        if (is_one_of(file->extensions[i], list, count))
            return true;
    return false;
}

/* What programs show as it is written. */
static bool is_text(const struct inspected_file *file)
{
    static const struct slice types[] = {SLICE("text/calendar"), SLICE("text/vcard"),
                                         SLICE("text/x-vcard"), SLICE("text/plain")};
    static const struct slice names[] = {SLICE("ics"), SLICE("ifb"), SLICE("vcs"),
                                         SLICE("vcf"), SLICE("txt"), SLICE("text"),
                                         SLICE("log"), SLICE("csv"), SLICE("md")};
    return is_called(file, names, sizeof names / sizeof *names) ||
           (file->name_count == 0 && is_one_of(file->type, types, sizeof types / sizeof *types));
}

static bool is_html(const struct inspected_file *file)
{
    static const struct slice types[] = {SLICE("text/html"), SLICE("application/hta")};
    static const struct slice names[] = {SLICE("html"), SLICE("htm"),   SLICE("shtml"),
                                         SLICE("shtm"), SLICE("xhtml"), SLICE("xhtm"),
                                         SLICE("xht"),  SLICE("hta"),   SLICE("htc")};
    const size_t count = sizeof types / sizeof *types;
    return is_called(file, names, sizeof names / sizeof *names) ||
           is_one_of(file->declared, types, count) ||
           (is_one_of(file->type, types, count) && !is_text(file));
}

static bool is_xml(const struct inspected_file *file, struct slice content)
{
    static const struct slice types[] = {SLICE("image/svg+xml"), SLICE("image/svg"),
                                         SLICE("application/xhtml+xml"), SLICE("text/xml"),
                                         SLICE("application/xml")};
    static const struct slice names[] = {SLICE("svg"),  SLICE("svgz"), SLICE("xhtml"),
                                         SLICE("xhtm"), SLICE("xht"),  SLICE("xml")};
    const size_t count = sizeof types / sizeof *types;
    bool begins = is_one_of(file->type, types, count) || slice_starts(content, SLICE("<?xml"));
    return is_called(file, names, sizeof names / sizeof *names) ||
           is_one_of(file->declared, types, count) || (begins && !is_text(file));
}

static void look_at_page(struct level *level, struct slice content, bool html, bool xml)
{
    struct arena *scratch = arena_new(SCRATCH_SLACK + SCRATCH_FACTOR * content.len);
    bool page = html || xml;
    unsigned readings = (html ? PAGE_HTML : 0U) | (xml ? PAGE_XML : 0U);
    if (!scratch) {
        inspect_note_problem(level->file, "memory");
        return;
    }
    if (page && page_is_active(scratch, content, readings))
        level->findings->active = true;
    arena_free(&scratch);
    bool read = level->inspection->read && level->file->depth == 0;
    if (!read || wide_text_is(content)) /* of which its charset need not have told */
        inspect_tell_octets(level, page ? INSPECTED_HTML : INSPECTED_TEXT, content);
}

void inspect_page(struct level *level, struct slice content)
{
    const struct inspected_file *file = level->file;
    bool html = is_html(file), xml = is_xml(file, content);
    if (file->part || file->message || !(html || xml || is_text(file)))
        return;
    look_at_page(level, content, html, xml);
}
