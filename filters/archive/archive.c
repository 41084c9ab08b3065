/* SPDX-License-Identifier: ISC */
#include "filters/archive/archive.h"

#include "filters/archive/archive_walk.h"
#include "filters/archive/disk_image.h"
#include "filters/archive/iso.h"
#include "filters/archive/lzw.h"
#include "filters/cpu_budget.h"
#include "filters/mime/bytes.h"
#include "filters/mime/extension.h"

struct archive_limits archive_default_limits(void)
{
    return (struct archive_limits){.total = 128U << 20,
                                   .member = 64U << 20,
                                   .entries = 10000,
                                   .depth = 12,
                                   .ratio = 200,
                                   .ratio_floor = 4U << 20};
}

struct archive_limits archive_limits(uint64_t total, unsigned entries, unsigned depth)
{
    struct archive_limits limits = archive_default_limits();
    limits.total = total;
    limits.entries = entries;
    limits.depth = depth;
    return limits;
}

static void give_entry(struct archive_walk *walk, struct unpacker *u, bool skips,
                       const struct unpack_entry *entry)
{
    struct archive_member m = {.names = &entry->name,
                               .name_count = 1,
                               .declared = entry->size,
                               .sized = entry->sized,
                               .encrypted = entry->encrypted,
                               .directory = entry->directory,
                               .link = entry->link};
    struct buf content = buf_init((size_t)walk->budget->limits.member);
    if (m.encrypted)
        m.problem = "encrypted";
    else if (!m.directory && !m.link)
        archive_walk_read(walk, u, skips, &content, &m);
    archive_walk_give(walk, &m);
    buf_release(&content);
}

static bool skips_freely(enum unpack_format format)
{
    return format == UNPACK_TAR || format == UNPACK_CPIO || format == UNPACK_AR ||
           format == UNPACK_WARC;
}

/* Octets of a 7z without members. With more, and without members, its start was never written, and
 * unpackers look for its header at the end. */
enum { EMPTY_7Z = 32 };

bool archive_container_list(struct archive_walk *walk, enum unpack_format format,
                            struct slice content)
{
    const char *problem;
    struct unpacker *u = unpack_open(format, SLICE(""), content, &problem);
    if (!u) {
        archive_report_add(walk->report, problem);
        return false;
    }
    struct unpack_entry entry;
    size_t before = walk->members;
    int r = 0;
    while (!walk->stopped && (r = unpack_next(u, &entry)) > 0 && archive_walk_enter(walk))
        give_entry(walk, u, skips_freely(format), &entry);
    if (r < 0)
        archive_report_add(walk->report, unpack_why(u));
    bool encrypted = unpack_encrypted(u);
    if (format == UNPACK_7ZIP && walk->members == before && content.len > EMPTY_7Z)
        archive_report_add(walk->report, encrypted ? NULL : "corrupt");
    if (encrypted)
        archive_report_add(walk->report, "encrypted");
    archive_walk_close(walk, &u);
    return r >= 0 || encrypted || walk->members > 0;
}

/* The name in a gzip header (RFC 1952, 2.3.1), empty without one. */
static struct slice gzip_name(struct slice c)
{
    uint8_t flags = bytes_u8(c, 3);
    size_t at = 10;
    if (flags & 4)
        at += 2 + (size_t)bytes_le16(c, at);
    if (!(flags & 8))
        return (struct slice){0};
    struct slice rest = slice_from(c, at);
    return slice_sub(rest, 0, slice_find(rest, '\0'));
}

/* "a.tgz" holds a tar, "a.svgz" an svg, "a.txt.gz" holds a.txt. */
static struct slice inner_name(struct archive_walk *walk)
{
    struct slice name = extension_basename(walk->name);
    size_t dot = slice_rfind(name, '.');
    struct slice stem = slice_sub(name, 0, dot), suffix = slice_from(name, dot + 1);
    if (stem.len == 0 || suffix.len == 0)
        return SLICE("data");
    if (slice_ieq(suffix, SLICE("svgz")))
        return arena_printf(walk->scratch, "%.*s.svg", SLICE_ARGS(stem));
    if (suffix.len == 3 && ascii_lower(suffix.ptr[0]) == 't')
        return arena_printf(walk->scratch, "%.*s.tar", SLICE_ARGS(stem));
    return stem;
}

static bool read_lzw(struct archive_walk *walk, struct slice content, struct buf *unpacked,
                     struct archive_member *m)
{
    uint64_t left = walk->budget->limits.total - walk->budget->unpacked;
    unpacked->max = left < unpacked->max ? (size_t)left : unpacked->max;
    m->complete = lzw_unpack(content, unpacked);
    m->content = buf_slice(unpacked);
    if (!m->complete)
        m->problem = cpu_budget_spent(0) ? CPU_BUDGET_SPENT
                     : unpacked->failed  ? "limit: member"
                                         : "corrupt";
    if (!archive_walk_charge(walk, m->content.len))
        m->problem = walk->report->why;
    return m->complete || m->content.len > 0;
}

static bool read_stream(struct archive_walk *walk, enum unpack_format format, struct slice content,
                        struct buf *unpacked, struct archive_member *m)
{
    struct unpack_entry entry;
    struct unpacker *u = unpack_open(format, SLICE(""), content, &m->problem);
    if (!u)
        return false;
    int r = unpack_next(u, &entry);
    m->problem = r < 0 ? unpack_why(u) : NULL;
    if (r > 0)
        archive_walk_read(walk, u, true, unpacked, m);
    archive_walk_close(walk, &u);
    return r >= 0;
}

void archive_stream_list(struct archive_walk *walk, enum unpack_format format, struct slice content)
{
    struct slice names[2];
    size_t count = 0;
    struct slice own = format == UNPACK_GZIP ? gzip_name(content) : (struct slice){0};
    if (own.len)
        names[count++] = own;
    struct slice inner = inner_name(walk);
    if (inner.len && !slice_eq(inner, own))
        names[count++] = inner;
    struct archive_member m = {.names = names, .name_count = count};
    struct buf unpacked = buf_init((size_t)walk->budget->limits.member);
    bool opened = format == UNPACK_LZW ? read_lzw(walk, content, &unpacked, &m)
                                       : read_stream(walk, format, content, &unpacked, &m);
    if (opened && archive_walk_enter(walk))
        archive_walk_give(walk, &m);
    archive_report_add(walk->report, m.problem);
    buf_release(&unpacked);
}

bool archive_any_list(struct archive_walk *walk, enum unpack_format format, struct slice content)
{
    if (format == UNPACK_RAR)
        return archive_rar_list(walk, content);
    if (format == UNPACK_CAB)
        return archive_cab_list(walk, content);
    if (format == UNPACK_ISO)
        return archive_iso_list(walk, content);
    return archive_container_list(walk, format, content);
}

static void list_kind(struct archive_walk *walk, enum unpack_format format, struct slice content)
{
    if (format == UNPACK_NONE)
        archive_report_add(walk->report, "unsupported");
    else if (unpack_is_stream(format))
        archive_stream_list(walk, format, content);
    else if (!archive_any_list(walk, format, content) && !walk->report->why)
        archive_report_add(walk->report, "corrupt");
}

/* The first sectors of a disk may be anything, so an image can begin as another kind of file does. */
static bool list_images(struct archive_walk *walk, struct slice type, struct slice content)
{
    bool disk = disk_image_type(content).len > 0;
    if (disk)
        archive_report_add(walk->report, "unsupported");
    if (slice_eq(type, SLICE("application/x-iso9660-image")) || !iso_is(content))
        return disk;
    walk->stopped = false;
    return archive_iso_list(walk, content) || disk;
}

bool archive_list(struct arena *scratch, struct archive_budget *budget, struct slice type,
                  struct slice name, struct slice content, const struct archive_visitor *visitor,
                  struct archive_report *out)
{
    *out = (struct archive_report){0};
    struct archive_walk walk = {.scratch = scratch,
                                .budget = budget,
                                .visitor = visitor,
                                .report = out,
                                .name = name,
                                .packed = content.len};
    enum unpack_format format;
    bool found = archive_kind(type, &format);
    if (found)
        list_kind(&walk, format, content);
    else
        found = archive_hidden_list(&walk, type, content);
    return list_images(&walk, type, content) || found;
}
