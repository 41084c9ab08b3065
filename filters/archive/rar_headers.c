/* SPDX-License-Identifier: ISC */
#include "filters/archive/rar_headers.h"

#include "filters/mime/bytes.h"

#define SIGNATURE4 SLICE("Rar!\x1a\x07\0")
#define SIGNATURE5 SLICE("Rar!\x1a\x07\1\0")

enum {
    MAIN5 = 1,
    FILE5 = 2,
    CRYPT5 = 4,
    END5 = 5,
    HAS_EXTRA = 1 << 0,
    HAS_DATA = 1 << 1,
    SPLIT_BEFORE = 1 << 3,
    SPLIT_AFTER = 1 << 4,
    EXTRA_CRYPT = 1,
    FILE_DIRECTORY = 1 << 0,
    FILE_TIME = 1 << 1,
    FILE_CRC = 1 << 2,

    MAIN4 = 0x73,
    FILE4 = 0x74,
    END4 = 0x7b,
    HEADER4_SIZE = 7,
    FILE4_SIZE = 32,
    MAIN4_VOLUME = 0x0001,
    MAIN4_ENCRYPTED = 0x0080,
    FILE4_SPLIT = 0x0003,
    FILE4_ENCRYPTED = 0x0004,
    FILE4_DIRECTORY = 0x00e0,
    FILE4_LARGE = 0x0100,
    LONG4 = 0x8000,
};

/* Takes a number of 7 bits a byte, least first, off the front. */
static uint64_t take_number(struct slice *s)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 10 && i < s->len; i++) {
        uint8_t byte = bytes_u8(*s, i);
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (!(byte & 0x80)) {
            *s = slice_from(*s, i + 1);
            return value;
        }
    }
    *s = (struct slice){0};
    return 0;
}

static struct rar_member *next_member(struct rar_headers *h, size_t max)
{
    if (h->count == max) {
        h->truncated = true;
        return NULL;
    }
    return &h->members[h->count++];
}

static bool has_crypt_record(struct slice extra)
{
    while (extra.len > 0) {
        uint64_t size = take_number(&extra);
        struct slice record = slice_sub(extra, 0, size > extra.len ? extra.len : (size_t)size);
        if (record.len == 0)
            return false;
        extra = slice_from(extra, record.len);
        if (take_number(&record) == EXTRA_CRYPT)
            return true;
    }
    return false;
}

static void read_file5(struct rar_headers *h, size_t max, struct slice body, struct slice extra,
                       uint64_t flags)
{
    struct rar_member *m = next_member(h, max);
    if (!m)
        return;
    uint64_t file_flags = take_number(&body);
    m->size = take_number(&body);
    take_number(&body); /* attributes */
    if (file_flags & FILE_TIME)
        body = slice_from(body, 4);
    if (file_flags & FILE_CRC)
        body = slice_from(body, 4);
    take_number(&body); /* method */
    take_number(&body); /* system */
    uint64_t name_len = take_number(&body);
    m->name = slice_sub(body, 0, name_len > body.len ? body.len : (size_t)name_len);
    m->directory = file_flags & FILE_DIRECTORY;
    m->split = flags & (SPLIT_BEFORE | SPLIT_AFTER);
    m->encrypted = has_crypt_record(extra);
    h->encrypted = h->encrypted || m->encrypted;
}

/* One block at `at`; the offset of the next, 0 at the end. */
static uint64_t read_block5(struct rar_headers *h, size_t max, struct slice c, uint64_t at)
{
    struct slice rest = slice_from(c, (size_t)at + 4);
    uint64_t header_len = take_number(&rest);
    if (header_len == 0 || header_len > rest.len) {
        h->broken = true;
        return 0;
    }
    uint64_t end = c.len - rest.len + header_len;
    struct slice header = slice_sub(rest, 0, (size_t)header_len);
    uint64_t type = take_number(&header), flags = take_number(&header);
    uint64_t extra_len = flags & HAS_EXTRA ? take_number(&header) : 0;
    uint64_t data_len = flags & HAS_DATA ? take_number(&header) : 0;
    if (extra_len > header.len)
        extra_len = header.len;
    struct slice body = slice_sub(header, 0, header.len - (size_t)extra_len);
    struct slice extra = slice_from(header, header.len - (size_t)extra_len);
    if (type == FILE5)
        read_file5(h, max, body, extra, flags);
    else if (type == MAIN5)
        h->volume = take_number(&body) & 1;
    else if (type == CRYPT5)
        h->headers_encrypted = true;
    if (type == CRYPT5 || type == END5)
        return 0;
    if (data_len > c.len - end) {
        h->broken = true;
        return 0;
    }
    return end + data_len;
}

static void read_file4(struct rar_headers *h, size_t max, struct slice c, uint64_t at,
                       uint16_t flags)
{
    struct rar_member *m = next_member(h, max);
    if (!m)
        return;
    size_t name_len = bytes_le16(c, at + 26);
    uint64_t name_at = at + FILE4_SIZE + (flags & FILE4_LARGE ? 8 : 0);
    m->size = bytes_le32(c, at + 11);
    if (flags & FILE4_LARGE)
        m->size |= (uint64_t)bytes_le32(c, at + 36) << 32;
    m->name = slice_sub(c, (size_t)name_at, (size_t)name_at + name_len);
    /* Behind a NUL stands the same name again, in a packed form of UTF-16. */
    m->name = slice_sub(m->name, 0, slice_find(m->name, '\0'));
    m->directory = (flags & FILE4_DIRECTORY) == FILE4_DIRECTORY;
    m->split = flags & FILE4_SPLIT;
    m->encrypted = flags & FILE4_ENCRYPTED;
    h->encrypted = h->encrypted || m->encrypted;
}

static uint64_t read_block4(struct rar_headers *h, size_t max, struct slice c, uint64_t at)
{
    uint8_t type = bytes_u8(c, at + 2);
    uint16_t flags = bytes_le16(c, at + 3), size = bytes_le16(c, at + 5);
    uint64_t data_len = type == FILE4 || flags & LONG4 ? bytes_le32(c, at + 7) : 0;
    if (type == FILE4 && flags & FILE4_LARGE)
        data_len |= (uint64_t)bytes_le32(c, at + 32) << 32;
    if (size < HEADER4_SIZE) {
        h->broken = true;
        return 0;
    }
    if (type == MAIN4) {
        h->volume = flags & MAIN4_VOLUME;
        h->headers_encrypted = flags & MAIN4_ENCRYPTED;
    } else if (type == FILE4)
        read_file4(h, max, c, at, flags);
    if (type == END4 || h->headers_encrypted)
        return 0;
    if (size > c.len - at || data_len > c.len - at - size) {
        h->broken = true;
        return 0;
    }
    return at + size + data_len;
}

bool rar_headers_read(struct arena *arena, struct slice content, size_t max,
                      struct rar_headers *out)
{
    *out = (struct rar_headers){0};
    bool five = slice_starts(content, SIGNATURE5);
    if (!five && !slice_starts(content, SIGNATURE4))
        return false;
    out->version = five ? 5 : 4;
    size_t possible = content.len / HEADER4_SIZE + 1;
    if (possible > max)
        possible = max;
    out->members = arena_array(arena, possible + 1, sizeof *out->members);
    if (!out->members)
        return false;
    uint64_t at = five ? SIGNATURE5.len : SIGNATURE4.len;
    while (at > 0 && bytes_has(content, at, HEADER4_SIZE))
        at = five ? read_block5(out, possible, content, at)
                  : read_block4(out, possible, content, at);
    out->encrypted = out->encrypted || out->headers_encrypted;
    return true;
}
