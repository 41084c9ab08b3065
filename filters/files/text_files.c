/* SPDX-License-Identifier: ISC */
#include "filters/files/text_files.h"

#include "filters/containers/base64_text.h"
#include "filters/containers/binhex.h"
#include "filters/containers/calendar.h"
#include "filters/containers/yenc.h"
#include "filters/cpu_budget.h"
#include "filters/files/filetype.h"
#include "filters/mime/headers.h"
#include "filters/mime/transfer.h"

enum { SCRATCH_SLACK = 1 << 20, SCRATCH_FACTOR = 3, NAMES_MAX = 8 };

struct search {
    struct arena *arena; /* of one way of writing */
    const struct text *text;
    struct slice content;
    const struct text_files_visitor *visitor;
    const char *problem; /* the first */
    bool found;
    bool ended; /* by the visitor */
};

static void give(struct search *s, const struct text_file *file)
{
    static const struct slice nameless = SLICE("data");
    struct text_file named = *file;
    if (named.name_count == 0 || named.names[0].len == 0) {
        named.names = &nameless;
        named.name_count = 1;
    }
    s->found = true;
    s->ended = !s->visitor->file(s->visitor->ctx, &named);
}

static void note(struct search *s, const char *problem)
{
    if (!s->problem)
        s->problem = problem;
}

/* Room for what decodes to no more than the text; NULL is noted. */
static char *room_for(struct search *s)
{
    char *room = arena_alloc(s->arena, transfer_bound(s->content.len));
    note(s, room ? NULL : "memory");
    return room;
}

static bool is_called(const struct text *text, const struct slice *list, size_t count)
{
    for (size_t i = 0; i < text->name_count; i++)
        for (size_t k = 0; k < count; k++)
            if (slice_eq(text->extensions[i], list[k]))
                return true;
    return false;
}

/* ---- calendars and cards */

static bool is_calendar(const struct text *text)
{
    static const struct slice list[] = {SLICE("ics"),      SLICE("vcs"),   SLICE("ifb"),
                                        SLICE("vcf"),      SLICE("vcard"), SLICE("ical"),
                                        SLICE("icalendar")};
    return calendar_is(text->content) || is_called(text, list, sizeof list / sizeof *list);
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

/* ---- uuencode */

static void give_block(struct search *s, const struct uu_block *block, char *room)
{
    unsigned found = 0;
    bool ended = false;
    size_t len = block->base64 ? base64_text_decode(block->body, room)
                               : uu_decode(block->body, room, &found, &ended);
    give(s, &(struct text_file){&block->name, 1, {room, len}, block->ended ? NULL : "corrupt"});
}

static void search_uuencode(struct search *s)
{
    struct uu_block block = {.to = 0};
    if (!uu_find(s->content, 0, &block))
        return;
    char *room = room_for(s);
    bool more = room != NULL;
    while (more && !s->ended && !cpu_budget_spent(block.to - block.from)) {
        give_block(s, &block, room);
        more = uu_find(s->content, block.to, &block);
    }
}

/* ---- BinHex */

static void give_forks(struct search *s, const struct binhex *file, bool cut)
{
    const char *problem = cut ? s->text->limit : file->broken ? "corrupt" : NULL;
    struct slice fork = ARENA_JOIN(s->arena, file->name, SLICE(".rsrc"));
    give(s, &(struct text_file){&file->name, 1, file->data, problem});
    if (file->resource.len && fork.ptr && !s->ended)
        give(s, &(struct text_file){&fork, 1, file->resource, problem});
}

static void search_binhex(struct search *s)
{
    struct slice written = binhex_find(s->content, 0);
    while (written.ptr && !s->ended && !cpu_budget_spent(0)) {
        struct buf room = buf_init((size_t)s->text->most);
        struct binhex file;
        size_t used = binhex_unpack(written, &room, &file);
        give_forks(s, &file, room.failed);
        buf_release(&room);
        written = binhex_find(slice_from(written, used), 0);
    }
}

/* ---- yEnc */

static void search_yenc(struct search *s)
{
    struct yenc file = {.to = 0};
    if (!yenc_find(s->content, 0, &file))
        return;
    char *room = room_for(s);
    bool more = room != NULL;
    while (more && !s->ended && !cpu_budget_spent(file.body.len + 1)) {
        size_t len = yenc_decode(file.body, room);
        const char *problem = file.piece                        ? "split"
                              : !file.ended || len != file.size ? "corrupt"
                                                                : NULL;
        give(s, &(struct text_file){&file.name, 1, {room, len}, problem});
        more = yenc_find(s->content, file.to, &file);
    }
}

/* ---- base64 */

static bool is_base64_name(const struct text *text)
{
    static const struct slice list[] = {SLICE("b64"), SLICE("base64")};
    return is_called(text, list, sizeof list / sizeof *list);
}

/* "a.exe.b64" is called "a.exe". */
static size_t names_inside(const struct text *text, struct slice *names)
{
    size_t count = 0;
    for (size_t i = 0; i < text->name_count && count < NAMES_MAX; i++)
        if (slice_iends(text->names[i], SLICE(".b64")) ||
            slice_iends(text->names[i], SLICE(".base64")))
            names[count++] = slice_sub(text->names[i], 0, slice_rfind(text->names[i], '.'));
    return count;
}

/* Of what is not called so, only what is surely a file: much else is written in base64. */
static void search_base64(struct search *s)
{
    struct slice names[NAMES_MAX], letters = base64_text_find(s->content);
    char *room = letters.ptr ? room_for(s) : NULL;
    if (!room)
        return;
    struct slice content = {room, base64_text_decode(letters, room)};
    struct slice type = filetype_by_signature(content);
    bool file = type.len && !slice_starts(type, SLICE("image/"));
    if (file || is_base64_name(s->text))
        give(s, &(struct text_file){names, names_inside(s->text, names), content, NULL});
}

/* ---- all */

static bool is_encoded_name(const struct text *text)
{
    static const struct slice list[] = {SLICE("uu"), SLICE("uue"), SLICE("xx"), SLICE("xxe"),
                                        SLICE("hqx")};
    return is_called(text, list, sizeof list / sizeof *list);
}

/* What begins, or is called, as these do, and was not found to be one. */
static bool promises_files(const struct text *text)
{
    struct line line;
    struct slice name;
    return is_encoded_name(text) ||
           (line_at(text->content, 0, &line) && uu_begin_line(line.text, &name));
}

/* Nobody looks for them behind what another program opens. */
static bool may_be_encoded(const struct text *text)
{
    struct slice type = filetype_by_signature(text->content);
    return type.len == 0 || slice_starts(type, SLICE("text/")) || is_encoded_name(text);
}

static void search_encoded(struct search *s)
{
    static void (*const searches[])(struct search *) = {search_uuencode, search_binhex, search_yenc,
                                                        search_base64};
    bool found = s->found;
    s->found = false;
    for (size_t i = 0; i < sizeof searches / sizeof *searches && !s->ended; i++) {
        searches[i](s);
        arena_reset(s->arena);
    }
    note(s, !s->found && promises_files(s->text) ? "corrupt" : NULL);
    s->found = s->found || found;
}

static bool begin(struct search *s, const struct text *text,
                  const struct text_files_visitor *visitor)
{
    *s = (struct search){.text = text, .content = text->content, .visitor = visitor};
    s->arena = arena_new(SCRATCH_SLACK + SCRATCH_FACTOR * text->content.len);
    return s->arena != NULL;
}

const char *text_files_each(const struct text *text, const struct text_files_visitor *visitor)
{
    struct search s;
    if (!begin(&s, text, visitor))
        return "memory";
    if (is_calendar(text))
        search_calendar(&s);
    arena_reset(s.arena);
    if (!s.ended && may_be_encoded(text))
        search_encoded(&s);
    arena_free(&s.arena);
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
    const struct text_files_visitor visitor = {&any, is_any};
    return text_files_each(&text, &visitor) || any;
}

bool text_files_in_words(struct slice content)
{
    bool offered = false;
    const struct text text = {.content = content};
    const struct text_files_visitor visitor = {&offered, is_any};
    struct search s;
    if (binhex_find(content, 0).ptr)
        return true;
    if (!calendar_is(content))
        return false;
    if (!begin(&s, &text, &visitor))
        return true;
    search_calendar(&s);
    arena_free(&s.arena);
    return offered;
}
