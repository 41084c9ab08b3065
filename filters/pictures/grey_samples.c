/* SPDX-License-Identifier: ISC */
#include "filters/pictures/grey.h"

#include <stddef.h>

static size_t row_octets(uint32_t width, unsigned components, unsigned bits)
{
    return ((size_t)width * components * bits + 7) / 8;
}

/* As many as there are samples for; of one that is short of rows, one. */
static unsigned components_of(struct slice samples, uint32_t width, uint32_t height, unsigned bits)
{
    static const unsigned usual[] = {4, 3};
    for (int i = 0; i < 2; i++)
        if (samples.len >= row_octets(width, usual[i], bits) * height)
            return usual[i];
    return 1;
}

/* One sample as 0..255. */
static unsigned sample(const unsigned char *row, size_t which, unsigned bits)
{
    if (bits >= 8)
        return row[which * (bits / 8)];
    unsigned shift = 8 - bits - (unsigned)(which * bits % 8), most = (1U << bits) - 1;
    return (row[which * bits / 8] >> shift & most) * 255 / most;
}

/* Of colours the green is most of what is seen; black ink covers all. */
static void read_row(const unsigned char *row, uint32_t width, unsigned components, unsigned bits,
                     uint8_t *to)
{
    for (uint32_t x = 0; x < width; x++) {
        size_t first = (size_t)x * components;
        if (components == 1)
            to[x] = (uint8_t)sample(row, first, bits);
        else if (components == 3)
            to[x] = (uint8_t)((sample(row, first, bits) * 2 + sample(row, first + 1, bits) * 5 +
                               sample(row, first + 2, bits)) /
                              8);
        else
            to[x] = (uint8_t)(255 - sample(row, first + 3, bits));
    }
}

/* What a palette tells apart may be next to one another: the darkest is black, the lightest white. */
static void stretch(struct grey *grey)
{
    size_t count = (size_t)grey->width * grey->height;
    unsigned least = 255, most = 0;
    for (size_t i = 0; i < count; i++) {
        least = grey->pixels[i] < least ? grey->pixels[i] : least;
        most = grey->pixels[i] > most ? grey->pixels[i] : most;
    }
    for (size_t i = 0; most > least && i < count; i++)
        grey->pixels[i] = (uint8_t)((grey->pixels[i] - least) * 255 / (most - least));
}

const char *grey_of_samples(struct slice samples, uint32_t width, uint32_t height, unsigned bits,
                            struct grey *out)
{
    if (bits != 1 && bits != 2 && bits != 4 && bits != 8 && bits != 16)
        return "corrupt";
    const char *problem = grey_make(out, width, height);
    if (problem || samples.len < row_octets(width, 1, bits)) {
        grey_free(out);
        return problem ? problem : "corrupt";
    }
    unsigned components = components_of(samples, width, height, bits);
    size_t step = row_octets(width, components, bits);
    for (uint32_t y = 0; y < height && (y + 1) * step <= samples.len; y++)
        read_row((const unsigned char *)samples.ptr + y * step, width, components, bits,
                 out->pixels + (size_t)y * width);
    if (components == 1)
        stretch(out);
    return NULL;
}
