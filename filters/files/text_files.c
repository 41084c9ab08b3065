/* SPDX-License-Identifier: ISC */
#include "filters/files/text_files.h"

#include "filters/containers/calendar.h"

enum { SCRATCH_SLACK = 1 << 20, SCRATCH_FACTOR = 3 };

struct search {
    struct arena *arena; /* of one way of writing */
    struct slice content;
    const struct text_files_visitor *visitor;
    const char *problem; /* the first */
    bool ended;          /* by the visitor */
};

static void give(struct search *s, const struct text_file *file)
{
    s->ended = !s->visitor->file(s->visitor->ctx, file);
}

static void note(struct search *s, const char *problem)
{
    if (!s->problem)
        s->problem = problem;
}

static void search_calendar(struct search *s)
{
    struct calendar calendar;
    struct calendar_file file;
    if (!calendar_open(s->arena, s->content, &calendar)) {
        note(s, "memory");
        return;
    }
    while (!s->ended && calendar_next(&calendar, &file))
        give(s, &(struct text_file){file.names, file.n_names, file.content, NULL});
    note(s, calendar.unclosed && !s->ended ? "corrupt" : NULL);
}

static bool is_called(const struct slice *extensions, size_t count, const struct slice *list,
                      size_t list_count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < list_count; k++)
            if (slice_eq(extensions[i], list[k]))
                return true;
    return false;
}

static bool is_calendar(struct slice content, const struct slice *extensions, size_t count)
{
    static const struct slice list[] = {SLICE("ics"),      SLICE("vcs"),   SLICE("ifb"),
                                        SLICE("vcf"),      SLICE("vcard"), SLICE("ical"),
                                        SLICE("icalendar")};
    return calendar_is(content) || is_called(extensions, count, list, sizeof list / sizeof *list);
}

const char *text_files_each(struct slice content, const struct slice *extensions, size_t count,
                            const struct text_files_visitor *visitor)
{
    struct search s = {.content = content, .visitor = visitor};
    s.arena = arena_new(SCRATCH_SLACK + SCRATCH_FACTOR * content.len);
    if (!s.arena)
        return "memory";
    if (is_calendar(content, extensions, count))
        search_calendar(&s);
    arena_free(&s.arena);
    return s.problem;
}

static bool is_offered(void *ctx, const struct text_file *file)
{
    bool *offered = ctx;
    (void)file;
    *offered = true;
    return false;
}

bool text_files_in_words(struct slice content)
{
    bool offered = false;
    const struct text_files_visitor visitor = {&offered, is_offered};
    return text_files_each(content, NULL, 0, &visitor) || offered;
}
