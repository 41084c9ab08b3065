/* SPDX-License-Identifier: ISC
 * Small archives and documents, made by hand. */
#ifndef TESTS_HARNESS_MAKERS_H
#define TESTS_HARNESS_MAKERS_H

#include "base/buf.h"
#include "tests/harness/unit.h"

#include <string.h>

static inline void put(struct buf *b, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        assert_true(buf_char(b, (char)(value >> (8 * i))));
}

static inline void put_zeros(struct buf *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_true(buf_char(b, 0));
}

struct made_member {
    struct slice local_name, central_name, data;
    uint16_t flags, method;
    struct slice extra; /* of the central entry */
};

static inline uint32_t crc32_of(struct slice s)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < s.len; i++) {
        crc ^= (unsigned char)s.ptr[i];
        for (unsigned k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static inline void put_local(struct buf *b, const struct made_member *m)
{
    buf_append(b, SLICE("PK\3\4"));
    put(b, 20, 2);
    put(b, m->flags, 2);
    put(b, m->method, 2);
    put(b, 0, 4);
    put(b, crc32_of(m->data), 4);
    put(b, m->data.len, 4);
    put(b, m->data.len, 4);
    put(b, m->local_name.len, 2);
    put(b, 0, 2);
    buf_append(b, m->local_name);
    buf_append(b, m->data);
}

static inline void put_central(struct buf *b, const struct made_member *m, size_t local)
{
    buf_append(b, SLICE("PK\1\2"));
    put(b, 20, 2);
    put(b, 20, 2);
    put(b, m->flags, 2);
    put(b, m->method, 2);
    put(b, 0, 4);
    put(b, crc32_of(m->data), 4);
    put(b, m->data.len, 4);
    put(b, m->data.len, 4);
    put(b, m->central_name.len, 2);
    put(b, m->extra.len, 2);
    put_zeros(b, 2 + 2 + 2 + 4); /* comment, disk, attributes */
    put(b, local, 4);
    buf_append(b, m->central_name);
    buf_append(b, m->extra);
}

static inline void put_end(struct buf *b, size_t count, size_t size, size_t offset)
{
    buf_append(b, SLICE("PK\5\6"));
    put(b, 0, 4);
    put(b, count, 2);
    put(b, count, 2);
    put(b, size, 4);
    put(b, offset, 4);
    put(b, 0, 2);
}

/* A zip of stored members behind `prefix`, with offsets from where the zip begins. */
static inline struct buf make_zip(struct slice prefix, const struct made_member *members,
                                  size_t count)
{
    struct buf b = buf_init(1 << 20), central = buf_init(1 << 20);
    buf_append(&b, prefix);
    for (size_t i = 0; i < count; i++) {
        put_central(&central, &members[i], buf_len(&b) - prefix.len);
        put_local(&b, &members[i]);
    }
    size_t offset = buf_len(&b) - prefix.len, size = buf_len(&central);
    buf_append(&b, buf_slice(&central));
    put_end(&b, count, size, offset);
    buf_release(&central);
    return b;
}

struct made_stream {
    const char *name;
    struct slice data;
    int kind; /* 1 storage, 2 stream */
};

/* The first in a storage behind another in it: its child, or its right sibling. */
static inline uint32_t next_within(const size_t *within, size_t count, size_t storage,
                                   size_t behind)
{
    for (size_t i = behind; i < count; i++)
        if (within[i] == storage)
            return (uint32_t)i + 1;
    return UINT32_MAX;
}

/* An OLE2 file: header, one sector of allocation table, directory, then a run of sectors for each
 * stream (no small ones). `within` tells the storage of each, counted from 1; 0: the root. */
static inline struct buf make_ole_tree(const struct made_stream *streams, const size_t *within,
                                       size_t count)
{
    struct buf b = buf_init(1 << 20);
    size_t directory_sectors = (count + 1 + 3) / 4, next = 1 + directory_sectors;
    uint32_t fat[128];
    memset(fat, 0xff, sizeof fat);
    fat[0] = 0xfffffffd;
    for (size_t i = 0; i < directory_sectors; i++)
        fat[1 + i] = i + 1 < directory_sectors ? (uint32_t)(2 + i) : 0xfffffffe;
    buf_append(&b, SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"));
    put_zeros(&b, 16);
    put(&b, 0x3e, 2);
    put(&b, 3, 2);
    put(&b, 0xfffe, 2);
    put(&b, 9, 2);
    put(&b, 6, 2);
    put_zeros(&b, 10);
    put(&b, 1, 4); /* sectors of the table */
    put(&b, 1, 4); /* directory */
    put(&b, 0, 4);
    put(&b, 0, 4);          /* no stream is a small one */
    put(&b, 0xfffffffe, 4); /* table of small sectors */
    put(&b, 0, 4);
    put(&b, 0xfffffffe, 4);
    put(&b, 0, 4);
    put(&b, 0, 4);
    for (unsigned i = 1; i < 109; i++)
        put(&b, UINT32_MAX, 4);
    struct buf directory = buf_init(1 << 16), data = buf_init(1 << 20);
    for (size_t i = 0; i <= count; i++) {
        const char *name = i ? streams[i - 1].name : "Root Entry";
        struct slice body = i ? streams[i - 1].data : (struct slice){0};
        size_t sectors = (body.len + 511) / 512;
        for (size_t k = 0; k < 32; k++)
            put(&directory, k < strlen(name) ? (unsigned char)name[k] : 0, 2);
        put(&directory, 2 * strlen(name) + 2, 2);
        put(&directory, i ? (uint64_t)streams[i - 1].kind : 5, 1);
        put(&directory, 1, 1);
        put(&directory, UINT32_MAX, 4);
        put(&directory, i ? next_within(within, count, within[i - 1], i) : UINT32_MAX, 4);
        put(&directory, next_within(within, count, i, 0), 4);
        put_zeros(&directory, 36);
        put(&directory, sectors ? next : 0xfffffffe, 4);
        put(&directory, body.len, 4);
        put(&directory, 0, 4);
        for (size_t k = 0; k < sectors; k++, next++)
            fat[next] = k + 1 < sectors ? (uint32_t)(next + 1) : 0xfffffffe;
        buf_append(&data, body);
        put_zeros(&data, sectors * 512 - body.len);
    }
    put_zeros(&directory, directory_sectors * 512 - buf_len(&directory));
    for (unsigned i = 0; i < 128; i++)
        put(&b, fat[i], 4);
    buf_append(&b, buf_slice(&directory));
    buf_append(&b, buf_slice(&data));
    buf_release(&directory);
    buf_release(&data);
    return b;
}

/* All in the root. */
static inline struct buf make_ole(const struct made_stream *streams, size_t count)
{
    static const size_t root[64];
    assert_true(count <= 64);
    return make_ole_tree(streams, root, count);
}

#endif
