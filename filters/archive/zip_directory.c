/* SPDX-License-Identifier: ISC */
#include "filters/archive/zip_directory.h"

#include "filters/mime/bytes.h"

#include <stdlib.h>

#define LOCAL SLICE("PK\3\4")
#define CENTRAL SLICE("PK\1\2")
#define END SLICE("PK\5\6")

enum {
    LOCAL_SIZE = 30,
    CENTRAL_SIZE = 46,
    END_SIZE = 22,
    /* A comment has at most 65535 bytes;
     * as much again for what some programs still accept behind it. */
    END_WINDOW = 2 * 65536 + END_SIZE,
    ENDS_MAX = 8,
    MARK_MAX = 64,
    FLAG_ENCRYPTED = 1 << 0,
    FLAG_STREAMED = 1 << 3,
    FLAG_STRONG = 1 << 6,
    FLAG_MASKED = 1 << 13,
    METHOD_AES = 99,
    EXTRA_ZIP64 = 0x0001,
    EXTRA_UNICODE_PATH = 0x7075,
    EXTRA_AES = 0x9901,
};

struct zip_reader {
    struct arena *arena;
    struct slice content;
    struct zip_directory *out;
    size_t max, room; /* members */
    unsigned directories;
};

/* Separators are one: programs write either. */
static bool same_name(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        char x = a.ptr[i] == '\\' ? '/' : a.ptr[i];
        char y = b.ptr[i] == '\\' ? '/' : b.ptr[i];
        if (x != y)
            return false;
    }
    return true;
}

static void add_name(struct zip_member *m, struct slice name)
{
    if (name.len == 0)
        return;
    for (size_t i = 0; i < m->name_count; i++)
        if (slice_eq(m->names[i], name))
            return;
    if (m->name_count < ZIP_NAMES_MAX)
        m->names[m->name_count++] = name;
    size_t nul = slice_find(name, '\0');
    if (nul < name.len)
        add_name(m, slice_sub(name, 0, nul));
}

/* Sizes of 0xffffffff stand in the zip64 field, in this order and only those (APPNOTE 4.5.3). */
static void read_zip64(struct zip_member *m, struct slice field)
{
    uint64_t *wanted[] = {&m->size, &m->packed, &m->local};
    uint64_t at = 0;
    for (size_t i = 0; i < 3; i++) {
        if (*wanted[i] != 0xffffffff || !bytes_has(field, at, 8))
            continue;
        *wanted[i] = bytes_le64(field, at);
        at += 8;
    }
}

static void read_extra(struct zip_member *m, struct slice extra)
{
    while (extra.len >= 4) {
        uint16_t id = bytes_le16(extra, 0);
        struct slice field = slice_sub(extra, 4, 4 + (size_t)bytes_le16(extra, 2));
        if (id == EXTRA_ZIP64)
            read_zip64(m, field);
        if (id == EXTRA_UNICODE_PATH)
            add_name(m, slice_from(field, 5));
        if (id == EXTRA_AES) {
            m->aes_strength = bytes_u8(field, 4);
            m->aes_method = bytes_le16(field, 5);
        }
        extra = slice_from(extra, 4 + (size_t)bytes_le16(extra, 2));
    }
}

static bool encrypts(uint16_t flags, uint16_t method)
{
    return flags & (FLAG_ENCRYPTED | FLAG_STRONG) || method == METHOD_AES;
}

/* What the local header adds to a member that the central directory named. */
static void read_local(struct zip_reader *r, struct zip_member *m)
{
    struct slice c = r->content;
    if (!bytes_are(c, m->local, LOCAL) || !bytes_has(c, m->local, LOCAL_SIZE)) {
        r->out->broken = true;
        return;
    }
    size_t name_len = bytes_le16(c, m->local + 26), extra_len = bytes_le16(c, m->local + 28);
    size_t name_at = (size_t)m->local + LOCAL_SIZE;
    struct slice name = slice_sub(c, name_at, name_at + name_len);
    uint16_t flags = bytes_le16(c, m->local + 6);
    if (m->name_count > 0 && name.len > 0 && !(flags & FLAG_MASKED) &&
        !same_name(m->names[0], name))
        r->out->mismatched = true;
    if (flags & FLAG_MASKED)
        r->out->headers_hidden = true;
    add_name(m, name);
    struct zip_member local = *m;
    read_extra(&local, slice_sub(c, name_at + name_len, name_at + name_len + extra_len));
    for (size_t i = 0; i < local.name_count; i++)
        add_name(m, local.names[i]);
    if (m->aes_strength == 0) {
        m->aes_strength = local.aes_strength;
        m->aes_method = local.aes_method;
    }
    m->data = name_at + name_len + extra_len;
    m->encrypted = m->encrypted || encrypts(flags, bytes_le16(c, m->local + 8));
    if (!bytes_has(c, m->data, m->packed))
        r->out->broken = true;
}

static struct zip_member *next_member(struct zip_reader *r)
{
    struct zip_directory *d = r->out;
    struct zip_member *grown =
        d->count < r->max ? arena_grow(r->arena, d->members, d->count, &r->room, sizeof *d->members)
                          : NULL;
    if (!grown) {
        d->truncated = true;
        return NULL;
    }
    d->members = grown;
    struct zip_member *m = &d->members[d->count++];
    *m = (struct zip_member){0};
    return m;
}

/* The entries of one directory at `at`; `base` is what its offsets must be shifted by. */
static void read_central(struct zip_reader *r, uint64_t at, uint64_t base)
{
    struct slice c = r->content;
    r->directories++;
    while (bytes_are(c, at, CENTRAL) && bytes_has(c, at, CENTRAL_SIZE)) {
        size_t name_len = bytes_le16(c, at + 28), extra_len = bytes_le16(c, at + 30);
        size_t name_at = (size_t)at + CENTRAL_SIZE;
        struct zip_member *m = next_member(r);
        if (!m)
            return;
        m->directory = r->directories;
        m->flags = bytes_le16(c, at + 8);
        m->method = bytes_le16(c, at + 10);
        m->time = bytes_le16(c, at + 12);
        m->crc = bytes_le32(c, at + 16);
        m->packed = bytes_le32(c, at + 20);
        m->size = bytes_le32(c, at + 24);
        m->local = bytes_le32(c, at + 42);
        m->encrypted = encrypts(m->flags, m->method);
        add_name(m, slice_sub(c, name_at, name_at + name_len));
        read_extra(m, slice_sub(c, name_at + name_len, name_at + name_len + extra_len));
        m->local += base;
        read_local(r, m);
        at = name_at + name_len + extra_len + bytes_le16(c, at + 32);
    }
}

struct end_record {
    uint64_t at, size, offset, count;
};

static struct end_record read_end(struct slice c, uint64_t at)
{
    struct end_record end = {at, bytes_le32(c, at + 12), bytes_le32(c, at + 16),
                             bytes_le16(c, at + 10)};
    bool saturated = end.size == 0xffffffff || end.offset == 0xffffffff || end.count == 0xffff;
    if (!saturated || at < 20 || !bytes_are(c, at - 20, SLICE("PK\6\7")))
        return end;
    uint64_t end64 = bytes_le64(c, at - 12);
    if (!bytes_are(c, end64, SLICE("PK\6\6")))
        return end;
    return (struct end_record){end64, bytes_le64(c, end64 + 40), bytes_le64(c, end64 + 48),
                               bytes_le64(c, end64 + 32)};
}

/* Offsets count from the first byte, or, when something was put before the zip,
 * from where that makes the directory end at its end record.
 * Both readings exist in the field; each that fits is taken. */
static void read_directory(struct zip_reader *r, struct end_record end)
{
    uint64_t before = end.size <= end.at ? end.at - end.size : UINT64_MAX;
    bool adjacent = before != UINT64_MAX && bytes_are(r->content, before, CENTRAL);
    if (adjacent && end.offset <= before)
        read_central(r, before, before - end.offset);
    else if (adjacent)
        read_central(r, before, 0);
    if (end.offset != before && bytes_are(r->content, end.offset, CENTRAL))
        read_central(r, end.offset, 0);
    else if (!adjacent && end.count > 0)
        r->out->broken = true;
}

/* A zip stored inside this one: it is seen when the member that holds it is. */
static bool inside_member(const struct zip_directory *d, uint64_t at)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->members[i].data > 0 && at >= d->members[i].data &&
            at - d->members[i].data < d->members[i].packed)
            return true;
    return false;
}

static void read_directories(struct zip_reader *r)
{
    struct slice c = r->content;
    size_t floor = c.len > END_WINDOW ? c.len - END_WINDOW : 0;
    size_t end = c.len;
    while (r->out->ends < ENDS_MAX) {
        size_t at = slice_rfind(slice_sub(c, floor, end), 'P');
        if (at == end - floor)
            return;
        end = floor + at;
        if (!bytes_are(c, end, END) || !bytes_has(c, end, END_SIZE) || inside_member(r->out, end))
            continue;
        r->out->ends++;
        read_directory(r, read_end(c, end));
    }
}

static int by_local(const void *a, const void *b)
{
    const struct zip_member *x = a, *y = b;
    if (x->local != y->local)
        return x->local < y->local ? -1 : 1;
    return x->name_count && y->name_count ? slice_cmp(x->names[0], y->names[0]) : 0;
}

void zip_directory_warm_up(void)
{
    /* qsort() looks up how much memory there is when it sorts more
     * than a kilobyte for the first time. */
    struct zip_member members[64] = {0};
    qsort(members, sizeof members / sizeof *members, sizeof *members, by_local);
}

static void sort_members(struct zip_directory *d)
{
    if (d->count > 1)
        qsort(d->members, d->count, sizeof *d->members, by_local);
}

/* Two directories may name the same members: one of each is kept. One directory that names a member
 * twice is a bomb. */
static void drop_duplicates(struct zip_directory *d)
{
    size_t kept = 0;
    for (size_t i = 0; i < d->count; i++) {
        struct zip_member *last = kept ? &d->members[kept - 1] : NULL;
        if (!last || by_local(last, &d->members[i]) != 0)
            d->members[kept++] = d->members[i];
        else if (last->directory == d->members[i].directory)
            d->overlapping = true;
    }
    d->count = kept;
}

static void find_overlaps(struct zip_directory *d)
{
    uint64_t end = 0;
    for (size_t i = 0; i < d->count; i++) {
        const struct zip_member *m = &d->members[i];
        if (m->local < end)
            d->overlapping = true;
        uint64_t own_end = m->data > UINT64_MAX - m->packed ? UINT64_MAX : m->data + m->packed;
        if (own_end > end)
            end = own_end;
    }
}

/* A member that only its local header names, at `at`; the offset behind it. */
static uint64_t read_orphan(struct zip_reader *r, uint64_t at)
{
    struct slice c = r->content;
    struct zip_member *m = next_member(r);
    if (!m)
        return c.len;
    m->local = at;
    m->flags = bytes_le16(c, at + 6);
    m->method = bytes_le16(c, at + 8);
    m->time = bytes_le16(c, at + 10);
    m->crc = bytes_le32(c, at + 14);
    m->packed = bytes_le32(c, at + 18);
    m->size = bytes_le32(c, at + 22);
    m->encrypted = encrypts(m->flags, m->method);
    size_t name_at = (size_t)at + LOCAL_SIZE, name_len = bytes_le16(c, at + 26);
    size_t extra_len = bytes_le16(c, at + 28);
    m->data = name_at + name_len + extra_len;
    add_name(m, slice_sub(c, name_at, name_at + name_len));
    read_extra(m, slice_sub(c, name_at + name_len, name_at + name_len + extra_len));
    m->local = at;
    if (!bytes_has(c, m->data, m->packed)) {
        r->out->broken = true;
        return m->data;
    }
    return m->data + m->packed;
}

/* Follows the local headers; those that no directory names become members of their own. */
static void read_chain(struct zip_reader *r, uint64_t at)
{
    struct slice c = r->content;
    size_t known = r->out->count, next = 0;
    while (at < c.len) {
        at += slice_search(slice_from(c, (size_t)at), LOCAL);
        if (!bytes_has(c, at, LOCAL_SIZE))
            return;
        const struct zip_member *members = r->out->members;
        while (next < known && members[next].local < at)
            next++;
        uint64_t end;
        if (next < known && members[next].local == at)
            end = members[next].data + members[next].packed;
        else
            end = read_orphan(r, at);
        at = end > at && end <= c.len ? end : at + LOCAL.len;
    }
}

/* Some programs write a mark of two to eight bytes first; unpackers look past more than that. */
static bool starts_as_zip(struct slice c)
{
    struct slice start = slice_sub(c, 0, MARK_MAX);
    return slice_starts(c, SLICE("PK")) && slice_search(start, LOCAL) < start.len;
}

bool zip_directory_read(struct arena *arena, struct slice content, size_t max,
                        struct zip_directory *out)
{
    *out = (struct zip_directory){0};
    struct zip_reader r = {.arena = arena, .content = content, .out = out, .max = max};
    read_directories(&r);
    sort_members(out);
    drop_duplicates(out);
    find_overlaps(out);
    bool at_start = starts_as_zip(content);
    if (out->count == 0 && !at_start)
        return slice_eq(slice_sub(content, 0, 4), END) && out->ends > 0;
    read_chain(&r, at_start ? 0 : out->members[0].local);
    sort_members(out);
    out->start = out->count ? out->members[0].local : 0;
    return true;
}
