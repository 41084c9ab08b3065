/* SPDX-License-Identifier: ISC
 * Pictures as rows of grey pixels, as whoever reads codes wants them. */
#ifndef FILTERS_PICTURES_GREY_H
#define FILTERS_PICTURES_GREY_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum { GREY_PIXELS_MAX = 4 * 1024 * 1024 };

struct grey {
    uint32_t width, height;
    uint8_t *pixels; /* width * height, the top row first; 0 is black */
};

/* Room for a picture of that size. NULL, or why there is none: "too large", "corrupt" (it has no
 * pixels), "memory". The caller's to free. */
const char *grey_make(struct grey *grey, uint64_t width, uint64_t height);
void grey_free(struct grey *grey);

/* Decodes a picture whose header says that it has at most GREY_PIXELS_MAX pixels; others are not
 * unpacked. What is damaged is read as far as it goes. NULL, or why it was not read: "too large",
 * "corrupt", "memory". *out is the caller's to free then only when NULL was the answer. */
const char *grey_of_png(struct slice content, struct grey *out);
const char *grey_of_jpeg(struct slice content, struct grey *out);

/* The samples of a picture without a header, rows that begin on octets, 1, 2, 4, 8 or 16 bits each:
 * how many make a pixel (1, 3 or 4) shows in their number. */
const char *grey_of_samples(struct slice samples, uint32_t width, uint32_t height, unsigned bits,
                            struct grey *out);

#endif
