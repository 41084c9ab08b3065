/* SPDX-License-Identifier: ISC */
#include "filters/archive/cab_headers.h"

#include "filters/mime/bytes.h"

enum {
    HEADER_SIZE = 36,
    FOLDER_SIZE = 8,
    FILE_SIZE = 16,
    HAS_PREVIOUS = 1 << 0,
    HAS_NEXT = 1 << 1,
    HAS_RESERVE = 1 << 2,
    MSZIP = 1,
};

static size_t skip_text(struct slice c, size_t at)
{
    return at + slice_find(slice_from(c, at), '\0') + 1;
}

/* The optional fields between header and folders; *folder_reserve is what follows each folder. */
static size_t folders_at(struct slice c, uint16_t flags, size_t *folder_reserve)
{
    size_t at = HEADER_SIZE;
    *folder_reserve = 0;
    if (flags & HAS_RESERVE) {
        *folder_reserve = bytes_u8(c, at + 2);
        at += 4 + (size_t)bytes_le16(c, at);
    }
    for (unsigned i = 0; i < 2; i++) {
        if (flags & HAS_PREVIOUS)
            at = skip_text(c, at);
        if (flags & HAS_NEXT)
            at = skip_text(c, at);
    }
    return at;
}

static bool all_unpackable(struct slice c, size_t at, size_t stride)
{
    size_t folders = bytes_le16(c, 26);
    for (size_t i = 0; i < folders; i++, at += stride)
        if (!bytes_has(c, at, FOLDER_SIZE) || (bytes_le16(c, at + 6) & 0xf) > MSZIP)
            return false;
    return true;
}

bool cab_headers_read(struct arena *arena, struct slice content, size_t max,
                      struct cab_headers *out)
{
    *out = (struct cab_headers){0};
    if (!slice_starts(content, SLICE("MSCF")) || content.len < HEADER_SIZE)
        return false;
    size_t count = bytes_le16(content, 28), at = bytes_le32(content, 16), reserve;
    uint16_t flags = bytes_le16(content, 30);
    size_t folders = folders_at(content, flags, &reserve);
    out->unpackable = all_unpackable(content, folders, FOLDER_SIZE + reserve);
    out->volume = flags & (HAS_PREVIOUS | HAS_NEXT);
    out->members = arena_array(arena, (count < max ? count : max) + 1, sizeof *out->members);
    if (!out->members)
        return false;
    for (size_t i = 0; i < count; i++) {
        out->broken = !bytes_has(content, at, FILE_SIZE + 1);
        out->truncated = out->count == max;
        if (out->broken || out->truncated)
            break;
        struct slice name = slice_from(content, at + FILE_SIZE);
        name = slice_sub(name, 0, slice_find(name, '\0'));
        out->members[out->count++] = (struct cab_member){name, bytes_le32(content, at)};
        at = skip_text(content, at + FILE_SIZE);
    }
    return true;
}
