/* SPDX-License-Identifier: ISC
 * The folders of a CD. No sector is read twice in the same way, so circles end, and folders that
 * share sectors cost no more than the image is long. */
#include "filters/archive/iso_internal.h"
#include "filters/cpu_budget.h"
#include "filters/mime/bytes.h"

enum { RECORD_SIZE = 33, FLAG_FOLDER = 1 << 1 };

void iso_add_folder(struct iso_reader *r, struct iso_folders *to, struct iso_folder folder)
{
    if (to->count == ISO_KINDS * r->max) {
        r->out->truncated = true;
        return;
    }
    struct iso_folder *all = arena_grow(r->arena, to->all, to->count, &to->room, sizeof *all);
    if (!all)
        return;
    to->all = all;
    all[to->count++] = folder;
}

uint64_t iso_folder_size(const struct iso_reader *r, uint64_t sector)
{
    struct slice own = slice_from(r->image, (size_t)sector * ISO_SECTOR);
    bool told = bytes_u8(own, 0) > RECORD_SIZE && bytes_le16(own, 32) == 1;
    return told ? bytes_le32(own, 10) : 0;
}

/* The first sector from here on that was not read; r->sectors: there is none. */
static uint32_t next_unread(uint32_t *unread, uint32_t sector)
{
    while (unread[sector] != sector) {
        unread[sector] = unread[unread[sector]];
        sector = unread[sector];
    }
    return sector;
}

bool iso_is_read(struct iso_reader *r, const struct iso_folder *folder)
{
    uint64_t end = folder->sector + (folder->size + ISO_SECTOR - 1) / ISO_SECTOR;
    return folder->sector < r->sectors &&
           next_unread(r->unread[folder->kind], (uint32_t)folder->sector) >= end;
}

/* ---- records */

static bool parse_record(struct slice octets, struct iso_record *out)
{
    size_t name_len = bytes_u8(octets, 32), name_end = RECORD_SIZE + name_len;
    if (name_len == 0 || name_end > octets.len)
        return false;
    *out = (struct iso_record){
        .sector = bytes_le32(octets, 2),
        .size = bytes_le32(octets, 10),
        .flags = bytes_u8(octets, 25),
        .itself = name_len == 1 && bytes_u8(octets, RECORD_SIZE) <= 1,
        .odd = bytes_u8(octets, 1) || bytes_u8(octets, 26) || bytes_u8(octets, 27),
        .name = slice_sub(octets, RECORD_SIZE, name_end),
        .system = slice_from(octets, name_end + !(name_len & 1)),
    };
    return true;
}

/* Where the folder itself is, by its own first record, is where some programs look. */
static void read_subfolder(struct iso_reader *r, const struct iso_folder *in,
                           const struct iso_record *record, const struct iso_rock *rock)
{
    uint32_t sector = rock->child ? rock->child : record->sector;
    uint64_t own_size = iso_folder_size(r, sector);
    struct iso_folder folder = {sector, record->size, in->kind, in->path};
    if (rock->child || folder.size < own_size)
        folder.size = own_size;
    bool known = sector == in->sector && folder.size <= in->size;
    if (record->odd)
        r->out->broken = true;
    if (known || iso_is_read(r, &folder))
        return;
    if (!record->itself)
        folder.path = iso_folder_path(r, in, record->name, rock->name);
    iso_add_folder(r, record->itself || rock->moved ? &r->late : &r->folders, folder);
}

static void read_record(struct iso_reader *r, const struct iso_folder *in, struct slice octets)
{
    struct iso_record record;
    struct iso_rock rock = {0};
    if (!parse_record(octets, &record)) {
        r->out->broken = true;
        return;
    }
    if (in->kind == ISO_OCTETS)
        rock = iso_read_rock(r, &record, in->path.len == 0);
    if (record.itself || record.flags & FLAG_FOLDER || rock.child)
        read_subfolder(r, in, &record, &rock);
    else
        iso_read_file(r, in, &record, &rock);
}

/* ---- sectors */

/* Records do not cross the end of a sector; what is behind the last one is zeros (6.8.1.1). */
static void read_sector(struct iso_reader *r, const struct iso_folder *in, uint32_t sector)
{
    size_t start = (size_t)sector * ISO_SECTOR;
    struct slice rest = slice_sub(r->image, start, start + ISO_SECTOR);
    while (rest.len && rest.ptr[0] && !cpu_budget_spent(RECORD_SIZE)) {
        size_t len = bytes_u8(rest, 0);
        if (len > rest.len || len <= RECORD_SIZE) {
            r->out->broken = true;
            return;
        }
        read_record(r, in, slice_sub(rest, 0, len));
        rest = slice_from(rest, len);
    }
}

/* Sectors are read to their end, whatever part of the last one the folder is said to have. */
static void read_folder(struct iso_reader *r, const struct iso_folder *folder)
{
    uint32_t *unread = r->unread[folder->kind];
    uint64_t end = folder->sector + (folder->size + ISO_SECTOR - 1) / ISO_SECTOR;
    if (end > r->sectors) {
        r->out->broken = true;
        end = r->sectors;
    }
    for (uint64_t s = folder->sector; s < end; s++) {
        s = next_unread(unread, (uint32_t)s);
        if (s >= end)
            break;
        unread[s] = (uint32_t)s + 1;
        read_sector(r, folder, (uint32_t)s);
    }
    iso_end_file(r);
}

void iso_walk(struct iso_reader *r, struct iso_folders *folders)
{
    while (folders->next < folders->count && !cpu_budget_spent(ISO_SECTOR)) {
        struct iso_folder folder = folders->all[folders->next++];
        read_folder(r, &folder);
        if (folders != &r->folders)
            iso_walk(r, &r->folders);
    }
}
