/* SPDX-License-Identifier: ISC
 * Sections of OneNote: what is listed of them, and what an inspection makes of that. */
#include "filters/containers/onenote.h"
#include "filters/files/inspect.h"
#include "tests/harness/onenote_maker.h"

#include <stdlib.h>

#define PROGRAM SLICE("MZ\x90\0\3\0\0\0")
#define PICTURE SLICE("GIF89a")

ARENA_TESTS(16 << 20);

static struct inspection inspect(const char *name, struct slice content)
{
    struct inspection in = inspection_of(arena, archive_default_limits());
    struct slice names = slice_of(name);
    assert_true(inspect_file(&in, &names, 1, content));
    return in;
}

static const struct inspected_file *find(const struct inspection *in, const char *path)
{
    for (const struct inspected_file *f = in->first; f; f = f->next)
        if (slice_eq(f->path, slice_of(path)))
            return f;
    return NULL;
}

static bool told(const struct inspection *in)
{
    bool any = false;
    for (const struct inspected_file *f = in->first; f; f = f->next)
        any = any || f->unscannable;
    return any;
}

TEST(test_a_file_has_the_name_that_it_was_attached_under)
{
    struct buf b = one_with("run.hta", ".hta", SLICE("<html><script>"));
    struct inspection in = inspect("a.one", buf_slice(&b));
    const struct inspected_file *f = find(&in, "a.one/run.hta");
    assert_true(slice_eq(in.first->type, SLICE("application/onenote")));
    assert_true(in.first->archive && !in.first->why);
    assert_int_equal(in.count, 2);
    assert_non_null(f);
    assert_false(f->part);
    assert_true(slice_eq(f->extension, SLICE("hta")));
    assert_int_equal(f->size, 14);
    buf_release(&b);
}

TEST(test_the_declared_extension_counts_too)
{
    struct buf b = one_with("report.pdf", "hta", SLICE("<html><script>"));
    struct inspection in = inspect("a.one", buf_slice(&b));
    const struct inspected_file *f = find(&in, "a.one/report.pdf");
    assert_int_equal(f->name_count, 2);
    assert_true(slice_eq(f->names[1], SLICE("file1.hta")));
    buf_release(&b);
}

TEST(test_a_name_that_is_known_of_no_content_is_listed)
{
    struct buf b = one_begin();
    size_t len, at = one_file(&b, SLICE("<html><script>"));
    size_t properties = one_properties(&b, "run.hta", 0x999, &len);
    one_nodes(&b, 0x10);
    one_node_of_file(&b, 1, at);
    one_node_of_declaration(&b, 0x201, 1, ".hta");
    one_node_of_object(&b, properties, len);
    one_node_of_object(&b, properties, len);
    one_end(&b);
    struct inspection in = inspect("a.one", buf_slice(&b));
    assert_int_equal(in.count, 3);
    assert_non_null(find(&in, "a.one/file1.hta"));
    assert_true(slice_eq(find(&in, "a.one/run.hta")->extension, SLICE("hta")));
    buf_release(&b);
}

TEST(test_names_are_joined_in_their_own_list_of_nodes)
{
    struct buf b = one_begin();
    const char *const files[] = {"one.txt", "two.txt"};
    size_t at[2], properties[2], len[2];
    for (unsigned i = 0; i < 2; i++) {
        at[i] = one_file(&b, slice_of(files[i]));
        properties[i] = one_properties(&b, files[i], 0x201, &len[i]);
    }
    for (unsigned i = 0; i < 2; i++) {
        one_nodes(&b, 0x20 + i);
        one_node_of_file(&b, i, at[i]);
        one_node_of_declaration(&b, 0x201, i, ".txt");
        one_node_of_object(&b, properties[i], len[i]);
        one_end(&b);
    }
    struct inspection in = inspect("a.one", buf_slice(&b));
    assert_int_equal(in.count, 3);
    assert_int_equal(find(&in, "a.one/one.txt")->name_count, 2);
    assert_non_null(find(&in, "a.one/two.txt"));
    buf_release(&b);
}

TEST(test_pictures_are_parts_and_attached_ones_are_not)
{
    struct buf b = one_begin();
    one_file(&b, PICTURE);
    one_end(&b);
    struct inspection in = inspect("a.one", buf_slice(&b));
    assert_true(find(&in, "a.one/file1")->part);
    assert_null(in.first->why);
    buf_release(&b);
    b = one_with("run.hta", ".gif", PICTURE);
    in = inspect("a.one", buf_slice(&b));
    assert_false(find(&in, "a.one/run.hta")->part);
    buf_release(&b);
}

TEST(test_a_program_is_found_without_a_name)
{
    struct buf b = one_begin();
    one_file(&b, PICTURE);
    one_file(&b, PROGRAM);
    one_end(&b);
    struct inspection in = inspect("a.one", buf_slice(&b));
    const struct inspected_file *f = find(&in, "a.one/file2");
    assert_true(f && !f->part && slice_eq(f->type, SLICE("application/x-dosexec")));
    buf_release(&b);
}

TEST(test_a_table_of_contents_is_a_section_too)
{
    struct buf b = one_with("run.exe", ".exe", PROGRAM);
    memcpy(b.data + b.head, "\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22\x76\x5f", 16);
    struct inspection in = inspect("a.onetoc2", buf_slice(&b));
    assert_true(slice_eq(in.first->type, SLICE("application/onenote")));
    assert_non_null(find(&in, "a.onetoc2/run.exe"));
    buf_release(&b);
}

TEST(test_a_file_in_a_file_is_found_at_both_places)
{
    struct buf inner = one_with("run.exe", ".exe", PROGRAM);
    struct buf b = one_with("inner.one", ".one", buf_slice(&inner));
    struct inspection in = inspect("a.one", buf_slice(&b));
    assert_non_null(find(&in, "a.one/inner.one/run.exe"));
    assert_non_null(find(&in, "a.one/file2"));
    assert_null(in.first->why);
    buf_release(&b);
    buf_release(&inner);
}

static void expect_damaged(uint64_t len, bool footer)
{
    struct buf b = one_begin();
    size_t at = one_file(&b, PROGRAM);
    one_patch(&b, at + 16, len, 8);
    if (!footer)
        b.data[b.head + buf_len(&b) - 1] ^= 1;
    one_end(&b);
    struct inspection in = inspect("a.one", buf_slice(&b));
    const struct inspected_file *f = find(&in, "a.one/file1");
    assert_true(slice_eq(f->type, SLICE("application/x-dosexec")));
    assert_true(f->unscannable);
    assert_string_equal(f->why, "corrupt");
    buf_release(&b);
}

TEST(test_forged_lengths_are_damage_and_what_is_there_is_looked_at)
{
    expect_damaged(8, false);
    expect_damaged(0, false);
    expect_damaged(1000, true);
    expect_damaged(UINT64_MAX, true);
    expect_damaged(UINT64_MAX - 40, true);
    expect_damaged(INT64_MAX, false);
}

TEST(test_other_forms_are_unscannable)
{
    struct buf b = one_with("a.txt", ".txt", SLICE("words"));
    memcpy(b.data + b.head + ONE_FORM_AT,
           "\x2f\xe9\x8d\x63\xd4\xa6\xc1\x4b\x9a\x36\xb3\xfc\x25\x11\xa5\xb7", 16);
    struct inspection in = inspect("a.one", buf_slice(&b));
    assert_string_equal(in.first->why, "unsupported");
    b.data[b.head + ONE_FORM_AT] ^= 1;
    in = inspect("a.one", buf_slice(&b));
    assert_string_equal(in.first->why, "corrupt");
    buf_release(&b);
}

TEST(test_a_section_with_a_password_is_encrypted)
{
    struct buf b = one_with("a.txt", ".txt", SLICE("words"));
    buf_append(&b, SLICE("\x67\xa0\xd1\xda\x85\xa3\x6b\xfb"));
    struct inspection in = inspect("a.one", buf_slice(&b));
    assert_true(in.first->encrypted);
    buf_release(&b);
}

TEST(test_more_files_than_allowed_are_told)
{
    struct buf b = one_begin();
    for (int i = 0; i < 5; i++)
        one_file(&b, PROGRAM);
    one_end(&b);
    struct inspection in = inspection_of(arena, archive_default_limits());
    in.budget.limits.entries = 3;
    assert_true(inspect_file(&in, &SLICE("a.one"), 1, buf_slice(&b)));
    assert_int_equal(in.count, 4);
    assert_true(in.first->limit);
    buf_release(&b);
}

/* With the highest bit set, and twice. */
TEST(test_odd_properties_name_files_too)
{
    struct buf b = one_begin();
    size_t properties = buf_len(&b);
    put(&b, 0x80000000, 4);
    put(&b, 2, 2);
    put(&b, 0x9c001d9c, 4);
    put(&b, 0x1c001d9c, 4);
    put(&b, 10, 4);
    one_wide(&b, "a.hta");
    put(&b, 10, 4);
    one_wide(&b, "b.hta");
    size_t len = buf_len(&b) - properties;
    one_nodes(&b, 0x10);
    one_node_of_object(&b, properties, len);
    one_end(&b);
    struct inspection in = inspect("a.one", buf_slice(&b));
    assert_non_null(find(&in, "a.one/a.hta"));
    assert_non_null(find(&in, "a.one/b.hta"));
    assert_null(in.first->why);
    buf_release(&b);
}

TEST(test_a_name_that_cannot_be_read_is_told)
{
    struct buf b = one_begin();
    size_t len, properties = one_properties(&b, "run.hta", 0x201, &len);
    one_nodes(&b, 0x10);
    one_node_of_object(&b, properties, len - 4);
    one_end(&b);
    struct inspection in = inspect("a.one", buf_slice(&b));
    assert_string_equal(in.first->why, "corrupt");
    buf_release(&b);
}

TEST(test_nodes_that_end_too_soon_take_no_place)
{
    struct buf b = one_begin();
    one_nodes(&b, 0x10);
    for (unsigned i = 0; i < 40; i++) {
        one_node(&b, 0x94, true, 12);
        put_zeros(&b, 12);
        one_node(&b, 0x72, false, 4);
        put_zeros(&b, 4);
        one_node_of_file(&b, i, 0);
        one_node_of_declaration(&b, i, i, ".txt");
    }
    one_end(&b);
    struct inspection in = inspect("a.one", buf_slice(&b));
    assert_int_equal(in.count, 1);
    assert_null(in.first->why);
    buf_release(&b);
}

/* Each piece of nodes declares all that is behind it, so that each would be read again and again. */
TEST(test_what_refers_to_itself_ends)
{
    struct buf b = one_begin();
    for (unsigned i = 0; i < 20000; i++) {
        one_nodes(&b, i);
        one_node_of_object(&b, ONE_HEADER, 1 << 21);
    }
    one_end(&b);
    struct inspection in = inspect("a.one", buf_slice(&b));
    assert_string_equal(in.first->why, "corrupt");
    buf_release(&b);
}

/* A copy that ends with its memory, so that what is read behind it is seen. */
static bool open_exactly(struct slice data)
{
    char *exact = malloc(data.len + (data.len == 0));
    assert_non_null(exact);
    memcpy(exact, data.ptr, data.len);
    struct inspection in = inspect("a.one", (struct slice){exact, data.len});
    bool all = find(&in, "a.one/run.exe") != NULL, any = told(&in);
    arena_reset(arena);
    free(exact);
    return all || any;
}

TEST(test_every_cut_is_survived_and_told)
{
    struct buf b = one_with("run.exe", ".exe", PROGRAM);
    for (size_t len = 16; len < buf_len(&b); len += len < ONE_HEADER - 8 ? 17 : 1)
        assert_true(open_exactly(slice_sub(buf_slice(&b), 0, len)));
    buf_release(&b);
}

TEST(test_flips_are_survived)
{
    struct buf b = one_with("run.exe", ".exe", PROGRAM);
    for (size_t bit = 8 * ONE_LENGTH_AT; bit < 8 * buf_len(&b);
         bit += bit < 8 * (ONE_LENGTH_AT + 8) || bit > 8 * ONE_HEADER ? 1 : 997) {
        b.data[b.head + bit / 8] ^= (char)(1 << bit % 8);
        open_exactly(buf_slice(&b));
        b.data[b.head + bit / 8] ^= (char)(1 << bit % 8);
    }
    buf_release(&b);
}
