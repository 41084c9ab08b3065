/* SPDX-License-Identifier: ISC
 * Locked documents: how they say that they are, whatever that is, is within the bounds; a try and an
 * opening end. The first octet is the length of EncryptionInfo in the rest, in 16 octets. */
#include "filters/documents/office_lock.h"
#include "tests/fuzz/target.h"

#include <string.h>

enum { ARENA = 4 << 20, UNIT = 16, SPINS = 10, LARGE_SECTOR = 12, SECTOR = 4096 };

/* A compound file that has the stream alone, in the sectors behind its header. */
static struct ole ole_of(struct arena *arena, struct slice info, struct ole_entry *entry)
{
    size_t sectors = info.len / SECTOR + 1;
    char *content = arena_alloc(arena, (sectors + 1) * SECTOR);
    uint32_t *fat = arena_array(arena, sectors, sizeof *fat);
    memcpy(content + SECTOR, info.ptr, info.len);
    for (size_t i = 0; i < sectors; i++)
        fat[i] = i + 1 < sectors ? (uint32_t)i + 1 : 0xfffffffe;
    *entry =
        (struct ole_entry){.name = SLICE("EncryptionInfo"), .kind = OLE_STREAM, .size = info.len};
    return (struct ole){.content = {content, (sectors + 1) * SECTOR},
                        .entries = entry,
                        .count = 1,
                        .fat = fat,
                        .fat_count = sectors,
                        .sector_shift = LARGE_SECTOR,
                        .mini_shift = 6};
}

FUZZ_WITH_ARENA(raw, ARENA)
{
    if (raw.len == 0 || raw.len > (64 << 10))
        return;
    size_t len = UNIT * (size_t)fuzz_octet(&raw);
    struct slice info = slice_sub(raw, 0, len), package = slice_from(raw, len);
    struct office_lock lock;
    struct office_key key = {.len = 16};
    struct ole_entry entry;
    struct ole ole = ole_of(arena, info, &entry);
    if (!office_lock_read(arena, &ole, &lock))
        return;
    require(lock.spins <= OFFICE_SPINS_MAX && lock.password.len <= OFFICE_SALT_MAX);
    require(lock.password.key <= OFFICE_KEY_MAX && lock.package.key <= OFFICE_KEY_MAX);
    lock.spins = lock.spins < SPINS ? lock.spins : SPINS;
    office_lock_try(&lock, OFFICE_OWN_PASSWORD, &key);
    char *stream = arena_cstr(arena, package);
    if (stream)
        require(office_lock_open(&lock, &key, stream, package.len).len <= package.len);
}
