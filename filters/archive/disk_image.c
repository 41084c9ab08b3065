/* SPDX-License-Identifier: ISC */
#include "filters/archive/disk_image.h"

#include "filters/archive/iso.h"
#include "filters/mime/bytes.h"

#define UDF SLICE("application/x-udf-image")
#define PARTITIONED SLICE("application/x-partitioned-disk")
#define VIRTUAL SLICE("application/x-virtual-disk")

static const struct {
    uint32_t at;
    struct slice magic;
    struct slice type;
} marks[] = {
    {3, SLICE("NTFS    \0"), SLICE("application/x-ntfs-image")},
    {3, SLICE("EXFAT   \0"), SLICE("application/x-exfat-image")},
    {3, SLICE("ReFS\0\0\0\0"), SLICE("application/x-refs-image")},
    {3, SLICE("-FVE-FS-\0"), SLICE("application/x-bitlocker-image")},
    {0, SLICE("LUKS\xba\xbe"), SLICE("application/x-luks-image")},
    {0, SLICE("XFSB\0\0"), SLICE("application/x-xfs-image")},
    {0x10040, SLICE("_BHRfS_M"), SLICE("application/x-btrfs-image")},
    {0, SLICE("-rom1fs-"), SLICE("application/x-romfs-image")},
    {0x10034, SLICE("ReIsEr"), SLICE("application/x-reiserfs-image")},
    {0x2034, SLICE("ReIsEr"), SLICE("application/x-reiserfs-image")},
    {0x8000, SLICE("JFS1\1\0"), SLICE("application/x-jfs-image")},
    {0x8000, SLICE("JFS1\2\0"), SLICE("application/x-jfs-image")},
    {1024, SLICE("\x10\x20\xf5\xf2"), SLICE("application/x-f2fs-image")},
    {1024, SLICE("\xe2\xe1\xf5\xe0"), SLICE("application/x-erofs-image")},
    {0x255c, SLICE("\x54\x19\1\0"), SLICE("application/x-ufs-image")},
    {0x1055c, SLICE("\x19\1\x54\x19"), SLICE("application/x-ufs-image")},
    {0x8001, SLICE("BEA01"), UDF},
    {0x8801, SLICE("BEA01"), UDF},
    {0x8001, SLICE("NSR0"), UDF},
    {0x8009, SLICE("CDROM\1"), SLICE("application/x-high-sierra-image")},
    {512, SLICE("EFI PART\0\0\1\0"), PARTITIONED},
    {4096, SLICE("EFI PART\0\0\1\0"), PARTITIONED},
    {64, SLICE("\x7f\x10\xda\xbe"), VIRTUAL},
    {0, SLICE("COWD\1\0\0\0"), VIRTUAL},
    {0, SLICE("WithoutFreeSpace"), VIRTUAL},
    {0, SLICE("WithouFreSpacExt"), VIRTUAL},
    {0, SLICE("Bochs Virtual HD Image"), VIRTUAL},
    {0, SLICE("\x3a\xff\x26\xed\1\0"), VIRTUAL},
    {0, SLICE("CISO\0"), VIRTUAL},
    {0, SLICE("CISO\x18\0\0\0"), VIRTUAL},
    {0, SLICE("DAA\0\0\0\0\0"), VIRTUAL},
};

static uint32_t be32(struct slice c, uint64_t at)
{
    return __builtin_bswap32(bytes_le32(c, at));
}

static bool is_power(uint32_t n)
{
    return n && (n & (n - 1)) == 0;
}

/* The parameters in a boot sector, as those who mount it check them; neither the jump before them
 * nor the mark behind is asked for by all. */
static bool is_fat(struct slice c)
{
    uint32_t sector = bytes_le16(c, 11), cluster = bytes_u8(c, 13), fats = bytes_u8(c, 16);
    uint32_t total = bytes_le16(c, 19) ? bytes_le16(c, 19) : bytes_le32(c, 32);
    uint32_t fat_sectors = bytes_le16(c, 22) ? bytes_le16(c, 22) : bytes_le32(c, 36);
    uint8_t medium = bytes_u8(c, 21);
    return is_power(sector) && sector >= 512 && sector <= 4096 && is_power(cluster) &&
           bytes_le16(c, 14) > 0 && fats >= 1 && fats <= 4 && (medium == 0xf0 || medium >= 0xf8) &&
           total > 0 && fat_sectors > 0 && fat_sectors < total;
}

/* The superblock at 1024: its magic number, and fields that have few values. */
static bool is_ext(struct slice c)
{
    uint32_t revision = bytes_le32(c, 1100), group = bytes_le32(c, 1056);
    uint16_t inode = bytes_le16(c, 1112);
    return bytes_le16(c, 1080) == 0xef53 && bytes_le32(c, 1024) > 0 && bytes_le32(c, 1028) > 0 &&
           bytes_le32(c, 1044) <= 1 && bytes_le32(c, 1048) <= 6 && group > 0 && group % 8 == 0 &&
           bytes_le32(c, 1064) > 0 && bytes_le16(c, 1082) <= 7 && bytes_le32(c, 1096) <= 4 &&
           revision <= 1 && (revision == 0 || (is_power(inode) && inode >= 128));
}

/* Apple's, in three generations; each tells the size of its blocks. */
static bool is_hfs(struct slice c)
{
    uint32_t block = be32(c, 1044);
    uint8_t name_len = bytes_u8(c, 1060);
    if (bytes_are(c, 1024, SLICE("H+\0\4")) || bytes_are(c, 1024, SLICE("HX\0\5")))
        return is_power(be32(c, 1064)) && be32(c, 1064) >= 512;
    return bytes_are(c, 1024, SLICE("BD")) && block > 0 && block % 512 == 0 && name_len >= 1 &&
           name_len <= 27;
}

static bool is_apfs(struct slice c)
{
    return bytes_are(c, 32, SLICE("NXSB")) && is_power(bytes_le32(c, 36)) &&
           bytes_le32(c, 36) >= 512;
}

static bool is_minix(struct slice c)
{
    static const uint16_t magics[] = {0x137f, 0x138f, 0x2468, 0x2478};
    bool third = bytes_le16(c, 1048) == 0x4d5a && bytes_le16(c, 1036) == 0 &&
                 bytes_le32(c, 1024) > 0 && is_power(bytes_le16(c, 1052)) &&
                 bytes_le16(c, 1052) >= 1024;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (bytes_le16(c, 1040) == magics[i])
            return bytes_le16(c, 1024) > 0 && bytes_le16(c, 1028) > 0 && bytes_le16(c, 1030) > 0 &&
                   bytes_le16(c, 1034) == 0 && bytes_le16(c, 1042) <= 3;
    return third;
}

/* A table of four partitions, one of them in the file at least. */
static bool has_mbr(struct slice c)
{
    bool found = false;
    if (!bytes_are(c, 510, SLICE("\x55\xaa")))
        return false;
    for (uint32_t at = 446; at < 510; at += 16) {
        uint64_t start = bytes_le32(c, at + 8), size = bytes_le32(c, at + 12);
        bool used = bytes_u8(c, at + 4) != 0;
        if (bytes_u8(c, at) & 0x7f || (used && (start == 0 || size == 0)))
            return false;
        found = found || (used && start * 512 < c.len);
    }
    return found;
}

/* Apple's: a block with the size of blocks, then a table. */
static bool has_apple_map(struct slice c)
{
    return bytes_are(c, 0, SLICE("ER")) &&
           (bytes_are(c, 512, SLICE("PM\0\0")) || bytes_are(c, 2048, SLICE("PM\0\0")));
}

/* Nero's images end with where the list of their tracks is. */
static bool is_nero(struct slice c)
{
    uint64_t at;
    if (bytes_are(c, c.len - 12, SLICE("NER5\0\0\0\0")) || bytes_are(c, c.len - 8, SLICE("NERO")))
        at = be32(c, c.len - 4);
    else
        return false;
    return bytes_are(c, at, SLICE("CUE")) || bytes_are(c, at, SLICE("ETN")) ||
           bytes_are(c, at, SLICE("DAO"));
}

/* In either order of octets; a version stands behind the magic number. */
static bool is_squashfs(struct slice c)
{
    static const struct slice magics[] = {SLICE("hsqs"), SLICE("sqsh"), SLICE("shsq"),
                                          SLICE("qshs")};
    uint8_t low = bytes_u8(c, 28), high = bytes_u8(c, 29);
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (slice_starts(c, magics[i]))
            return (low == 0) != (high == 0) && low <= 4 && high <= 4;
    return false;
}

static bool is_cramfs(struct slice c)
{
    return bytes_are(c, 16, SLICE("Compressed ROMFS")) &&
           (be32(c, 0) == 0x28cd3d45 || bytes_le32(c, 0) == 0x28cd3d45);
}

/* Sectors as they are on the disc, of another disc than iso.h reads. */
static bool is_raw_disc(struct slice c)
{
    return slice_starts(c, SLICE("\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0")) && !iso_is(c);
}

struct slice disk_image_type(struct slice content)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (bytes_are(content, marks[i].at, marks[i].magic))
            return marks[i].type;
    if (is_squashfs(content))
        return SLICE("application/x-squashfs-image");
    if (is_cramfs(content))
        return SLICE("application/x-cramfs-image");
    if (is_raw_disc(content))
        return SLICE("application/x-cd-image");
    if (is_fat(content))
        return SLICE("application/x-fat-image");
    if (is_ext(content))
        return SLICE("application/x-ext-image");
    if (is_hfs(content))
        return SLICE("application/x-hfs-image");
    if (is_apfs(content))
        return SLICE("application/x-apfs-image");
    if (is_minix(content))
        return SLICE("application/x-minix-image");
    if (has_mbr(content) || has_apple_map(content))
        return PARTITIONED;
    return is_nero(content) ? VIRTUAL : (struct slice){0};
}
