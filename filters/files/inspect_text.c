/* SPDX-License-Identifier: ISC
 * Files that are written into a text: each is a member of it. */
#include "filters/containers/calendar.h"
#include "filters/files/inspect_internal.h"
#include "filters/files/picture_kind.h"
#include "filters/files/text_files.h"

static bool add_file(void *ctx, const struct text_file *found)
{
    struct level *level = ctx;
    level->file->archive = level->file->written = true;
    if (inspect_too_deep(level) || !inspect_charge(level, 1, found->content.len))
        return false;
    struct inspected_file *file =
        inspect_add(level, found->names, found->name_count, found->content.len);
    if (!file)
        return false;
    inspect_note_problem(file, found->problem);
    inspect_look_inside(level->inspection, file, found->content);
    return true;
}

static void note_picture(void *ctx, struct slice content)
{
    const struct level *level = ctx;
    struct inspection *in = level->inspection;
    in->pictures |= 1U << picture_kind(content);
    if (in->picture)
        in->picture(in->ctx, level->file, content);
}

void inspect_text(struct level *level, struct slice content)
{
    const struct inspected_file *file = level->file;
    struct text_files_visitor visitor = {level, add_file, note_picture};
    struct text text = {.content = content,
                        .names = file->names,
                        .extensions = file->extensions,
                        .name_count = file->name_count};
    text.most = inspect_room(level, content.len, &text.limit);
    if (!file->message || calendar_is(content))
        inspect_note_problem(level->file, text_files_each(&text, &visitor));
}
