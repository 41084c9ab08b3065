/* SPDX-License-Identifier: ISC */
#include "filters/archive/zip_directory.h"
#include "tests/harness/makers.h"
#include "tests/harness/unit.h"

ARENA_TESTS(1 << 20);

static struct zip_directory read_zip(struct slice content)
{
    struct zip_directory d;
    assert_true(zip_directory_read(arena, content, 100, &d));
    return d;
}

static void expect_name(const struct zip_member *m, size_t n, const char *name)
{
    assert_true(n < m->name_count);
    assert_true(slice_eq(m->names[n], slice_of(name)));
}

static struct made_member plain(const char *name, const char *data)
{
    return (struct made_member){
        .local_name = slice_of(name), .central_name = slice_of(name), .data = slice_of(data)};
}

TEST(test_members_and_their_data_are_found)
{
    struct made_member m[] = {plain("a.txt", "hello"), plain("b.exe", "MZ")};
    struct buf b = make_zip(SLICE(""), m, 2);
    struct zip_directory d = read_zip(buf_slice(&b));
    assert_int_equal(d.count, 2);
    expect_name(&d.members[0], 0, "a.txt");
    expect_name(&d.members[1], 0, "b.exe");
    assert_true(slice_eq(slice_sub(buf_slice(&b), d.members[0].data, d.members[0].data + 5),
                         SLICE("hello")));
    assert_false(d.overlapping || d.mismatched || d.broken || d.truncated);
    buf_release(&b);
}

TEST(test_both_names_are_told_when_they_differ)
{
    struct made_member m = plain("evil.exe", "MZ");
    m.central_name = SLICE("good.txt");
    struct buf b = make_zip(SLICE(""), &m, 1);
    struct zip_directory d = read_zip(buf_slice(&b));
    assert_int_equal(d.count, 1);
    expect_name(&d.members[0], 0, "good.txt");
    expect_name(&d.members[0], 1, "evil.exe");
    assert_true(d.mismatched);
    buf_release(&b);
}

TEST(test_a_nul_gives_the_name_before_it_too)
{
    struct made_member m = plain("x", "MZ");
    m.local_name = m.central_name = SLICE("setup.exe\0.txt");
    struct buf b = make_zip(SLICE(""), &m, 1);
    struct zip_directory d = read_zip(buf_slice(&b));
    assert_int_equal(d.members[0].name_count, 2);
    expect_name(&d.members[0], 1, "setup.exe");
    buf_release(&b);
}

TEST(test_the_unicode_path_is_a_name)
{
    struct made_member m = plain("a.txt", "MZ");
    m.extra = SLICE("\x75\x70\x0e\0\1\0\0\0\0other.exe");
    struct buf b = make_zip(SLICE(""), &m, 1);
    struct zip_directory d = read_zip(buf_slice(&b));
    expect_name(&d.members[0], 1, "other.exe");
    buf_release(&b);
}

TEST(test_offsets_behind_a_prefix)
{
    struct made_member m = plain("run.exe", "MZ");
    struct buf b = make_zip(SLICE("MZ a program stands before"), &m, 1);
    struct zip_directory d = read_zip(buf_slice(&b));
    assert_int_equal(d.count, 1);
    assert_int_equal(d.start, 26);
    assert_false(d.broken);
    buf_release(&b);
}

TEST(test_members_without_an_entry_are_found)
{
    struct made_member hidden = plain("hidden.exe", "MZ"), shown = plain("a.txt", "hi");
    struct buf prefix = buf_init(1024);
    put_local(&prefix, &hidden);
    struct buf b = make_zip(buf_slice(&prefix), &shown, 1);
    struct zip_directory d = read_zip(buf_slice(&b));
    assert_int_equal(d.count, 2);
    expect_name(&d.members[0], 0, "hidden.exe");
    assert_int_equal(d.members[0].directory, 0);
    assert_true(d.members[1].directory > 0);
    buf_release(&b);
    buf_release(&prefix);
}

TEST(test_all_end_records_count)
{
    struct made_member first = plain("first.exe", "MZ"), second = plain("second.txt", "hi");
    struct buf a = make_zip(SLICE(""), &first, 1), b = make_zip(SLICE(""), &second, 1);
    buf_append(&a, buf_slice(&b));
    struct zip_directory d = read_zip(buf_slice(&a));
    assert_int_equal(d.ends, 2);
    assert_int_equal(d.count, 2);
    buf_release(&a);
    buf_release(&b);
}

TEST(test_a_stored_zip_is_no_second_directory)
{
    struct made_member inner = plain("inner.txt", "hi");
    struct buf nested = make_zip(SLICE(""), &inner, 1);
    struct made_member outer = plain("in.zip", "");
    outer.data = buf_slice(&nested);
    struct buf b = make_zip(SLICE(""), &outer, 1);
    struct zip_directory d = read_zip(buf_slice(&b));
    assert_int_equal(d.count, 1);
    assert_false(d.overlapping || d.broken);
    buf_release(&b);
    buf_release(&nested);
}

TEST(test_overlapping_members_are_told)
{
    struct made_member m = plain("a", "data"), other = plain("b", "data");
    struct buf b = buf_init(4096), central = buf_init(4096);
    put_local(&b, &m);
    put_central(&central, &m, 0);
    put_central(&central, &other, 0);
    size_t offset = buf_len(&b);
    buf_append(&b, buf_slice(&central));
    put_end(&b, 2, buf_len(&central), offset);
    struct zip_directory d = read_zip(buf_slice(&b));
    assert_int_equal(d.count, 2);
    assert_true(d.overlapping);
    buf_release(&b);
    buf_release(&central);
}

TEST(test_encryption_is_told)
{
    struct made_member m[] = {plain("a", "x"), plain("b", "x"), plain("c", "x")};
    m[0].flags = 1;
    m[1].method = 99;
    struct buf b = make_zip(SLICE(""), m, 3);
    struct zip_directory d = read_zip(buf_slice(&b));
    assert_true(d.members[0].encrypted);
    assert_true(d.members[1].encrypted);
    assert_false(d.members[2].encrypted);
    buf_release(&b);
}

TEST(test_the_cap_holds)
{
    struct made_member m[] = {plain("a", "x"), plain("b", "x"), plain("c", "x")};
    struct buf b = make_zip(SLICE(""), m, 3);
    struct zip_directory d;
    assert_true(zip_directory_read(arena, buf_slice(&b), 2, &d));
    assert_int_equal(d.count, 2);
    assert_true(d.truncated);
    buf_release(&b);
}

TEST(test_every_cut_is_survived)
{
    struct made_member m[] = {plain("a.txt", "hello"), plain("b.exe", "MZ")};
    m[1].extra = SLICE("\1\0\x18\0\0\0\0\0\0\0\0\0");
    struct buf b = make_zip(SLICE(""), m, 2);
    for (size_t cut = 0; cut < buf_len(&b); cut++) {
        struct zip_directory d;
        arena_reset(arena);
        zip_directory_read(arena, slice_sub(buf_slice(&b), 0, cut), 100, &d);
        zip_directory_read(arena, slice_from(buf_slice(&b), cut), 100, &d);
    }
    buf_release(&b);
}

TEST(test_text_is_no_zip)
{
    struct zip_directory d;
    assert_false(zip_directory_read(arena, SLICE("PKs are not enough"), 100, &d));
    assert_false(zip_directory_read(arena, SLICE(""), 100, &d));
}
