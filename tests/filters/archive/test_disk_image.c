/* SPDX-License-Identifier: ISC
 * Images of disks and file systems: each is known by several of its fields, and nothing else is. */
#include "filters/archive/disk_image.h"
#include "filters/files/inspect.h"
#include "tests/harness/unit.h"

#include <string.h>

ARENA_TESTS(16 << 20);

enum { IMAGE = 80 << 10 };

static char image[IMAGE];

static struct slice whole(void)
{
    return (struct slice){image, IMAGE};
}

static void set(size_t at, struct slice octets)
{
    memcpy(image + at, octets.ptr, octets.len);
}

static void expect(const char *type)
{
    struct slice found = disk_image_type(whole());
    if (!slice_eq(found, slice_of(type)))
        fail_msg("%.*s instead of %s", SLICE_ARGS(found), type);
}

static void make_fat(void)
{
    memset(image, 0, IMAGE);
    /* jump, name; 512 a sector, 4 a cluster, 1 reserved, 2 tables, 512 entries, 614 sectors, F8, 1 */
    set(0, SLICE("\xeb\x3c\x90mkfs.fat\0\2\4\1\0\2\0\2\x66\2\xf8\1\0"));
}

TEST(test_fat_is_known_without_its_last_mark)
{
    make_fat();
    expect("application/x-fat-image");
    set(0, SLICE("\0\0\0"));
    expect("application/x-fat-image");
}

TEST(test_one_wrong_parameter_and_it_is_no_fat)
{
    static const struct {
        size_t at;
        char value;
    } wrong[] = {{12, 3}, {12, 0}, {13, 3},    {13, 0}, {14, 0},
                 {16, 0}, {16, 5}, {21, 0x10}, {22, 0}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        make_fat();
        image[wrong[i].at] = wrong[i].value;
        expect("");
    }
}

TEST(test_large_fat_has_its_sizes_elsewhere)
{
    make_fat();
    set(19, SLICE("\0\0\xf8\0\0"));
    set(32, SLICE("\0\0\2\0\1\0\0\0"));
    expect("application/x-fat-image");
}

static void make_ext(void)
{
    memset(image, 0, IMAGE);
    set(1024, SLICE("\1\0\0\0\1\0\0\0"));
    set(1056, SLICE("\0\x20\0\0\0\x20\0\0\0\1\0\0"));
    set(1080, SLICE("\x53\xef\1\0\1\0"));
}

TEST(test_ext)
{
    make_ext();
    expect("application/x-ext-image");
    image[1048] = 7;
    expect("");
    make_ext();
    image[1024] = 0;
    expect("");
}

TEST(test_hfs)
{
    memset(image, 0, IMAGE);
    set(1024, SLICE("BD"));
    set(1044, SLICE("\0\0\2\0"));
    image[1060] = 4;
    expect("application/x-hfs-image");
    image[1060] = 0;
    expect("");
    set(1024, SLICE("H+\0\4"));
    expect("");
    set(1064, SLICE("\0\0\x10\0"));
    expect("application/x-hfs-image");
}

TEST(test_minix)
{
    memset(image, 0, IMAGE);
    set(1024, SLICE("\1\0\1\0\1\0\1\0\1\0\0\0\0\0\0\0\x7f\x13\1\0"));
    expect("application/x-minix-image");
    image[1034] = 1;
    expect("");
    memset(image, 0, IMAGE);
    set(1024, SLICE("\1\0\0\0\0\0\1\0\1\0\1\0\0\0\0\0\0\0\0\0\1\0\0\0\x5a\x4d\0\0\0\4"));
    expect("application/x-minix-image");
}

static void make_partitions(void)
{
    memset(image, 0, IMAGE);
    set(446, SLICE("\x80\0\0\0\7\0\0\0\x3f\0\0\0\1\0\0\0"));
    set(510, SLICE("\x55\xaa"));
}

TEST(test_partitions)
{
    make_partitions();
    expect("application/x-partitioned-disk");
    image[446] = 1;
    expect("");
    make_partitions();
    set(446 + 8, SLICE("\0\0\1\0"));
    expect("");
    make_partitions();
    image[446 + 16 + 4] = 7;
    expect("");
}

TEST(test_what_one_mark_tells)
{
    static const struct {
        size_t at;
        struct slice mark;
        const char *type;
    } kinds[] = {
        {3, SLICE("NTFS    \0"), "application/x-ntfs-image"},
        {3, SLICE("EXFAT   \0"), "application/x-exfat-image"},
        {0x10040, SLICE("_BHRfS_M"), "application/x-btrfs-image"},
        {0, SLICE("XFSB\0\0"), "application/x-xfs-image"},
        {32, SLICE("NXSB\0\x10\0\0"), "application/x-apfs-image"},
        {0x8001, SLICE("NSR02"), "application/x-udf-image"},
        {512, SLICE("EFI PART\0\0\1\0"), "application/x-partitioned-disk"},
        {64, SLICE("\x7f\x10\xda\xbe"), "application/x-virtual-disk"},
        {0, SLICE("\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0"), "application/x-cd-image"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        memset(image, 0, IMAGE);
        set(kinds[i].at, kinds[i].mark);
        expect(kinds[i].type);
    }
}

TEST(test_squashfs_has_a_version)
{
    memset(image, 0, IMAGE);
    set(0, SLICE("hsqs"));
    expect("");
    image[28] = 4;
    expect("application/x-squashfs-image");
}

TEST(test_nero_has_a_list_of_tracks)
{
    memset(image, 0, IMAGE);
    set(IMAGE - 12, SLICE("NER5\0\0\0\0\0\0\1\0"));
    expect("");
    set(256, SLICE("CUEX"));
    expect("application/x-virtual-disk");
}

TEST(test_text_is_no_image)
{
    memset(image, 'a', IMAGE);
    set(0, SLICE("sqsh NTFS     EXFAT    EFI PART "));
    set(16, SLICE("Compressed ROMFS"));
    set(1024, SLICE("BD"));
    set(IMAGE - 8, SLICE("NERO.\r\n"));
    expect("");
}

TEST(test_an_image_is_unscannable_whatever_it_begins_as)
{
    struct inspection in = inspection_of(arena, archive_default_limits());
    make_fat();
    assert_true(inspect_file(&in, &SLICE("a.dat"), 1, whole()));
    assert_true(in.first->unscannable && in.first->archive);
    make_ext();
    set(0, SLICE("\x89PNG\r\n\x1a\n"));
    in = inspection_of(arena, archive_default_limits());
    assert_true(inspect_file(&in, &SLICE("a.png"), 1, whole()));
    assert_true(in.first->unscannable);
    assert_true(slice_eq(in.first->type, SLICE("image/png")));
}

TEST(test_every_cut_is_survived)
{
    make_fat();
    for (size_t len = 0; len < 2048; len++)
        disk_image_type(slice_sub(whole(), 0, len));
}
