/* SPDX-License-Identifier: ISC
 * PNG (ISO/IEC 15948), by libpng; what is transparent lies on white paper. */
#include "filters/pictures/grey.h"

#include <png.h>
#include <string.h>

const char *grey_of_png(struct slice content, struct grey *out)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, content.ptr, content.len))
        return "corrupt";
    static const png_color white = {255, 255, 255};
    const char *problem = grey_make(out, image.width, image.height);
    image.format = PNG_FORMAT_GRAY;
    if (!problem) /* of what is damaged the rows before that are there */
        png_image_finish_read(&image, &white, out->pixels, (png_int_32)out->width, NULL);
    png_image_free(&image);
    return problem;
}
