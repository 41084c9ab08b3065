/* SPDX-License-Identifier: ISC
 * Locked documents of Word and Excel 97: whatever they say of their lock, a try and an opening end,
 * and what is put back lies within the file. The first octet says which program's it is, and for
 * Word where the table begins, in 16 octets. */
#include "filters/documents/office_97.h"
#include "tests/fuzz/target.h"

#include <string.h>

enum { ARENA = 8 << 20, UNIT = 16, SECTOR_SHIFT = 9, SECTOR = 512, IS_WORD = 128 };

struct file {
    struct ole ole;
    struct ole_entry entries[2];
    uint32_t *fat;
    char *content;
    size_t sectors;
};

static void add(struct file *f, const char *name, struct slice stream)
{
    uint32_t first = (uint32_t)f->sectors;
    memcpy(f->content + (f->sectors + 1) * SECTOR, stream.ptr, stream.len);
    f->sectors += stream.len / SECTOR + 1;
    for (size_t i = first; i < f->sectors; i++)
        f->fat[i] = i + 1 < f->sectors ? (uint32_t)i + 1 : 0xfffffffe;
    f->entries[f->ole.count++] = (struct ole_entry){
        .name = slice_of(name), .kind = OLE_STREAM, .first = first, .size = stream.len};
}

static void make(struct arena *arena, struct slice raw, size_t table, bool is_word, struct file *f)
{
    size_t most = raw.len / SECTOR + 3;
    *f = (struct file){.content = arena_alloc(arena, (most + 1) * SECTOR),
                       .fat = arena_array(arena, most, sizeof *f->fat)};
    require(f->content && f->fat);
    memset(f->content, 0, (most + 1) * SECTOR);
    if (is_word) {
        add(f, "WordDocument", slice_sub(raw, 0, table));
        add(f, "1Table", slice_from(raw, table));
    } else {
        add(f, "Workbook", raw);
    }
    f->ole = (struct ole){.content = {f->content, (f->sectors + 1) * SECTOR},
                          .entries = f->entries,
                          .count = f->ole.count,
                          .fat = f->fat,
                          .fat_count = f->sectors,
                          .sector_shift = SECTOR_SHIFT,
                          .mini_shift = 6};
}

FUZZ_WITH_ARENA(raw, ARENA)
{
    if (raw.len == 0 || raw.len > (64 << 10))
        return;
    unsigned first = fuzz_octet(&raw);
    struct file f;
    struct office_97_lock lock;
    struct office_97_key key = {.len = 5};
    make(arena, raw, UNIT * (size_t)(first % IS_WORD), first & IS_WORD, &f);
    if (!office_97_read(arena, &f.ole, &lock))
        return;
    require(lock.key >= 5 && lock.key <= 16);
    office_97_try(&lock, SLICE("VelvetSweatshop"), &key);
    char *copy = arena_cstr(arena, f.ole.content);
    if (copy)
        office_97_open(arena, &f.ole, &lock, &key, copy);
}
