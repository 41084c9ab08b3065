/* SPDX-License-Identifier: ISC */
#include "filters/archive/disk_image.h"
#include "filters/archive/iso.h"
#include "filters/containers/cms.h"
#include "filters/documents/rtf_tokens.h"
#include "filters/files/filetype.h"
#include "filters/mime/bytes.h"

/* The order matters where one signature begins with another. */
static const struct {
    uint32_t at;
    struct slice magic;
    struct slice type;
} signatures[] = {
    {0,
     SLICE("\x7f"
           "ELF"),
     SLICE("application/x-executable")},
    {0, SLICE("\xfe\xed\xfa\xce"), SLICE("application/x-mach-binary")},
    {0, SLICE("\xfe\xed\xfa\xcf"), SLICE("application/x-mach-binary")},
    {0, SLICE("\xce\xfa\xed\xfe"), SLICE("application/x-mach-binary")},
    {0, SLICE("\xcf\xfa\xed\xfe"), SLICE("application/x-mach-binary")},
    {0, SLICE("\x4c\0\0\0\1\x14\2\0"), SLICE("application/x-ms-shortcut")},
    {0, SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), SLICE("application/x-ole-storage")},
    {0, SLICE("PK\3\4"), SLICE("application/zip")},
    {0, SLICE("PK\5\6"), SLICE("application/zip")},
    {0, SLICE("PK00PK\3\4"), SLICE("application/zip")},
    {0, SLICE("PK\7\010PK\3\4"), SLICE("application/zip")},
    {0, SLICE("Rar!\x1a\x07"), SLICE("application/x-rar")},
    {0, SLICE("RE~^"), SLICE("application/x-rar")},
    {0, SLICE("7z\xbc\xaf\x27\x1c"), SLICE("application/x-7z-compressed")},
    {0, SLICE("\x1f\x8b"), SLICE("application/gzip")},
    {0, SLICE("\x1f\x9d"), SLICE("application/x-compress")},
    {0,
     SLICE("\xfd"
           "7zXZ\0"),
     SLICE("application/x-xz")},
    {0, SLICE("\x28\xb5\x2f\xfd"), SLICE("application/zstd")},
    {0, SLICE("\x04\x22\x4d\x18"), SLICE("application/x-lz4")},
    {0, SLICE("\x02\x21\x4c\x18"), SLICE("application/x-lz4")},
    {0, SLICE("LZIP"), SLICE("application/x-lzip")},
    {0, SLICE("\x89LZO\0\r\n\x1a\n"), SLICE("application/x-lzop")},
    {0, SLICE("LRZI"), SLICE("application/x-lrzip")},
    {0, SLICE("MSCF"), SLICE("application/vnd.ms-cab-compressed")},
    {0, SLICE("ISc("), SLICE("application/x-installshield")},
    {0, SLICE("SZDD\x88\xf0\x27\x33"), SLICE("application/x-ms-compress-szdd")},
    {0, SLICE("KWAJ\x88\xf0\x27\xd1"), SLICE("application/x-ms-compress-kwaj")},
    {0, SLICE("\x60\xea"), SLICE("application/x-arj")},
    {7, SLICE("**ACE**"), SLICE("application/x-ace-compressed")},
    {20, SLICE("\xdc\xa7\xc4\xfd"), SLICE("application/x-zoo")},
    {0, SLICE("7kSt\xa0\x31\x83\xd3\x8c\xb2\x28\xb0\xd3"), SLICE("application/x-zpaq")},
    {0, SLICE("zPQ\1"), SLICE("application/x-zpaq")},
    {0, SLICE("ALZ\1"), SLICE("application/x-alz")},
    {0, SLICE("EGGA\0"), SLICE("application/x-egg")},
    {0, SLICE("ArC\1"), SLICE("application/x-freearc")},
    {0, SLICE("\x8f\xaf\xac\x84"), SLICE("application/x-ppmd")},
    {0, SLICE("UHA\6"), SLICE("application/x-uharc")},
    {0, SLICE("BH\5\7"), SLICE("application/x-blakhole")},
    {7, SLICE("-sqx-"), SLICE("application/x-sqx")},
    {14, SLICE("\x1aJar\x1b"), SLICE("application/x-jar-compressed")},
    {0, SLICE("\xff\6\0\0sNaPpY"), SLICE("application/x-snappy-framed")},
    {0, SLICE("SIT!"), SLICE("application/x-stuffit")},
    {0, SLICE("StuffIt "), SLICE("application/x-stuffit")},
    {0, SLICE("xar!"), SLICE("application/x-xar")},
    {0, SLICE("!<arch>\ndebian"), SLICE("application/vnd.debian.binary-package")},
    {0, SLICE("!<arch>\n"), SLICE("application/x-archive")},
    {0, SLICE("\xed\xab\xee\xdb"), SLICE("application/x-rpm")},
    {0, SLICE("WARC/"), SLICE("application/warc")},
    {0, SLICE("07070"), SLICE("application/x-cpio")},
    {0, SLICE("070727"), SLICE("application/x-cpio")},
    {0, SLICE("\xc7\x71"), SLICE("application/x-cpio")},
    {0, SLICE("\x71\xc7"), SLICE("application/x-cpio")},
    {0, SLICE("MSWIM\0\0\0"), SLICE("application/x-ms-wim")},
    {0, SLICE("WLPWM\0\0\0"), SLICE("application/x-ms-wim")},
    {0, SLICE("ITSF"), SLICE("application/vnd.ms-htmlhelp")},
    {0, SLICE("conectix"), SLICE("application/x-vhd")},
    {0, SLICE("vhdxfile"), SLICE("application/x-vhdx")},
    {0, SLICE("KDMV"), SLICE("application/x-vmdk")},
    {0, SLICE("QFI\xfb"), SLICE("application/x-qemu-disk")},
    {8, SLICE("\x19\x04\0\x10"), SLICE("application/vnd.symbian.install")},
    {0, SLICE("\x76\xe8\x04\x60\xc4\x11\xe3\x86"), SLICE("application/x-microsoft-rpmsg-message")},
    {0, SLICE("%PDF-"), SLICE("application/pdf")},
    {0, SLICE("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3"),
     SLICE("application/onenote")},
    {0, SLICE("\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22\x76\x5f"),
     SLICE("application/onenote")},
    {0, SLICE("#@~^"), SLICE("application/x-encoded-script")},
    {0, SLICE("ActiveMime"), SLICE("application/x-mso")},
    {0, SLICE("\x78\x9f\x3e\x22"), SLICE("application/ms-tnef")},
    {0, SLICE("\x89PNG\r\n\x1a\n"), SLICE("image/png")},
    {0, SLICE("\xff\xd8\xff"), SLICE("image/jpeg")},
    {0, SLICE("GIF8"), SLICE("image/gif")},
};

/* A program for DOS or Windows; "MZ" at the start of a text is not enough. */
static bool is_dosexec(struct slice c)
{
    if (!slice_starts(c, SLICE("MZ")) && !slice_starts(c, SLICE("ZM")))
        return false;
    uint32_t header = bytes_le32(c, 0x3c);
    if (bytes_are(c, header, SLICE("PE\0\0")) || bytes_are(c, header, SLICE("NE")) ||
        bytes_are(c, header, SLICE("LE")) || bytes_are(c, header, SLICE("LX")))
        return true;
    for (size_t i = 2; i < 64 && i < c.len; i++)
        if ((unsigned char)c.ptr[i] < 9)
            return true;
    return false;
}

/* 0xcafebabe begins Java classes and Mach-O files for several processors:
 * the latter count theirs. */
static struct slice cafebabe(struct slice c)
{
    if (!slice_starts(c, SLICE("\xca\xfe\xba\xbe")))
        return (struct slice){0};
    bool few = bytes_le16(c, 4) == 0 && bytes_u8(c, 6) == 0 && bytes_u8(c, 7) < 40;
    return few ? SLICE("application/x-mach-binary") : SLICE("application/java-vm");
}

/* Tape archives have no signature before POSIX: the header's own checksum is one. With one, that
 * may be wrong. */
static bool is_tar(struct slice c)
{
    if (c.len < 512 || (c.ptr[0] == '\0' && !bytes_are(c, 257, SLICE("ustar"))))
        return false;
    unsigned sum = 0, stored = 0;
    for (size_t i = 0; i < 512; i++)
        sum += i >= 148 && i < 156 ? ' ' : (unsigned char)c.ptr[i];
    size_t i = 148;
    while (i < 156 && c.ptr[i] == ' ')
        i++;
    size_t digits = i;
    for (; i < 156 && c.ptr[i] >= '0' && c.ptr[i] <= '7'; i++)
        stored = stored * 8 + (unsigned)(c.ptr[i] - '0');
    bool posix = bytes_are(c, 257, SLICE("ustar\0")) || bytes_are(c, 257, SLICE("ustar  \0"));
    return posix || (i > digits && sum == stored);
}

static bool is_lha(struct slice c)
{
    return c.len > 21 && c.ptr[2] == '-' && c.ptr[3] == 'l' &&
           (c.ptr[4] == 'h' || c.ptr[4] == 'z') && c.ptr[6] == '-';
}

static bool is_bzip2(struct slice c)
{
    return slice_starts(c, SLICE("BZh")) && c.len > 3 && c.ptr[3] >= '1' && c.ptr[3] <= '9';
}

/* No signature: properties that are nearly always 0x5d, a power of two (or the most that there is)
 * for a dictionary, an unpacked size, and a zero that begins each range coder's bytes. */
static bool is_lzma(struct slice c)
{
    uint32_t dictionary = bytes_le32(c, 1);
    uint64_t size = bytes_le64(c, 5);
    bool power = (dictionary & (dictionary - 1)) == 0 && dictionary >= 4096;
    bool usual = power || dictionary == UINT32_MAX;
    if (c.len <= 13 || !usual || bytes_u8(c, 13) != 0)
        return false;
    if (bytes_u8(c, 0) == 0x5d)
        return size == UINT64_MAX || size < (1ULL << 38);
    return bytes_u8(c, 0) < 9 * 5 * 5 && size == UINT64_MAX;
}

/* ARC: 0x1a, a method, a name of at most 12 characters that ends in NUL. */
static bool is_arc(struct slice c)
{
    if (c.len < 29 || c.ptr[0] != 0x1a || c.ptr[1] < 1 || c.ptr[1] > 9)
        return false;
    struct slice name = slice_sub(c, 2, 15);
    size_t len = slice_find(name, '\0');
    if (len == 0 || len == name.len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (name.ptr[i] < 0x21 || name.ptr[i] > 0x7e)
            return false;
    return true;
}

/* Disk images that carry their signature in their last sector. */
static struct slice trailer(struct slice c)
{
    if (c.len >= 512 && bytes_are(c, c.len - 512, SLICE("koly")))
        return SLICE("application/x-apple-diskimage");
    if (c.len >= 512 && bytes_are(c, c.len - 512, SLICE("conectix")))
        return SLICE("application/x-vhd");
    return (struct slice){0};
}

struct slice filetype_by_signature(struct slice content)
{
    if (is_dosexec(content))
        return SLICE("application/x-dosexec");
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
        if (bytes_are(content, signatures[i].at, signatures[i].magic))
            return signatures[i].type;
    if (iso_is(content))
        return SLICE("application/x-iso9660-image");
    if (is_bzip2(content))
        return SLICE("application/x-bzip2");
    if (is_lha(content))
        return SLICE("application/x-lzh-compressed");
    if (is_tar(content))
        return SLICE("application/x-tar");
    if (is_lzma(content))
        return SLICE("application/x-lzma");
    if (cms_is(content))
        return SLICE("application/pkcs7-mime");
    if (is_arc(content))
        return SLICE("application/x-arc");
    if (rtf_is(content))
        return SLICE("text/rtf");
    struct slice type = cafebabe(content);
    if (type.len == 0)
        type = trailer(content);
    return type.len ? type : disk_image_type(content);
}
