/* SPDX-License-Identifier: ISC */
#include "filters/archive/signs.h"

#include "filters/archive/disk_image.h"
#include "filters/archive/iso.h"
#include "filters/mime/bytes.h"

enum { HEADER_MAX = 4096 };

/* As in zip, gzip, 7z and xz; half an octet at a time. */
static uint32_t crc32(struct slice s)
{
    static const uint32_t table[16] = {0,          0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                       0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                       0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < s.len; i++) {
        crc ^= (uint8_t)s.ptr[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

static bool crc_fits(struct slice c, size_t from, size_t to, uint64_t crc_at)
{
    return bytes_has(c, from, to - from) && crc32(slice_sub(c, from, to)) == bytes_le32(c, crc_at);
}

/* The start header; all zeros are what is left where it was never written. */
static bool is_7z(struct slice c)
{
    static const struct slice zeros = SLICE("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    return crc_fits(c, 12, 32, 8) || bytes_are(c, 8, zeros);
}

/* The first block: of version 4 the main one, of version 5 that or the one of encryption. Its
 * checksum is no help, as unpackers go on where it is wrong. */
static bool is_rar(struct slice c)
{
    if (bytes_u8(c, 6) == 0)
        return bytes_u8(c, 9) == 0x73 && bytes_le16(c, 12) >= 13;
    if (!bytes_are(c, 6, SLICE("\1\0")))
        return false;
    uint64_t at = 12; /* behind the checksum: a length of seven bits an octet, then the kind */
    while (at < 15 && bytes_u8(c, at) & 0x80)
        at++;
    return bytes_u8(c, at + 1) == 1 || bytes_u8(c, at + 1) == 4;
}

/* What is reserved is zero, files and folders are some, and are within it ([MS-CAB] 2.1). */
static bool is_cab(struct slice c)
{
    uint32_t size = bytes_le32(c, 8), files = bytes_le32(c, 16);
    return bytes_u8(c, 25) == 1 && bytes_le32(c, 12) == 0 && bytes_le32(c, 20) == 0 &&
           files >= 36 && files < size && bytes_le16(c, 26) > 0 && bytes_le16(c, 28) > 0;
}

/* Flags, what made it smaller, and the system (RFC 1952, 2.3.1). */
static bool is_gzip(struct slice c)
{
    uint8_t effort = bytes_u8(c, 8), system = bytes_u8(c, 9);
    return bytes_has(c, 0, 18) && bytes_u8(c, 3) < 0x20 &&
           (effort == 0 || effort == 2 || effort == 4) && (system <= 20 || system == 255);
}

static bool is_bzip2(struct slice c)
{
    uint8_t level = bytes_u8(c, 3);
    return level >= '1' && level <= '9' &&
           (bytes_are(c, 4, SLICE("1AY&SY")) || bytes_are(c, 4, SLICE("\x17\x72\x45\x38\x50\x90")));
}

static bool is_xz(struct slice c)
{
    return bytes_u8(c, 6) == 0 && crc_fits(c, 6, 8, 8);
}

static bool is_zstd(struct slice c)
{
    return bytes_has(c, 0, 9) && !(bytes_u8(c, 4) & 0x08);
}

static uint32_t octal(struct slice digits)
{
    uint32_t n = 0;
    for (size_t i = 0; i < digits.len && (digits.ptr[i] == ' ' || ascii_digit(digits.ptr[i])); i++)
        n = digits.ptr[i] == ' ' ? n : n * 8 + (uint32_t)(digits.ptr[i] - '0');
    return n;
}

static uint32_t sum_of(struct slice s)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < s.len; i++)
        sum += (uint8_t)s.ptr[i];
    return sum;
}

/* The sum of all octets of the header, as if its own field were blank. */
static bool is_tar(struct slice c)
{
    struct slice field = slice_sub(c, 148, 156);
    uint32_t told = octal(field);
    return told && bytes_has(c, 0, 512) &&
           told == sum_of(slice_sub(c, 0, 512)) - sum_of(field) + 8 * ' ';
}

/* Of levels 0 and 1 the first octets are a length and a sum. */
static bool is_lha(struct slice c)
{
    uint8_t level = bytes_u8(c, 20), sum = 0;
    if (bytes_u8(c, 6) != '-' || level > 3)
        return false;
    if (level > 1)
        return bytes_le16(c, 0) >= 24;
    size_t len = bytes_u8(c, 0);
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + bytes_u8(c, 2 + i));
    return len >= 20 && sum == bytes_u8(c, 1);
}

static bool is_arj(struct slice c)
{
    size_t len = bytes_le16(c, 2);
    return len >= 30 && len <= 2600 && crc_fits(c, 4, 4 + len, 4 + len);
}

static bool is_wim(struct slice c)
{
    return bytes_le32(c, 8) >= 0x70 && bytes_le32(c, 8) <= HEADER_MAX;
}

/* Digits only, and a name that is no longer than names are: octal in the first form, then hex. */
static bool is_cpio_text(struct slice c)
{
    bool old = bytes_u8(c, 5) == '7';
    uint32_t name_len = 0;
    for (size_t i = 6; i < (old ? 76U : 110U); i++) {
        int digit = hex_digit((char)bytes_u8(c, i));
        if (digit < 0 || (old && digit > 7))
            return false;
        if (old ? i >= 59 && i < 65 : i >= 94 && i < 102)
            name_len = name_len * (old ? 8 : 16) + (uint32_t)digit;
    }
    return (old || bytes_u8(c, 5) == '1' || bytes_u8(c, 5) == '2') && name_len > 0 &&
           name_len <= HEADER_MAX;
}

/* A name ends where it says, and it is a file, a folder or a link. */
static bool is_cpio_binary(struct slice c, bool swapped)
{
    uint16_t mode = bytes_le16(c, 6), len = bytes_le16(c, 20);
    if (swapped) {
        mode = __builtin_bswap16(mode);
        len = __builtin_bswap16(len);
    }
    mode >>= 12;
    return (mode == 8 || mode == 4 || mode == 10) && len >= 2 && len <= 1024 &&
           bytes_has(c, 26, len) && bytes_u8(c, 25 + (uint64_t)len) == 0 &&
           slice_find(slice_sub(c, 26, 26 + (size_t)len), '\0') == len - 1U;
}

static bool is_cpio_le(struct slice c)
{
    return is_cpio_binary(c, false);
}

static bool is_cpio_be(struct slice c)
{
    return is_cpio_binary(c, true);
}

static bool is_xar(struct slice c)
{
    return bytes_are(c, 4, SLICE("\0\x1c\0\1"));
}

static bool is_disk(struct slice c)
{
    return disk_image_type(c).len > 0;
}

/* The size of sectors comes first, as most of what ends like a boot sector is none. */
static bool is_boot_sector(struct slice c)
{
    uint16_t sector = bytes_le16(c, 11);
    return (sector == 512 || sector == 1024 || sector == 2048 || sector == 4096) && is_disk(c);
}

static bool is_ext(struct slice c)
{
    return bytes_le32(c, 1048) <= 6 && is_disk(c);
}

static bool is_virtual_disk(struct slice c)
{
    return bytes_u8(c, 7) >= 1 && bytes_u8(c, 7) <= 3;
}

static bool is_help(struct slice c)
{
    return bytes_le32(c, 8) == 0x60 && bytes_le32(c, 12) == 1;
}

static bool is_vhdx(struct slice c)
{
    return bytes_are(c, 0x10000, SLICE("head")) || bytes_are(c, 0x20000, SLICE("head"));
}

const struct sign signs[SIGNS_COUNT] = {
    {0, SLICE("Rar!\x1a\x07"), is_rar, UNPACK_RAR, true, true},
    {0, SLICE("7z\xbc\xaf\x27\x1c"), is_7z, UNPACK_7ZIP, true, true},
    {0, SLICE("MSCF\0\0\0\0"), is_cab, UNPACK_CAB, true, false},
    {0, SLICE("\x1f\x8b\x08"), is_gzip, UNPACK_GZIP, false, false},
    {0, SLICE("BZh"), is_bzip2, UNPACK_BZIP2, false, false},
    {0,
     SLICE("\xfd"
           "7zXZ\0"),
     is_xz, UNPACK_XZ, true, false},
    {0, SLICE("\x28\xb5\x2f\xfd"), is_zstd, UNPACK_ZSTD, false, false},
    {257, SLICE("ustar"), is_tar, UNPACK_TAR, true, false},
    {2, SLICE("-lh"), is_lha, UNPACK_LHA, false, false},
    {2, SLICE("-lz"), is_lha, UNPACK_LHA, false, false},
    {0, SLICE("\x60\xea"), is_arj, UNPACK_NONE, true, false},
    {0, SLICE("MSWIM\0\0\0"), is_wim, UNPACK_NONE, true, false},
    {0, SLICE("07070"), is_cpio_text, UNPACK_CPIO, false, false},
    {0, SLICE("\xc7\x71"), is_cpio_le, UNPACK_CPIO, false, false},
    {0, SLICE("\x71\xc7"), is_cpio_be, UNPACK_CPIO, false, false},
    {0, SLICE("xar!"), is_xar, UNPACK_NONE, true, false},
    {0x8001, SLICE("CD001"), iso_is, UNPACK_ISO, true, false},
    {510, SLICE("\x55\xaa"), is_boot_sector, UNPACK_NONE, true, false},
    {1080, SLICE("\x53\xef"), is_ext, UNPACK_NONE, true, false},
    {512, SLICE("EFI PART"), is_disk, UNPACK_NONE, true, false},
    {1024, SLICE("H+\0\4"), is_disk, UNPACK_NONE, true, false},
    {0, SLICE("hsqs"), is_disk, UNPACK_NONE, true, false},
    {0, SLICE("sqsh"), is_disk, UNPACK_NONE, true, false},
    {16, SLICE("Compressed ROMFS"), is_disk, UNPACK_NONE, true, false},
    {32, SLICE("NXSB\0"), is_disk, UNPACK_NONE, true, false},
    {0, SLICE("QFI\xfb\0\0\0"), is_virtual_disk, UNPACK_NONE, true, false},
    {0, SLICE("ITSF\3\0\0\0"), is_help, UNPACK_NONE, true, false},
    {0, SLICE("vhdxfile"), is_vhdx, UNPACK_NONE, true, false},
};
