/* SPDX-License-Identifier: ISC */
#include "filters/archive/iso_paths.h"

#include "filters/mime/bytes.h"

enum {
    SECTOR = 2048,
    FIRST_DESCRIPTOR = 16,
    DESCRIPTORS_MAX = 32,
    BLOCK_SIZE_AT = 128,
    ROOT_AT = 156,
    RECORD_SIZE = 33,
    FLAG_FOLDER = 2,
    FOLDERS_MAX = 20000,
    PATH_MAX_BYTES = 1000,
};

struct iso_folder {
    uint32_t sector, size;
    uint32_t path; /* its length */
};

struct folders {
    struct iso_folder *all;
    size_t count;
    uint64_t bytes; /* of all, so that folders that share sectors cost no more than the image has */
    bool bounded;
};

static void add_folder(struct folders *f, struct slice record, size_t path)
{
    uint32_t size = bytes_le32(record, 10);
    if (f->count == FOLDERS_MAX) {
        f->bounded = false;
        return;
    }
    f->bytes += size;
    f->all[f->count++] = (struct iso_folder){bytes_le32(record, 2), size, (uint32_t)path};
}

/* One record; its length, 0 when the rest of its sector is empty. */
static size_t read_record(struct folders *f, struct slice record, size_t path)
{
    size_t len = bytes_u8(record, 0), name_len = bytes_u8(record, 32);
    if (len < RECORD_SIZE)
        return 0;
    path += name_len + 2;
    if (path > PATH_MAX_BYTES)
        f->bounded = false;
    /* Names of one byte 0 or 1 are the folder itself and its parent. */
    bool own = name_len == 1 && bytes_u8(record, 33) <= 1;
    if (bytes_u8(record, 25) & FLAG_FOLDER && !own)
        add_folder(f, record, path);
    return len;
}

static void read_folder(struct folders *f, struct slice content, struct iso_folder folder)
{
    uint64_t start = (uint64_t)folder.sector * SECTOR;
    if (!bytes_has(content, start, 1))
        return;
    struct slice records = slice_sub(slice_from(content, (size_t)start), 0, folder.size);
    for (size_t at = 0; at < records.len && f->bounded;) {
        size_t len = read_record(f, slice_from(records, at), folder.path);
        at = len ? at + len : (at / SECTOR + 1) * SECTOR;
    }
}

bool iso_paths_bounded(struct arena *scratch, struct slice content)
{
    struct folders f = {.all = arena_array(scratch, FOLDERS_MAX, sizeof *f.all), .bounded = true};
    if (!f.all)
        return false;
    for (size_t i = 0; i < DESCRIPTORS_MAX && f.bounded; i++) {
        struct slice d = slice_from(content, (FIRST_DESCRIPTOR + i) * SECTOR);
        if (!bytes_are(d, 1, SLICE("CD001")))
            break;
        if (bytes_u8(d, 0) != 1 && bytes_u8(d, 0) != 2)
            continue;
        if (bytes_le16(d, BLOCK_SIZE_AT) != SECTOR)
            return false;
        add_folder(&f, slice_from(d, ROOT_AT), 0);
    }
    /* Circles only lengthen the path, so they end at its bound. */
    uint64_t bytes_max = 16 * (uint64_t)content.len + SECTOR;
    for (size_t i = 0; i < f.count && f.bounded; i++) {
        read_folder(&f, content, f.all[i]);
        f.bounded = f.bounded && f.bytes <= bytes_max;
    }
    return f.bounded;
}
