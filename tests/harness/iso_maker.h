/* SPDX-License-Identifier: ISC
 * Images of CDs, record by record (ECMA-119). */
#ifndef TESTS_HARNESS_ISO_MAKER_H
#define TESTS_HARNESS_ISO_MAKER_H

#include "tests/harness/makers.h"

enum { MADE_SECTOR = 2048, MADE_FOLDER = 2, MADE_MORE = 0x80 };

struct made_iso {
    struct buf b;
    size_t descriptors;
    size_t ends[64]; /* in each sector, what is behind its last record */
};

static inline char *iso_at(struct made_iso *m, size_t sector)
{
    return m->b.data + m->b.head + sector * MADE_SECTOR;
}

static inline void iso_set(char *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (char)(value >> (8 * i));
}

static inline struct made_iso iso_begin(size_t sectors)
{
    struct made_iso m = {.b = buf_init(64 << 20)};
    size_t room;
    char *zeros = buf_reserve(&m.b, sectors * MADE_SECTOR, &room);
    assert_true(zeros && room >= sectors * MADE_SECTOR);
    memset(zeros, 0, sectors * MADE_SECTOR);
    buf_commit(&m.b, sectors * MADE_SECTOR);
    return m;
}

static inline void iso_set_content(struct made_iso *m, size_t sector, struct slice content)
{
    memcpy(iso_at(m, sector), content.ptr, content.len);
}

/* Appends a record to those in the sector. */
static inline char *iso_record(struct made_iso *m, size_t in, unsigned flags, size_t sector,
                               size_t size, struct slice name, struct slice system)
{
    char *at = iso_at(m, in) + m->ends[in];
    size_t name_end = 33 + name.len + !(name.len & 1), len = name_end + system.len;
    assert_true(m->ends[in] + len + (len & 1) <= MADE_SECTOR);
    at[0] = (char)(len + (len & 1));
    iso_set(at + 2, sector, 4);
    iso_set(at + 10, size, 4);
    at[25] = (char)flags;
    at[32] = (char)name.len;
    memcpy(at + 33, name.ptr, name.len);
    if (system.len)
        memcpy(at + name_end, system.ptr, system.len);
    m->ends[in] += len + (len & 1);
    return at;
}

static inline void iso_file(struct made_iso *m, size_t in, size_t sector, size_t size,
                            struct slice name)
{
    iso_record(m, in, 0, sector, size, name, SLICE(""));
}

/* The two records that each folder begins with. */
static inline void iso_begin_folder(struct made_iso *m, size_t sector, size_t above)
{
    iso_record(m, sector, MADE_FOLDER, sector, MADE_SECTOR, SLICE("\0"), SLICE(""));
    iso_record(m, sector, MADE_FOLDER, above, MADE_SECTOR, SLICE("\1"), SLICE(""));
}

static inline void iso_folder(struct made_iso *m, size_t in, size_t sector, struct slice name)
{
    iso_record(m, in, MADE_FOLDER, sector, MADE_SECTOR, name, SLICE(""));
    iso_begin_folder(m, sector, in);
}

/* A descriptor, and the folder that is its root. */
static inline char *iso_root(struct made_iso *m, uint8_t type, const char *escapes, size_t root)
{
    char *d = iso_at(m, 16 + m->descriptors++);
    memcpy(d, "\0CD001\1", 7);
    d[0] = (char)type;
    memcpy(d + 88, escapes, strlen(escapes));
    iso_set(d + 128, MADE_SECTOR, 2);
    d[156] = 34;
    iso_set(d + 158, root, 4);
    iso_set(d + 166, MADE_SECTOR, 4);
    d[181] = MADE_FOLDER;
    d[188] = 1;
    if (m->ends[root] == 0)
        iso_begin_folder(m, root, root);
    return d;
}

static inline void iso_primary(struct made_iso *m, size_t root)
{
    iso_root(m, 1, "", root);
}

static inline void iso_joliet(struct made_iso *m, size_t root)
{
    iso_root(m, 2, "%/E", root);
}

static inline void iso_end(struct made_iso *m)
{
    memcpy(iso_at(m, 16 + m->descriptors), "\377CD001\1", 7);
}

#endif
