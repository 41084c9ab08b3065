/* SPDX-License-Identifier: ISC
 * Messages in files, and Outlook's TNEF: both hold attachments. */
#include "filters/containers/tnef.h"
#include "filters/files/inspect_internal.h"
#include "filters/files/mail_file.h"

#include <string.h>

enum { SCRATCH_BASE = 8 << 20, SCRATCH_FACTOR = 8, TNEF_ATTACHMENTS_MAX = 1000 };

/* ---- TNEF */

static void add_attachment(struct level *level, const struct tnef_attachment *a)
{
    if (!inspect_charge(level, 1, a->data.len))
        return;
    struct inspected_file *file = inspect_add(level, a->names, a->n_names, a->data.len);
    if (!file)
        return;
    file->depth += a->depth;
    if (a->entered)
        file->type = SLICE("application/ms-tnef");
    else
        inspect_look_inside(level->inspection, file, a->data);
}

/* Of a file that is attached to the message they are its own. */
static void read_words(struct level *level, const struct tnef *tnef)
{
    for (size_t i = 0; i < tnef->n_words; i++) {
        struct slice octets = tnef->words[i].octets;
        if (tnef->words[i].kind == TNEF_RTF)
            inspect_packed_rtf(level, octets);
        else if (level->file->depth == 0)
            inspect_tell_octets(
                level, tnef->words[i].kind == TNEF_HTML ? INSPECTED_HTML : INSPECTED_TEXT, octets);
    }
}

struct slice inspect_tnef(struct level *level, struct arena *scratch, struct slice content)
{
    struct tnef tnef;
    char *between = arena_cstr(scratch, content);
    if (inspect_too_deep(level))
        return content;
    if (!between || !tnef_list(scratch, content, TNEF_ATTACHMENTS_MAX, &tnef)) {
        inspect_note_problem(level->file, "memory");
        return content;
    }
    level->file->archive = true;
    inspect_note_problem(level->file, tnef.cut ? "limit: entries" : NULL);
    inspect_note_problem(level->file, tnef.broken ? "corrupt" : NULL);
    for (size_t i = 0; i < tnef.n; i++) {
        const struct tnef_attachment *a = &tnef.attachments[i];
        add_attachment(level, a);
        if (a->data.len && !a->entered)
            memset(between + (a->data.ptr - content.ptr), 0, a->data.len);
    }
    read_words(level, &tnef);
    return (struct slice){between, content.len};
}

/* ---- mail */

static void merge_malformations(struct inspection *in, const struct malformations *found)
{
    /* Those are about the octets on the wire, and this is a file; or about the whole message. */
    static const enum malformation of_the_wire[] = {
        MALFORMATION_BARE_LF, MALFORMATION_BARE_CR,         MALFORMATION_LONG_LINE,
        MALFORMATION_NUL,     MALFORMATION_NO_MIME_VERSION,
    };
    struct malformations odd = *found;
    for (size_t i = 0; i < sizeof of_the_wire / sizeof *of_the_wire; i++)
        malformations_remove(&odd, of_the_wire[i]);
    if (in->odd)
        malformations_merge(in->odd, &odd);
}

static size_t list_names(const struct mime_part *part, struct slice *names)
{
    for (size_t i = 0; i < part->n_names; i++)
        names[i] = part->names[i].text;
    return part->n_names;
}

static void look_into_part(struct level *level, const struct mime_part *part,
                           const struct slice *names, struct slice content, bool cut)
{
    if (cut)
        inspect_note_problem(level->file, "limit: bytes");
    if (!inspect_charge(level, 0, content.len) ||
        !mail_part_is_file(part, content, &level->inspection->pictures))
        return;
    struct slice usual = mail_part_usual_name(part, content);
    bool nameless = part->n_names == 0 && usual.len;
    struct inspected_file *file =
        inspect_add(level, nameless ? &usual : names, nameless ? 1 : part->n_names, content.len);
    if (!file)
        return;
    if (cut)
        inspect_note_problem(file, "limit: bytes");
    file->declared = arena_copy(level->inspection->arena, part->type);
    inspect_look_inside(level->inspection, file, content);
}

static void add_part(struct level *level, const struct mime_part *part)
{
    const struct archive_budget *budget = &level->inspection->budget;
    uint64_t left = budget->limits.total - budget->unpacked;
    size_t most = (size_t)(left < budget->limits.member ? left : budget->limits.member);
    struct arena *scratch = arena_new(SCRATCH_BASE + part->content.len);
    struct slice *names = scratch ? arena_array(scratch, part->n_names, sizeof *names) : NULL;
    struct malformations odd = {{0}};
    struct slice content;
    bool cut = false;
    if (!names || !mime_decode(part, scratch, most, &content, &cut, &odd))
        inspect_note_problem(level->file, "memory");
    else {
        list_names(part, names);
        look_into_part(level, part, names, content, cut);
    }
    merge_malformations(level->inspection, &odd);
    arena_free(&scratch);
}

/* A message or multipart that bears a name of its own. */
static void add_container(struct level *level, const struct mime_part *part, struct arena *scratch)
{
    struct slice *names = arena_array(scratch, part->n_names, sizeof *names);
    struct inspected_file *file =
        names ? inspect_add(level, names, list_names(part, names), part->content.len) : NULL;
    if (file)
        file->type = arena_copy(level->inspection->arena, part->type);
    if (file)
        file->fragmented = mime_is_fragment(part);
}

static bool ran_into_caps(const struct malformations *odd)
{
    return malformations_has(odd, MALFORMATION_TOO_MANY_PARTS) ||
           malformations_has(odd, MALFORMATION_TOO_DEEP) ||
           malformations_has(odd, MALFORMATION_TOO_MUCH_WORK) ||
           malformations_has(odd, MALFORMATION_HEADER_TOO_LARGE);
}

static struct mime_limits limits_of(const struct inspection *in)
{
    const struct archive_budget *budget = &in->budget;
    struct mime_limits limits = mime_limits_default;
    uint64_t bytes = budget->limits.total - budget->unpacked;
    size_t parts = budget->limits.entries - budget->entries;
    if (in->parts)
        limits.parts = in->parts;
    if (limits.parts > parts)
        limits.parts = parts;
    if (limits.decoded > bytes)
        limits.decoded = (size_t)bytes;
    return limits;
}

static void list_parts(struct level *level, struct arena *scratch, struct slice message)
{
    struct mime_limits limits = limits_of(level->inspection);
    struct mime_message parsed;
    if (!mime_parse(scratch, message, &limits, &parsed)) {
        inspect_note_problem(level->file, "memory");
        return;
    }
    merge_malformations(level->inspection, &parsed.malformations);
    if (ran_into_caps(&parsed.malformations))
        inspect_note_problem(level->file, "limit: parts");
    if (!inspect_charge(level, parsed.n, 0))
        return;
    for (size_t i = 0; i < parsed.n; i++)
        if (parsed.parts[i].kind == MIME_LEAF)
            add_part(level, &parsed.parts[i]);
        else if (parsed.parts[i].n_names || mime_is_fragment(&parsed.parts[i]))
            add_container(level, &parsed.parts[i], scratch);
    if (arena_failed(scratch))
        inspect_note_problem(level->file, "memory");
}

static bool list_message(struct level *level, struct slice message)
{
    const struct archive_budget *budget = &level->inspection->budget;
    if (budget->entries == budget->limits.entries) {
        inspect_note_problem(level->file, "limit: entries");
        return false;
    }
    struct arena *scratch = arena_new(SCRATCH_BASE + SCRATCH_FACTOR * message.len);
    if (scratch)
        list_parts(level, scratch, message);
    else
        inspect_note_problem(level->file, "memory");
    arena_free(&scratch);
    return true;
}

void inspect_mail(struct level *level, struct slice content)
{
    struct inspected_file *file = level->file;
    struct mail_file mail;
    struct slice message;
    bool opens = mail_file_open(file->type, file->extensions, file->name_count, content, &mail);
    if ((!opens && !level->entity) || inspect_too_deep(level))
        return;
    file->archive = file->message = true;
    while (mail_file_next(&mail, &message) && list_message(level, message))
        ;
    if (mail.doubtful)
        inspect_note_problem(file, "corrupt");
}

void inspect_entity(struct level *level, struct slice entity)
{
    const struct inspection *in = level->inspection;
    struct inspected_file *file = level->file;
    file->archive = true;
    list_message(level, entity);
    if (!in->content)
        return;
    struct inspected_file inner = *file;
    inner.depth++;
    in->content(in->ctx, &inner, entity);
}
