/* SPDX-License-Identifier: ISC
 * Which octets are encrypted. */
#include "filters/documents/office_97_streams.h"

#include "filters/mime/bytes.h"

#include <string.h>

enum {
    RECORD = 4, /* octets: type and length */
    BIFF_FILEPASS = 0x002f,
    BIFF_BOUNDSHEET = 0x0085,
    BIFF_RC4 = 1,
    SHEET_PLACE = 4, /* octets of a BOUNDSHEET that are not encrypted */
    BIFF_BLOCK = 1024,

    FIB_FLAGS = 0x0a,
    FIB_ENCRYPTED = 0x0100,
    FIB_TABLE_1 = 0x0200,
    FIB_OBFUSCATED = 0x8000,
    FIB_PLAIN = 68, /* octets */
    WORD_BLOCK = 512,
};

static struct slice read_stream(struct arena *arena, const struct ole *ole, struct slice name,
                                const struct ole_entry **entry)
{
    *entry = ole_find(ole, name);
    return *entry ? ole_read(arena, ole, *entry, ole->content.len) : SLICE("");
}

static struct slice workbook(struct arena *arena, const struct ole *ole,
                             const struct ole_entry **entry)
{
    struct slice s = read_stream(arena, ole, SLICE("Workbook"), entry);
    return s.len ? s : read_stream(arena, ole, SLICE("Book"), entry);
}

static struct slice table_name(uint16_t flags)
{
    return flags & FIB_TABLE_1 ? SLICE("1Table") : SLICE("0Table");
}

/* ---- the header ---- */

/* Where the record is; the stream's end: there is none. */
static size_t find_filepass(struct slice s)
{
    size_t at = 0;
    while (bytes_has(s, at, RECORD) && bytes_le16(s, at) != BIFF_FILEPASS)
        at += RECORD + (size_t)bytes_le16(s, at + 2);
    return bytes_has(s, at, RECORD) ? at : s.len;
}

static struct slice of_workbook(struct slice s)
{
    size_t at = find_filepass(s);
    if (at == s.len || bytes_le16(s, at + RECORD) != BIFF_RC4)
        return SLICE("");
    return slice_sub(s, at + RECORD + 2, at + RECORD + bytes_le16(s, at + 2));
}

struct slice office_97_header(struct arena *arena, const struct ole *ole)
{
    const struct ole_entry *entry;
    struct slice book = workbook(arena, ole, &entry);
    if (book.len)
        return of_workbook(book);
    uint16_t flags = bytes_le16(read_stream(arena, ole, SLICE("WordDocument"), &entry), FIB_FLAGS);
    if (!(flags & FIB_ENCRYPTED) || flags & FIB_OBFUSCATED)
        return SLICE("");
    return read_stream(arena, ole, table_name(flags), &entry);
}

/* ---- the streams ---- */

struct opening {
    struct arena *arena;
    const struct ole *ole;
    const struct office_97_lock *lock;
    const struct office_97_key *key;
    char *copy;
};

/* All of it decrypted, what was not encrypted too; NULL: it was not done. */
static char *decrypt(const struct opening *o, struct slice s, size_t block)
{
    char *out = arena_cstr(o->arena, s);
    for (size_t at = 0; out && at < s.len; at += block) {
        size_t n = s.len - at < block ? s.len - at : block;
        if (!office_97_block(o->lock, o->key, (uint32_t)(at / block), out + at, n))
            return NULL;
    }
    return out;
}

static bool is_plain(uint16_t type)
{
    static const uint16_t plain[] = {0x0809, BIFF_FILEPASS, 0x0194, 0x0195, 0x00e1, 0x0196, 0x0138};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (type == plain[i])
            return true;
    return false;
}

/* Records keep their heads, and some of them all ([MS-XLS] 2.2.10). */
static bool open_workbook(const struct opening *o, const struct ole_entry *entry, struct slice s)
{
    char *out = decrypt(o, s, BIFF_BLOCK);
    if (!out)
        return false;
    for (size_t at = 0; bytes_has(s, at, RECORD);) {
        uint16_t type = bytes_le16(s, at);
        size_t len = bytes_le16(s, at + 2), kept = is_plain(type) ? len : 0;
        if (type == BIFF_BOUNDSHEET)
            kept = len < SHEET_PLACE ? len : SHEET_PLACE;
        struct slice head = slice_sub(s, at, at + RECORD + kept);
        memcpy(out + at, head.ptr, head.len);
        at += RECORD + len;
    }
    memset(out + find_filepass(s), 0, 2); /* a record that says nothing */
    ole_put(o->ole, entry, (struct slice){out, s.len}, o->copy);
    return true;
}

static bool open_stream(const struct opening *o, struct slice name)
{
    const struct ole_entry *entry;
    struct slice s = read_stream(o->arena, o->ole, name, &entry);
    char *out = s.len ? decrypt(o, s, WORD_BLOCK) : NULL;
    if (out)
        ole_put(o->ole, entry, (struct slice){out, s.len}, o->copy);
    return out || s.len == 0;
}

static bool open_word(const struct opening *o)
{
    const struct ole_entry *entry;
    struct slice s = read_stream(o->arena, o->ole, SLICE("WordDocument"), &entry);
    char *out = decrypt(o, s, WORD_BLOCK);
    if (!out || s.len < FIB_PLAIN)
        return false;
    memcpy(out, s.ptr, FIB_PLAIN);
    out[FIB_FLAGS + 1] = (char)(out[FIB_FLAGS + 1] & ~(FIB_ENCRYPTED >> 8));
    ole_put(o->ole, entry, (struct slice){out, s.len}, o->copy);
    return open_stream(o, table_name(bytes_le16(s, FIB_FLAGS))) && open_stream(o, SLICE("Data"));
}

bool office_97_open(struct arena *arena, const struct ole *ole, const struct office_97_lock *lock,
                    const struct office_97_key *key, char *copy)
{
    const struct opening o = {arena, ole, lock, key, copy};
    const struct ole_entry *entry;
    struct slice book = workbook(arena, ole, &entry);
    return book.len ? open_workbook(&o, entry, book) : open_word(&o);
}
