/* SPDX-License-Identifier: ISC
 * Sections of OneNote: what is attached in them is a member, and so is each picture, as a part. */
#include "filters/containers/onenote.h"
#include "filters/documents/document.h"
#include "filters/files/inspect_internal.h"

#include <string.h>

static void add_file(struct level *level, struct arena *scratch, const struct onenote_file *f,
                     size_t number)
{
    struct slice plain = arena_printf(scratch, "file%zu", number);
    const struct slice *names = f->n_names ? f->names : &plain;
    if (!plain.ptr || !inspect_charge(level, 1, f->content.len))
        return;
    struct inspected_file *file =
        inspect_add(level, names, f->n_names ? f->n_names : 1, f->content.len);
    if (!file)
        return;
    inspect_note_problem(file, f->damaged ? "corrupt" : NULL);
    inspect_look_inside(level->inspection, file, f->content);
    file->part = !f->attached && !file->unscannable && document_has_medium(file->type);
    level->findings->embedded = level->findings->embedded || !file->part;
}

/* What was attached under that name is none of the files, or not known to be: the name counts. */
static void add_name(struct level *level, struct slice name)
{
    if (inspect_charge(level, 1, 0))
        inspect_add(level, &name, 1, 0);
}

static void note(struct inspected_file *file, const struct onenote *section)
{
    inspect_note_problem(file, section->encrypted ? "encrypted" : NULL);
    inspect_note_problem(file, section->packaged ? "unsupported" : NULL);
    inspect_note_problem(file, section->broken ? "corrupt" : NULL);
}

struct slice inspect_onenote(struct level *level, struct arena *scratch, struct slice content)
{
    const struct archive_budget *budget = &level->inspection->budget;
    struct onenote section;
    if (inspect_too_deep(level))
        return content;
    char *rest = arena_cstr(scratch, content);
    size_t most = budget->limits.entries - budget->entries;
    if (!rest || !onenote_list(scratch, content, most, &section)) {
        inspect_note_problem(level->file, "memory");
        return content;
    }
    level->file->archive = true;
    note(level->file, &section);
    for (size_t i = 0; i < section.count && !level->file->limit; i++) {
        const struct onenote_file *f = &section.files[i];
        add_file(level, scratch, f, i + 1);
        if (f->content.len)
            memset(rest + (f->content.ptr - content.ptr), 0, f->content.len);
    }
    inspect_note_problem(level->file, section.cut ? "limit: entries" : NULL);
    for (size_t i = 0; i < section.n_names && !level->file->limit; i++)
        add_name(level, section.names[i]);
    return (struct slice){rest, content.len};
}
