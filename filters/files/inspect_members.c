/* SPDX-License-Identifier: ISC
 * Members of archives, and objects in documents: each becomes a record, and is looked into. */
#include "filters/files/inspect_internal.h"

#include "filters/documents/document.h"
#include "filters/documents/objects.h"
#include "filters/documents/office_xml.h"
#include "filters/documents/xml.h"
#include "filters/files/filetype.h"
#include "filters/files/picture_kind.h"
#include "filters/mime/extension.h"

enum {
    SCRATCH_BASE = 8 << 20,
    SCRATCH_FACTOR = 8,
    TYPED_MAX = 1000, /* files that libmagic sees: half a second */
};

struct slice inspect_type(struct inspection *in, const struct inspected_file *file,
                          struct arena *scratch, struct slice content)
{
    bool many = in->typed >= TYPED_MAX;
    in->pictures |= 1U << picture_kind(content);
    struct slice quick = {0};
    if (file->part || many)
        quick = filetype_quick(scratch, content);
    /* A part may be hundreds; of what is a program only a script needs the long look. */
    if (quick.len && (many || !slice_eq(quick, SLICE("text/plain"))))
        return quick;
    in->typed++;
    return filetype_of(scratch, content);
}

/* Pictures, sound and video are not kept only to be thrown away, unless somebody scans them. */
static bool wants(void *ctx, struct slice name, struct slice beginning)
{
    const struct level *level = ctx;
    (void)name;
    if (level->inspection->content || filetype_by_signature(beginning).len ||
        slice_starts(beginning, SLICE("<?xml")))
        return true;
    struct arena *scratch = arena_new(SCRATCH_BASE);
    struct slice type = scratch ? inspect_type(level->inspection, level->file, scratch, beginning)
                                : (struct slice){0};
    bool drawing = slice_starts(type, SLICE("image/svg"));
    bool media = (slice_starts(type, SLICE("image/")) && !drawing) ||
                 slice_starts(type, SLICE("audio/")) || slice_starts(type, SLICE("video/"));
    arena_free(&scratch);
    return !media;
}

static bool may_be_part(const struct level *level, const struct inspected_file *file)
{
    for (size_t i = 0; i < file->name_count; i++)
        if (!document_has_part(level->file->type, file->extensions[i]))
            return false;
    return level->parts;
}

/* What its names let pass for a part must be fit for one,
 * and wholly seen; a medium may be called anything. */
static bool is_part(const struct level *level, const struct inspected_file *file)
{
    if (file->encrypted || file->unscannable || !level->parts)
        return false;
    return document_has_medium(file->type) || (file->part && document_has_type(file->type));
}

/* What it says of the document. */
static void inspect_document_part(struct level *level, const struct archive_member *m)
{
    for (size_t i = 0; i < m->name_count; i++)
        macros_inspect_name(m->names[i], level->findings);
    if (!xml_is(m->content))
        return;
    struct arena *scratch = arena_new(SCRATCH_BASE + SCRATCH_FACTOR * m->content.len);
    if (scratch)
        office_xml_inspect(scratch, m->content, true, level->findings);
    else
        inspect_note_problem(level->file, "memory");
    arena_free(&scratch);
}

static bool add_member(void *ctx, const struct archive_member *m)
{
    struct level *level = ctx;
    if (level->document)
        inspect_document_part(level, m);
    if (inspect_too_deep(level))
        return false;
    if (m->directory && m->content.len == 0)
        return true;
    struct inspected_file *file =
        inspect_add(level, m->names, m->name_count, m->complete ? m->content.len : m->declared);
    if (!file)
        return false;
    file->part = may_be_part(level, file);
    file->encrypted = m->encrypted;
    inspect_note_problem(file, m->problem);
    if (m->complete || m->problem)
        inspect_look_inside(level->inspection, file, m->content);
    else
        file->type = inspect_type(level->inspection, file, level->inspection->arena, m->content);
    file->part = is_part(level, file);
    if (level->document || file->part)
        level->findings->macros = level->findings->macros || file->macros;
    return true;
}

bool inspect_object(struct level *level, struct slice name, struct slice content)
{
    if (inspect_too_deep(level) || !inspect_charge(level, 1, content.len))
        return false;
    struct inspected_file *file = inspect_add(level, &name, 1, content.len);
    if (!file)
        return false;
    file->part = extension_basename(name).len == name.len && slice_find(name, '.') == name.len;
    inspect_look_inside(level->inspection, file, content);
    file->part =
        file->part && !file->encrypted && !file->unscannable && document_has_type(file->type);
    level->findings->embedded = true;
    level->findings->macros = level->findings->macros || file->macros;
    return true;
}

static bool add_object(void *ctx, struct slice name, struct slice content)
{
    return inspect_object(ctx, name, content);
}

void inspect_objects(struct level *level, struct arena *scratch, struct slice document)
{
    struct object_visitor objects = {level, add_object};
    inspect_note_problem(level->file, objects_each(scratch, document, &objects));
}

struct passwords *inspect_passwords(const struct level *level)
{
    struct inspection *in = level->inspection;
    if (!in->asked && in->passwords)
        in->found = in->passwords(in->ctx);
    in->asked = true;
    return in->found;
}

static struct passwords *passwords(void *ctx)
{
    return inspect_passwords(ctx);
}

struct archive_visitor inspect_members(struct level *level)
{
    return (struct archive_visitor){level, wants, add_member, passwords};
}
