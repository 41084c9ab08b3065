/* SPDX-License-Identifier: ISC
 * Archives in archives, limits, and the records that come of them. */
#include "filters/files/inspect.h"
#include "tests/harness/makers.h"
#include "tests/harness/unit.h"

ARENA_TESTS(16 << 20);

static struct made_member member(const char *name, struct slice data)
{
    return (struct made_member){
        .local_name = slice_of(name), .central_name = slice_of(name), .data = data};
}

static struct inspection inspect(const char *name, struct slice content,
                                 struct archive_limits limits)
{
    struct inspection in = inspection_of(arena, limits);
    struct slice names = slice_of(name);
    inspect_file(&in, &names, 1, content);
    return in;
}

static struct inspected_file *find(struct inspection *in, const char *path)
{
    for (struct inspected_file *f = in->first; f; f = f->next)
        if (slice_eq(f->path, slice_of(path)))
            return f;
    return NULL;
}

TEST(test_members_follow_their_archive)
{
    struct made_member inner = member("run.exe", SLICE("MZ\x90\0\3\0\0\0"));
    struct buf nested = make_zip(SLICE(""), &inner, 1);
    struct made_member outer[] = {member("in.zip", buf_slice(&nested)),
                                  member("a.txt", SLICE("hello there\n"))};
    struct buf b = make_zip(SLICE(""), outer, 2);
    struct inspection in = inspect("out.zip", buf_slice(&b), archive_default_limits());
    assert_int_equal(in.count, 4);
    assert_true(slice_eq(in.first->path, SLICE("out.zip")));
    assert_true(in.first->archive && !in.first->unscannable && !in.first->encrypted);
    struct inspected_file *f = find(&in, "out.zip/in.zip/run.exe");
    assert_non_null(f);
    assert_int_equal(f->depth, 2);
    assert_true(slice_eq(f->type, SLICE("application/x-dosexec")));
    assert_true(slice_eq(f->extension, SLICE("exe")));
    assert_int_equal(f->size, 8);
    assert_true(slice_eq(find(&in, "out.zip/a.txt")->type, SLICE("text/plain")));
    buf_release(&nested);
    buf_release(&b);
}

TEST(test_a_zip_behind_a_picture_is_opened)
{
    struct made_member m = member("run.exe", SLICE("MZ\x90\0"));
    struct buf b = make_zip(SLICE("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), &m, 1);
    struct inspection in = inspect("p.png", buf_slice(&b), archive_default_limits());
    assert_non_null(find(&in, "p.png/run.exe"));
    assert_true(slice_eq(in.first->type, SLICE("image/png")));
    buf_release(&b);
}

TEST(test_all_names_have_their_extension)
{
    struct made_member m = member("evil.exe", SLICE("MZ\x90\0"));
    m.central_name = SLICE("good.txt");
    struct buf b = make_zip(SLICE(""), &m, 1);
    struct inspection in = inspect("a.zip", buf_slice(&b), archive_default_limits());
    struct inspected_file *f = find(&in, "a.zip/good.txt");
    assert_non_null(f);
    assert_int_equal(f->name_count, 2);
    assert_true(slice_eq(f->extensions[0], SLICE("txt")));
    assert_true(slice_eq(f->extensions[1], SLICE("exe")));
    buf_release(&b);
}

TEST(test_encrypted_members_make_an_encrypted_archive)
{
    struct made_member m[] = {member("secret.doc", SLICE("cipher")),
                              member("a.txt", SLICE("hello\n"))};
    m[0].flags = 1;
    struct buf b = make_zip(SLICE(""), m, 2);
    struct inspection in = inspect("a.zip", buf_slice(&b), archive_default_limits());
    assert_true(in.first->encrypted && !in.first->unscannable);
    assert_true(find(&in, "a.zip/secret.doc")->encrypted);
    assert_false(find(&in, "a.zip/a.txt")->encrypted);
    assert_int_equal(find(&in, "a.zip/secret.doc")->type.len, 0);
    buf_release(&b);
}

TEST(test_unknown_methods_are_unscannable)
{
    struct made_member m = member("a.doc", SLICE("imploded"));
    m.method = 6;
    struct buf b = make_zip(SLICE(""), &m, 1);
    struct inspection in = inspect("a.zip", buf_slice(&b), archive_default_limits());
    assert_true(in.first->unscannable && !in.first->limit);
    assert_string_equal(in.first->why, "unsupported");
    assert_non_null(find(&in, "a.zip/a.doc"));
    buf_release(&b);
}

TEST(test_known_kinds_without_a_reader_are_unscannable)
{
    struct inspection in =
        inspect("a.arj", SLICE("\x60\xea\x29\0\x1e\1"), archive_default_limits());
    assert_true(in.first->archive && in.first->unscannable);
}

TEST(test_a_cut_archive_is_unscannable)
{
    struct made_member m = member("a.txt", SLICE("hello, this is long enough to be cut"));
    struct buf b = make_zip(SLICE(""), &m, 1);
    struct inspection in =
        inspect("a.zip", slice_sub(buf_slice(&b), 0, 50), archive_default_limits());
    assert_true(in.first->unscannable);
    assert_non_null(find(&in, "a.zip/a.txt"));
    buf_release(&b);
}

TEST(test_depth_is_limited)
{
    struct archive_limits limits = archive_default_limits();
    limits.depth = 2;
    struct buf b = buf_init(1 << 20);
    buf_cstr(&b, "deep inside\n");
    for (unsigned i = 0; i < 6; i++) {
        struct made_member m = member("a.zip", buf_slice(&b));
        struct buf outer = make_zip(SLICE(""), &m, 1);
        buf_release(&b);
        b = outer;
    }
    struct inspection in = inspect("a.zip", buf_slice(&b), limits);
    assert_int_equal(in.count, 3);
    assert_true(find(&in, "a.zip/a.zip/a.zip")->limit);
    buf_release(&b);
}

TEST(test_entries_are_limited)
{
    struct archive_limits limits = archive_default_limits();
    limits.entries = 2;
    struct made_member m[] = {member("a", SLICE("x")), member("b", SLICE("x")),
                              member("c", SLICE("x"))};
    struct buf b = make_zip(SLICE(""), m, 3);
    struct inspection in = inspect("a.zip", buf_slice(&b), limits);
    assert_int_equal(in.count, 3);
    assert_true(in.first->limit && in.first->unscannable);
    buf_release(&b);
}

TEST(test_bytes_are_limited_but_names_go_on)
{
    struct archive_limits limits = archive_default_limits();
    limits.total = 10;
    struct made_member m[] = {member("a", SLICE("12345678")), member("b", SLICE("12345678")),
                              member("c.exe", SLICE("x"))};
    struct buf b = make_zip(SLICE(""), m, 3);
    struct inspection in = inspect("a.zip", buf_slice(&b), limits);
    assert_int_equal(in.count, 4);
    assert_true(in.first->limit);
    assert_false(find(&in, "a.zip/a")->limit);
    assert_true(find(&in, "a.zip/b")->limit);
    buf_release(&b);
}

/* A million zeros in a .Z file: runs of ever longer codes. */
TEST(test_ratio_is_limited)
{
    struct archive_limits limits = archive_default_limits();
    limits.ratio = 10;
    limits.ratio_floor = 1000;
    struct buf b = buf_init(1 << 16);
    buf_append(&b, SLICE("\x1f\x9d\x90"));
    uint64_t bits = 0;
    unsigned have = 0;
    for (unsigned code = 256; code < 511; code++) {
        bits |= (uint64_t)(code == 256 ? 0 : code) << have;
        for (have += 9; have >= 8; have -= 8, bits >>= 8)
            put(&b, bits & 0xff, 1);
    }
    put(&b, bits, 1);
    struct inspection in = inspect("zeros.Z", buf_slice(&b), limits);
    assert_true(in.first->limit);
    assert_string_equal(in.first->why, "limit: ratio");
    buf_release(&b);
}

TEST(test_macros_of_a_part_are_the_documents)
{
    struct made_stream vba[] = {{"VBA", SLICE(""), 1}, {"dir", SLICE("x"), 2}};
    struct buf project = make_ole(vba, 2);
    struct made_member m[] = {member("[Content_Types].xml", SLICE("<Types/>")),
                              member("word/document.xml", SLICE("<w/>")),
                              member("word/other.bin", buf_slice(&project)),
                              member("setup.exe", SLICE("MZ\x90\0"))};
    struct buf b = make_zip(SLICE(""), m, 4);
    struct inspection in = inspect("a.docx", buf_slice(&b), archive_default_limits());
    assert_true(in.first->macros);
    assert_true(find(&in, "a.docx/word/document.xml")->part);
    assert_false(find(&in, "a.docx/setup.exe")->part);
    buf_release(&project);
    buf_release(&b);
}

static const struct slice PROGRAM = SLICE("MZ\x90\0\3\0\0\0");

/* What makes a zip look like a Word document, and two members more. */
static struct inspection inspect_document(const struct slice *names, size_t name_count,
                                          struct made_member one, struct made_member other)
{
    struct made_member m[] = {member("[Content_Types].xml", SLICE("<?xml version='1.0'?><Types/>")),
                              member("word/document.xml", SLICE("<?xml version='1.0'?><w/>")), one,
                              other};
    struct buf b = make_zip(SLICE(""), m, 4);
    struct inspection in = inspection_of(arena, archive_default_limits());
    assert_true(inspect_file(&in, names, name_count, buf_slice(&b)));
    assert_int_equal(in.count, 5);
    buf_release(&b);
    return in;
}

static unsigned parts_of(const struct inspection *in)
{
    unsigned parts = 0;
    for (const struct inspected_file *f = in->first; f; f = f->next)
        parts += f->part;
    return parts;
}

static unsigned parts_under_names(struct slice first, struct slice second)
{
    struct slice names[] = {first, second};
    struct inspection in =
        inspect_document(names,
                         first.len == 0    ? 0
                         : second.len == 0 ? 1
                                           : 2,
                         member("docProps/app.xml", SLICE("<?xml version='1.0'?><a/>")),
                         member("word/settings", SLICE("plain words\n")));
    return parts_of(&in);
}

TEST(test_parts_are_in_what_is_called_a_document)
{
    assert_int_equal(parts_under_names(SLICE("a.docx"), SLICE("")), 4);
    assert_int_equal(parts_under_names(SLICE("A.DocX. "), SLICE("a.dotm")), 4);
    assert_int_equal(parts_under_names(SLICE("old.doc"), SLICE("")), 4);
    assert_int_equal(parts_under_names(SLICE(""), SLICE("")), 0);
    assert_int_equal(parts_under_names(SLICE("Rechnung.zip"), SLICE("")), 0);
    assert_int_equal(parts_under_names(SLICE("a.docx.zip"), SLICE("")), 0);
    assert_int_equal(parts_under_names(SLICE("a.docx"), SLICE("a.zip")), 0);
    assert_int_equal(parts_under_names(SLICE("a.docx"), SLICE("a")), 0);
    assert_int_equal(parts_under_names(SLICE("a.xlsx"), SLICE("")), 0);
}

TEST(test_a_part_is_one_under_all_its_names)
{
    struct made_member m = member("Rechnung.pdf.js", SLICE("alert(1)\n"));
    m.central_name = SLICE("a.xml");
    struct inspection in =
        inspect_document(&SLICE("a.docx"), 1, m, member("evil.xhtml", SLICE("x")));
    assert_int_equal(parts_of(&in), 2);
    assert_false(find(&in, "a.docx/a.xml")->part);
    assert_false(find(&in, "a.docx/evil.xhtml")->part);
}

TEST(test_programs_are_no_parts)
{
    struct inspection in =
        inspect_document(&SLICE("a.docx"), 1, member("word/media/image1.png", PROGRAM),
                         member("word/setup", SLICE("@echo off\r\nstart x\r\n")));
    assert_false(find(&in, "a.docx/word/media/image1.png")->part);
    assert_false(find(&in, "a.docx/word/setup")->part);
    in = inspect_document(&SLICE("b.docx"), 1, member("word/x.bin", SLICE("Rar!\x1a\7\1\0 xx")),
                          member("word/y.xml", SLICE("#!/bin/sh\nid\n")));
    assert_false(find(&in, "b.docx/word/x.bin")->part);
    assert_false(find(&in, "b.docx/word/y.xml")->part);
}

TEST(test_a_picture_in_a_document_may_be_called_anything)
{
    struct slice png = SLICE("\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    struct inspection in =
        inspect_document(&SLICE("a.docx"), 1, member("word/media/image1.tmp", png),
                         member("[trash]/0001.dat", SLICE("\0\0\0\0")));
    assert_true(find(&in, "a.docx/word/media/image1.tmp")->part);
    assert_false(find(&in, "a.docx/[trash]/0001.dat")->part);
    in = inspect_document(&SLICE("a.zip"), 1, member("word/media/image1.tmp", png),
                          member("x", SLICE("y")));
    assert_false(find(&in, "a.zip/word/media/image1.tmp")->part);
}

TEST(test_a_program_is_no_nameless_object)
{
    struct made_stream streams[] = {
        {"WordDocument", SLICE("x"), 2},
        {"\1Ole10Native",
         SLICE("\x30\0\0\0\2\0setup\0setup\0\0\0\3\0\2\0\0\0t\0\x8\0\0\0MZ\x90\0\3\0\0\0"), 2}};
    struct buf b = make_ole(streams, 2);
    struct inspection in = inspect("a.doc", buf_slice(&b), archive_default_limits());
    assert_non_null(find(&in, "a.doc/setup"));
    assert_false(find(&in, "a.doc/setup")->part);
    buf_release(&b);
}

/* An embedded file whose sectors are not in order looks like a broken zip. */
TEST(test_accidents_in_documents_are_no_trouble)
{
    struct made_member m = member("word/document.xml", SLICE("<w/>"));
    struct buf zip = make_zip(SLICE(""), &m, 1);
    memset(zip.data, 0, 4);
    struct made_stream streams[] = {{"WordDocument", SLICE("x"), 2}, {"Other", buf_slice(&zip), 2}};
    struct buf b = make_ole(streams, 2);
    struct inspection in = inspect("a.doc", buf_slice(&b), archive_default_limits());
    assert_int_equal(in.count, 1);
    assert_false(in.first->archive || in.first->unscannable || in.first->why);
    buf_release(&zip);
    buf_release(&b);
}

static void count_bytes(void *ctx, const struct inspected_file *file, struct slice content)
{
    (void)file;
    *(size_t *)ctx += content.len;
}

TEST(test_contents_are_handed_out)
{
    struct made_member m[] = {member("a.txt", SLICE("12345")), member("b.txt", SLICE("123"))};
    struct buf b = make_zip(SLICE(""), m, 2);
    struct inspection in = inspection_of(arena, archive_default_limits());
    size_t total = 0;
    in.content = count_bytes;
    in.ctx = &total;
    struct slice name = SLICE("a.zip");
    assert_true(inspect_file(&in, &name, 1, buf_slice(&b)));
    assert_int_equal(total, buf_len(&b) + 8);
    buf_release(&b);
}

TEST(test_a_full_arena_is_told)
{
    struct arena *small = arena_new(600);
    struct made_member m[] = {member("a", SLICE("x")), member("b", SLICE("x")),
                              member("c", SLICE("x"))};
    struct buf b = make_zip(SLICE(""), m, 3);
    struct inspection in = inspection_of(small, archive_default_limits());
    assert_false(inspect_file(&in, NULL, 0, buf_slice(&b)));
    assert_true(in.incomplete);
    buf_release(&b);
    arena_free(&small);
}

static void warm_up(void)
{
    assert_true(inspect_warm_up());
}

ALL_TESTS(warm_up, NULL);
