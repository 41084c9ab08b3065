/* SPDX-License-Identifier: ISC
 * JPEG (ITU-T T.81), by libjpeg-turbo. */
#include "filters/cpu_budget.h"
#include "filters/pictures/grey.h"

#include <setjmp.h>
#include <stdio.h> /* jpeglib.h wants it */

#include <jpeglib.h>

enum { SCANS_MAX = 64 }; /* a progressive picture has about ten */

struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
};

static void fail(j_common_ptr jpeg)
{
    struct decoder *d = jpeg->client_data;
    longjmp(d->failed, 1);
}

static void say_nothing(j_common_ptr jpeg, int level)
{
    (void)jpeg, (void)level;
}

/* Each scan of a few octets makes all of the picture anew. */
static void watch(j_common_ptr jpeg)
{
    const struct decoder *d = jpeg->client_data;
    if (d->jpeg.input_scan_number > SCANS_MAX || cpu_budget_spent(0))
        fail(jpeg);
}

static void open_decoder(struct decoder *d)
{
    d->jpeg.err = jpeg_std_error(&d->errors);
    d->errors.error_exit = fail;
    d->errors.emit_message = say_nothing;
    d->jpeg.client_data = d;
    jpeg_create_decompress(&d->jpeg);
    d->progress.progress_monitor = watch;
    d->jpeg.progress = &d->progress;
}

static const char *decode(struct decoder *d, struct slice content, struct grey *out)
{
    jpeg_mem_src(&d->jpeg, (const unsigned char *)content.ptr, content.len);
    jpeg_read_header(&d->jpeg, TRUE);
    const char *problem = grey_make(out, d->jpeg.image_width, d->jpeg.image_height);
    if (problem)
        return problem;
    /* Of colours the luminance is a component of its own; of CMYK the black is near enough. */
    bool cmyk = d->jpeg.num_components == 4;
    d->jpeg.out_color_space = cmyk ? JCS_CMYK : JCS_GRAYSCALE;
    jpeg_start_decompress(&d->jpeg);
    unsigned step = (unsigned)d->jpeg.output_components;
    JSAMPARRAY row = d->jpeg.mem->alloc_sarray((j_common_ptr)&d->jpeg, JPOOL_IMAGE,
                                               d->jpeg.output_width * step, 1);
    for (uint8_t *to = out->pixels; d->jpeg.output_scanline < d->jpeg.output_height;) {
        jpeg_read_scanlines(&d->jpeg, row, 1);
        for (uint32_t x = 0; x < out->width; x++)
            *to++ = row[0][x * step + step - 1];
    }
    return NULL;
}

const char *grey_of_jpeg(struct slice content, struct grey *out)
{
    struct decoder d = {0};
    const char *volatile problem = "corrupt";
    *out = (struct grey){0};
    open_decoder(&d);
    if (setjmp(d.failed) == 0)
        problem = decode(&d, content, out);
    jpeg_destroy_decompress(&d.jpeg);
    if (problem)
        grey_free(out);
    return problem;
}
