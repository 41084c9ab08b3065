/* SPDX-License-Identifier: ISC */
#include "filters/documents/ole.h"

#include "filters/documents/ole_chain.h"
#include "filters/mime/bytes.h"

#include <string.h>

enum {
    HEADER_SIZE = 512,
    HEADER_DIFATS = 109,
    ENTRY_SIZE = 128,
    ENTRIES_MAX = 65536,
};

static struct ole_units sectors_of(const struct ole *ole)
{
    return (struct ole_units){ole->content, ole->sector_shift, 1, ole->fat, ole->fat_count};
}

static struct slice sector(const struct ole *ole, uint32_t n)
{
    struct ole_units sectors = sectors_of(ole);
    return ole_unit(&sectors, n);
}

static size_t sectors_in(const struct ole *ole)
{
    return (ole->content.len >> ole->sector_shift) + 1;
}

static struct slice read_chain(struct arena *arena, const struct ole *ole, uint32_t first,
                               uint64_t max)
{
    struct ole_units sectors = sectors_of(ole);
    return ole_chain_read(arena, &sectors, first, max);
}

static size_t add_fat_sector(const struct ole *ole, uint32_t *fat, size_t count, size_t room,
                             uint32_t n)
{
    struct slice s = sector(ole, n);
    for (size_t at = 0; at + 4 <= s.len && count < room; at += 4)
        fat[count++] = bytes_le32(s, at);
    return count;
}

/* The sectors of the allocation table are listed in the header, then in a chain of their own. */
static bool read_fat(struct arena *arena, struct ole *ole)
{
    size_t room = sectors_in(ole), count = 0, per_sector = (1U << ole->sector_shift) / 4;
    uint32_t *fat = arena_array(arena, room, sizeof *fat);
    if (!fat)
        return false;
    for (size_t i = 0; i < HEADER_DIFATS && count < room; i++) {
        uint32_t n = bytes_le32(ole->content, 76 + 4 * i);
        if (n < OLE_END_OF_CHAIN)
            count = add_fat_sector(ole, fat, count, room, n);
    }
    uint32_t list = bytes_le32(ole->content, 68);
    for (size_t steps = room; list < OLE_END_OF_CHAIN && count < room && steps > 0; steps--) {
        struct slice s = sector(ole, list);
        for (size_t i = 0; i + 1 < per_sector && count < room; i++) {
            uint32_t n = bytes_le32(s, 4 * i);
            if (n < OLE_END_OF_CHAIN && bytes_has(s, 4 * i, 4))
                count = add_fat_sector(ole, fat, count, room, n);
        }
        list = s.len ? bytes_le32(s, 4 * (per_sector - 1)) : UINT32_MAX;
    }
    ole->fat = fat;
    ole->fat_count = count;
    return true;
}

static bool read_mini_fat(struct arena *arena, struct ole *ole)
{
    struct slice raw = read_chain(arena, ole, bytes_le32(ole->content, 60), ole->content.len);
    size_t count = raw.len / 4;
    uint32_t *fat = arena_array(arena, count + 1, sizeof *fat);
    if (!fat)
        return false;
    for (size_t i = 0; i < count; i++)
        fat[i] = bytes_le32(raw, 4 * i);
    ole->mini_fat = fat;
    ole->mini_fat_count = count;
    return true;
}

static struct slice entry_name(struct arena *arena, struct slice raw)
{
    size_t bytes = bytes_le16(raw, 64);
    size_t len = bytes >= 2 && bytes <= 64 ? bytes / 2 - 1 : 0;
    char *name = arena_alloc(arena, len + 1);
    if (!name)
        return (struct slice){0};
    for (size_t i = 0; i < len; i++) {
        uint16_t code = bytes_le16(raw, 2 * i);
        name[i] = code < 0x80 ? (char)code : '?';
    }
    return (struct slice){name, len};
}

static bool read_directory(struct arena *arena, struct ole *ole)
{
    struct slice raw = read_chain(arena, ole, bytes_le32(ole->content, 48), ole->content.len);
    size_t count = raw.len / ENTRY_SIZE;
    if (count > ENTRIES_MAX)
        count = ENTRIES_MAX;
    ole->entries = arena_array(arena, count + 1, sizeof *ole->entries);
    if (!ole->entries)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct slice s = slice_sub(raw, i * ENTRY_SIZE, (i + 1) * ENTRY_SIZE);
        uint8_t kind = bytes_u8(s, 66);
        if (kind != OLE_STORAGE && kind != OLE_STREAM && kind != OLE_ROOT)
            continue;
        ole->entries[ole->count++] = (struct ole_entry){.name = entry_name(arena, s),
                                                        .kind = kind,
                                                        .slot = (uint32_t)i,
                                                        .left = bytes_le32(s, 68),
                                                        .right = bytes_le32(s, 72),
                                                        .child = bytes_le32(s, 76),
                                                        .first = bytes_le32(s, 116),
                                                        .size = bytes_le32(s, 120),
                                                        .class_id = s.ptr + 80};
    }
    return ole->count > 0;
}

static void read_mini_stream(struct arena *arena, struct ole *ole)
{
    for (size_t i = 0; i < ole->count; i++)
        if (ole->entries[i].kind == OLE_ROOT) {
            ole->mini_stream = read_chain(arena, ole, ole->entries[i].first, ole->entries[i].size);
            return;
        }
}

bool ole_open(struct arena *arena, struct slice content, struct ole *out)
{
    *out = (struct ole){.content = content};
    if (!slice_starts(content, SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) ||
        content.len < HEADER_SIZE)
        return false;
    out->sector_shift = bytes_le16(content, 30);
    out->mini_shift = bytes_le16(content, 32);
    out->mini_cutoff = bytes_le32(content, 56);
    /* Office reads 512 and 4096; others are forged. */
    if (out->sector_shift != 12)
        out->sector_shift = 9;
    if (out->mini_shift < 2 || out->mini_shift > 12)
        out->mini_shift = 6;
    if (!read_fat(arena, out) || !read_directory(arena, out) || !read_mini_fat(arena, out))
        return false;
    read_mini_stream(arena, out);
    return true;
}

const struct ole_entry *ole_find(const struct ole *ole, struct slice name)
{
    for (size_t i = 0; i < ole->count; i++)
        if (slice_ieq(ole->entries[i].name, name))
            return &ole->entries[i];
    return NULL;
}

static bool is_small(const struct ole *ole, const struct ole_entry *entry)
{
    return entry->size < ole->mini_cutoff;
}

struct slice ole_read(struct arena *arena, const struct ole *ole, const struct ole_entry *entry,
                      size_t max)
{
    uint64_t want = entry->size < max ? entry->size : max;
    if (entry->kind != OLE_STREAM)
        return (struct slice){0};
    if (!is_small(ole, entry))
        return read_chain(arena, ole, entry->first, want);
    struct ole_units small = {ole->mini_stream, ole->mini_shift, 0, ole->mini_fat,
                              ole->mini_fat_count};
    return ole_chain_read(arena, &small, entry->first, want);
}

void ole_put(const struct ole *ole, const struct ole_entry *entry, struct slice octets, char *copy)
{
    struct ole_units sectors = sectors_of(ole);
    if (!is_small(ole, entry))
        ole_chain_put(&sectors, entry->first, octets, copy);
}

void ole_blank(const struct ole *ole, const struct ole_entry *entry, char *copy)
{
    struct ole_units sectors = sectors_of(ole);
    if (!is_small(ole, entry))
        ole_chain_blank(&sectors, entry->first, entry->size, copy);
}

bool ole_is_installer(const struct ole *ole)
{
    static const char msi[] = "\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
    static const char msp[] = "\x86\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
    for (size_t i = 0; i < ole->count; i++)
        if (ole->entries[i].kind == OLE_ROOT)
            return memcmp(ole->entries[i].class_id, msi, 16) == 0 ||
                   memcmp(ole->entries[i].class_id, msp, 16) == 0;
    return false;
}
