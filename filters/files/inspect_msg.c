/* SPDX-License-Identifier: ISC
 * Outlook's messages in files: each attachment is a member, a message within has members of its
 * own. What lies in a stream is read once: all streams together cannot be longer than the file. */
#include "filters/containers/msg.h"
#include "filters/files/inspect_internal.h"

enum { SCRATCH_SLACK = 1 << 20 };

#define OUTLOOK SLICE("application/vnd.ms-outlook")

struct reading {
    struct arena *scratch;
    struct msg msg;
    char *rest;    /* the file, without what was handed out */
    uint64_t left; /* octets that streams may still have */
};

static void list_message(struct reading *r, struct level *level, uint32_t within);

/* The content in `arena`, taken off the budget. False, with a note on the file, when it is not to
 * be looked at. */
static bool read_stream(struct reading *r, struct level *level, struct arena *arena,
                        const struct ole_entry *entry, struct slice *content)
{
    *content = ole_read(arena, &r->msg.ole, entry, (size_t)r->left + 1);
    if (!content->ptr) {
        inspect_note_problem(level->file, "memory");
        return false;
    }
    if (content->len < entry->size)
        inspect_note_problem(level->file, "corrupt");
    if (content->len > r->left) {
        r->left = 0; /* or chains that are shared would be walked again and again */
        inspect_note_problem(level->file, "corrupt");
        return false;
    }
    r->left -= content->len;
    return inspect_charge(level, 0, content->len);
}

static struct arena *arena_for(const struct reading *r, const struct ole_entry *entry)
{
    uint64_t most = r->left + 1;
    return arena_new(SCRATCH_SLACK + (size_t)(entry->size < most ? entry->size : most));
}

static void add_data(struct reading *r, struct level *level, uint32_t stream)
{
    const struct ole_entry *entry = &r->msg.ole.entries[stream];
    struct arena *arena = arena_for(r, entry);
    struct slice content = {0};
    if (!arena)
        inspect_note_problem(level->file, "memory");
    else if (read_stream(r, level, arena, entry, &content)) {
        level->file->size = content.len;
        inspect_look_inside(level->inspection, level->file, content);
        ole_blank(&r->msg.ole, entry, r->rest);
    }
    arena_free(&arena);
}

/* Those that objects_each() finds wherever they lie. */
static bool is_found_elsewhere(struct slice name)
{
    return slice_iends(name, SLICE("Ole10Native")) || slice_ieq(name, SLICE("Package")) ||
           slice_ieq(name, SLICE("CONTENTS"));
}

static bool add_object_stream(struct reading *r, struct level *level, const struct ole_entry *entry)
{
    struct arena *arena = arena_for(r, entry);
    struct slice content = {0};
    bool more = true;
    if (!arena)
        inspect_note_problem(level->file, "memory");
    else if (read_stream(r, level, arena, entry, &content) && content.len)
        more = inspect_object(level, entry->name, content);
    arena_free(&arena);
    return more;
}

/* All streams of an object, in whatever storage below it. */
static void add_object(struct reading *r, struct level *level, uint32_t storage)
{
    const struct ole_tree *tree = &r->msg.tree;
    const struct ole *ole = &r->msg.ole;
    level->file->type = SLICE("application/x-ole-storage");
    for (uint32_t i = tree->first[storage]; i != OLE_NOWHERE;) {
        const struct ole_entry *e = &ole->entries[i];
        if (e->kind == OLE_STREAM && !is_found_elsewhere(e->name) &&
            !add_object_stream(r, level, e))
            return;
        uint32_t next = e->kind == OLE_STREAM ? OLE_NOWHERE : tree->first[i];
        while (next == OLE_NOWHERE && i != storage) {
            next = tree->next[i];
            if (next == OLE_NOWHERE)
                i = tree->parent[i];
        }
        i = next;
    }
}

static void add_message(struct reading *r, struct level *level, uint32_t storage)
{
    level->file->type = OUTLOOK;
    level->file->archive = level->file->message = true;
    if (!inspect_too_deep(level))
        list_message(r, level, storage);
}

/* A message is named by its subject, which has no extension, whatever it ends in. */
static size_t names_of(struct arena *arena, const struct msg_attachment *a, struct slice *names)
{
    size_t count = 0;
    for (; count < a->n_names; count++) {
        bool message = a->kind == MSG_MESSAGE && !slice_iends(a->names[count], SLICE(".msg"));
        names[count] =
            message ? ARENA_JOIN(arena, a->names[count], SLICE(".msg")) : a->names[count];
    }
    if (count == 0)
        names[count++] = a->kind == MSG_MESSAGE ? SLICE("message.msg") : SLICE("attachment");
    return count;
}

static void add_attachment(struct reading *r, struct level *outer, const struct msg_attachment *a)
{
    struct slice names[MSG_NAMES_MAX];
    size_t count = names_of(r->scratch, a, names);
    if (!inspect_charge(outer, 1, 0))
        return;
    struct level level = {.inspection = outer->inspection,
                          .file = inspect_add(outer, names, count, 0),
                          .findings = outer->findings};
    if (!level.file)
        return;
    if (a->kind == MSG_DATA)
        add_data(r, &level, a->entry);
    else if (a->kind == MSG_MESSAGE)
        add_message(r, &level, a->entry);
    else if (a->kind == MSG_OBJECT)
        add_object(r, &level, a->entry);
    else if (a->kind == MSG_NOTHING)
        inspect_note_problem(level.file, "corrupt");
}

static void look_into_rtf(struct reading *r, struct level *level, const struct ole_entry *entry)
{
    struct arena *arena = arena_for(r, entry);
    struct slice packed;
    if (!arena)
        inspect_note_problem(level->file, "memory");
    else if (read_stream(r, level, arena, entry, &packed))
        inspect_packed_rtf(level, packed);
    arena_free(&arena);
}

static void list_message(struct reading *r, struct level *level, uint32_t within)
{
    const struct archive_budget *budget = &level->inspection->budget;
    struct msg_attachments list;
    if (!msg_list(r->scratch, &r->msg, within, budget->limits.entries - budget->entries, &list)) {
        inspect_note_problem(level->file, "memory");
        return;
    }
    for (size_t i = 0; i < list.count && !level->file->limit; i++)
        add_attachment(r, level, &list.items[i]);
    inspect_note_problem(level->file, list.cut ? "limit: entries" : NULL);
    const struct ole_entry *rtf = msg_rtf(&r->msg, within);
    if (rtf)
        look_into_rtf(r, level, rtf);
}

/* Of what is left of a message its name may be all that tells what it was. */
static bool promises_message(const struct inspected_file *file)
{
    for (size_t i = 0; i < file->name_count; i++)
        if (slice_eq(file->extensions[i], SLICE("msg")) ||
            slice_eq(file->extensions[i], SLICE("oft")))
            return true;
    return false;
}

struct slice inspect_msg(struct level *level, struct arena *scratch, struct slice content)
{
    struct reading r = {.scratch = scratch, .left = content.len};
    bool opened = msg_open(scratch, content, &r.msg);
    bool holds =
        slice_eq(level->file->type, OUTLOOK) || (opened && msg_has_attachments(&r.msg.ole));
    bool broken = !opened || r.msg.tree.broken;
    if (broken && (holds || promises_message(level->file)))
        inspect_note_problem(level->file, "corrupt");
    if (!opened || !holds || inspect_too_deep(level))
        return content;
    r.rest = arena_cstr(scratch, content);
    if (!r.rest) {
        inspect_note_problem(level->file, "memory");
        return content;
    }
    level->file->archive = level->file->message = true;
    list_message(&r, level, OLE_NOWHERE);
    return (struct slice){r.rest, content.len};
}
