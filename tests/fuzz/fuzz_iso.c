/* SPDX-License-Identifier: ISC
 * Images of CDs, from their sector 16 on: each file is a part of the image, and has a name. */
#include "filters/archive/iso.h"
#include "tests/fuzz/target.h"

#include <string.h>

enum { ARENA = 16 << 20, FILES_MAX = 1000, SYSTEM_AREA = 0x8000, IMAGE_MAX = 1 << 20 };

static void check(struct slice image, const struct iso_file *f)
{
    uint64_t sum = 0;
    for (const struct iso_piece *piece = &f->content; piece; piece = piece->next) {
        sum += piece->octets.len;
        require(piece->octets.len == 0 ||
                (piece->octets.ptr >= image.ptr &&
                 piece->octets.ptr + piece->octets.len <= image.ptr + image.len));
    }
    require(f->problem ? sum <= f->size : sum == f->size);
    require(f->name_count <= ISO_NAMES_MAX);
    for (size_t i = 0; i < f->name_count; i++)
        require(f->names[i].len > 0);
}

FUZZ_WITH_ARENA(in, ARENA)
{
    in = slice_sub(in, 0, IMAGE_MAX);
    char *content = arena_alloc(arena, SYSTEM_AREA + in.len);
    struct iso iso;
    require(content != NULL);
    if (in.len)
        memcpy(content + SYSTEM_AREA, in.ptr, in.len);
    struct slice image = iso_sectors(arena, (struct slice){content, SYSTEM_AREA + in.len});
    if (!image.ptr || !iso_read(arena, image, FILES_MAX, &iso) || arena_failed(arena))
        return;
    require(iso.count <= FILES_MAX);
    for (size_t i = 0; i < iso.count; i++)
        check(image, &iso.files[i]);
}
