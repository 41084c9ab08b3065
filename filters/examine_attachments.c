/* SPDX-License-Identifier: ISC
 * One record for each distinct name of each file,
 * so that a rule on names sees whatever some client would. */
#include "filters/examine_parts.h"

#include "filters/cpu_budget.h"
#include "filters/files/attachment_rest.h"
#include "filters/files/inspect.h"
#include "filters/files/mail_file.h"
#include "filters/files/message_passwords.h"
#include "filters/files/picture_kind.h"
#include "filters/mime/extension.h"
#include "filters/pictures/unread.h"
#include "policy/types.h"

#include <string.h>

enum { SCRATCH_SLACK = 8 << 20 };

/* The list that grows. */
struct records {
    struct arena *arena;
    struct value *items;
    size_t count, room;
    bool cut;
};

struct attachments_task {
    struct records records;
    const struct mime_message *message;
    struct inspection inspection;
    struct links *links;         /* NULL: nobody asks */
    struct inspected_file *last; /* of the inspection's files: they have their records */
    struct malformations *odd;
    uint64_t content_max;
    struct scan_pictures pictures; /* parts that hold some which are read */
    unsigned picture_kinds;
    bool more_pictures;
};

/* What all records of one file share. */
struct attached_file {
    const struct mime_part *part;
    struct slice path, type;
    const struct slice *names;
    const struct slice *extensions;
    size_t name_count;
    uint64_t size;
    unsigned depth;
    bool encrypted, macros, embedded, active, remote, fragmented, unscannable;
    struct slice sha256;
};

static bool grow(struct records *records)
{
    size_t used = records->count + 1; /* one is left for what else there is */
    struct value *items =
        arena_grow(records->arena, records->items, used, &records->room, sizeof *items);
    if (items)
        records->items = items;
    return items != NULL;
}

static void add_record(struct records *records, const struct attached_file *file,
                       struct value names, size_t name)
{
    struct value *fields =
        arena_array(records->arena, record_types[RECORD_attachment].count, sizeof *fields);
    if (!fields || !grow(records)) {
        records->cut = true;
        return;
    }
    fields[attachment_name] =
        value_text(file->name_count ? extension_basename(file->names[name]) : SLICE(""));
    fields[attachment_names] = names;
    fields[attachment_extension] =
        value_text(file->name_count ? file->extensions[name] : SLICE(""));
    fields[attachment_type] = value_text(file->type);
    fields[attachment_declared_type] = value_text(file->part->type);
    fields[attachment_size] =
        value_integer(file->size < INT64_MAX ? (int64_t)file->size : INT64_MAX);
    fields[attachment_depth] = value_number(file->depth);
    fields[attachment_path] = value_text(file->path);
    fields[attachment_encrypted] = value_bool(file->encrypted);
    fields[attachment_macros] = value_bool(file->macros);
    fields[attachment_unscannable] = value_bool(file->unscannable);
    fields[attachment_embedded] = value_bool(file->embedded);
    fields[attachment_active] = value_bool(file->active);
    fields[attachment_remote] = value_bool(file->remote);
    fields[attachment_fragmented] = value_bool(file->fragmented);
    fields[attachment_sha256] = value_text(file->sha256);
    fields[attachment_part] = value_number((double)file->part->index);
    records->items[records->count++] = (struct value){.state = VALUE_KNOWN, .fields = fields};
}

/* False for a name that gives the record of an earlier one. */
static bool is_new(const struct attached_file *file, size_t name)
{
    struct slice base = extension_basename(file->names[name]);
    for (size_t i = 0; i < name; i++)
        if (slice_eq(extension_basename(file->names[i]), base) &&
            slice_eq(file->extensions[i], file->extensions[name]))
            return false;
    return true;
}

static void add_file(struct records *records, const struct attached_file *file)
{
    struct value names = {.state = VALUE_KNOWN};
    names.list.items = arena_array(records->arena, file->name_count, sizeof *names.list.items);
    if (!names.list.items) {
        records->cut = true;
        return;
    }
    for (size_t i = 0; i < file->name_count; i++)
        names.list.items[names.list.count++] = value_text(file->names[i]);
    add_record(records, file, names, 0);
    for (size_t i = 1; i < file->name_count; i++)
        if (is_new(file, i))
            add_record(records, file, names, i);
}

/* All names of a MIME part, which may be more than an inspection keeps. */
static bool name_part(struct arena *arena, const struct mime_part *part, struct attached_file *file)
{
    struct slice *names = arena_array(arena, part->n_names, sizeof *names);
    struct slice *extensions = arena_array(arena, part->n_names, sizeof *extensions);
    if (!names || !extensions)
        return false;
    for (size_t i = 0; i < part->n_names; i++) {
        names[i] = part->names[i].text;
        extensions[i] = extension_of(arena, names[i]);
    }
    file->names = names;
    file->extensions = extensions;
    file->name_count = part->n_names;
    return true;
}

/* What was found in it. */
static void tell(struct attached_file *file, const struct inspected_file *found)
{
    file->type = found->type;
    file->size = found->size;
    file->encrypted = found->encrypted;
    file->macros = found->macros;
    file->embedded = found->embedded;
    file->active = found->active;
    file->remote = found->remote;
    file->fragmented = file->fragmented || found->fragmented;
    file->unscannable = found->unscannable;
    file->sha256 = found->sha256;
}

static void add_part(struct attachments_task *task, const struct mime_part *part,
                     const struct inspected_file *found)
{
    struct attached_file file = {.part = part,
                                 .type = part->type,
                                 .size = part->content.len,
                                 .fragmented = mime_is_fragment(part)};
    if (found)
        tell(&file, found);
    if (name_part(task->records.arena, part, &file))
        add_file(&task->records, &file);
    else
        task->records.cut = true;
}

static void add_member(struct attachments_task *task, const struct mime_part *part,
                       const struct inspected_file *found)
{
    struct attached_file file = {.part = part,
                                 .path = found->path,
                                 .names = found->names,
                                 .extensions = found->extensions,
                                 .name_count = found->name_count,
                                 .depth = found->depth};
    tell(&file, found);
    add_file(&task->records, &file);
}

/* Inspects one file.
 * Its records, and its members', are the caller's to add. NULL when there is no room. */
static struct inspected_file *inspect(struct attachments_task *task, const struct mime_part *part,
                                      const struct slice *names, size_t name_count,
                                      struct slice content)
{
    struct inspection *in = &task->inspection;
    in->declared = part->type;
    in->read = links_reads(part);
    inspect_file(in, names, name_count, content);
    task->records.cut = task->records.cut || in->incomplete;
    struct inspected_file *root = task->last ? task->last->next : in->first;
    for (struct inspected_file *file = root; file; file = file->next)
        task->last = file;
    return root;
}

/* What was not read for want of memory may hold files and links. */
static void lack(struct attachments_task *task)
{
    task->records.cut = true;
    if (task->links)
        links_in_words(task->links, LINKS_MORE, SLICE(""));
}

static bool lacked_memory(const struct inspected_file *root)
{
    for (const struct inspected_file *file = root; file; file = file->next)
        if (file->why && strcmp(file->why, "memory") == 0)
            return true;
    return false;
}

static void add_members(struct attachments_task *task, const struct mime_part *part,
                        const struct inspected_file *root)
{
    task->records.cut = task->records.cut || root->limit;
    for (const struct inspected_file *file = root->next; file; file = file->next) {
        task->records.cut = task->records.cut || file->limit;
        if (!file->part)
            add_member(task, part, file);
    }
}

static void look_into(struct attachments_task *task, const struct mime_part *part,
                      struct slice content, bool cut)
{
    if (!mail_part_is_file(part, content, &task->inspection.pictures))
        return;
    struct slice *names = arena_array(task->records.arena, part->n_names + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; names && i < part->n_names; i++)
        names[count++] = part->names[i].text;
    struct slice usual = mail_part_usual_name(part, content);
    if (names && count == 0 && usual.len)
        names[count++] = usual;
    const struct inspected_file *found = names ? inspect(task, part, names, count, content) : NULL;
    if (!found) {
        lack(task);
        return;
    }
    if (task->inspection.incomplete || lacked_memory(found))
        lack(task);
    struct inspected_file leaf = *found;
    leaf.unscannable = leaf.unscannable || cut;
    add_part(task, part, &leaf);
    add_members(task, part, found);
}

/* There is no time left to look into it. */
static void pass_over(struct attachments_task *task, const struct mime_part *part)
{
    struct inspected_file unseen = {.type = part->type, .unscannable = true};
    if (part->n_names || part->attachment || !part->text)
        add_part(task, part, &unseen);
    task->records.cut = true;
}

static void note_pictures(struct attachments_task *task, const struct mime_part *part)
{
    struct scan_pictures *pictures = &task->pictures;
    unsigned kinds = task->inspection.pictures;
    task->picture_kinds |= kinds;
    if (!(kinds & PICTURES_READ))
        return;
    if (pictures->count < SCAN_PICTURES_MAX)
        pictures->parts[pictures->count++] = (uint32_t)part->index;
    else
        task->more_pictures = true;
}

static void examine_leaf(struct attachments_task *task, const struct mime_part *part)
{
    struct arena *scratch = arena_new(task->content_max + SCRATCH_SLACK);
    struct slice content;
    bool cut = false;
    task->inspection.pictures = 0;
    if (cpu_budget_spent(0))
        pass_over(task, part);
    else if (scratch && mime_decode(part, scratch, task->content_max, &content, &cut, task->odd))
        look_into(task, part, content, cut);
    else
        lack(task);
    arena_free(&scratch);
    note_pictures(task, part);
}

static bool any_unscannable(const struct records *records)
{
    for (size_t i = 0; i < records->count; i++)
        if (records->items[i].fields[attachment_unscannable].truth)
            return true;
    return false;
}

/* A list that is cut holds something that cannot be checked. */
static void name_the_rest(struct records *records)
{
    static struct value rest;
    if (!records->cut || any_unscannable(records))
        return;
    rest = *attachment_rest();
    if (!records->items)
        records->items = &rest;
    else
        records->items[records->count] = rest;
    records->count++;
}

static void read_words(void *ctx, enum inspected_words kind, struct slice words)
{
    static const enum links_words kinds[] = {[INSPECTED_TEXT] = LINKS_TEXT,
                                             [INSPECTED_HTML] = LINKS_HTML,
                                             [INSPECTED_LINK] = LINKS_REFERENCE,
                                             [INSPECTED_MORE] = LINKS_MORE};
    struct attachments_task *task = ctx;
    links_in_words(task->links, kinds[kind], words);
}

static struct passwords *find_passwords(void *ctx)
{
    struct attachments_task *task = ctx;
    return message_passwords(task->records.arena, task->message);
}

static void tell_pictures(const struct attachments_task *task, struct scan_answer *out)
{
    struct unread unread = {0};
    unread_add_kinds(&unread, task->picture_kinds);
    if (task->more_pictures)
        unread_add(&unread, SLICE("too many"));
    out->pictures = task->pictures;
    out->facts.fact[FACT_QR_CODES] = (struct value){.state = VALUE_KNOWN};
    out->facts.fact[FACT_QR_UNREAD] = unread_list(task->records.arena, &unread);
}

void examine_attachments(struct arena *arena, const struct mime_message *message,
                         const struct scan_job *job, struct malformations *odd, struct links *links,
                         struct scan_answer *out)
{
    const struct scan_limits *limits = &job->limits;
    struct attachments_task task = {
        .records.arena = arena,
        .message = message,
        .inspection =
            inspection_of(arena, archive_limits(limits->unpacked, limits->members, limits->depth)),
        .odd = odd,
        .links = links,
        .content_max = message->raw.len + limits->unpacked,
    };
    task.inspection.parts = limits->parts;
    task.inspection.odd = odd;
    task.inspection.digests = job->sha256;
    task.inspection.words = links ? read_words : NULL;
    task.inspection.passwords = find_passwords;
    task.inspection.ctx = &task;
    for (size_t i = 0; i < message->n; i++) {
        const struct mime_part *part = &message->parts[i];
        if (part->kind == MIME_LEAF)
            examine_leaf(&task, part);
        else if (part->n_names || mime_is_fragment(part))
            add_part(&task, part, NULL);
    }
    struct records *records = &task.records;
    records->cut = records->cut || arena_failed(arena) ||
                   malformations_has(odd, MALFORMATION_TOO_MANY_PARTS) ||
                   malformations_has(odd, MALFORMATION_TOO_DEEP);
    name_the_rest(records);
    out->facts.fact[FACT_ATTACHMENTS] = (struct value){
        .state = VALUE_KNOWN,
        .list = {.items = records->items, .count = records->count, .cut = records->cut}};
    if (job->codes)
        tell_pictures(&task, out);
}
