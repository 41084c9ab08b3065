/* SPDX-License-Identifier: ISC
 * The index of a large table goes where its text goes: to whoever maps the bundle, and into the next
 * one where the file has not changed. */
#include "common/bundle.h"
#include "policy/table_file.h"
#include "tests/harness/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/gatepost-index-XXXXXX", path[64];
static struct arena *arena;

static void write_table(unsigned count, const char *domain)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (unsigned i = 0; i < count; i++)
        fprintf(file, "name-%06u.%s\n", i, domain);
    fclose(file);
}

static void begin(void)
{
    snprintf(folder, sizeof folder, "/tmp/gatepost-index-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/table", folder);
    arena = arena_new(1 << 24);
    assert_non_null(arena);
}

static void end(void)
{
    unlink(path);
    rmdir(folder);
    arena_free(&arena);
}

EACH_TEST(begin, end);

static struct slice text_of(struct bundle *bundle)
{
    struct slice text = {NULL, 0};
    const char *reason = NULL;
    if (!bundle_read_table(bundle, slice_of(path), &text, &reason))
        fail_msg("%s", reason);
    return text;
}

static struct table_file open_table(struct bundle *bundle)
{
    struct loader loader = bundle_loader(bundle);
    struct sources sources = {.arena = arena, .loader = &loader};
    struct table_file file;
    assert_true(table_file_read(&sources, &file, text_of(bundle)));
    return file;
}

static bool is_indexed(struct bundle *bundle)
{
    struct loader loader = bundle_loader(bundle);
    struct sources sources = {.arena = arena, .loader = &loader};
    return table_file_is_indexed(&sources, text_of(bundle));
}

static bool has(const struct table_file *file, const char *entry)
{
    return table_file_number(file, table_hash(slice_of(entry)), SLICE(""), slice_of(entry));
}

static ino_t inode(const struct bundle *bundle, size_t n)
{
    struct slice name;
    struct stat status;
    assert_int_equal(fstat(bundle_annex(bundle, n, &name), &status), 0);
    assert_true(slice_eq(name, slice_of(path)));
    return status.st_ino;
}

/* As a proxy does. */
static struct bundle *mapped_from(const struct bundle *written)
{
    const char *reason;
    struct slice name;
    int fd = bundle_seal(written);
    struct bundle *mapped = bundle_map(fd, &reason);
    assert_non_null(mapped);
    close(fd);
    for (size_t n = 0; (fd = bundle_annex(written, n, &name)) >= 0; n++)
        assert_true(bundle_add_annex(mapped, name, dup(fd)));
    return mapped;
}

TEST(test_whoever_maps_a_bundle_uses_the_index_that_its_maker_has_made)
{
    write_table(30000, "example");
    struct bundle *written = bundle_new();
    struct table_file made = open_table(written);
    struct slice name;
    assert_int_equal(pwrite(bundle_annex(written, 1, &name), "x", 1, 0), -1);
    assert_int_equal(bundle_annex(written, 2, &name), -1);
    struct bundle *mapped = mapped_from(written);
    bundle_free(&written);
    size_t before = arena_used(arena);
    struct table_file file = open_table(mapped);
    assert_int_equal(arena_used(arena), before); /* nothing of its own */
    assert_int_equal(file.count, made.count);
    assert_true(has(&file, "NAME-029999.example") && !has(&file, "name-030000.example"));
    assert_true(bundle_loader(mapped).checked);
    assert_false(bundle_add_annex(mapped, slice_of(path), open("/dev/null", O_RDONLY)));
    bundle_free(&mapped);
}

TEST(test_a_table_without_an_index_is_indexed_by_whoever_maps_it)
{
    write_table(30000, "example");
    struct bundle *written = bundle_new();
    text_of(written);
    struct bundle *mapped = mapped_from(written);
    assert_false(is_indexed(mapped));
    struct table_file file = open_table(mapped);
    assert_true(has(&file, "name-000000.example"));
    bundle_free(&written);
    bundle_free(&mapped);
}

TEST(test_the_index_of_an_unchanged_file_is_taken_over)
{
    write_table(30000, "example");
    struct bundle *first = bundle_new(), *second = bundle_new(), *third = bundle_new();
    open_table(first);
    bundle_follow(second, first);
    assert_true(is_indexed(second));
    assert_true(inode(first, 0) == inode(second, 0) && inode(first, 1) == inode(second, 1));
    bundle_free(&first);
    struct table_file file = open_table(second);
    assert_true(has(&file, "name-000007.example"));
    write_table(30000, "changed");
    bundle_follow(third, second);
    assert_false(is_indexed(third));
    file = open_table(third);
    assert_true(has(&file, "name-000007.changed") && !has(&file, "name-000007.example"));
    bundle_free(&second);
    bundle_free(&third);
}

TEST(test_what_is_kept_of_a_file_that_has_shrunk_keeps_its_index)
{
    write_table(30000, "example");
    struct bundle *first = bundle_new(), *second = bundle_new();
    open_table(first);
    bundle_follow(second, first);
    write_table(10, "example");
    text_of(second);
    assert_true(bundle_keep_former(second, slice_of(path)));
    assert_true(is_indexed(second));
    assert_true(inode(first, 1) == inode(second, 1));
    struct table_file file = open_table(second);
    assert_int_equal(file.count, 30000);
    bundle_free(&first);
    bundle_free(&second);
}
