/* SPDX-License-Identifier: ISC
 * Which true types (filetype_of) are archives or compressed files, and what reads them. */
#include "filters/archive/archive_walk.h"

static const struct {
    struct slice type;
    enum unpack_format format; /* UNPACK_NONE: a known kind that nothing here reads */
} kinds[] = {
    {SLICE("application/x-tar"), UNPACK_TAR},
    {SLICE("application/x-cpio"), UNPACK_CPIO},
    {SLICE("application/x-archive"), UNPACK_AR},
    {SLICE("application/vnd.debian.binary-package"), UNPACK_AR},
    {SLICE("application/x-7z-compressed"), UNPACK_7ZIP},
    {SLICE("application/vnd.ms-cab-compressed"), UNPACK_CAB},
    {SLICE("application/x-rar"), UNPACK_RAR},
    {SLICE("application/x-iso9660-image"), UNPACK_ISO},
    {SLICE("application/x-lzh-compressed"), UNPACK_LHA},
    {SLICE("application/warc"), UNPACK_WARC},
    {SLICE("application/gzip"), UNPACK_GZIP},
    {SLICE("application/x-bzip2"), UNPACK_BZIP2},
    {SLICE("application/x-compress"), UNPACK_LZW},
    {SLICE("application/x-xz"), UNPACK_XZ},
    {SLICE("application/x-lzma"), UNPACK_LZMA},
    {SLICE("application/x-lzip"), UNPACK_LZIP},
    {SLICE("application/x-lz4"), UNPACK_LZ4},
    {SLICE("application/zstd"), UNPACK_ZSTD},
    {SLICE("application/x-rpm"), UNPACK_RPM},
    {SLICE("application/x-ace-compressed"), UNPACK_NONE},
    {SLICE("application/x-apple-diskimage"), UNPACK_NONE},
    {SLICE("application/x-arc"), UNPACK_NONE},
    {SLICE("application/x-arj"), UNPACK_NONE},
    {SLICE("application/x-installshield"), UNPACK_NONE},
    {SLICE("application/x-lrzip"), UNPACK_NONE},
    {SLICE("application/x-lzop"), UNPACK_NONE},
    {SLICE("application/x-ms-compress-kwaj"), UNPACK_NONE},
    {SLICE("application/x-ms-compress-szdd"), UNPACK_NONE},
    {SLICE("application/x-ms-wim"), UNPACK_NONE},
    {SLICE("application/x-qemu-disk"), UNPACK_NONE},
    {SLICE("application/x-stuffit"), UNPACK_NONE},
    {SLICE("application/x-stuffitx"), UNPACK_NONE},
    {SLICE("application/x-vhd"), UNPACK_NONE},
    {SLICE("application/x-vhdx"), UNPACK_NONE},
    {SLICE("application/x-vmdk"), UNPACK_NONE},
    /* libarchive's reader runs in circles on hostile ones. */
    {SLICE("application/x-xar"), UNPACK_NONE},
    {SLICE("application/x-zoo"), UNPACK_NONE},
    {SLICE("application/x-alz"), UNPACK_NONE},
    {SLICE("application/x-egg"), UNPACK_NONE},
    {SLICE("application/x-freearc"), UNPACK_NONE},
    {SLICE("application/x-jar-compressed"), UNPACK_NONE},
    {SLICE("application/x-ppmd"), UNPACK_NONE},
    {SLICE("application/x-snappy-framed"), UNPACK_NONE},
    {SLICE("application/x-sqx"), UNPACK_NONE},
    {SLICE("application/x-uharc"), UNPACK_NONE},
    {SLICE("application/x-blakhole"), UNPACK_NONE},
    {SLICE("application/x-zpaq"), UNPACK_NONE},
    {SLICE("application/vnd.ms-htmlhelp"), UNPACK_NONE},
    {SLICE("application/vnd.symbian.install"), UNPACK_NONE},
};

bool archive_kind(struct slice type, enum unpack_format *format)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (slice_eq(kinds[i].type, type)) {
            *format = kinds[i].format;
            return true;
        }
    return false;
}
