/* SPDX-License-Identifier: ISC
 * PDF: what is found lies in the input or in the arena, and what is unpacked keeps to its maximum. */
#include "filters/pdf/pdf.h"
#include "tests/fuzz/target.h"

enum { UNPACKED_MAX = 1 << 20, FILES_READ_MAX = 16 };

FUZZ_WARM_UP()
{
    return pdf_warm_up();
}

static void read_file(struct pdf *pdf, const struct pdf_file *file, struct slice content)
{
    struct buf out = buf_init(UNPACKED_MAX);
    require(file->name_count <= PDF_NAMES_MAX);
    require(!file->place.len || (file->place.ptr >= content.ptr && file->place.len <= content.len));
    const char *problem = pdf_read(pdf, file, &out);
    require(problem || !file->bare || slice_eq(buf_slice(&out), file->place));
    buf_release(&out);
}

FUZZ(content)
{
    static const struct slice passwords[] = {SLICE("secret"), SLICE("another")};
    struct pdf *pdf = pdf_open_with(content, UNPACKED_MAX, passwords, 2);
    if (!pdf)
        return;
    const struct pdf_findings *found = pdf_findings(pdf);
    size_t octets = 0;
    require(found->unpacked <= UNPACKED_MAX && found->link_count <= PDF_LINKS_MAX);
    require(found->active || (!found->javascript && !found->launch));
    require(found->embedded == (found->file_count > 0));
    for (size_t i = 0; i < found->link_count; i++)
        octets += found->links[i].len;
    require(octets <= 8 * (content.len + UNPACKED_MAX));
    for (size_t i = 0; i < found->file_count && i < FILES_READ_MAX; i++)
        read_file(pdf, &found->files[i], content);
    pdf_close(&pdf);
}
