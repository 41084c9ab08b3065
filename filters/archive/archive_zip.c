/* SPDX-License-Identifier: ISC
 * The members of a zip:
 * our own directory says which there are, libarchive unpacks one at a time. */
#include "filters/archive/archive_walk.h"
#include "filters/archive/zip_crypto.h"
#include "filters/archive/zip_decrypt.h"
#include "filters/archive/zip_directory.h"
#include "filters/cpu_budget.h"

#include <string.h>

enum {
    STORED = 0,
    FLAG_LZMA_OPTIONS = 3 << 1,
    FLAG_STREAMED = 1 << 3,
    HEADER_SIZE = 30,
    METHOD_AES = 99,
    TRY_OCTETS = 64 * 1024, /* that trying a password counts for */
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
    bool unchecked = m->encrypted && m->aes_strength;
    enum unpack_format format = unchecked ? UNPACK_ZIP_UNCHECKED : UNPACK_ZIP_MEMBER;
    struct unpacker *u =
        unpack_open(format, (struct slice){header, sizeof header}, packed, &out->problem);
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

static void read_stored(struct archive_walk *walk, struct slice packed, struct archive_member *out)
{
    if (archive_walk_charge(walk, packed.len)) {
        out->content = packed;
        out->complete = true;
    } else
        out->problem = walk->report->why;
}

/* ---- encrypted members */

/* Unpacks what a password has made of the packed octets. False: it was the wrong one. */
static bool read_opened(struct archive_walk *walk, const struct zip_member *m, struct slice plain,
                        struct buf *unpacked, struct archive_member *out)
{
    bool aes = m->method == METHOD_AES;
    struct zip_member opened = *m;
    opened.packed = plain.len;
    opened.method = aes ? m->aes_method : m->method;
    opened.aes_strength = aes ? m->aes_strength : 0;
    out->problem = NULL;
    if (!aes && opened.method == STORED && zip_crc32(plain) != m->crc)
        return false;
    if (opened.method == STORED)
        read_stored(walk, plain, out);
    else
        unpack_member(walk, &opened, false, plain, unpacked, out);
    return aes || !out->problem || strcmp(out->problem, "corrupt") != 0;
}

static bool try_password(struct archive_walk *walk, const struct zip_member *m, struct slice packed,
                         struct slice password, struct buf *plain, struct buf *unpacked,
                         struct archive_member *out)
{
    buf_clear(plain);
    buf_clear(unpacked);
    if (zip_decrypt(m, packed, password, plain) &&
        read_opened(walk, m, buf_slice(plain), unpacked, out)) {
        walk->password = password;
        return true;
    }
    out->content = (struct slice){0};
    out->complete = false;
    out->problem = "encrypted";
    return false;
}

/* The first member that cannot be opened shows that no other can: one password is an archive's. */
static void read_encrypted(struct archive_walk *walk, const struct zip_member *m,
                           struct slice packed, struct buf *plain, struct buf *unpacked,
                           struct archive_member *out)
{
    const struct archive_visitor *v = walk->visitor;
    out->problem = "encrypted";
    if (walk->locked || !v->passwords || !zip_decrypts(m))
        return;
    struct passwords *passwords = v->passwords(v->ctx);
    struct slice list[PASSWORDS_MAX] = {walk->password};
    size_t count = walk->password.len ? 1
                   : passwords        ? passwords_list(passwords, walk->name, list)
                                      : 0;
    for (size_t i = 0; i < count && passwords->tries > 0; i++) {
        passwords->tries--;
        if (cpu_budget_spent(TRY_OCTETS) ||
            try_password(walk, m, packed, list[i], plain, unpacked, out))
            return;
    }
    walk->locked = true;
}

static void read_member(struct archive_walk *walk, struct slice content,
                        const struct zip_directory *d, const struct zip_member *m,
                        struct buf *plain, struct buf *unpacked, struct archive_member *out)
{
    bool streamed = m->directory == 0 && m->packed == 0 && m->flags & FLAG_STREAMED;
    struct slice packed = slice_sub(content, (size_t)m->data, (size_t)(m->data + m->packed));
    bool whole = m->data > 0 && packed.len == m->packed;
    if (m->encrypted && (is_bomb(walk, m) || d->overlapping || streamed || !whole))
        out->problem = "encrypted";
    else if (m->encrypted)
        read_encrypted(walk, m, packed, plain, unpacked, out);
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
    else
        read_stored(walk, packed, out);
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
    struct buf plain = buf_init(content.len);
    if (!out.directory)
        read_member(walk, content, d, m, &plain, &unpacked, &out);
    /* A limit stops the unpacking, not the listing of names. */
    walk->stopped = false;
    bool accident = walk->lenient && out.problem && strcmp(out.problem, "corrupt") == 0;
    if (!accident)
        archive_walk_give(walk, &out);
    buf_release(&plain);
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
