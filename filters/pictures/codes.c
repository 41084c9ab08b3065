/* SPDX-License-Identifier: ISC */
#include "filters/pictures/codes.h"

#include "filters/cpu_budget.h"
#include "filters/files/inspect.h"
#include "filters/files/picture_kind.h"
#include "filters/links/links.h"
#include "filters/mime/charset.h"
#include "filters/pdf/pdf.h"
#include "filters/pictures/qr.h"
#include "filters/pictures/unread.h"

enum { TEXT_MAX = 4096, SCRATCH_SLACK = 8 << 20 };

struct task {
    struct arena *arena;
    struct links *links;
    struct inspection inspection;
    struct value codes[CODES_MAX];
    size_t code_count, picture_count;
    bool more_codes, failed;
    bool others; /* what is read now is of a message in a file: its links are others' */
    struct unread unread;
    uint64_t unpacked_max;
};

bool codes_warm_up(const char **reason)
{
    *reason = "out of memory";
    return inspect_warm_up() && qr_warm_up();
}

/* ---- one picture */

static bool is_told(const struct task *task, struct slice text)
{
    for (size_t i = 0; i < task->code_count; i++)
        if (slice_eq(task->codes[i].text, text))
            return true;
    return false;
}

static void add_code(void *ctx, struct slice text)
{
    struct task *task = ctx;
    struct buf clean = buf_init(TEXT_MAX);
    text_append(&clean, text);
    if (!task->others)
        links_in_words(task->links, LINKS_TEXT, text);
    if (!is_told(task, buf_slice(&clean))) {
        struct slice kept = arena_copy(task->arena, buf_slice(&clean));
        task->failed |= !kept.ptr;
        if (kept.ptr && task->code_count < CODES_MAX)
            task->codes[task->code_count++] = value_text(kept);
        else
            task->more_codes = true;
    }
    buf_release(&clean);
}

static void note(struct task *task, const char *problem)
{
    if (problem)
        unread_add(&task->unread, slice_of(problem));
}

static void read_codes(struct task *task, struct grey *grey, const char *problem)
{
    note(task, problem);
    if (problem)
        return;
    note(task, qr_read(grey, add_code, task));
    grey_free(grey);
}

/* False: as many as are read were. */
static bool may_read(struct task *task)
{
    if (task->picture_count == CODES_PICTURES_MAX)
        note(task, "too many");
    else if (cpu_budget_spent(0))
        note(task, CPU_BUDGET_SPENT);
    else
        return ++task->picture_count;
    return false;
}

static void read_picture(struct task *task, enum picture_kind kind, struct slice content)
{
    struct grey grey;
    if (!picture_is_read(kind))
        unread_add_kinds(&task->unread, 1U << kind);
    else if (may_read(task))
        read_codes(task, &grey,
                   kind == PICTURE_PNG ? grey_of_png(content, &grey)
                                       : grey_of_jpeg(content, &grey));
}

/* ---- those in a PDF */

static bool fits(const struct pdf_picture *picture)
{
    return (uint64_t)picture->width * picture->height <= GREY_PIXELS_MAX;
}

static void read_packed(struct task *task, const struct pdf_picture *picture,
                        enum pdf_packing packing, struct slice octets)
{
    struct grey grey;
    if (packing == PDF_OTHER)
        note(task, "unsupported");
    else
        read_codes(task, &grey,
                   packing == PDF_JPEG ? grey_of_jpeg(octets, &grey)
                                       : grey_of_samples(octets, picture->width, picture->height,
                                                         picture->bits, &grey));
}

static void read_pdf_picture(struct task *task, struct pdf *pdf, const struct pdf_picture *picture)
{
    enum { MARGIN = 4096, SAMPLE_OCTETS_MAX = 8 };
    if (!fits(picture)) {
        note(task, "too large");
        return;
    }
    if (!may_read(task))
        return;
    struct buf octets = buf_init((size_t)GREY_PIXELS_MAX * SAMPLE_OCTETS_MAX + MARGIN);
    enum pdf_packing packing = PDF_SAMPLES;
    pdf_read_picture(pdf, picture, &packing, &octets); /* what is damaged as far as it goes */
    read_packed(task, picture, packing, buf_slice(&octets));
    buf_release(&octets);
}

static void read_pdf(struct task *task, struct slice content)
{
    struct pdf *pdf = pdf_open(content, task->unpacked_max);
    struct pdf_picture picture;
    uint32_t at = 0;
    if (!pdf) {
        note(task, "memory");
        return;
    }
    if (pdf_findings(pdf)->encrypted)
        note(task, "encrypted");
    while (!pdf_findings(pdf)->encrypted && pdf_next_picture(pdf, &at, &picture))
        read_pdf_picture(task, pdf, &picture);
    pdf_close(&pdf);
}

/* ---- all of them */

static void read_file(void *ctx, const struct inspected_file *file, struct slice content)
{
    struct task *task = ctx;
    enum picture_kind kind = picture_kind(content);
    task->others = file->in_message;
    if (kind != PICTURE_NONE)
        read_picture(task, kind, content);
    else if (pdf_is(content))
        read_pdf(task, content);
}

/* What is a picture by itself need not be looked into for others. */
static void read_content(struct task *task, const struct mime_part *part, struct slice content)
{
    enum picture_kind kind = picture_kind(content);
    task->others = false;
    if (kind != PICTURE_NONE) {
        read_picture(task, kind, content);
        return;
    }
    struct slice name = part->n_names ? part->names[0].text : SLICE("");
    task->inspection.declared = part->type;
    task->inspection.read = true;
    task->failed |= !inspect_file(&task->inspection, &name, part->n_names > 0, content);
}

static void read_part(struct task *task, const struct mime_part *part, uint64_t max)
{
    struct arena *scratch = arena_new(max + SCRATCH_SLACK);
    struct malformations odd = {0};
    struct slice content;
    bool cut;
    if (scratch && mime_decode(part, scratch, max, &content, &cut, &odd))
        read_content(task, part, content);
    else
        task->failed = true;
    arena_free(&scratch);
}

static bool tell(struct task *task, struct facts *facts)
{
    struct value *items = arena_array(task->arena, task->code_count, sizeof *items);
    if (!items)
        return false;
    for (size_t i = 0; i < task->code_count; i++)
        items[i] = task->codes[i];
    if (task->failed)
        note(task, "memory");
    facts->fact[FACT_QR_CODES] = (struct value){
        .state = VALUE_KNOWN,
        .list = {.items = items, .count = task->code_count, .cut = task->more_codes}};
    facts->fact[FACT_QR_UNREAD] = unread_list(task->arena, &task->unread);
    return true;
}

bool codes_examine(struct arena *arena, struct slice message, const struct scan_job *job,
                   struct scan_answer *out)
{
    const struct scan_limits *given = &job->limits;
    struct mime_limits limits = mime_limits_default;
    struct mime_message parsed;
    *out = (struct scan_answer){0};
    if (given->parts)
        limits.parts = given->parts;
    if (!message.ptr || !mime_parse(arena, message, &limits, &parsed))
        return false;
    struct task task = {
        .arena = arena,
        .links = links_new(arena, &parsed, LINKS_TEXT_MAX),
        .inspection =
            inspection_of(arena, archive_limits(given->unpacked, given->members, given->depth)),
        .unpacked_max = given->unpacked,
    };
    if (task.links && job->urls)
        links_list_too(task.links, LINK_SOURCE_QR);
    task.inspection.parts = given->parts;
    task.inspection.content = task.inspection.picture = read_file;
    task.inspection.ctx = &task;
    for (size_t i = 0; task.links && i < job->pictures.count; i++)
        if (job->pictures.parts[i] < parsed.n &&
            parsed.parts[job->pictures.parts[i]].kind == MIME_LEAF)
            read_part(&task, &parsed.parts[job->pictures.parts[i]], message.len + given->unpacked);
    bool told = task.links && tell(&task, &out->facts);
    if (task.links)
        out->facts.fact[FACT_LINKS] = links_listed(task.links);
    links_end(&task.links, &out->facts.fact[FACT_MESSAGE_DOMAINS]);
    return told;
}
