/* SPDX-License-Identifier: ISC
 * What a signature is wrapped around. For those who open it as mail it is a MIME entity (RFC 8551
 * 3.1), whose files are the message's own; under a name such as a.xml.p7m it is the file a.xml. */
#include "filters/archive/unpack.h"
#include "filters/containers/cms.h"
#include "filters/cpu_budget.h"
#include "filters/files/inspect_internal.h"
#include "filters/files/mail_file.h"
#include "filters/mime/extension.h"
#include "filters/mime/params.h"

#include <string.h>

enum { NAMES_MAX = 32, STRIPS_MAX = 8 };

static bool is_word_of(struct slice word, const struct slice *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq(word, list[i]))
            return true;
    return false;
}

/* Extensions that say nothing of what is inside. */
static bool is_wrapping(struct slice extension)
{
    static const struct slice list[] = {
        SLICE("p7m"), SLICE("p7s"), SLICE("p7z"), SLICE("p7x"), SLICE("p7"),  SLICE("p7e"),
        SLICE("cms"), SLICE("tsd"), SLICE("m7m"), SLICE("pem"), SLICE("sig"), SLICE("pkcs7"),
    };
    return is_word_of(extension, list, sizeof list / sizeof *list);
}

/* "a.exe.p7m" is called "a.exe"; what has no such end is not known to be anything. */
static struct slice name_inside(struct arena *arena, struct slice name)
{
    struct slice whole = name;
    for (unsigned i = 0; i < STRIPS_MAX && is_wrapping(extension_of(arena, name)); i++)
        name = slice_sub(name, 0, slice_rfind(name, '.'));
    return name.len < whole.len ? name : (struct slice){"", 0};
}

/* The names that the content has as a file. Those with an extension count: "smime" is none. */
static size_t names_inside(struct arena *arena, const struct inspected_file *file,
                           struct slice *names)
{
    size_t count = 0;
    for (size_t i = 0; i < file->name_count; i++) {
        struct slice name = name_inside(arena, file->names[i]);
        if (extension_of(arena, name).len)
            count = slice_add_distinct(names, count, NAMES_MAX, name);
    }
    return count;
}

static void add_content(struct level *level, const struct slice *names, size_t count,
                        struct slice content, bool entity)
{
    if (!inspect_charge(level, 1, content.len))
        return;
    struct inspected_file *file = inspect_add(level, names, count, content.len);
    if (!file)
        return;
    file->message = entity;
    inspect_look_inside(level->inspection, file, content);
}

static void look_into_content(struct level *level, struct arena *scratch, const struct cms *cms,
                              struct slice content)
{
    struct slice names[NAMES_MAX];
    size_t count = cms->wraps.len ? 0 : names_inside(scratch, level->file, names);
    bool entity = !cms->wraps.len && mail_begins_entity(content);
    if (cms->wraps.len)
        content = cms_wrap(scratch, cms->wraps, content);
    if (entity && count == 0) {
        if (inspect_charge(level, 0, content.len))
            inspect_entity(level, content);
        return;
    }
    if (count == 0)
        names[count++] = cms->wraps.len ? SLICE("smime.p7m") : SLICE("content");
    if (content.ptr)
        add_content(level, names, count, content, entity);
}

static void unpack_content(struct level *level, struct arena *scratch, const struct cms *cms)
{
    const char *limit;
    struct buf unpacked = buf_init((size_t)inspect_room(level, cms->content.len, &limit));
    bool whole;
    unpack_zlib(cms->content, &unpacked, &whole);
    if (unpacked.failed)
        inspect_note_problem(level->file, limit);
    else if (!whole && !cpu_budget_spent(0))
        inspect_note_problem(level->file, "corrupt");
    if (buf_len(&unpacked))
        look_into_content(level, scratch, cms, buf_slice(&unpacked));
    buf_release(&unpacked);
}

static void look_into(struct level *level, struct arena *scratch, const struct cms *cms)
{
    switch (cms->kind) {
    case CMS_CONTENT:
    case CMS_COMPRESSED:
        level->file->archive = true;
        if (cms->kind == CMS_COMPRESSED)
            unpack_content(level, scratch, cms);
        else if (cms->content.len)
            look_into_content(level, scratch, cms, cms->content);
        break;
    case CMS_BARE:
        level->file->type = SLICE("application/pkcs7-signature");
        break;
    case CMS_ENCRYPTED:
        inspect_note_problem(level->file, "encrypted");
        break;
    case CMS_OTHER:
        inspect_note_problem(level->file, "unsupported");
        break;
    }
}

/* A file whose name promises a content that cannot be found: others may find it. */
static bool promises_content(const struct inspected_file *file)
{
    static const struct slice list[] = {SLICE("p7m"), SLICE("p7z")};
    for (size_t i = 0; i < file->name_count; i++)
        if (is_word_of(file->extensions[i], list, sizeof list / sizeof *list))
            return true;
    return false;
}

struct slice inspect_cms(struct level *level, struct arena *scratch, struct slice content)
{
    struct cms cms;
    if (!cms_is(content)) {
        if (promises_content(level->file))
            inspect_note_problem(level->file, "corrupt");
        return content;
    }
    if (inspect_too_deep(level))
        return content;
    if (!cms_open(scratch, content, &cms)) {
        inspect_note_problem(level->file, "memory");
        return content;
    }
    inspect_note_problem(level->file, cms.broken ? "corrupt" : NULL);
    look_into(level, scratch, &cms);
    char *rest = cms.place.len ? arena_cstr(scratch, content) : NULL;
    if (rest)
        memset(rest + (cms.place.ptr - content.ptr), 0, cms.place.len);
    return rest ? (struct slice){rest, content.len} : content;
}
