/* SPDX-License-Identifier: ISC
 * Pictures as files, and as samples without a header: what is decoded has no more pixels than are
 * read, and is searched for codes. */
#include "filters/files/picture_kind.h"
#include "filters/pictures/grey.h"
#include "filters/pictures/qr.h"
#include "tests/fuzz/target.h"

enum { SMALL = 64 * 1024 }; /* of larger ones the search takes its time */

static void take(void *ctx, struct slice text)
{
    size_t *sum = ctx;
    for (size_t i = 0; i < text.len; i++)
        *sum += (unsigned char)text.ptr[i];
}

static void check(struct grey *grey, const char *problem)
{
    size_t sum = 0, count = (size_t)grey->width * grey->height;
    if (problem)
        return;
    require(count > 0 && count <= GREY_PIXELS_MAX);
    if (count <= SMALL)
        qr_read(grey, take, &sum);
    grey_free(grey);
}

FUZZ(in)
{
    static const unsigned bits[] = {1, 2, 4, 8, 16, 3};
    struct grey grey = {0};
    enum picture_kind kind = picture_kind(in);
    if (kind == PICTURE_PNG) {
        check(&grey, grey_of_png(in, &grey));
    } else if (kind == PICTURE_JPEG) {
        check(&grey, grey_of_jpeg(in, &grey));
    } else {
        uint32_t width = fuzz_octet(&in), height = fuzz_octet(&in);
        unsigned depth = bits[fuzz_octet(&in) % (sizeof bits / sizeof *bits)];
        check(&grey, grey_of_samples(in, width, height, depth, &grey));
    }
}
