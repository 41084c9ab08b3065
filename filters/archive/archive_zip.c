/* SPDX-License-Identifier: ISC
 * The members of a zip:
 * our own directory says which there are, libarchive unpacks one at a time. */
#include "filters/archive/archive_walk.h"
#include "filters/archive/zip_directory.h"

#include <string.h>

enum {
    STORED = 0,
    FLAG_LZMA_OPTIONS = 3 << 1,
    FLAG_STREAMED = 1 << 3,
    HEADER_SIZE = 30,
};

static void put_le(char *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        out[i] = (char)(value >> (8 * i));
}

/* A local header that says what the directory says: libarchive then needs no other. Sizes fit,
 * since the packed bytes are in memory; an unpacked size beyond 4 GiB was refused before. */
static void make_header(char out[HEADER_SIZE + 1], const struct zip_member *m, bool streamed)
{
    memset(out, 0, HEADER_SIZE);
    put_le(out, 0x04034b50, 4);
    put_le(out + 4, 63, 2);
    put_le(out + 6, (m->flags & FLAG_LZMA_OPTIONS) | (streamed ? FLAG_STREAMED : 0), 2);
    put_le(out + 8, m->method, 2);
    if (!streamed) {
        put_le(out + 14, m->crc, 4);
        put_le(out + 18, m->packed, 4);
        put_le(out + 22, m->size, 4);
    }
    put_le(out + 26, 1, 2);
    out[HEADER_SIZE] = 'x';
}

static void unpack_member(struct archive_walk *walk, const struct zip_member *m, bool streamed,
                          struct slice packed, struct buf *content, struct archive_member *out)
{
    char header[HEADER_SIZE + 1];
    make_header(header, m, streamed);
    struct unpack_entry entry;
    struct unpacker *u = unpack_open(UNPACK_ZIP_MEMBER, (struct slice){header, sizeof header},
                                     packed, &out->problem);
    if (!u)
        return;
    if (unpack_next(u, &entry) > 0)
        archive_walk_read(walk, u, true, content, out);
    else
        out->problem = unpack_why(u);
    unpack_close(&u);
}

static bool is_bomb(const struct archive_walk *walk, const struct zip_member *m)
{
    const struct archive_limits *limits = &walk->budget->limits;
    if (m->size > UINT32_MAX)
        return true;
    return m->size > limits->ratio_floor && m->size / limits->ratio > m->packed;
}

static void read_member(struct archive_walk *walk, struct slice content,
                        const struct zip_directory *d, const struct zip_member *m,
                        struct buf *unpacked, struct archive_member *out)
{
    bool streamed = m->directory == 0 && m->packed == 0 && m->flags & FLAG_STREAMED;
    struct slice packed = slice_sub(content, (size_t)m->data, (size_t)(m->data + m->packed));
    if (m->encrypted)
        out->problem = "encrypted";
    else if (is_bomb(walk, m))
        out->problem = "limit: ratio";
    else if (d->overlapping)
        out->problem = "limit: overlap";
    else if (m->data == 0 || (!streamed && packed.len < m->packed))
        out->problem = "corrupt";
    else if (streamed)
        unpack_member(walk, m, true, slice_from(content, (size_t)m->data), unpacked, out);
    else if (m->method != STORED)
        unpack_member(walk, m, false, packed, unpacked, out);
    else if (archive_walk_charge(walk, packed.len)) {
        out->content = packed;
        out->complete = true;
    } else
        out->problem = walk->report->why;
}

static bool is_directory(const struct zip_member *m)
{
    struct slice name = m->name_count ? m->names[0] : (struct slice){0};
    return m->size == 0 && name.len > 0 &&
           (name.ptr[name.len - 1] == '/' || name.ptr[name.len - 1] == '\\');
}

static void list_member(struct archive_walk *walk, struct slice content,
                        const struct zip_directory *d, const struct zip_member *m)
{
    struct archive_member out = {.names = m->names,
                                 .name_count = m->name_count,
                                 .declared = m->size,
                                 .sized = true,
                                 .encrypted = m->encrypted,
                                 .directory = is_directory(m)};
    struct buf unpacked = buf_init((size_t)walk->budget->limits.member);
    if (!out.directory)
        read_member(walk, content, d, m, &unpacked, &out);
    /* A limit stops the unpacking, not the listing of names. */
    walk->stopped = false;
    bool accident = walk->lenient && out.problem && strcmp(out.problem, "corrupt") == 0;
    if (!accident)
        archive_walk_give(walk, &out);
    buf_release(&unpacked);
}

bool archive_zip_list(struct archive_walk *walk, struct slice content)
{
    struct zip_directory d;
    if (!zip_directory_read(walk->scratch, content, walk->budget->limits.entries, &d))
        return false;
    for (size_t i = 0; i < d.count && archive_walk_enter(walk); i++)
        list_member(walk, content, &d, &d.members[i]);
    if (d.truncated)
        archive_report_add(walk->report, "limit: entries");
    if (d.overlapping && !walk->lenient)
        archive_report_add(walk->report, "limit: overlap");
    if (d.headers_hidden)
        archive_report_add(walk->report, "encrypted");
    if (d.broken && !walk->lenient)
        archive_report_add(walk->report, "corrupt");
    return !walk->lenient || walk->members > 0;
}
