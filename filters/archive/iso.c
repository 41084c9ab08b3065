/* SPDX-License-Identifier: ISC
 * An image's descriptors (ECMA-119, 8): each names a root, and a table of all its folders. */
#include "filters/archive/iso.h"

#include "filters/archive/iso_internal.h"
#include "filters/cpu_budget.h"
#include "filters/mime/bytes.h"

enum {
    DESCRIPTORS_MAX = 100, /* sectors that systems look at when none says that it is the last */
    BOOT = 0,
    PRIMARY = 1,
    SUPPLEMENTARY = 2,
    LAST = 255,
    ESCAPES_AT = 88,
    BLOCK_SIZE_AT = 128,
    TABLE_SIZE_AT = 132,
    TABLE_AT = 140,
    ROOT_AT = 156,
    TABLE_RECORD_SIZE = 8,
    RECORD_MIN = 34,
    SLOTS_MIN = 64,
};

static bool is_joliet(struct slice d)
{
    char level = (char)bytes_u8(d, ESCAPES_AT + 2);
    return bytes_u8(d, 0) == SUPPLEMENTARY && bytes_are(d, ESCAPES_AT, SLICE("%/")) &&
           (level == '@' || level == 'C' || level == 'E');
}

static bool has_root(struct iso_reader *r, struct slice d)
{
    if (bytes_u8(d, 0) != PRIMARY && bytes_u8(d, 0) != SUPPLEMENTARY)
        return false;
    if (bytes_le16(d, BLOCK_SIZE_AT) == ISO_SECTOR)
        return true;
    r->out->unsupported = true;
    return false;
}

static struct slice descriptor(const struct iso_reader *r, size_t i)
{
    size_t at = (ISO_FIRST_DESCRIPTOR + i) * (size_t)ISO_SECTOR;
    struct slice d = slice_sub(r->image, at, at + ISO_SECTOR);
    return bytes_are(d, 1, SLICE("CD001")) ? d : (struct slice){0};
}

/* Windows finds a folder by the table, whatever its record says (9.4). */
static void read_table(struct iso_reader *r, struct slice d, enum iso_kind kind)
{
    size_t at = (size_t)bytes_le32(d, TABLE_AT) * ISO_SECTOR;
    struct slice rest = slice_sub(r->image, at, at + bytes_le32(d, TABLE_SIZE_AT));
    while (rest.len > TABLE_RECORD_SIZE && rest.ptr[0] && !cpu_budget_spent(TABLE_RECORD_SIZE)) {
        size_t name_len = bytes_u8(rest, 0);
        uint64_t sector = bytes_le32(rest, 2);
        struct iso_folder folder = {sector, iso_folder_size(r, sector), kind, {"", 0}};
        struct slice name = slice_sub(rest, TABLE_RECORD_SIZE, TABLE_RECORD_SIZE + name_len);
        if (!iso_is_read(r, &folder)) {
            folder.path = iso_folder_path(r, &folder, name, (struct slice){0});
            iso_add_folder(r, &r->late, folder);
        }
        rest = slice_from(rest, TABLE_RECORD_SIZE + name_len + (name_len & 1));
    }
}

static void read_tree(struct iso_reader *r, struct slice d, enum iso_kind kind)
{
    struct slice root = slice_from(d, ROOT_AT);
    r->system_skip = 0;
    iso_add_folder(r, &r->folders,
                   (struct iso_folder){bytes_le32(root, 2), bytes_le32(root, 10), kind, {"", 0}});
    iso_walk(r, &r->folders);
    iso_walk(r, &r->late);
    read_table(r, d, kind);
    iso_walk(r, &r->late);
}

static size_t read_trees(struct iso_reader *r, size_t count, enum iso_kind kind)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        struct slice d = descriptor(r, i);
        found += d.len > 0;
        if (d.len && is_joliet(d) == (kind == ISO_JOLIET) && has_root(r, d))
            read_tree(r, d, kind);
    }
    return found;
}

static size_t count_descriptors(const struct iso_reader *r)
{
    size_t i = 0;
    while (i < DESCRIPTORS_MAX && bytes_u8(descriptor(r, i), 0) != LAST)
        i++;
    return i;
}

static bool begin(struct iso_reader *r)
{
    size_t possible = r->image.len / RECORD_MIN + 1, slots = SLOTS_MIN;
    if (possible < r->max)
        r->max = possible;
    while (slots < 2 * r->max)
        slots *= 2;
    r->slot_mask = slots - 1;
    r->slots = arena_array(r->arena, slots, sizeof *r->slots);
    r->out->files = arena_array(r->arena, r->max + 1, sizeof *r->out->files);
    for (unsigned kind = 0; kind < ISO_KINDS; kind++) {
        r->unread[kind] = arena_array(r->arena, r->sectors + 1, sizeof *r->unread[kind]);
        for (uint32_t i = 0; r->unread[kind] && i <= r->sectors; i++)
            r->unread[kind][i] = i;
    }
    return r->slots && r->out->files && r->unread[ISO_OCTETS] && r->unread[ISO_JOLIET];
}

bool iso_read(struct arena *arena, struct slice image, size_t max, struct iso *out)
{
    *out = (struct iso){0};
    struct iso_reader r = {.arena = arena,
                           .image = image,
                           .max = max,
                           .out = out,
                           .sectors = (uint32_t)((image.len + ISO_SECTOR - 1) / ISO_SECTOR),
                           .continuation_left = image.len};
    if (!begin(&r))
        return false;
    size_t count = count_descriptors(&r);
    /* Joliet's first: what they call a file is what most people see. */
    if (read_trees(&r, count, ISO_JOLIET) == 0)
        return false;
    read_trees(&r, count, ISO_OCTETS);
    for (size_t i = 0; i < count; i++)
        if (bytes_u8(descriptor(&r, i), 0) == BOOT)
            iso_read_boot(&r, descriptor(&r, i));
    return true;
}
