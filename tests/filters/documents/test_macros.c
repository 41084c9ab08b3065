/* SPDX-License-Identifier: ISC */
#include "filters/documents/macros.h"
#include "filters/documents/objects.h"
#include "filters/documents/office_xml.h"
#include "filters/documents/ole.h"
#include "filters/documents/xml.h"
#include "tests/harness/makers.h"
#include "tests/harness/unit.h"

#include <stdio.h>

ARENA_TESTS(16 << 20);

static struct office_findings inspect(struct slice content)
{
    struct office_findings f = {0};
    macros_inspect(arena, content, &f);
    return f;
}

static struct office_findings inspect_ole(const struct made_stream *streams, size_t count)
{
    struct buf b = make_ole(streams, count);
    struct office_findings f = inspect(buf_slice(&b));
    buf_release(&b);
    return f;
}

static void see_part(struct slice name, struct slice content, struct office_findings *out)
{
    macros_inspect_name(name, out);
    if (xml_is(content))
        office_xml_inspect(arena, content, true, out);
}

TEST(test_ole_streams_are_read)
{
    char long_text[1300];
    memset(long_text, 'x', sizeof long_text);
    struct slice text = {long_text, sizeof long_text};
    struct made_stream streams[] = {{"One", SLICE("first"), 2}, {"Two", text, 2}};
    struct buf b = make_ole(streams, 2);
    struct ole ole;
    assert_true(ole_open(arena, buf_slice(&b), &ole));
    assert_int_equal(ole.count, 3);
    const struct ole_entry *e = ole_find(&ole, SLICE("two"));
    assert_non_null(e);
    assert_true(slice_eq(ole_read(arena, &ole, e, 10000), text));
    assert_int_equal(ole_read(arena, &ole, e, 10).len, 10);
    buf_release(&b);
}

TEST(test_circles_end)
{
    struct made_stream streams[] = {{"One", SLICE("first"), 2}};
    struct buf b = make_ole(streams, 1);
    /* The directory's and the stream's sectors follow themselves;
     * the stream claims four gigabytes. */
    memcpy(b.data + 512 + 4, "\1\0\0\0\2\0\0\0", 8);
    memset(b.data + 1024 + 128 + 120, 0xff, 4);
    struct ole ole;
    if (ole_open(arena, buf_slice(&b), &ole) && ole_find(&ole, SLICE("One")))
        assert_true(ole_read(arena, &ole, ole_find(&ole, SLICE("One")), 1 << 20).len <=
                    buf_len(&b));
    buf_release(&b);
}

TEST(test_every_ole_cut_is_survived)
{
    struct made_stream streams[] = {{"VBA", SLICE(""), 1}, {"dir", SLICE("abc"), 2}};
    struct buf b = make_ole(streams, 2);
    for (size_t cut = 0; cut < buf_len(&b); cut += 3) {
        arena_reset(arena);
        inspect(slice_sub(buf_slice(&b), 0, cut));
    }
    buf_release(&b);
}

TEST(test_vba_projects_are_macros)
{
    struct made_stream with[] = {
        {"WordDocument", SLICE("x"), 2}, {"VBA", SLICE(""), 1}, {"dir", SLICE("x"), 2}};
    struct made_stream without[] = {{"WordDocument", SLICE("x"), 2}};
    assert_true(inspect_ole(with, 3).macros);
    struct office_findings f = inspect_ole(without, 1);
    assert_false(f.macros || f.encrypted || f.embedded || f.broken);
}

TEST(test_macro_sheets_are_macros)
{
    struct slice sheet = SLICE("\x85\0\x0a\0\0\0\0\0\0\1\2\0ab");
    struct slice plain = SLICE("\x85\0\x0a\0\0\0\0\0\0\0\2\0ab");
    struct made_stream with[] = {{"Workbook", sheet, 2}}, without[] = {{"Workbook", plain, 2}};
    assert_true(inspect_ole(with, 1).macros);
    assert_false(inspect_ole(without, 1).macros);
    assert_true(inspect(SLICE("\x09\4\6\0\0\0\x40\0\0\0")).macros);
}

TEST(test_passwords_of_all_office_kinds)
{
    struct made_stream ooxml[] = {{"EncryptionInfo", SLICE("x"), 2},
                                  {"EncryptedPackage", SLICE("x"), 2}};
    struct made_stream word[] = {{"WordDocument", SLICE("\xec\xa5\xc1\0\0\0\0\0\0\0\0\1"), 2}};
    struct made_stream excel[] = {{"Workbook", SLICE("\x2f\0\2\0ab"), 2}};
    struct made_stream slides[] = {
        {"Current User", SLICE("\0\0\xf6\x0f\x14\0\0\0\x14\0\0\0\xdf\xc4\xd1\xf3"), 2}};
    assert_true(inspect_ole(ooxml, 2).encrypted);
    assert_true(inspect_ole(word, 1).encrypted);
    assert_true(inspect_ole(excel, 1).encrypted);
    assert_true(inspect_ole(slides, 1).encrypted);
}

TEST(test_mso_in_xml_and_mhtml)
{
    /* What cannot be unpacked counts: base64 of "ActiveMime" and rubbish. */
    struct slice xml = SLICE("<?xml?><w:binData>QWN0aXZlTWltZQAAAAAA</w:binData>");
    struct slice mhtml = SLICE("MIME-Version: 1.0\n\nQWN0aXZlTWltZQAAAAAA\n");
    assert_true(inspect(xml).macros);
    assert_true(inspect(mhtml).macros);
    assert_false(inspect(SLICE("MIME-Version: 1.0\n\nQWxs\n")).macros);
}

TEST(test_parts_of_zip_documents_tell)
{
    struct office_findings f = {0};
    see_part(SLICE("word/document.xml"), SLICE("<x/>"), &f);
    assert_false(f.macros || f.embedded || f.encrypted);
    see_part(SLICE("word/embeddings/oleObject1.bin"), SLICE(""), &f);
    assert_true(f.embedded && !f.macros);
    see_part(SLICE("word/vbaProject.bin"), SLICE(""), &f);
    assert_true(f.macros);
    struct office_findings types = {0}, sheets = {0}, sealed = {0};
    see_part(SLICE("[Content_Types].xml"),
             SLICE("<Override ContentType=\"application/vnd.ms-office.vbaProject\"/>"), &types);
    see_part(SLICE("xl/macrosheets/sheet1.xml"), SLICE(""), &sheets);
    see_part(SLICE("META-INF/manifest.xml"), SLICE("<manifest:encryption-data>"), &sealed);
    assert_true(types.macros && sheets.macros && sealed.encrypted);
}

struct seen {
    unsigned count;
    char name[64];
    char content[64];
};

static bool note(void *ctx, struct slice name, struct slice content)
{
    struct seen *seen = ctx;
    seen->count++;
    snprintf(seen->name, sizeof seen->name, "%.*s", SLICE_ARGS(name));
    snprintf(seen->content, sizeof seen->content, "%.*s", SLICE_ARGS(content));
    return true;
}

/* 2, label, path, two numbers, temporary path, data */
#define PACKAGE "\2\0label\0C:\\run.exe\0\0\0\3\0\2\0\0\0t\0\4\0\0\0MZxx"

TEST(test_packages_come_out_with_their_names)
{
    struct seen seen = {0};
    struct object_visitor visitor = {&seen, note};
    struct made_stream streams[] = {{"\1Ole10Native", SLICE("\x30\0\0\0" PACKAGE), 2}};
    struct buf b = make_ole(streams, 1);
    assert_null(objects_each(arena, buf_slice(&b), &visitor));
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.name, "C:\\run.exe");
    assert_string_equal(seen.content, "MZxx");
    buf_release(&b);
}

TEST(test_rtf_objects_come_out)
{
    struct seen seen = {0};
    struct object_visitor visitor = {&seen, note};
    struct slice package = SLICE(PACKAGE);
    struct buf object = buf_init(1000), rtf = buf_init(10000);
    put(&object, 0x501, 4);
    put(&object, 2, 4);
    put(&object, 8, 4);
    buf_append(&object, SLICE("Package\0"));
    put(&object, 0, 4);
    put(&object, 0, 4);
    put(&object, package.len, 4);
    buf_append(&object, package);
    buf_cstr(&rtf, "{\\rtf1{\\object{\\*\\objdata ");
    for (size_t i = 0; i < buf_len(&object); i++)
        buf_printf(&rtf, i % 7 ? "%02x" : "\r\n\\abcdef1 %02X{}", (unsigned char)object.data[i]);
    buf_cstr(&rtf, "}}}");
    assert_true(inspect(buf_slice(&rtf)).embedded);
    assert_null(objects_each(arena, buf_slice(&rtf), &visitor));
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.name, "C:\\run.exe");
    assert_string_equal(seen.content, "MZxx");
    buf_release(&object);
    buf_release(&rtf);
}
