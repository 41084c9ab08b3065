/* SPDX-License-Identifier: ISC */
#include "filters/files/inspect_internal.h"

#include "filters/archive/unpack.h"
#include "filters/archive/zip_decrypt.h"
#include "filters/archive/zip_directory.h"
#include "filters/containers/onenote.h"
#include "filters/containers/tnef.h"
#include "filters/cpu_budget.h"
#include "filters/documents/document.h"
#include "filters/documents/objects.h"
#include "filters/documents/office_lock.h"
#include "filters/documents/office_xml.h"
#include "filters/documents/xml.h"
#include "filters/files/filetype.h"
#include "filters/mime/charset.h"
#include "filters/mime/extension.h"
#include "filters/pdf/pdf.h"

#define OLE SLICE("\xd0\xcf\x11\xe0")

#include <openssl/evp.h>
#include <openssl/sha.h>

enum {
    SCRATCH_BASE = 8 << 20,
    SCRATCH_FACTOR = 8,
    FILE_OCTETS = 1024, /* that looking into one counts for, were it empty */
    TYPED_MAX = 1000,   /* files that libmagic sees: half a second */
};

bool inspect_warm_up(void)
{
    zip_directory_warm_up();
    charset_warm_up();
    zip_decrypt_warm_up();
    office_lock_warm_up();
    return filetype_warm_up() && unpack_warm_up() && pdf_warm_up();
}

struct inspection inspection_of(struct arena *arena, struct archive_limits limits)
{
    return (struct inspection){.arena = arena, .budget.limits = limits};
}

static void note_findings(struct inspected_file *file, const struct office_findings *findings)
{
    file->macros = file->macros || findings->macros;
    file->embedded = file->embedded || findings->embedded;
    file->active = file->active || findings->active;
    file->remote = file->remote || findings->remote;
    if (findings->encrypted)
        inspect_note_problem(file, "encrypted");
    if (findings->broken)
        inspect_note_problem(file, "corrupt");
}

static struct slice type_of(struct inspection *in, const struct inspected_file *file,
                            struct arena *scratch, struct slice content)
{
    bool many = in->typed >= TYPED_MAX;
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
    if (level->inspection->content || filetype_by_signature(beginning).len)
        return true;
    struct arena *scratch = arena_new(SCRATCH_BASE);
    struct slice type =
        scratch ? type_of(level->inspection, level->file, scratch, beginning) : (struct slice){0};
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
        file->type = type_of(level->inspection, file, level->inspection->arena, m->content);
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

/* What is no archive and holds files. Answers with what stands around those. */
static struct slice open_container(struct level *level, struct arena *scratch, struct slice content)
{
    if (tnef_is(content))
        return inspect_tnef(level, scratch, content);
    if (onenote_is(content))
        return inspect_onenote(level, scratch, content);
    if (slice_starts(content, OLE))
        return inspect_msg(level, scratch, content);
    return inspect_cms(level, scratch, content);
}

/* What cannot be opened may hide behind the beginning of a message that is encrypted to its
 * recipient, which policies let pass: then it is no such message. */
static void doubt_type(struct inspected_file *file, const struct archive_report *report)
{
    if ((report->encrypted || report->unscannable) &&
        (slice_eq(file->type, SLICE("application/pkcs7-mime")) ||
         slice_eq(file->type, SLICE("application/x-microsoft-rpmsg-message"))))
        file->type = SLICE("application/octet-stream");
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

static void list_inside(struct level *level, struct arena *scratch, struct slice content)
{
    struct inspected_file *file = level->file;
    struct archive_visitor members = {level, wants, add_member, passwords};
    struct archive_report report;
    struct slice rest =
        inspect_pdf(level, scratch, content, open_container(level, scratch, content));
    bool archive = archive_list(scratch, &level->inspection->budget, file->type, file->name, rest,
                                &members, &report);
    file->archive = file->archive || archive;
    inspect_note_report(file, &report);
    doubt_type(file, &report);
    inspect_objects(level, scratch, content);
    inspect_rpmsg(level, content);
    inspect_mail(level, content);
    inspect_locked(level, content);
    inspect_text(level, content);
    inspect_page(level, content);
}

static void digest(struct inspection *in, struct inspected_file *file, struct slice content)
{
    unsigned char octets[SHA256_DIGEST_LENGTH];
    char hex[2 * sizeof octets + 1];
    if (!in->digests || file->limit ||
        EVP_Digest(content.ptr, content.len, octets, NULL, EVP_sha256(), NULL) != 1)
        return;
    hex_text((struct slice){(const char *)octets, sizeof octets}, hex);
    file->sha256 = arena_copy(in->arena, (struct slice){hex, sizeof hex - 1});
}

static void tell_link(void *ctx, struct slice address)
{
    inspect_tell(ctx, INSPECTED_LINK, address);
}

void inspect_look_inside(struct inspection *in, struct inspected_file *file, struct slice content)
{
    struct office_findings findings = {0};
    if (content.len == 0) {
        file->type = (struct slice){NULL, 0};
        if (!file->why)
            file->type = SLICE("inode/x-empty");
        return;
    }
    digest(in, file, content);
    if (cpu_budget_spent(content.len + FILE_OCTETS)) {
        inspect_note_problem(file, CPU_BUDGET_SPENT);
        file->type = filetype_quick(in->arena, content);
        return;
    }
    struct arena *scratch = arena_new(SCRATCH_BASE + SCRATCH_FACTOR * content.len);
    if (!scratch) {
        inspect_note_problem(file, "memory");
        return;
    }
    struct slice type = arena_copy(in->arena, type_of(in, file, scratch, content));
    if (type.ptr)
        file->type = type;
    bool document = macros_is_zip_document(type);
    bool ole = slice_starts(content, OLE);
    struct level level = {
        .inspection = in,
        .file = file,
        .document = document,
        .entity = file->message,
        .parts = document_is_genuine(type, file->extensions, file->name_count) ||
                 (file->part && (document || ole)),
        .findings = &findings,
    };
    findings.link = tell_link;
    findings.ctx = &level;
    macros_inspect(scratch, content, &findings);
    list_inside(&level, scratch, content);
    note_findings(file, &findings);
    if (cpu_budget_spent(0)) /* in whatever was going on */
        inspect_note_problem(file, CPU_BUDGET_SPENT);
    if (arena_failed(scratch) || arena_failed(in->arena))
        inspect_note_problem(file, "memory");
    arena_free(&scratch);
    if (in->content)
        in->content(in->ctx, file, content);
}

bool inspect_file(struct inspection *in, const struct slice *names, size_t name_count,
                  struct slice content)
{
    struct inspected_file *file = inspect_record(in, NULL, names, name_count);
    if (!file)
        return false;
    file->size = content.len;
    file->declared = in->declared;
    inspect_look_inside(in, file, content);
    return !in->incomplete;
}
