/* SPDX-License-Identifier: ISC
 * What a machine starts from: a boot record names a catalogue, that names images of floppies and of
 * programs (El Torito 1.0, 2). Often they are files of the CD as well. */
#include "filters/archive/iso_internal.h"
#include "filters/mime/bytes.h"

enum {
    CATALOGUE_AT = 71,
    ENTRY_SIZE = 32,
    ENTRIES_MAX = 64, /* one sector of them */
    BOOT_SECTOR = 512,
    BOOTABLE = 0x88,
    NOT_BOOTABLE = 0,
    HARD_DISK = 4,
    KIND_MASK = 0xf,
};

/* How long a kind of image is; of a program only the part that is loaded is known, and a disk goes
 * as far as it may. */
static uint64_t image_size(const struct iso_reader *r, struct slice entry, uint64_t start)
{
    static const uint32_t floppies[] = {0, 1200 << 10, 1440 << 10, 2880 << 10};
    unsigned kind = bytes_u8(entry, 1) & KIND_MASK;
    if (kind >= HARD_DISK)
        return r->image.len - start;
    return kind ? floppies[kind] : (uint64_t)bytes_le16(entry, 6) * BOOT_SECTOR;
}

static bool is_known(const struct iso_reader *r, const char *start)
{
    for (size_t i = 0; i < r->out->count; i++)
        if (r->out->files[i].content.octets.len && r->out->files[i].content.octets.ptr == start)
            return true;
    return false;
}

static void read_entry(struct iso_reader *r, struct slice entry, unsigned number)
{
    uint32_t sector = bytes_le32(entry, 8);
    uint64_t start = (uint64_t)sector * ISO_SECTOR;
    if (sector == 0 || !bytes_has(r->image, start, 1) || is_known(r, r->image.ptr + start))
        return;
    struct iso_file file = {.size = image_size(r, entry, start), .name_count = 1};
    file.names[0] = arena_printf(r->arena, "[BOOT]/%u.img", number);
    file.content.octets = slice_sub(r->image, (size_t)start, (size_t)(start + file.size));
    if (file.content.octets.len < file.size)
        file.problem = "corrupt";
    if (file.names[0].ptr)
        iso_list_file(r, sector, &file);
}

void iso_read_boot(struct iso_reader *r, struct slice descriptor)
{
    uint64_t at = (uint64_t)bytes_le32(descriptor, CATALOGUE_AT) * ISO_SECTOR;
    if (!bytes_are(descriptor, 7, SLICE("EL TORITO SPECIFICATION")) || !bytes_has(r->image, at, 1))
        return;
    struct slice catalogue = slice_from(r->image, (size_t)at);
    /* The first entry says for whom the others are. */
    for (unsigned i = 1; i < ENTRIES_MAX; i++) {
        size_t start = (size_t)i * ENTRY_SIZE;
        struct slice entry = slice_sub(catalogue, start, start + ENTRY_SIZE);
        if (entry.len < ENTRY_SIZE)
            return;
        uint8_t mark = bytes_u8(entry, 0);
        if (mark == BOOTABLE || mark == NOT_BOOTABLE)
            read_entry(r, entry, i);
    }
}
