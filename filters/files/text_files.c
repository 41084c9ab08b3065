/* SPDX-License-Identifier: ISC */
#include "filters/files/text_files.h"

#include "filters/containers/binhex.h"
#include "filters/containers/calendar.h"
#include "filters/cpu_budget.h"
#include "filters/files/filetype.h"
#include "filters/files/picture_kind.h"
#include "filters/files/text_search.h"
#include "filters/files/wide_text.h"
#include "filters/mime/headers.h"
#include "filters/mime/transfer.h"

#include <stdlib.h>

enum { SCRATCH_SLACK = 1 << 20, SCRATCH_FACTOR = 5 };

static bool is_calendar(const struct search *s)
{
    static const struct slice list[] = {SLICE("ics"),      SLICE("vcs"),   SLICE("ifb"),
                                        SLICE("vcf"),      SLICE("vcard"), SLICE("ical"),
                                        SLICE("icalendar")};
    return calendar_is(s->content) ||
           text_search_is_called(s->text, list, sizeof list / sizeof *list);
}

/* A browser reads what is called so from whatever it begins with. */
static bool is_page_name(const struct text *text)
{
    static const struct slice list[] = {SLICE("html"),  SLICE("htm"), SLICE("xhtml"), SLICE("xht"),
                                        SLICE("shtml"), SLICE("svg"), SLICE("hta")};
    return text_search_is_called(text, list, sizeof list / sizeof *list);
}

static bool is_encoded_name(const struct text *text)
{
    static const struct slice list[] = {SLICE("uu"), SLICE("uue"), SLICE("xx"), SLICE("xxe"),
                                        SLICE("hqx")};
    return text_search_is_called(text, list, sizeof list / sizeof *list);
}

/* What begins, or is called, as these do, and was not found to be one. */
static bool promises_files(const struct text *text)
{
    struct line line;
    struct slice name;
    return is_encoded_name(text) ||
           (line_at(text->content, 0, &line) && uu_begin_line(line.text, &name));
}

/* Nobody looks for files behind what another program opens. */
static bool is_text(const struct text *text)
{
    struct slice type = filetype_by_signature(text->content);
    return type.len == 0 || slice_starts(type, SLICE("text/"));
}

static void search_encoded(struct search *s)
{
    static void (*const searches[])(struct search *) = {text_search_uuencode, text_search_binhex,
                                                        text_search_yenc, text_search_base64};
    for (size_t i = 0; i < sizeof searches / sizeof *searches && !s->ended; i++) {
        searches[i](s);
        arena_reset(s->arena);
    }
    text_search_note(s, !s->found && promises_files(s->text) ? "corrupt" : NULL);
}

static void search_all(struct search *s)
{
    bool text = is_text(s->text), calendar = is_calendar(s);
    if (calendar)
        text_search_calendar(s);
    arena_reset(s->arena);
    if (!s->ended && (text || is_encoded_name(s->text)))
        search_encoded(s);
    if (!s->ended && ((text && !calendar) || is_page_name(s->text)))
        text_search_data(s);
}

static bool begin(struct search *s, const struct text *text,
                  const struct text_files_visitor *visitor)
{
    *s = (struct search){.text = text, .content = text->content, .visitor = visitor};
    s->arena = arena_new(SCRATCH_SLACK + SCRATCH_FACTOR * text->content.len);
    if (!s->arena || !wide_text_is(text->content))
        return s->arena != NULL;
    s->narrow = malloc(text->content.len);
    if (s->narrow)
        s->content = (struct slice){s->narrow, wide_text_narrow(text->content, s->narrow)};
    else
        arena_free(&s->arena);
    return s->narrow != NULL;
}

static void end(struct search *s)
{
    arena_free(&s->arena);
    free(s->narrow);
}

const char *text_files_each(const struct text *text, const struct text_files_visitor *visitor)
{
    struct search s;
    if (!begin(&s, text, visitor))
        return "memory";
    search_all(&s);
    end(&s);
    return s.problem;
}

static bool is_any(void *ctx, const struct text_file *file)
{
    bool *any = ctx;
    (void)file;
    *any = true;
    return false;
}

bool text_files_any(struct slice content)
{
    bool any = false;
    const struct text text = {.content = content};
    const struct text_files_visitor visitor = {&any, is_any, NULL};
    return text_files_each(&text, &visitor) || any;
}

struct held {
    bool any;
    unsigned pictures;
};

static bool hold(void *ctx, const struct text_file *file)
{
    struct held *held = ctx;
    (void)file;
    held->any = true;
    return false;
}

static void hold_picture(void *ctx, struct slice content)
{
    struct held *held = ctx;
    held->pictures |= 1U << picture_kind(content);
}

bool text_files_in_words(struct slice type, struct slice content, unsigned *pictures)
{
    struct held held = {0};
    const struct text text = {.content = content};
    const struct text_files_visitor visitor = {&held, hold, hold_picture};
    struct search s;
    if (!begin(&s, &text, &visitor))
        return true;
    if (calendar_is(s.content))
        text_search_calendar(&s);
    else if (!slice_eq(type, SLICE("text/plain")))
        text_search_data(&s);
    held.any = held.any || binhex_find(s.content, 0).ptr || cpu_budget_spent(0);
    *pictures |= held.pictures;
    end(&s);
    return held.any;
}
