/* SPDX-License-Identifier: ISC
 * Images of CDs: which files they have, under which names, and that none costs more than it is long. */
#include "filters/archive/iso.h"
#include "filters/files/inspect.h"
#include "tests/harness/iso_maker.h"

#include <stdlib.h>

#define PROGRAM SLICE("MZ\x90\0\3\0\0\0")
#define RUN_EXE SLICE("\0r\0u\0n\0.\0e\0x\0e")

ARENA_TESTS(32 << 20);

static struct iso read_iso(struct slice content)
{
    struct iso iso;
    assert_true(iso_read(arena, iso_sectors(arena, content), 100, &iso));
    return iso;
}

static bool is_called(const struct iso_file *f, const char *name)
{
    for (size_t i = 0; i < f->name_count; i++)
        if (slice_eq(f->names[i], slice_of(name)))
            return true;
    return false;
}

static const struct iso_file *find(const struct iso *iso, const char *name)
{
    for (size_t i = 0; i < iso->count; i++)
        if (is_called(&iso->files[i], name))
            return &iso->files[i];
    return NULL;
}

/* An image with a primary tree at sector 20 and Joliet's at 21; files from 22 on. */
static struct made_iso two_trees(void)
{
    struct made_iso m = iso_begin(32);
    iso_primary(&m, 20);
    iso_joliet(&m, 21);
    iso_end(&m);
    iso_set_content(&m, 24, PROGRAM);
    iso_set_content(&m, 25, SLICE("words"));
    return m;
}

TEST(test_a_file_is_listed_once_with_its_names_in_all_trees)
{
    struct made_iso m = two_trees();
    iso_file(&m, 20, 24, 8, SLICE("RUN.EXE;1"));
    iso_file(&m, 21, 24, 8, RUN_EXE);
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_int_equal(iso.count, 1);
    assert_int_equal(iso.files[0].name_count, 2);
    assert_true(slice_eq(iso.files[0].names[0], SLICE("run.exe")));
    assert_true(is_called(&iso.files[0], "RUN.EXE"));
    assert_true(slice_eq(iso.files[0].content.octets, PROGRAM));
    assert_null(iso.files[0].problem);
    assert_false(iso.broken || iso.truncated || iso.unsupported);
    buf_release(&m.b);
}

TEST(test_a_file_in_one_tree_alone_is_listed)
{
    struct made_iso m = two_trees();
    iso_file(&m, 20, 25, 5, SLICE("A.TXT;1"));
    iso_file(&m, 21, 24, 8, RUN_EXE);
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_int_equal(iso.count, 2);
    assert_non_null(find(&iso, "run.exe"));
    assert_non_null(find(&iso, "A.TXT"));
    buf_release(&m.b);
}

TEST(test_other_files_at_the_same_place_are_others)
{
    struct made_iso m = two_trees();
    iso_file(&m, 20, 25, 5, SLICE("A.TXT;1"));
    iso_file(&m, 21, 25, 4, RUN_EXE);
    assert_int_equal(read_iso(buf_slice(&m.b)).count, 2);
    buf_release(&m.b);
}

TEST(test_versions_are_no_part_of_a_name)
{
    struct made_iso m = two_trees();
    iso_file(&m, 20, 25, 1, SLICE("A.;1"));
    iso_file(&m, 20, 25, 2, SLICE("RUN.EXE;1;2"));
    iso_file(&m, 20, 25, 3, SLICE("B.EXE;1.TXT"));
    iso_file(&m, 20, 25, 4, SLICE("C.EXE\0.TXT"));
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_non_null(find(&iso, "A"));
    assert_non_null(find(&iso, "RUN.EXE"));
    assert_non_null(find(&iso, "B.EXE"));
    assert_non_null(find(&iso, "B.EXE;1.TXT"));
    assert_non_null(find(&iso, "C.EXE"));
    buf_release(&m.b);
}

TEST(test_a_joliet_name_ends_at_a_nul_too)
{
    struct made_iso m = two_trees();
    iso_file(&m, 21, 24, 8, SLICE("\0a\0.\0j\0s\0\0\0.\0t\0x\0t"));
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_non_null(find(&iso, "a.js"));
    buf_release(&m.b);
}

TEST(test_folders_are_in_the_path)
{
    struct made_iso m = two_trees();
    iso_folder(&m, 21, 22, SLICE("\0i\0n"));
    iso_folder(&m, 22, 23, SLICE("\0d"));
    iso_file(&m, 23, 24, 8, RUN_EXE);
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_int_equal(iso.count, 1);
    assert_non_null(find(&iso, "in/d/run.exe"));
    buf_release(&m.b);
}

/* ---- Rock Ridge */

TEST(test_rock_ridge_names_come_first)
{
    struct made_iso m = two_trees();
    iso_record(&m, 20, 0, 24, 8, SLICE("RUN_EXE.;1"), SLICE("NM\x0c\1\0run.exe"));
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_true(slice_eq(iso.files[0].names[0], SLICE("run.exe")));
    assert_true(is_called(&iso.files[0], "RUN_EXE"));
    buf_release(&m.b);
}

TEST(test_rock_ridge_names_go_on_elsewhere)
{
    struct made_iso m = two_trees();
    iso_record(&m, 20, 0, 24, 8, SLICE("A"),
               SLICE("NM\x09\1\1run.CE\x1c\1\x1e\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0"));
    iso_set_content(&m, 30, SLICE("....NM\x08\1\0exe"));
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_non_null(find(&iso, "run.exe"));
    assert_false(iso.broken);
    buf_release(&m.b);
}

TEST(test_fields_in_a_circle_end)
{
    struct made_iso m = two_trees();
    struct slice circle = SLICE("CE\x1c\1\x1e\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x1c\0\0\0\0\0\0\0");
    iso_record(&m, 20, 0, 24, 8, SLICE("A"), circle);
    iso_set_content(&m, 30, circle);
    assert_true(read_iso(buf_slice(&m.b)).broken);
    buf_release(&m.b);
}

TEST(test_others_octets_before_the_fields_are_passed_by)
{
    struct made_iso m = two_trees();
    m.ends[20] = 0;
    iso_record(&m, 20, MADE_FOLDER, 20, MADE_SECTOR, SLICE("\0"), SLICE("SP\7\1\xbe\xef\3"));
    iso_record(&m, 20, 0, 24, 8, SLICE("A"), SLICE("XXXNM\x0c\1\0run.exe"));
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_non_null(find(&iso, "run.exe"));
    buf_release(&m.b);
}

TEST(test_a_moved_folder_is_in_its_place)
{
    struct made_iso m = two_trees();
    iso_record(&m, 20, MADE_FOLDER, 23, MADE_SECTOR, SLICE("MOVED"), SLICE("RE\4\1"));
    iso_begin_folder(&m, 23, 20);
    iso_file(&m, 23, 24, 8, SLICE("RUN.EXE;1"));
    iso_folder(&m, 20, 22, SLICE("IN"));
    iso_record(&m, 22, 0, 31, 0, SLICE("DEEP"), SLICE("CL\x0c\1\x17\0\0\0\0\0\0\0"));
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_int_equal(iso.count, 1);
    assert_non_null(find(&iso, "IN/DEEP/RUN.EXE"));
    buf_release(&m.b);
}

TEST(test_a_folder_that_only_claims_to_be_moved_is_read)
{
    struct made_iso m = two_trees();
    iso_record(&m, 20, MADE_FOLDER, 23, MADE_SECTOR, SLICE("MOVED"), SLICE("RE\4\1"));
    iso_begin_folder(&m, 23, 20);
    iso_file(&m, 23, 24, 8, SLICE("RUN.EXE;1"));
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_non_null(find(&iso, "MOVED/RUN.EXE"));
    buf_release(&m.b);
}

TEST(test_compressed_files_are_unsupported)
{
    struct made_iso m = two_trees();
    iso_record(&m, 20, 0, 24, 8, SLICE("A"), SLICE("ZF\x10\1pz\4\x0f\0\0\0\0\0\0\0\0"));
    assert_string_equal(read_iso(buf_slice(&m.b)).files[0].problem, "unsupported");
    buf_release(&m.b);
}

/* ---- what is in several places, or in none */

TEST(test_extents_are_joined)
{
    struct made_iso m = two_trees();
    iso_record(&m, 20, MADE_MORE, 24, 2048, SLICE("A"), SLICE(""));
    iso_record(&m, 20, MADE_MORE, 25, 2048, SLICE("A"), SLICE(""));
    iso_record(&m, 20, 0, 27, 7, SLICE("A"), SLICE(""));
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_int_equal(iso.count, 1);
    const struct iso_piece *piece = &iso.files[0].content;
    assert_int_equal(piece->octets.len, 4096);
    assert_int_equal(piece->next->octets.len, 7);
    assert_null(piece->next->next);
    assert_int_equal(iso.files[0].size, 4103);
    buf_release(&m.b);
}

TEST(test_a_file_without_its_last_extent_is_corrupt)
{
    struct made_iso m = two_trees();
    iso_record(&m, 20, MADE_MORE, 24, 2048, SLICE("A"), SLICE(""));
    iso_file(&m, 20, 25, 5, SLICE("B"));
    iso_record(&m, 20, MADE_MORE, 26, 5, SLICE("C"), SLICE(""));
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_int_equal(iso.count, 3);
    assert_string_equal(find(&iso, "A")->problem, "corrupt");
    assert_null(find(&iso, "B")->problem);
    assert_string_equal(find(&iso, "C")->problem, "corrupt");
    buf_release(&m.b);
}

TEST(test_a_file_outside_the_image_is_corrupt)
{
    struct made_iso m = two_trees();
    iso_file(&m, 20, 31, 2049, SLICE("A"));
    iso_file(&m, 20, 0xffffffff, 0xffffffff, SLICE("B"));
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_int_equal(iso.count, 2);
    assert_int_equal(find(&iso, "A")->content.octets.len, 2048);
    assert_string_equal(find(&iso, "A")->problem, "corrupt");
    assert_string_equal(find(&iso, "B")->problem, "corrupt");
    buf_release(&m.b);
}

TEST(test_interleaved_files_are_unsupported)
{
    struct made_iso m = two_trees();
    iso_record(&m, 20, 0, 24, 8, SLICE("A"), SLICE(""))[26] = 1;
    assert_string_equal(read_iso(buf_slice(&m.b)).files[0].problem, "unsupported");
    buf_release(&m.b);
}

TEST(test_a_folder_outside_the_image_is_told)
{
    struct made_iso m = two_trees();
    iso_record(&m, 20, MADE_FOLDER, 1000, MADE_SECTOR, SLICE("A"), SLICE(""));
    assert_true(read_iso(buf_slice(&m.b)).broken);
    buf_release(&m.b);
}

TEST(test_other_blocks_are_unsupported)
{
    struct made_iso m = two_trees();
    iso_set(iso_at(&m, 16) + 128, 512, 2);
    assert_true(read_iso(buf_slice(&m.b)).unsupported);
    buf_release(&m.b);
}

/* ---- folders */

TEST(test_folders_in_a_circle_end)
{
    struct made_iso m = two_trees();
    iso_folder(&m, 20, 22, SLICE("A"));
    iso_record(&m, 22, MADE_FOLDER, 20, MADE_SECTOR, SLICE("B"), SLICE(""));
    iso_record(&m, 22, MADE_FOLDER, 22, MADE_SECTOR, SLICE("C"), SLICE(""));
    iso_file(&m, 22, 24, 8, SLICE("RUN.EXE;1"));
    assert_int_equal(read_iso(buf_slice(&m.b)).count, 1);
    buf_release(&m.b);
}

TEST(test_a_folder_that_only_the_table_knows_is_read)
{
    struct made_iso m = two_trees();
    iso_begin_folder(&m, 23, 20);
    iso_file(&m, 23, 24, 8, SLICE("RUN.EXE;1"));
    char *descriptor = iso_at(&m, 16);
    iso_set(descriptor + 132, 20, 4);
    iso_set(descriptor + 140, 30, 4);
    iso_set_content(&m, 30, SLICE("\1\0\x14\0\0\0\1\0\0\0\2\0\x17\0\0\0\1\0IN"));
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_non_null(find(&iso, "IN/RUN.EXE"));
    buf_release(&m.b);
}

TEST(test_where_a_folder_says_itself_that_it_is_counts_too)
{
    struct made_iso m = two_trees();
    iso_record(&m, 20, MADE_FOLDER, 22, MADE_SECTOR, SLICE("IN"), SLICE(""));
    iso_record(&m, 22, MADE_FOLDER, 23, MADE_SECTOR, SLICE("\0"), SLICE(""));
    iso_begin_folder(&m, 23, 20);
    iso_file(&m, 23, 24, 8, SLICE("RUN.EXE;1"));
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_non_null(find(&iso, "IN/RUN.EXE"));
    buf_release(&m.b);
}

TEST(test_what_a_folder_says_itself_of_its_length_counts_too)
{
    struct made_iso m = two_trees();
    iso_record(&m, 20, MADE_FOLDER, 22, 0, SLICE("IN"), SLICE(""));
    iso_begin_folder(&m, 22, 20);
    iso_file(&m, 22, 24, 8, SLICE("RUN.EXE;1"));
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_non_null(find(&iso, "IN/RUN.EXE"));
    buf_release(&m.b);
}

/* Each folder begins a sector later than the one before, and goes to the end of the image. */
TEST(test_folders_that_share_sectors_cost_no_more_than_the_image)
{
    enum { SECTORS = 4000 };
    struct made_iso m = iso_begin(SECTORS);
    iso_primary(&m, 20);
    iso_end(&m);
    for (uint32_t i = 21; i < SECTORS; i++) {
        char *at = iso_at(&m, i);
        memcpy(at, iso_at(&m, 20), 34);
        iso_set(at + 2, i + 1, 4);
        iso_set(at + 10, (uint64_t)(SECTORS - i - 1) * MADE_SECTOR, 4);
        at[33] = 'A';
    }
    iso_record(&m, 20, MADE_FOLDER, 21, MADE_SECTOR, SLICE("A"), SLICE(""));
    struct iso iso;
    assert_true(iso_read(arena, buf_slice(&m.b), 100000, &iso));
    assert_int_equal(iso.count, 0);
    assert_false(iso.truncated || iso.broken);
    assert_true(arena_used(arena) < 10 * buf_len(&m.b));
    buf_release(&m.b);
}

TEST(test_more_files_than_wanted_are_told)
{
    struct made_iso m = two_trees();
    struct iso iso;
    iso_file(&m, 20, 24, 8, SLICE("A"));
    iso_file(&m, 20, 25, 8, SLICE("B"));
    assert_true(iso_read(arena, buf_slice(&m.b), 1, &iso));
    assert_int_equal(iso.count, 1);
    assert_true(iso.truncated);
    buf_release(&m.b);
}

/* ---- boot images, raw sectors */

static struct made_iso bootable(const char *entry)
{
    struct made_iso m = iso_begin(32);
    iso_primary(&m, 20);
    char *d = iso_at(&m, 17);
    memcpy(d, "\0CD001\1EL TORITO SPECIFICATION", 30);
    iso_set(d + 71, 22, 4);
    iso_set_content(&m, 22, SLICE("\1\0"));
    memcpy(iso_at(&m, 22) + 32, entry, 12);
    m.descriptors++;
    iso_end(&m);
    return m;
}

TEST(test_boot_images_are_files)
{
    struct made_iso m = bootable("\x88\0\0\0\0\0\4\0\x18\0\0\0");
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_int_equal(iso.count, 1);
    assert_non_null(find(&iso, "[BOOT]/1.img"));
    assert_int_equal(iso.files[0].content.octets.len, 2048);
    buf_release(&m.b);
}

TEST(test_a_boot_image_that_is_a_file_is_listed_once)
{
    struct made_iso m = bootable("\x88\0\0\0\0\0\4\0\x18\0\0\0");
    iso_file(&m, 20, 24, 5000, SLICE("BOOT.IMG;1"));
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_int_equal(iso.count, 1);
    assert_non_null(find(&iso, "BOOT.IMG"));
    buf_release(&m.b);
}

TEST(test_a_floppy_that_is_cut_is_corrupt)
{
    struct made_iso m = bootable("\x88\2\0\0\0\0\1\0\x18\0\0\0");
    struct iso iso = read_iso(buf_slice(&m.b));
    assert_int_equal(iso.files[0].size, 1474560);
    assert_string_equal(iso.files[0].problem, "corrupt");
    buf_release(&m.b);
}

TEST(test_raw_sectors_are_read)
{
    static const size_t framings[][2] = {{2352, 16}, {2352, 24}, {2336, 8}, {2448, 16}};
    struct made_iso m = two_trees();
    iso_file(&m, 20, 24, 8, SLICE("RUN.EXE;1"));
    for (size_t i = 0; i < sizeof framings / sizeof *framings; i++) {
        size_t stride = framings[i][0], sectors = buf_len(&m.b) / MADE_SECTOR;
        char *raw = calloc(sectors, stride);
        assert_non_null(raw);
        for (size_t s = 0; s < sectors; s++)
            memcpy(raw + s * stride + framings[i][1], iso_at(&m, s), MADE_SECTOR);
        assert_true(iso_is((struct slice){raw, sectors * stride}));
        struct iso iso = read_iso((struct slice){raw, sectors * stride});
        assert_true(slice_eq(find(&iso, "RUN.EXE")->content.octets, PROGRAM));
        free(raw);
    }
    buf_release(&m.b);
}

/* ---- as an inspection sees them */

static struct inspection inspect(struct slice content)
{
    struct inspection in = inspection_of(arena, archive_default_limits());
    assert_true(inspect_file(&in, &SLICE("a.iso"), 1, content));
    return in;
}

TEST(test_members_are_looked_into)
{
    struct made_iso m = two_trees();
    iso_file(&m, 21, 24, 8, SLICE("\0a\0.\0t\0x\0t"));
    struct inspection in = inspect(buf_slice(&m.b));
    assert_int_equal(in.count, 2);
    assert_true(in.first->archive);
    assert_null(in.first->why);
    assert_true(slice_eq(in.first->next->path, SLICE("a.iso/a.txt")));
    assert_true(slice_eq(in.first->next->type, SLICE("application/x-dosexec")));
    buf_release(&m.b);
}

TEST(test_scattered_files_are_looked_into)
{
    struct made_iso m = two_trees();
    iso_record(&m, 20, MADE_MORE, 24, 2048, SLICE("A"), SLICE(""));
    iso_record(&m, 20, 0, 27, 7, SLICE("A"), SLICE(""));
    struct inspection in = inspect(buf_slice(&m.b));
    assert_true(slice_eq(in.first->next->type, SLICE("application/x-dosexec")));
    assert_int_equal(in.first->next->size, 2055);
    assert_null(in.first->why);
    buf_release(&m.b);
}

TEST(test_an_image_that_begins_as_something_else_is_read)
{
    struct made_iso m = two_trees();
    iso_file(&m, 21, 24, 8, RUN_EXE);
    iso_set_content(&m, 0, SLICE("%PDF-1.4\n"));
    struct inspection in = inspect(buf_slice(&m.b));
    assert_int_equal(in.count, 2);
    assert_true(slice_eq(in.first->type, SLICE("application/pdf")));
    assert_true(slice_eq(in.first->next->path, SLICE("a.iso/run.exe")));
    buf_release(&m.b);
}

TEST(test_another_tree_as_udf_is_told)
{
    struct made_iso m = two_trees();
    iso_set_content(&m, 19, SLICE("\0NSR02\1"));
    assert_true(inspect(buf_slice(&m.b)).first->unscannable);
    buf_release(&m.b);
}

TEST(test_files_that_share_their_octets_are_a_bomb)
{
    struct made_iso m = iso_begin(4096);
    iso_primary(&m, 20);
    for (size_t i = 0; i < 40; i++)
        iso_file(&m, 20, 24, (4000 - i) * MADE_SECTOR, SLICE("A"));
    struct inspection in = inspect(buf_slice(&m.b));
    assert_true(in.budget.unpacked <= in.budget.limits.total);
    assert_true(in.first->limit);
    buf_release(&m.b);
}

/* ---- damage */

static struct made_iso rich(void)
{
    struct made_iso m = bootable("\x88\0\0\0\0\0\4\0\x1b\0\0\0");
    iso_record(&m, 20, 0, 24, 8, SLICE("A.;1"),
               SLICE("NM\x09\1\1run.CE\x1c\1\x1e\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0"));
    iso_record(&m, 20, MADE_MORE, 24, 2048, SLICE("B"), SLICE(""));
    iso_record(&m, 20, 0, 26, 9, SLICE("B"), SLICE(""));
    iso_folder(&m, 20, 23, SLICE("IN"));
    iso_file(&m, 23, 25, 5, SLICE("C.TXT;1"));
    iso_set_content(&m, 30, SLICE("....NM\x08\1\0exe"));
    iso_joliet(&m, 21);
    iso_folder(&m, 21, 28, SLICE("\0i"));
    iso_file(&m, 28, 24, 8, RUN_EXE);
    iso_end(&m);
    return m;
}

/* A copy that ends with its memory, so that what is read behind it is seen. */
static void read_exactly(struct slice data)
{
    struct iso iso;
    char *exact = malloc(data.len + (data.len == 0));
    assert_non_null(exact);
    memcpy(exact, data.ptr, data.len);
    iso_read(arena, iso_sectors(arena, (struct slice){exact, data.len}), 100, &iso);
    arena_reset(arena);
    free(exact);
}

TEST(test_every_cut_is_survived)
{
    struct made_iso m = rich();
    for (size_t len = 0; len < buf_len(&m.b); len += len < 0x8000 ? 2047 : 1)
        read_exactly(slice_sub(buf_slice(&m.b), 0, len));
    buf_release(&m.b);
}

TEST(test_a_cut_is_told)
{
    struct made_iso m = rich();
    for (size_t sectors = 18; sectors < 26; sectors++) {
        struct inspection in = inspect(slice_sub(buf_slice(&m.b), 0, sectors * MADE_SECTOR));
        bool told = false;
        for (const struct inspected_file *f = in.first; f; f = f->next)
            told = told || f->unscannable;
        assert_true(told);
        arena_reset(arena);
    }
    buf_release(&m.b);
}

TEST(test_flips_are_survived)
{
    struct made_iso m = rich();
    for (size_t at = 0x8000; at < buf_len(&m.b); at++) {
        char was = m.b.data[m.b.head + at];
        if (was == 0 && at % 7)
            continue;
        m.b.data[m.b.head + at] ^= (char)(1 << at % 8);
        read_exactly(buf_slice(&m.b));
        m.b.data[m.b.head + at] = (char)0xff;
        read_exactly(buf_slice(&m.b));
        m.b.data[m.b.head + at] = was;
    }
    buf_release(&m.b);
}
