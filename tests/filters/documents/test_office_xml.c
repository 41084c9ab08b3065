/* SPDX-License-Identifier: ISC */
#include "filters/documents/macros.h"
#include "filters/documents/office_xml.h"
#include "filters/documents/xml.h"
#include "tests/harness/unit.h"

#include <string.h>

ARENA_TESTS(16 << 20);

static struct slice told;
static unsigned links;

static void note_link(void *ctx, struct slice address)
{
    (void)ctx;
    told = address;
    links++;
}

static struct office_findings of(const char *content, bool part)
{
    struct office_findings found = {.link = note_link};
    links = 0;
    office_xml_inspect(arena, slice_of(content), part, &found);
    return found;
}

static struct office_findings of_part(const char *content)
{
    return of(content, true);
}

static struct office_findings relation(const char *type, const char *target)
{
    return of_part(arena_cstr(
        arena, arena_printf(arena,
                            "<Relationships><Relationship Type='http://x/relationships/%s' "
                            "Target='%s' TargetMode='External'/></Relationships>",
                            type, target)));
}

TEST(test_what_a_document_fetches_is_remote)
{
    static const char *const targets[] = {
        "https://a.example/t.dotm",     "mhtml:https://a.example/x!x-usc:https://a.example/x",
        "\\\\server\\share\\t.dotm",    "file://server/share/t.dotm",
        "file:///\\\\server\\share\\t", "FTP://a.example/t",
    };
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        assert_true(relation("attachedTemplate", targets[i]).remote);
        assert_true(relation("oleObject", targets[i]).remote);
        assert_false(relation("hyperlink", targets[i]).remote);
    }
}

TEST(test_what_lies_on_the_same_disk_is_not)
{
    static const char *const targets[] = {
        "file:///C:\\Users\\a\\Templates\\Normal.dotm",
        "file:///C:/Templates/Normal.dotm",
        "Normal.dotm",
        "C:\\Templates\\Normal.dotm",
        "file:C:\\t.dotm",
        "file://localhost/t.dotm",
        "../t.dotm",
        "",
    };
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        if (relation("attachedTemplate", targets[i]).remote)
            fail_msg("%s", targets[i]);
}

TEST(test_addresses_are_told_also_of_what_a_user_follows_himself)
{
    relation("hyperlink", "https://a.example/");
    assert_int_equal(links, 1);
    assert_true(slice_eq(told, SLICE("https://a.example/")));
    relation("oleObject", "mhtml:https://b.example/x");
    assert_true(slice_eq(told, SLICE("https://b.example/x")));
    relation("hyperlink", "mailto:a@b.example");
    assert_int_equal(links, 0);
}

TEST(test_macros_are_found_by_type_and_not_by_the_name_of_the_part)
{
    assert_true(of_part("<Types><Override PartName='/a' "
                        "ContentType='application/vnd.ms-excel.macro&#x73;heet+xml'/></Types>")
                    .macros);
    assert_true(of_part("<Types><Default Extension='bin' "
                        "ContentType=\"application/vnd.ms-office.vbaProject\"/></Types>")
                    .macros);
    assert_true(of_part("<Relationships><Relationship Type='http://x/vbaProject'/>").macros);
    assert_false(
        of_part("<Types><Override PartName='/vbaProject' ContentType='text/xml'/>").macros);
    assert_false(of_part("<a>vbaProject macrosheet</a>").macros);
}

TEST(test_dde_is_active_however_its_field_is_cut)
{
    assert_true(of_part("<w:fldSimple w:instr=' DDEAUTO c:\\\\cmd.exe'/>").active);
    assert_true(of_part("<w:fldChar/><w:instrText>D</w:instrText><w:r/><w:instrText>DE"
                        "</w:instrText><w:instrText> cmd</w:instrText><w:fldChar/>")
                    .active);
    assert_true(of_part("<externalLink><ddeLink ddeService='cmd'/></externalLink>").active);
    assert_false(of_part("<w:fldChar/><w:instrText>PAGE</w:instrText><w:fldChar/>").active);
    assert_false(of_part("<w:t>DDEAUTO</w:t>").active);
    assert_false(of_part("<w:instrText>D</w:instrText><w:fldChar/><w:instrText>DE x"
                         "</w:instrText>")
                     .active);
}

TEST(test_programs_behind_a_click_and_the_equation_editor_are_active)
{
    assert_true(of_part("<a:hlinkClick action='ppaction://program?x'/>").active);
    assert_false(of_part("<a:hlinkClick action='ppaction://hlinksldjump'/>").active);
    assert_true(of_part("<o:OLEObject ProgID='Equation.3'/>").active);
    struct office_findings found = of_part("<o:OLEObject ProgID='Excel.Sheet.12'/>");
    assert_true(found.embedded && !found.active);
}

TEST(test_files_that_are_one_document_are_known_by_their_first_element)
{
    static const char flat[] =
        "<?xml version='1.0'?><office:document xmlns:office='urn:oasis:names:tc:"
        "opendocument:xmlns:office:1.0'><ooo:module/></office:document>";
    assert_true(of(flat, false).macros);
    assert_true(of("<w:wordDocument w:macrosPresent='ye&#115;'>", false).macros);
    assert_true(
        of("<pkg:package><pkg:part pkg:contentType='application/vnd.ms-office.vbaProject'/>", false)
            .macros);
    assert_false(of("<project><modules><module>a</module></modules></project>", false).macros);
    assert_false(of("<Types><Override ContentType='vbaProject'/></Types>", false).macros);
}

TEST(test_open_documents_tell_what_they_fetch_and_run)
{
    assert_true(of_part("<draw:object xlink:href='https://a.example/o'/>").remote);
    assert_false(of_part("<draw:object xlink:href='./Object 1'/>").remote);
    assert_false(of_part("<text:a xlink:href='https://a.example/o'/>").remote);
    assert_int_equal(links, 1);
    assert_true(of_part("<script:event-listener script:event-name='dom:load'/>").active);
    assert_true(of_part("<manifest:encryption-data/>").encrypted);
}

TEST(test_what_only_looks_like_a_name_that_is_sought_is_none)
{
    assert_false(of_part("<x:dde-lint/><ddf-link/><O/><OLEObjekt/><encryption-dato/><:/>").active);
    assert_false(of_part("<x:OLEObjekt/><binDato/>").embedded);
    assert_true(of_part("<x:dde-lint/><x:dde-link/>").active);
}

TEST(test_each_reference_is_told_once_wherever_it_stands)
{
    of_part("href='http://a.example/'<v:shape href='http://b.example/'/><a b='href'>href</a><c/>"
            "<d hrefs='http://c.example/'/><v:shape o:href='http://d.example/' href=''/>");
    assert_int_equal(links, 2);
    assert_true(slice_eq(told, SLICE("http://d.example/")));
    of_part("<draw:image xlink:href=http://e.example");
    assert_int_equal(links, 1);
}

TEST(test_entities_of_its_own_make_a_part_doubtful)
{
    assert_true(of_part("<!DOCTYPE a [<!ENTITY m 'vba'>]><a/>").broken);
    assert_false(of_part("<a/>").broken);
}

TEST(test_a_wide_document_is_read_as_a_narrow_one)
{
    static const char narrow[] = "<w:wordDocument w:macrosPresent='yes'>";
    char wide[2 * sizeof narrow] = {0};
    for (size_t i = 0; i < sizeof narrow - 1; i++)
        wide[2 * i] = narrow[i];
    struct office_findings found = {0};
    macros_inspect(arena, (struct slice){wide, 2 * (sizeof narrow - 1)}, &found);
    assert_true(found.macros);
}

TEST(test_what_excel_does_with_texts_is_told)
{
    struct office_findings sheet = {0}, table = {0}, query = {.link = note_link};
    macros_inspect(
        arena, SLICE("ID;P\r\nO;E\r\nNN;NAuto_open;ER1C1\r\nC;X1;Y1;EEXEC(\"calc\")\r\n"), &sheet);
    macros_inspect(arena, SLICE("ID;PWXL;N;E\r\nC;X1;Y1;K1\r\nE\r\n"), &table);
    macros_inspect(arena, SLICE("WEB\r\n1\r\nhttps://a.example/q\r\n"), &query);
    assert_true(sheet.macros && !table.macros);
    assert_true(query.remote && slice_eq(told, SLICE("https://a.example/q")));
}
