/* SPDX-License-Identifier: ISC */
#include "filters/files/text_search.h"

#include "filters/containers/base64_text.h"
#include "filters/containers/binhex.h"
#include "filters/containers/calendar.h"
#include "filters/containers/data_uris.h"
#include "filters/containers/yenc.h"
#include "filters/cpu_budget.h"
#include "filters/files/filetype.h"
#include "filters/files/inert.h"
#include "filters/mime/charset.h"
#include "filters/mime/transfer.h"

enum { NAMES_MAX = 8, NAME_OCTETS = 1024, NAME_ROOM = 4 * NAME_OCTETS };

void text_search_note(struct search *s, const char *problem)
{
    if (!s->problem)
        s->problem = problem;
}

/* Its end, which decides, as UTF-8. */
static struct slice clean_name(struct search *s, struct slice charset, struct slice name)
{
    struct buf text = buf_init(NAME_ROOM);
    if (name.len > NAME_OCTETS)
        name = slice_from(name, name.len - NAME_OCTETS);
    if (charset.len)
        charset_append(&text, charset, name);
    else
        text_append(&text, name);
    struct slice copy = arena_copy(s->arena, buf_slice(&text));
    buf_release(&text);
    text_search_note(s, copy.ptr ? NULL : "memory");
    return copy;
}

static void give_named(struct search *s, struct slice charset, const struct text_file *file)
{
    struct slice names[NAMES_MAX] = {{0}};
    struct text_file named = *file;
    named.names = names;
    named.name_count = 0;
    for (size_t i = 0; i < file->name_count && i < NAMES_MAX; i++) {
        struct slice name = clean_name(s, charset, file->names[i]);
        if (name.len)
            names[named.name_count++] = name;
    }
    if (named.name_count == 0)
        names[named.name_count++] = SLICE("data");
    s->found = true;
    s->ended = !s->visitor->file(s->visitor->ctx, &named);
}

static void give(struct search *s, const struct text_file *file)
{
    give_named(s, SLICE(""), file);
}

/* Room for what decodes to no more than the text; NULL is noted. */
static char *room_for(struct search *s)
{
    char *room = arena_alloc(s->arena, transfer_bound(s->content.len));
    text_search_note(s, room ? NULL : "memory");
    return room;
}

bool text_search_is_called(const struct text *text, const struct slice *list, size_t count)
{
    for (size_t i = 0; i < text->name_count; i++)
        for (size_t k = 0; k < count; k++)
            if (slice_eq(text->extensions[i], list[k]))
                return true;
    return false;
}

/* ---- calendars and cards */

void text_search_calendar(struct search *s)
{
    struct calendar calendar;
    struct calendar_file file;
    if (!calendar_open(s->arena, s->content, &calendar)) {
        text_search_note(s, "memory");
        return;
    }
    while (!s->ended && calendar_next(&calendar, &file))
        give(s, &(struct text_file){file.names, file.n_names, file.content, NULL});
    text_search_note(s, calendar.unclosed && !s->ended ? "corrupt" : NULL);
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

void text_search_uuencode(struct search *s)
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
    static const struct slice charset = SLICE("macintosh");
    const char *problem = cut ? s->text->limit : file->broken ? "corrupt" : NULL;
    struct slice fork = ARENA_JOIN(s->arena, file->name, SLICE(".rsrc"));
    give_named(s, charset, &(struct text_file){&file->name, 1, file->data, problem});
    if (file->resource.len && fork.ptr && !s->ended)
        give_named(s, charset, &(struct text_file){&fork, 1, file->resource, problem});
}

void text_search_binhex(struct search *s)
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

void text_search_yenc(struct search *s)
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
    return text_search_is_called(text, list, sizeof list / sizeof *list);
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
void text_search_base64(struct search *s)
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

/* ---- data: URIs */

void text_search_data(struct search *s)
{
    struct data_uris uris;
    struct data_file file;
    if (!data_uris_open(s->arena, s->content, &uris)) {
        text_search_note(s, "memory");
        return;
    }
    while (!s->ended && data_uris_next(&uris, &file)) {
        char room[DATA_NAME_MAX];
        if (inert_picture(file.type, file.content)) {
            if (s->visitor->picture)
                s->visitor->picture(s->visitor->ctx, file.content);
            continue;
        }
        struct slice name = data_uris_name(&uris, &file, room);
        if (name.len || !inert_words(file.type, file.content))
            give(s, &(struct text_file){&name, 1, file.content, NULL});
    }
}
