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

static void list_inside(struct level *level, struct arena *scratch, struct slice content)
{
    struct inspected_file *file = level->file;
    struct archive_visitor members = inspect_members(level);
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
    struct slice type = arena_copy(in->arena, inspect_type(in, file, scratch, content));
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
