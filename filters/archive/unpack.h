/* SPDX-License-Identifier: ISC
 * libarchive, kept on a short leash: one format at a time, chosen by the caller; from memory; never
 * an external program. It knows nothing of budgets: the caller says how much it wants. */
#ifndef FILTERS_ARCHIVE_UNPACK_H
#define FILTERS_ARCHIVE_UNPACK_H

#include "base/buf.h"

/* Loads what libarchive and the C library load lazily (locale, character sets).
 * Once, before the jail. */
bool unpack_warm_up(void);

enum unpack_format {
    UNPACK_NONE,
    /* containers */
    UNPACK_ISO, /* not by libarchive: see filters/archive/iso.h */
    UNPACK_TAR,
    UNPACK_CPIO,
    UNPACK_AR,
    UNPACK_7ZIP,
    UNPACK_RAR,
    UNPACK_RAR5,
    UNPACK_CAB,
    UNPACK_LHA,
    UNPACK_WARC,
    UNPACK_ZIP_MEMBER,    /* one member that starts with its local header */
    UNPACK_ZIP_UNCHECKED, /* ... whose checksum is not known */
    /* one compressed stream */
    UNPACK_GZIP,
    UNPACK_BZIP2,
    UNPACK_XZ,
    UNPACK_LZMA,
    UNPACK_LZIP,
    UNPACK_LZ4,
    UNPACK_ZSTD,
    UNPACK_RPM,
    UNPACK_LZW, /* not by libarchive: see filters/archive/lzw.h */
};

/* Does it hold exactly one thing, without a name of its own? */
bool unpack_is_stream(enum unpack_format format);

struct unpacker;

/* `head` and `body` are read as if they stood one behind the other (body alone for formats that
 * seek: all containers but the two of zips); they must live until unpack_close. NULL when memory
 * is out or libarchive refuses: *why then says so, and is NULL otherwise. */
struct unpacker *unpack_open(enum unpack_format format, struct slice head, struct slice body,
                             const char **why);
void unpack_close(struct unpacker **unpacker);

struct unpack_entry {
    struct slice name; /* valid until the next call */
    uint64_t size;     /* as declared */
    bool sized;        /* is it declared? */
    bool encrypted, directory, link;
};

/* The next member: 1, 0 at the end, -1 when nothing more can be read (unpack_why says why). */
int unpack_next(struct unpacker *unpacker, struct unpack_entry *out);

/* Appends the next block of the member's content to `out`, all of it or none: 1, 0 at the member's
 * end, -1 on an error (of the data or of `out`, whose `failed` is then set). A NULL `out` only
 * counts. *got is the block's length. */
int unpack_read(struct unpacker *unpacker, struct buf *out, size_t *got);

/* Unpacks a zlib stream (RFC 1950) into `out`, as far as it goes and `out` has room; *whole tells
 * whether that was to its end. False when nothing came. */
bool unpack_zlib(struct slice zlib, struct buf *out, bool *whole);

/* Members or headers were found encrypted. */
bool unpack_encrypted(struct unpacker *unpacker);

/* Octets of `body` up to where it reads now; about, for a format that seeks. */
size_t unpack_position(struct unpacker *unpacker);

/* Why the last call failed: "encrypted", "unsupported", "corrupt", "memory" or, when it wanted more
 * than archives may have, "limit: memory". A constant. */
const char *unpack_why(struct unpacker *unpacker);

#endif
