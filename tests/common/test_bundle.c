/* SPDX-License-Identifier: ISC */
#include "common/bundle.h"
#include "tests/harness/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char folder[64];
static char path[128];

static struct slice in_folder(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return slice_of(path);
}

static void write_file(const char *name, const char *content)
{
    FILE *file = fopen(in_folder(name).ptr, "w");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

static void make_folder(void)
{
    strcpy(folder, "/tmp/test_bundle.XXXXXX");
    assert_non_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    static const char *const names[] = {"a.conf", "empty", "key.pem", "large", "pipe", "wide"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_folder(names[i]).ptr);
    assert_int_equal(rmdir(folder), 0);
}

ALL_TESTS(make_folder, remove_folder);

static void expect(struct bundle *bundle, struct slice name, const char *content)
{
    struct slice got;
    const char *reason = NULL;
    assert_true(bundle_read(bundle, name, &got, &reason));
    assert_true(slice_eq(got, slice_of(content)));
}

TEST(test_what_was_read_is_read_again_from_the_memfd)
{
    write_file("a.conf", "listen smtp\n");
    write_file("empty", "");
    struct bundle *written = bundle_new();
    expect(written, in_folder("a.conf"), "listen smtp\n");
    expect(written, in_folder("empty"), "");
    int fd = bundle_seal(written);
    assert_true(fd >= 0);
    bundle_free(&written);
    unlink(in_folder("a.conf").ptr);

    const char *reason = NULL;
    struct bundle *mapped = bundle_map(fd, &reason);
    assert_non_null(mapped);
    close(fd);
    struct loader loader = bundle_loader(mapped);
    struct slice content;
    assert_true(loader.read(loader.ctx, in_folder("a.conf"), &content, &reason));
    assert_true(slice_eq(content, SLICE("listen smtp\n")));
    expect(mapped, in_folder("empty"), "");
    bundle_free(&mapped);
    assert_null(mapped);
}

TEST(test_a_mapped_bundle_never_reads_the_disk)
{
    write_file("a.conf", "on disk");
    struct bundle *written = bundle_new();
    int fd = bundle_seal(written);
    const char *reason = NULL;
    struct bundle *mapped = bundle_map(fd, &reason);
    struct slice content;
    assert_false(bundle_read(mapped, in_folder("a.conf"), &content, &reason));
    assert_string_equal(reason, "not in the bundle");
    bundle_free(&mapped);
    bundle_free(&written);
    close(fd);
}

TEST(test_a_file_is_read_once)
{
    write_file("a.conf", "first");
    struct bundle *bundle = bundle_new();
    expect(bundle, in_folder("a.conf"), "first");
    write_file("a.conf", "second");
    expect(bundle, in_folder("a.conf"), "first");
    assert_int_equal(bundle_count(bundle), 1);
    assert_int_equal(bundle_file(bundle, 0)->status.st_size, 5);
    bundle_free(&bundle);
}

static void refuse(struct slice name, const char *why)
{
    struct bundle *bundle = bundle_new();
    struct slice content;
    const char *reason = NULL;
    assert_false(bundle_read(bundle, name, &content, &reason));
    assert_string_equal(reason, why);
    assert_false(bundle_file(bundle, 0)->found);
    bundle_free(&bundle);
}

TEST(test_what_is_given_stands_in_the_place_of_the_file)
{
    const struct slice public = SLICE("public"), other = SLICE("other");
    const struct stat status = {.st_size = 7};
    write_file("key.pem", "private");
    struct bundle *written = bundle_new();
    assert_true(bundle_give(written, in_folder("key.pem"), &public, &status));
    assert_true(bundle_give(written, in_folder("key.pem"), &other, &status)); /* named twice */
    assert_true(bundle_give(written, SLICE("/gone"), NULL, &(struct stat){0}));
    expect(written, in_folder("key.pem"), "public");
    assert_int_equal(bundle_count(written), 2);
    assert_int_equal(bundle_file(written, 0)->status.st_size, 7);
    assert_false(bundle_file(written, 1)->found);
    int fd = bundle_seal(written);
    const char *reason;
    struct slice got;
    struct bundle *mapped = bundle_map(fd, &reason);
    assert_non_null(mapped);
    expect(mapped, in_folder("key.pem"), "public");
    assert_false(bundle_read(mapped, SLICE("/gone"), &got, &reason));
    close(fd);
    bundle_free(&written);
    bundle_free(&mapped);
}

TEST(test_only_regular_files_of_bounded_size_are_read)
{
    refuse(in_folder("absent"), "No such file or directory");
    refuse(slice_of(folder), "not a regular file");
    assert_int_equal(mkfifo(in_folder("pipe").ptr, 0600), 0);
    refuse(in_folder("pipe"), "not a regular file");
    write_file("large", "");
    assert_int_equal(truncate(in_folder("large").ptr, BUNDLE_FILE_MAX + 1), 0);
    refuse(in_folder("large"), "larger than 16 MiB");
}

TEST(test_a_path_with_a_nul_is_refused)
{
    struct bundle *bundle = bundle_new();
    struct slice content;
    const char *reason = NULL;
    assert_false(bundle_read(bundle, SLICE("/etc/hostname\0x"), &content, &reason));
    assert_int_equal(bundle_count(bundle), 0);
    bundle_free(&bundle);
}

TEST(test_the_memfd_cannot_be_changed)
{
    struct bundle *bundle = bundle_new();
    int fd = bundle_seal(bundle);
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    bundle_free(&bundle);
    close(fd);
}

TEST(test_what_is_no_sealed_bundle_is_refused)
{
    const char *reason = NULL;
    int fd = memfd_create("other", MFD_ALLOW_SEALING);
    assert_int_equal(write(fd, "hello", 5), 5);
    assert_null(bundle_map(fd, &reason));
    assert_string_equal(reason, "not a sealed memfd");
    assert_int_equal(
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
    assert_null(bundle_map(fd, &reason));
    assert_string_equal(reason, "not a bundle");
    close(fd);
}

/* ---- large files ---- */

static struct slice large(struct bundle *bundle, const char *name)
{
    struct slice content = {NULL, 0};
    const char *reason = NULL;
    if (!bundle_read_large(bundle, in_folder(name), &content, &reason))
        fail_msg("%s: %s", name, reason);
    return content;
}

/* Of the one that a bundle has. */
static ino_t inode_of_annex(const struct bundle *bundle)
{
    struct slice name;
    struct stat status;
    assert_int_equal(bundle_annex(bundle, 1, &name), -1);
    assert_int_equal(fstat(bundle_annex(bundle, 0, &name), &status), 0);
    return status.st_ino;
}

static void write_wide(char letter, size_t size)
{
    FILE *file = fopen(in_folder("wide").ptr, "w");
    assert_non_null(file);
    for (size_t i = 0; i < size; i++)
        putc(letter, file);
    fclose(file);
}

TEST(test_a_large_file_stands_beside_the_bundle_and_nobody_can_change_it)
{
    write_wide('a', BUNDLE_FILE_MAX + 1);
    struct bundle *bundle = bundle_new();
    struct slice content = large(bundle, "wide"), name;
    int fd = bundle_annex(bundle, 0, &name);
    assert_int_equal(content.len, BUNDLE_FILE_MAX + 1);
    assert_true(slice_eq(name, in_folder("wide")));
    assert_int_equal(pwrite(fd, "b", 1, 0), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    write_wide('b', 10); /* the file, in its place */
    assert_int_equal(content.ptr[BUNDLE_FILE_MAX], 'a');

    int sealed = bundle_seal(bundle);
    struct stat status;
    assert_int_equal(fstat(sealed, &status), 0);
    assert_true(status.st_size < 100);
    close(sealed);
    bundle_free(&bundle);
}

TEST(test_a_mapped_bundle_has_the_large_files_that_it_is_given)
{
    write_wide('a', 100);
    struct bundle *written = bundle_new();
    struct slice content = large(written, "wide"), name;
    const char *reason;
    int fd = bundle_seal(written), annex = dup(bundle_annex(written, 0, &name));
    struct bundle *mapped = bundle_map(fd, &reason);
    close(fd);
    assert_non_null(mapped);
    assert_false(bundle_read_large(mapped, in_folder("wide"), &content, &reason));
    assert_true(bundle_add_annex(mapped, in_folder("wide"), annex));
    bundle_free(&written);
    assert_int_equal(large(mapped, "wide").len, 100);
    assert_false(bundle_read(mapped, in_folder("wide"), &content, &reason));
    assert_false(bundle_add_annex(mapped, in_folder("a.conf"), open("/dev/null", O_RDONLY)));
    bundle_free(&mapped);
}

TEST(test_a_large_file_that_has_not_changed_is_not_copied_again)
{
    write_wide('a', 100);
    struct bundle *first = bundle_new(), *second = bundle_new(), *third = bundle_new();
    large(first, "wide");
    bundle_follow(second, first);
    large(second, "wide");
    assert_true(inode_of_annex(first) == inode_of_annex(second));
    bundle_free(&first);
    assert_int_equal(large(second, "wide").ptr[99], 'a');
    write_wide('b', 100);
    bundle_follow(third, second);
    assert_int_equal(large(third, "wide").ptr[99], 'b');
    assert_true(inode_of_annex(second) != inode_of_annex(third));
    bundle_free(&second);
    bundle_free(&third);
}

/* ---- tables ---- */

static struct slice table_text(struct bundle *bundle)
{
    struct slice content = {NULL, 0};
    const char *reason = NULL;
    if (!bundle_read_table(bundle, in_folder("wide"), &content, &reason))
        fail_msg("%s", reason);
    return content;
}

static size_t annexes_of(const struct bundle *bundle)
{
    struct slice name;
    size_t count = 0;
    while (bundle_annex(bundle, count, &name) >= 0)
        count++;
    return count;
}

TEST(test_a_tables_file_stands_beside_the_bundle_where_it_is_large)
{
    write_wide('a', TABLE_FILE_LARGE);
    struct bundle *small = bundle_new(), *great = bundle_new();
    assert_int_equal(table_text(small).len, TABLE_FILE_LARGE);
    assert_int_equal(annexes_of(small), 0);
    write_wide('a', TABLE_FILE_LARGE + 1);
    assert_int_equal(table_text(great).len, TABLE_FILE_LARGE + 1);
    assert_ptr_equal(table_text(great).ptr, table_text(great).ptr);
    assert_int_equal(annexes_of(great), 1);
    bundle_free(&small);
    bundle_free(&great);
}

TEST(test_a_tables_file_of_more_than_the_most_is_not_read)
{
    struct bundle *bundle = bundle_new();
    struct slice content;
    const char *reason;
    write_wide('a', 1);
    assert_int_equal(truncate(in_folder("wide").ptr, (off_t)TABLE_FILE_MAX + 1), 0);
    assert_false(bundle_read_table(bundle, in_folder("wide"), &content, &reason));
    assert_string_equal(reason, "larger than 256 MiB");
    assert_false(bundle_read_table(bundle, in_folder("wide"), &content, &reason));
    assert_string_equal(reason, "larger than 256 MiB");
    assert_false(bundle_read_table(bundle, in_folder("nowhere"), &content, &reason));
    assert_string_equal(reason, "No such file or directory");
    bundle_free(&bundle);
}

/* Whatever is large of both, and though what was read first is still looked at. */
static void keep_former(size_t before, size_t now)
{
    struct bundle *first = bundle_new(), *second = bundle_new();
    struct slice former, read;
    write_wide('a', before);
    table_text(first);
    write_wide('b', now);
    bundle_follow(second, first);
    read = table_text(second);
    assert_int_equal(read.len, now);
    assert_true(bundle_former(second, in_folder("wide"), &former));
    assert_int_equal(former.len, before);
    assert_true(bundle_keep_former(second, in_folder("wide")));
    assert_false(bundle_keep_former(second, in_folder("wide")));
    bundle_free(&first);
    assert_int_equal(table_text(second).len, before);
    assert_int_equal(table_text(second).ptr[before - 1], 'a');
    assert_int_equal(read.ptr[now - 1], 'b');
    assert_int_equal(annexes_of(second), before > TABLE_FILE_LARGE);
    bundle_free(&second);
}

TEST(test_a_table_keeps_what_it_had_whether_that_was_large_or_not)
{
    keep_former(TABLE_FILE_LARGE + 1, 10);
    keep_former(TABLE_FILE_LARGE + 9, TABLE_FILE_LARGE + 1);
    keep_former(10, TABLE_FILE_LARGE + 1);
    keep_former(10, 5);
}

TEST(test_while_it_holds_files_are_as_the_one_before_has_them)
{
    write_file("a.conf", "first");
    write_wide('a', 100);
    struct bundle *first = bundle_new(), *second = bundle_new();
    expect(first, in_folder("a.conf"), "first");
    large(first, "wide");
    write_file("a.conf", "second, and longer");
    write_file("key.pem", "new");
    write_wide('b', 100);
    bundle_follow(second, first);
    bundle_hold(second, true);
    expect(second, in_folder("a.conf"), "first");
    expect(second, in_folder("key.pem"), "new"); /* which the other has not */
    assert_int_equal(large(second, "wide").ptr[99], 'a');
    assert_int_equal(bundle_file(second, 0)->status.st_size, 5);
    bundle_free(&first);
    expect(second, in_folder("a.conf"), "first");
    bundle_free(&second);
}

TEST(test_what_the_one_before_had_can_take_the_place_of_what_was_read)
{
    write_file("a.conf", "first");
    struct bundle *first = bundle_new(), *second = bundle_new();
    struct slice content, before;
    const char *reason;
    expect(first, in_folder("a.conf"), "first");
    write_file("a.conf", "second");
    bundle_follow(second, first);
    assert_true(bundle_read(second, in_folder("a.conf"), &before, &reason));
    assert_true(bundle_former(second, in_folder("a.conf"), &content));
    assert_true(slice_eq(content, SLICE("first")));
    assert_false(bundle_former(second, in_folder("key.pem"), &content));
    assert_false(bundle_keep_former(second, in_folder("key.pem")));
    assert_true(bundle_keep_former(second, in_folder("a.conf")));
    assert_false(bundle_keep_former(second, in_folder("a.conf"))); /* once */
    bundle_free(&first);
    expect(second, in_folder("a.conf"), "first");
    assert_true(slice_eq(before, SLICE("second"))); /* who was given it has it still */
    assert_int_equal(bundle_file(second, 0)->status.st_size, 6);
    bundle_free(&second);
}

TEST(test_what_is_no_file_is_no_large_file)
{
    struct bundle *bundle = bundle_new();
    struct slice content;
    const char *reason;
    assert_false(bundle_read_large(bundle, slice_of(folder), &content, &reason));
    assert_string_equal(reason, "not a regular file");
    assert_false(bundle_read_large(bundle, in_folder("none"), &content, &reason));
    assert_string_equal(reason, "No such file or directory");
    assert_int_equal(bundle_annex(bundle, 0, &content), -1);
    assert_int_equal(bundle_count(bundle), 2);
    bundle_free(&bundle);
}
