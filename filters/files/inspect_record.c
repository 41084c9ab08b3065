/* SPDX-License-Identifier: ISC
 * The records of an inspection: what a file is called, what stood in the way, what it cost. */
#include "filters/files/inspect_internal.h"

#include "filters/mime/extension.h"

enum {
    NAME_MAX_BYTES = 1024, /* of which the end is kept: it decides */
    NAMES_MAX = 32,        /* as many as a MIME part may have */
};

static struct slice copy_name(struct arena *arena, struct slice name)
{
    if (name.len > NAME_MAX_BYTES)
        name = slice_from(name, name.len - NAME_MAX_BYTES);
    return arena_copy(arena, name);
}

static bool set_names(struct inspection *in, struct inspected_file *file, const struct slice *names,
                      size_t count)
{
    if (count > NAMES_MAX)
        count = NAMES_MAX;
    struct slice *copies = arena_array(in->arena, count + 1, sizeof *copies);
    struct slice *extensions = arena_array(in->arena, count + 1, sizeof *extensions);
    if (!copies || !extensions)
        return false;
    for (size_t i = 0; i < count; i++) {
        copies[i] = copy_name(in->arena, names[i]);
        extensions[i] = extension_of(in->arena, copies[i]);
        if (!copies[i].ptr)
            return false;
    }
    file->names = copies;
    file->extensions = extensions;
    file->name_count = count;
    file->name = copies[0];
    file->extension = extensions[0];
    return true;
}

static bool set_path(struct inspection *in, struct inspected_file *file, struct slice parent)
{
    struct slice parts[] = {parent, parent.len ? SLICE("/") : SLICE(""), file->name};
    char *path = arena_alloc(in->arena, parent.len + 1 + file->name.len + 1);
    if (!path)
        return false;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < parts[i].len; k++)
            path[file->path.len++] = parts[i].ptr[k];
    file->path.ptr = path;
    return true;
}

struct inspected_file *inspect_record(struct inspection *in, const struct inspected_file *parent,
                                      const struct slice *names, size_t count)
{
    struct inspected_file *file = arena_alloc(in->arena, sizeof *file);
    if (!file || !set_names(in, file, names, count) ||
        !set_path(in, file, parent ? parent->path : (struct slice){0})) {
        in->incomplete = true;
        return NULL;
    }
    file->depth = parent ? parent->depth + 1 : 0;
    file->in_message = parent && (parent->message || parent->in_message);
    if (!in->first)
        in->end = &in->first;
    *in->end = file;
    in->end = &file->next;
    in->count++;
    return file;
}

void inspect_tell(const struct level *level, enum inspected_words kind, struct slice words)
{
    const struct inspection *in = level->inspection;
    if (in->words && !level->file->message && !level->file->in_message)
        in->words(in->ctx, kind, words);
}

bool inspect_too_deep(const struct level *level)
{
    if (level->file->depth < level->inspection->budget.limits.depth)
        return false;
    inspect_note_problem(level->file, "limit: depth");
    return true;
}

bool inspect_charge(struct level *level, size_t entries, uint64_t bytes)
{
    struct archive_budget *budget = &level->inspection->budget;
    bool many = entries > budget->limits.entries - budget->entries;
    if (many || bytes > budget->limits.total - budget->unpacked) {
        inspect_note_problem(level->file, many ? "limit: entries" : "limit: bytes");
        return false;
    }
    budget->entries += entries;
    budget->unpacked += bytes;
    return true;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t inspect_room(const struct level *level, uint64_t packed, const char **limit)
{
    const struct archive_budget *budget = &level->inspection->budget;
    const struct archive_limits *limits = &budget->limits;
    uint64_t ratio = limits->ratio * packed;
    if (ratio < limits->ratio_floor)
        ratio = limits->ratio_floor;
    uint64_t most = least(limits->member, limits->total - budget->unpacked);
    *limit = ratio < most ? "limit: ratio" : "limit: bytes";
    return least(most, ratio);
}

struct inspected_file *inspect_add(struct level *level, const struct slice *names, size_t count,
                                   uint64_t size)
{
    struct inspected_file *file = inspect_record(level->inspection, level->file, names, count);
    if (file)
        file->size = size;
    return file;
}

void inspect_note_report(struct inspected_file *file, const struct archive_report *report)
{
    file->encrypted = file->encrypted || report->encrypted;
    file->limit = file->limit || report->limit;
    file->unscannable = file->unscannable || report->unscannable || report->limit;
    if (!file->why)
        file->why = report->why;
}

void inspect_note_problem(struct inspected_file *file, const char *problem)
{
    struct archive_report report = {0};
    archive_report_add(&report, problem);
    inspect_note_report(file, &report);
}
