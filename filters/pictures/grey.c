/* SPDX-License-Identifier: ISC */
#include "filters/pictures/grey.h"

#include <stdlib.h>

const char *grey_make(struct grey *grey, uint64_t width, uint64_t height)
{
    *grey = (struct grey){0};
    if (width == 0 || height == 0)
        return "corrupt";
    if (width > GREY_PIXELS_MAX || height > GREY_PIXELS_MAX || width * height > GREY_PIXELS_MAX)
        return "too large";
    grey->pixels = calloc((size_t)height, (size_t)width);
    if (!grey->pixels)
        return "memory";
    grey->width = (uint32_t)width;
    grey->height = (uint32_t)height;
    return NULL;
}

void grey_free(struct grey *grey)
{
    free(grey->pixels);
    *grey = (struct grey){0};
}
