/* SPDX-License-Identifier: ISC */
#include "filters/archive/unpack.h"

#include "base/memory.h"
#include "filters/archive/unpack_memory.h"
#include "filters/cpu_budget.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <iconv.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Blocks without bytes that a broken archive may give in a row before it counts as stuck. */
enum { EMPTY_BLOCKS_MAX = 1000, RETRIES_MAX = 100, PIECES = 3 };

struct unpacker {
    struct archive *archive;
    struct slice pieces[PIECES];
    unsigned next_piece;
    unsigned empty_blocks;
    bool hungry; /* it wanted more memory than there is for it */
    bool open;   /* libarchive knows the format: before, some questions crash it */
    /* Looking at the format failed, which it then forgets: a stream that it cannot decode is an
     * empty one to it. */
    const char *failed;
};

struct library_reader {
    int (*format)(struct archive *); /* NULL: raw */
    int filter;
};

static const struct library_reader backends[] = {
    [UNPACK_TAR] = {archive_read_support_format_tar, 0},
    [UNPACK_CPIO] = {archive_read_support_format_cpio, 0},
    [UNPACK_AR] = {archive_read_support_format_ar, 0},
    [UNPACK_7ZIP] = {archive_read_support_format_7zip, 0},
    [UNPACK_RAR] = {archive_read_support_format_rar, 0},
    [UNPACK_RAR5] = {archive_read_support_format_rar5, 0},
    [UNPACK_CAB] = {archive_read_support_format_cab, 0},
    [UNPACK_LHA] = {archive_read_support_format_lha, 0},
    [UNPACK_WARC] = {archive_read_support_format_warc, 0},
    [UNPACK_ZIP_MEMBER] = {archive_read_support_format_zip_streamable, 0},
    [UNPACK_ZIP_UNCHECKED] = {archive_read_support_format_zip_streamable, 0},
    [UNPACK_GZIP] = {NULL, ARCHIVE_FILTER_GZIP},
    [UNPACK_BZIP2] = {NULL, ARCHIVE_FILTER_BZIP2},
    [UNPACK_XZ] = {NULL, ARCHIVE_FILTER_XZ},
    [UNPACK_LZMA] = {NULL, ARCHIVE_FILTER_LZMA},
    [UNPACK_LZIP] = {NULL, ARCHIVE_FILTER_LZIP},
    [UNPACK_LZ4] = {NULL, ARCHIVE_FILTER_LZ4},
    [UNPACK_ZSTD] = {NULL, ARCHIVE_FILTER_ZSTD},
    [UNPACK_RPM] = {NULL, ARCHIVE_FILTER_RPM},
};

bool unpack_is_stream(enum unpack_format format)
{
    return format >= UNPACK_GZIP;
}

static la_ssize_t next_piece(struct archive *archive, void *ctx, const void **out)
{
    (void)archive;
    struct unpacker *u = ctx;
    while (u->next_piece < PIECES) {
        struct slice piece = u->pieces[u->next_piece++];
        if (piece.len == 0)
            continue;
        *out = piece.ptr;
        return (la_ssize_t)piece.len;
    }
    return 0;
}

static int choose(struct archive *archive, enum unpack_format format)
{
    const struct library_reader *backend = &backends[format];
    if (backend->format) {
        int r = backend->format(archive);
        /* What stands behind the end marks is read by other programs. */
        archive_read_set_format_option(archive, "tar", "read_concatenated_archives", "1");
        if (format == UNPACK_ZIP_UNCHECKED)
            archive_read_set_format_option(archive, "zip", "ignorecrc32", "1");
        return r;
    }
    int r = archive_read_append_filter(archive, backend->filter);
    if (r < ARCHIVE_WARN)
        return r;
    r = archive_read_support_format_raw(archive);
    return r < ARCHIVE_WARN ? r : archive_read_support_format_empty(archive);
}

static bool reads_in_order(enum unpack_format format)
{
    return format == UNPACK_ZIP_MEMBER || format == UNPACK_ZIP_UNCHECKED ||
           unpack_is_stream(format);
}

static struct unpacker *open_pieces(enum unpack_format format, struct slice head, struct slice body,
                                    struct slice tail, const char **why)
{
    struct unpacker *u = calloc(1, sizeof *u);
    *why = "memory";
    if (!u || !(u->archive = archive_read_new())) {
        free(u);
        return NULL;
    }
    u->pieces[0] = head;
    u->pieces[1] = body;
    u->pieces[2] = tail;
    unpack_memory_enter();
    int r = choose(u->archive, format);
    if (r >= ARCHIVE_WARN && reads_in_order(format))
        r = archive_read_open2(u->archive, u, NULL, next_piece, NULL, NULL);
    else if (r >= ARCHIVE_WARN)
        r = archive_read_open_memory(u->archive, body.ptr, body.len);
    u->hungry = unpack_memory_leave();
    u->open = r >= ARCHIVE_WARN;
    *why = u->open ? NULL : unpack_why(u);
    if (u->open && archive_errno(u->archive))
        u->failed = unpack_why(u);
    if (!u->open)
        unpack_close(&u);
    return u;
}

struct unpacker *unpack_open(enum unpack_format format, struct slice head, struct slice body,
                             const char **why)
{
    return open_pieces(format, head, body, (struct slice){0}, why);
}

void unpack_close(struct unpacker **unpacker)
{
    if (*unpacker) {
        unpack_memory_enter();
        archive_read_free((*unpacker)->archive);
        unpack_memory_leave();
        free(*unpacker);
    }
    *unpacker = NULL;
}

static struct slice name_of(struct archive_entry *entry)
{
    /* The locale is UTF-8 (unpack_warm_up), so both are the same;
     * the first needs no conversion for most formats. */
    const char *name = archive_entry_pathname(entry);
    return slice_of(name ? name : archive_entry_pathname_utf8(entry));
}

int unpack_next(struct unpacker *u, struct unpack_entry *out)
{
    struct archive_entry *entry;
    int r = ARCHIVE_RETRY;
    /* libarchive exits the process when a name is no UTF-8 and an
     * earlier failure left ENOMEM behind. */
    errno = 0;
    unpack_memory_enter();
    for (unsigned tries = 0; r == ARCHIVE_RETRY && tries < RETRIES_MAX; tries++)
        r = archive_read_next_header(u->archive, &entry);
    u->hungry |= unpack_memory_leave();
    if (r == ARCHIVE_EOF)
        return u->failed ? -1 : 0;
    if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
        return -1;
    unsigned type = archive_entry_filetype(entry);
    u->empty_blocks = 0;
    *out = (struct unpack_entry){
        .name = name_of(entry),
        .sized = archive_entry_size_is_set(entry) && archive_entry_size(entry) >= 0,
        .encrypted = archive_entry_is_encrypted(entry),
        .directory = type == AE_IFDIR,
        .link =
            (type != AE_IFREG && type != AE_IFDIR && type != 0) || archive_entry_hardlink(entry),
    };
    out->size = out->sized ? (uint64_t)archive_entry_size(entry) : 0;
    return 1;
}

int unpack_read(struct unpacker *u, struct buf *out, size_t *got)
{
    const void *block = NULL;
    la_int64_t offset;
    *got = 0;
    unpack_memory_enter();
    int r = archive_read_data_block(u->archive, &block, got, &offset);
    u->hungry |= unpack_memory_leave();
    if (r == ARCHIVE_EOF) {
        *got = 0;
        return 0;
    }
    if (r != ARCHIVE_OK && r != ARCHIVE_WARN) {
        *got = 0;
        return -1;
    }
    if (*got == 0)
        return ++u->empty_blocks < EMPTY_BLOCKS_MAX ? 1 : -1;
    u->empty_blocks = 0;
    return !out || buf_append(out, (struct slice){block, *got}) ? 1 : -1;
}

bool unpack_encrypted(struct unpacker *u)
{
    return u->open && archive_read_has_encrypted_entries(u->archive) > 0;
}

size_t unpack_position(struct unpacker *u)
{
    la_int64_t read = archive_filter_bytes(u->archive, -1);
    return read > 0 ? (size_t)read : 0;
}

const char *unpack_why(struct unpacker *u)
{
    if (u->hungry)
        return "limit: memory";
    if (u->failed)
        return u->failed;
    const char *text = archive_error_string(u->archive);
    int code = archive_errno(u->archive);
    if (unpack_encrypted(u) ||
        (text && (strcasestr(text, "encrypt") || strcasestr(text, "passphrase"))))
        return "encrypted";
    if (code == ENOMEM)
        return "memory";
    if (text && (strcasestr(text, "unsupported") || strcasestr(text, "not supported") ||
                 strcasestr(text, "unavailable")))
        return "unsupported";
    return "corrupt";
}

bool unpack_zlib(struct slice zlib, struct buf *out, bool *whole)
{
    /* A gzip header in front of the same deflate data, and a trailer, whose checksum libarchive
     * does not compare. */
    const char *why;
    struct unpack_entry entry;
    size_t got;
    int r = -1;
    struct unpacker *u = open_pieces(UNPACK_GZIP, SLICE("\x1f\x8b\x08\0\0\0\0\0\0\xff"),
                                     slice_from(zlib, 2), SLICE("\0\0\0\0\0\0\0\0"), &why);
    if (u && unpack_next(u, &entry) > 0)
        while ((r = unpack_read(u, out, &got)) > 0 && !cpu_budget_spent(got))
            ;
    *whole = r == 0;
    if (!u || (r < 0 && !out->failed && strcmp(unpack_why(u), "memory") == 0))
        memory_was_refused();
    unpack_close(&u);
    return buf_len(out) > 0;
}

static bool load_charsets(void)
{
    static const char *const charsets[] = {"UTF-16LE", "UTF-16BE", "CP932", "CP437"};
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return false;
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++) {
        iconv_t to = iconv_open("UTF-8", charsets[i]);
        iconv_t from = iconv_open(charsets[i], "UTF-8");
        if (to != (iconv_t)-1)
            iconv_close(to);
        if (from != (iconv_t)-1)
            iconv_close(from);
    }
    return true;
}

bool unpack_warm_up(void)
{
    static const char member[] = "PK\3\4\12\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0aa";
    const char *why;
    struct unpack_entry entry;
    struct unpacker *u =
        unpack_open(UNPACK_ZIP_MEMBER, SLICE(""), (struct slice){member, sizeof member - 1}, &why);
    tzset();
    bool warm = load_charsets() && u && unpack_next(u, &entry) > 0;
    unpack_close(&u);
    return warm;
}
