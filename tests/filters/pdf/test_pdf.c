/* SPDX-License-Identifier: ISC
 * PDF: what is found, whatever a file says of itself, and what hostile ones cost. */
#include "filters/cpu_budget.h"
#include "filters/pdf/pdf.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

enum { UNPACKED_MAX = 8 << 20 };

ARENA_TESTS(16 << 20);

static struct buf file;
static struct pdf *pdf;

static void forget(void)
{
    pdf_close(&pdf);
    buf_release(&file);
}

static const struct pdf_findings *open_octets(struct slice octets)
{
    pdf_close(&pdf);
    pdf = pdf_open(octets, UNPACKED_MAX);
    assert_non_null(pdf);
    return pdf_findings(pdf);
}

static void begin(void)
{
    forget();
    file = buf_init(4 << 20);
    buf_cstr(&file, "%PDF-1.7\n");
}

static const struct pdf_findings *open_made(void)
{
    assert_false(file.failed);
    return open_octets(buf_slice(&file));
}

/* A PDF of these octets behind its mark. */
static const struct pdf_findings *open_text(const char *text)
{
    begin();
    buf_cstr(&file, text);
    return open_made();
}

static void add_stream(int number, const char *entries, struct slice content)
{
    buf_printf(&file, "%d 0 obj<<%s/Length %zu>>stream\n", number, entries, content.len);
    buf_append(&file, content);
    buf_cstr(&file, "\nendstream endobj\n");
}

/* Deflated, in one block that is stored; the checksum is not compared. */
static struct slice flate(struct slice content)
{
    char head[] = {0x78,
                   1,
                   1,
                   (char)content.len,
                   (char)(content.len >> 8),
                   (char)~content.len,
                   (char)(~content.len >> 8)};
    return ARENA_JOIN(arena, (struct slice){head, sizeof head}, content, SLICE("\0\0\0\0"));
}

static struct slice read_file(size_t index, const char **problem)
{
    struct buf out = buf_init(1 << 20);
    assert_true(index < pdf_findings(pdf)->file_count);
    *problem = pdf_read(pdf, &pdf_findings(pdf)->files[index], &out);
    struct slice copy = arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    return copy;
}

static bool holds(size_t index, struct slice content)
{
    const char *problem;
    return slice_eq(read_file(index, &problem), content) && !problem;
}

static bool has_name(const struct pdf_file *f, const char *name)
{
    for (size_t i = 0; i < f->name_count; i++)
        if (slice_eq(f->names[i], slice_of(name)))
            return true;
    return false;
}

static bool has_link(const struct pdf_findings *found, const char *link)
{
    for (size_t i = 0; i < found->link_count; i++)
        if (slice_eq(found->links[i], slice_of(link)))
            return true;
    return false;
}

static bool is_clean(const struct pdf_findings *found)
{
    return !found->active && !found->embedded && !found->encrypted && !found->problem;
}

TEST(test_a_pdf_is_known_by_its_mark)
{
    char text[1100];
    memset(text, ' ', sizeof text);
    memcpy(text + 1000, "%PDF-", 5);
    assert_true(pdf_is((struct slice){text, sizeof text}));
    assert_false(pdf_is(slice_from((struct slice){text, sizeof text}, 1001)));
    assert_false(pdf_is((struct slice){0}));
}

TEST(test_an_embedded_file_has_all_its_names)
{
    begin();
    buf_cstr(&file, "1 0 obj<</Type/Filespec/F(r\\165n\\\n.e(x)e)/UF<FEFF00E4002e006a0073>"
                    "/Desc(words)/EF<</F 5 0 R>>>>endobj\n");
    add_stream(5, "", SLICE("MZ"));
    const struct pdf_findings *found = open_made();
    assert_int_equal(found->file_count, 1);
    assert_true(found->embedded && !found->problem && holds(0, SLICE("MZ")));
    assert_int_equal(found->files[0].name_count, 2);
    assert_true(has_name(&found->files[0], "run.e(x)e"));
    assert_true(has_name(&found->files[0], "\xc3\xa4.js"));
    forget();
}

TEST(test_a_description_is_a_name_where_there_is_no_other)
{
    begin();
    buf_cstr(&file, "1 0 obj<</Desc(a.exe)/EF<</F 5 0 R>>>>endobj\n");
    add_stream(5, "", SLICE("MZ"));
    assert_true(has_name(&open_made()->files[0], "a.exe"));
    forget();
}

TEST(test_a_name_is_told_up_to_a_NUL_and_behind_it)
{
    begin();
    buf_cstr(&file, "1 0 obj<</F(a.exe\\000.txt)/EF<</F 5 0 R>>>>endobj\n");
    add_stream(5, "", SLICE("MZ"));
    assert_true(has_name(&open_made()->files[0], "a.exe"));
    assert_true(has_name(&pdf_findings(pdf)->files[0], ".txt"));
    forget();
}

TEST(test_a_file_without_a_specification_is_found)
{
    begin();
    add_stream(5, "/Type/Embedded#46ile", SLICE("MZ"));
    assert_int_equal(open_made()->file_count, 1);
    assert_int_equal(pdf_findings(pdf)->files[0].name_count, 0);
    forget();
}

TEST(test_filters_are_undone_in_their_order)
{
    begin();
    add_stream(1, "/Type/EmbeddedFile/Filter/FlateDecode", flate(SLICE("deflated")));
    add_stream(2, "/Type/EmbeddedFile/Filter[/AHx]", SLICE("4D 5a4>"));
    add_stream(3, "/Type/EmbeddedFile/Filter/ASCII85Decode", SLICE("<~87cUR\nD]~>"));
    add_stream(4, "/Type/EmbeddedFile/Filter/RunLengthDecode", SLICE("\1ab\376c\200xx"));
    add_stream(5, "/Type/EmbeddedFile/Filter/LZWDecode",
               SLICE("\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01"));
    add_stream(6, "/Type/EmbeddedFile/Filter[/ASCIIHexDecode/RunLengthDecode]", SLICE("00 4d80>"));
    add_stream(7, "/Type/EmbeddedFile/Filter[/Crypt]", SLICE("as it is"));
    assert_int_equal(open_made()->file_count, 7);
    assert_true(holds(0, SLICE("deflated")));
    assert_true(holds(1, SLICE("MZ@")));
    assert_true(holds(2, SLICE("Hello")));
    assert_true(holds(3, SLICE("abccc")));
    assert_true(holds(4, SLICE("-----A---B")));
    assert_true(holds(5, SLICE("M")));
    assert_true(holds(6, SLICE("as it is")));
    forget();
}

TEST(test_predictors_are_undone)
{
    begin();
    add_stream(1, "/Type/EmbeddedFile/Filter/FlateDecode/DecodeParms<</Predictor 15/Columns 4>>",
               flate(SLICE("\0abcd\2\0\0\0\1\1a\1\1\1\3\0\0\0\0\4\0\0\0\0")));
    add_stream(2, "/Type/EmbeddedFile/Filter[/Fl]/DecodeParms[<</Predictor 2/Columns 3>>]",
               flate(SLICE("a\1\1b\1\1")));
    open_made();
    const char *problem;
    struct slice png = read_file(0, &problem);
    assert_null(problem);
    assert_int_equal(png.len, 20);
    assert_true(slice_eq(slice_sub(png, 0, 12), SLICE("abcdabceabcd")));
    assert_true(holds(1, SLICE("abcbcd")));
    forget();
}

TEST(test_what_cannot_be_unpacked_says_why)
{
    const char *problem;
    begin();
    add_stream(1, "/Type/EmbeddedFile/Filter/DCTDecode", SLICE("MZ"));
    add_stream(2, "/Type/EmbeddedFile/Filter/FlateDecode", SLICE("MZ is no such thing"));
    add_stream(3, "/Type/EmbeddedFile/Filter/FlateDecode/Filter/LZWDecode", flate(SLICE("MZ")));
    add_stream(4, "/Type/EmbeddedFile/Filter 9 0 R", flate(SLICE("MZ")));
    open_made();
    read_file(0, &problem);
    assert_string_equal(problem, "unsupported");
    for (size_t i = 1; i < 4; i++) {
        read_file(i, &problem);
        assert_string_equal(problem, "corrupt");
    }
    forget();
}

TEST(test_a_filter_that_viewers_may_read_differently_is_none)
{
    const char *problem;
    begin();
    buf_cstr(&file, "9 0 obj/FlateDecode endobj 9 0 obj null endobj\n");
    add_stream(4, "/Type/EmbeddedFile/Filter 9 0 R", flate(SLICE("MZ")));
    open_made();
    read_file(0, &problem);
    assert_string_equal(problem, "corrupt");
    forget();
}

TEST(test_a_filter_may_be_referred_to)
{
    begin();
    buf_cstr(&file, "9 0 obj[8 0 R]endobj 8 0 obj/FlateDecode endobj\n");
    add_stream(4, "/Type/EmbeddedFile/Filter 9 0 R", flate(SLICE("MZ")));
    open_made();
    assert_true(holds(0, SLICE("MZ")));
    forget();
}

TEST(test_a_length_may_be_wrong_or_stand_elsewhere)
{
    open_text("1 0 obj<</Type/EmbeddedFile/Length 9999>>stream\r\nMZ\r\nendstream endobj\n"
              "2 0 obj<</Type/EmbeddedFile/Length 7 0 R>>stream\nM\nendstream Z\nendstream endobj\n"
              "3 0 obj<</Type/EmbeddedFile/Length 1>>stream\nMZ\nendstream endobj\n"
              "7 0 obj 13 endobj\n"
              "4 0 obj<</Type/EmbeddedFile>>stream\nMZ");
    assert_true(holds(0, SLICE("MZ")));
    assert_true(holds(1, SLICE("M\nendstream Z")));
    assert_true(holds(2, SLICE("MZ")));
    assert_true(holds(3, SLICE("MZ")));
    forget();
}

TEST(test_objects_in_object_streams_are_found)
{
    begin();
    add_stream(4, "/Type/ObjStm/N 2/First 9/Filter/FlateDecode",
               flate(SLICE("8 0 9 34 <</F(a.exe)/EF<</F 5 0 R>>>>      "
                           "<</S/URI/URI(http://example.com/)>>")));
    add_stream(5, "", SLICE("MZ"));
    const struct pdf_findings *found = open_made();
    assert_int_equal(found->file_count, 1);
    assert_true(has_name(&found->files[0], "a.exe"));
    assert_true(has_link(found, "http://example.com/"));
    assert_true(found->unpacked > 0 && !found->problem);
    forget();
}

TEST(test_an_object_stream_that_cannot_be_unpacked_is_told)
{
    begin();
    add_stream(4, "/Type/ObjStm/N 2/First 9/Filter/FlateDecode", SLICE("nonsense"));
    assert_string_equal(open_made()->problem, "corrupt");
    begin();
    add_stream(4, "/Type/ObjStm/N 2/First 9/Filter/DCTDecode", SLICE("nonsense"));
    assert_string_equal(open_made()->problem, "unsupported");
    forget();
}

TEST(test_no_table_is_needed_or_believed)
{
    assert_true(open_text("xref\n0 1\n0000000000 65535 f\ntrailer<</Root 9 0 R>>\n"
                          "1 0%c\nobj<</S/Launch/F(a.exe)>>endobj")
                    ->launch);
    assert_true(open_text("% 1 0 obj<</S/Launch>>endobj\n")->launch);
    assert_true(open_text("1 0 obj<</Length 50>>stream\n2 0 obj<</S/Launch>>endobj")->launch);
    assert_true(open_text("(1 0 obj<</S/Launch>>endobj)")->launch);
    assert_true(open_text("1 0obj<</S/Launch>>")->launch);
    assert_true(open_text("x obj<</S/Launch>>")->launch);
    assert_true(is_clean(open_text("1 0 object<</S/Launch>>endobj")));
    forget();
}

TEST(test_what_is_not_closed_is_read_all_the_same)
{
    assert_true(open_text("1 0 obj<</A[/B/C<</S/Launch")->launch);
    assert_true(open_text("1 0 obj<<)>/X endobj 5 /S/Launch>>")->launch);
    assert_true(open_text("1 0 obj<</A[1 2>>>>endobj 2 0 obj]<</S/Launch>>")->launch);
    forget();
}

TEST(test_scripts_are_found)
{
    assert_true(open_text("1 0 obj<</S/JavaScript/JS(x)>>")->javascript);
    assert_true(open_text("1 0 obj<</#53/J#61vaScript/JS 9 0 R>>")->javascript);
    assert_true(open_text("1 0 obj<</S/Rendition/JS(x)>>")->javascript);
    assert_true(open_text("1 0 obj[[<</S 2 0 R>>]] 2 0 obj/JavaScript endobj")->active);
    assert_true(open_text("1 0 obj<</S 2 0 R>> 2 0 obj 3 0 R endobj 3 0 obj/JavaScript")->active);
    assert_true(open_text("1 0 obj<</S 2 0 R>> 2 0 obj/X endobj 2 0 obj/JavaScript")->active);
    forget();
}

TEST(test_words_are_no_scripts)
{
    assert_true(is_clean(open_text("1 0 obj<</Font<</JS 5 0 R>>/T(/S/JavaScript/JS)>>endobj")));
    assert_true(is_clean(open_text("1 0 obj<</A/S/B/JavaScript>>% /S/Launch\nendobj")));
    assert_true(is_clean(open_text("1 0 obj<</S/P/K[1 2 3]/P 2 0 R>>endobj")));
    forget();
}

TEST(test_forms_in_xml_are_searched_for_scripts)
{
    begin();
    buf_cstr(&file, "1 0 obj<</AcroForm<</XFA[(a)5 0 R(b)6 0 R]>>>>endobj\n");
    add_stream(5, "", SLICE("<template><description>script</description>"));
    add_stream(6, "/Filter/FlateDecode", flate(SLICE("<x:script\n>app.alert()</x:script>")));
    assert_true(open_made()->javascript);
    assert_true(pdf_findings(pdf)->forms);
    begin();
    buf_cstr(&file, "1 0 obj<</AcroForm<</XFA 5 0 R>>>>endobj\n");
    add_stream(5, "", SLICE("<template><scripts/></template>"));
    assert_true(is_clean(open_made()));
    assert_true(pdf_findings(pdf)->forms);
    begin();
    buf_cstr(&file, "1 0 obj<</AcroForm<</XFA 5 0 R>>>>endobj\n");
    add_stream(5, "", SLICE("\xff\xfe<\0s\0c\0r\0i\0p\0t\0>\0"));
    assert_true(open_made()->javascript);
    forget();
}

TEST(test_a_launch_says_what)
{
    const struct pdf_findings *found =
        open_text("1 0 obj<</S/Launch/Win<</F(cmd.exe)/P(/c calc)>>>>endobj");
    assert_true(found->launch && found->active);
    assert_true(slice_eq(found->launched, SLICE("cmd.exe")));
    assert_true(slice_eq(open_text("1 0 obj<</S/Launch/F 2 0 R>> 2 0 obj<</F(a.exe)>>")->launched,
                         SLICE("a.exe")));
    forget();
}

TEST(test_what_sends_by_itself_is_active)
{
#define SENDS "<</S/SubmitForm/F(http://example.com/)>>"
    assert_true(open_text("1 0 obj<</OpenAction" SENDS ">>")->active);
    assert_true(open_text("1 0 obj<</OpenAction 2 0 R>> 2 0 obj" SENDS)->active);
    assert_true(open_text("2 0 obj" SENDS " 1 0 obj<</OpenAction 2 0 R>>")->active);
    assert_true(open_text("1 0 obj<</AA<</O" SENDS ">>>>")->active);
    assert_true(open_text("1 0 obj<</AA 3 0 R>> 2 0 obj" SENDS " 3 0 obj<</O 2 0 R>>")->active);
    assert_true(open_text("1 0 obj<</OpenAction<</S/GoTo/Next[1 0 R " SENDS "]>>>>")->active);
    assert_false(open_text("1 0 obj<</AA<</U" SENDS ">>>>")->active);
    assert_false(open_text("1 0 obj<</A" SENDS ">>")->active);
    assert_true(pdf_findings(pdf)->remote && has_link(pdf_findings(pdf), "http://example.com/"));
    forget();
}

TEST(test_links_are_told_once)
{
    const struct pdf_findings *found =
        open_text("1 0 obj<</S/URI/URI(http://a.example/)>>endobj 2 0 obj<</URI 3 0 R>>endobj\n"
                  "3 0 obj<687474703a2f2f622e6578616d706c652f>endobj\n"
                  "4 0 obj<</URI(http://a.example/)>>endobj 5 0 obj<</URI<</Base(http://c/)>>>>\n"
                  "6 0 obj<</S/GoToR/F<</FS/URL/F(http://d/)>>>>endobj");
    assert_int_equal(found->link_count, 4);
    assert_true(has_link(found, "http://a.example/") && has_link(found, "http://b.example/"));
    assert_true(has_link(found, "http://c/") && has_link(found, "http://d/"));
    assert_true(found->remote && is_clean(found));
    forget();
}

TEST(test_links_are_bounded)
{
    begin();
    for (int i = 0; i < PDF_LINKS_MAX + 5; i++)
        buf_printf(&file, "%d 0 obj<</URI(http://example.com/%d)>>endobj\n", i + 1, i);
    assert_int_equal(open_made()->link_count, PDF_LINKS_MAX);
    assert_true(pdf_findings(pdf)->more_links && !pdf_findings(pdf)->problem);
    forget();
}

TEST(test_media_is_told)
{
    assert_true(open_text("1 0 obj<</Subtype/RichMedia>>")->media);
    assert_true(open_text("1 0 obj<</Subtype/3D>>")->media);
    assert_false(open_text("1 0 obj<</Subtype/Image>>")->media);
    forget();
}

TEST(test_what_needs_a_password_is_encrypted)
{
    assert_true(open_text("1 0 obj<</Filter/Standard/V 2/R 3/O(x)/U(y)/P -4>>endobj "
                          "trailer<</Encrypt 1 0 R/ID[(a)(b)]>>")
                    ->encrypted);
    assert_true(open_text("trailer<</Encrypt<</Filter/Adobe.PubSec>>>>")->encrypted);
    assert_false(open_text("1 0 obj<</T(/Encrypt)>>endobj trailer<</Root 1 0 R>>")->encrypted);
    forget();
}

TEST(test_a_false_claim_of_encryption_hides_nothing)
{
    begin();
    add_stream(5, "/Type/EmbeddedFile/Filter/FlateDecode", flate(SLICE("MZ")));
    buf_cstr(&file, "trailer<</Encrypt<</Filter/Standard/V 2/R 3>>>>");
    assert_true(open_made()->encrypted && holds(0, SLICE("MZ")));
    forget();
}

TEST(test_a_pdf_in_a_pdf_has_numbers_of_its_own)
{
    begin();
    add_stream(5, "/Type/EmbeddedFile",
               SLICE("%PDF-1.4\n1 0 obj<</F(b)/EF<</F 7 0 R>>>>endobj\n"
                     "5 0 obj<</Length 3>>stream\nBT \nendstream endobj\n"
                     "7 0 obj<</Type/EmbeddedFile/Length 2>>stream\nMZ\nendstream endobj\n"));
    buf_cstr(&file, "1 0 obj<</F(a.pdf)/EF<</F 5 0 R>>>>endobj\n");
    const struct pdf_findings *found = open_made();
    assert_int_equal(found->file_count, 1);
    assert_true(has_name(&found->files[0], "a.pdf") && !found->problem);
    assert_true(found->files[0].bare);
    forget();
}

TEST(test_a_file_that_is_named_and_nowhere_is_told)
{
    assert_string_equal(open_text("1 0 obj<</F(a.exe)/EF<</F 5 0 R>>>>endobj")->problem, "corrupt");
    forget();
}

TEST(test_damage_alone_is_no_trouble)
{
    assert_true(is_clean(open_text("1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Kid")));
    assert_true(is_clean(open_text("1 0 obj<</Filter/FlateDecode/Length 100>>stream\nxyz")));
    assert_true(is_clean(open_text("startxref\n99999999\n")));
    assert_true(is_clean(open_text("")));
    forget();
}

static void repeat(const char *text, size_t octets)
{
    for (size_t len = strlen(text); octets >= len; octets -= len)
        buf_cstr(&file, text);
}

/* Each is a megabyte that would be looked at again and again, or held as a tree of its own depth. */
TEST(test_hostile_shapes_are_cheap)
{
    static const char *const shapes[] = {
        "obj ",
        "1 0 obj",
        "1 0 obj[",
        "1 0 obj<<",
        "1 0 obj(",
        "[",
        "<<",
        "%obj\n",
        "1 0 obj<<>>%",
        "trailer<<",
        "trailer(",
        "<</URI()",
        "5 0 R ",
        "/S 5 0 R",
        "5 0 obj 5 0 R ",
        "1 0 obj<</Type/EmbeddedFile>>stream\n",
        "5 0 obj<</Next[5 0 R 6 0 R]/S/X>>",
        "5 0 obj<</EF<</F 5 0 R>>/F 5 0 R>>stream\n",
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        begin();
        buf_cstr(&file, "1 0 obj<</OpenAction 5 0 R/XFA 5 0 R>> 9 0 obj ");
        repeat(shapes[i], 1 << 20);
        open_made();
    }
    forget();
}

TEST(test_what_is_unpacked_is_bounded)
{
    begin();
    char *run = calloc(1, 1 << 18);
    assert_non_null(run);
    for (size_t i = 0; i < 1 << 18; i += 2)
        run[i] = (char)0x81;
    add_stream(1, "/N 1/First 1/Filter/RunLengthDecode", (struct slice){run, 1 << 18});
    free(run);
    assert_string_equal(open_made()->problem, "limit: bytes");
    assert_true(pdf_findings(pdf)->unpacked <= UNPACKED_MAX);
    forget();
}

TEST(test_what_there_was_no_time_for_is_told)
{
    begin();
    repeat("1 0 obj[", 1 << 20);
    cpu_budget_begin(1);
    while (!cpu_budget_spent(1 << 16))
        ;
    const char *problem = open_made()->problem;
    cpu_budget_begin(0);
    assert_string_equal(problem, CPU_BUDGET_SPENT);
    forget();
}

static void make_all(void)
{
    begin();
    buf_cstr(&file, "1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(\\101)>>/AcroForm<<"
                    "/XFA[(a)6 0 R]>>/AA<</O 7 0 R>>>>endobj\n"
                    "2 0 obj<</F<FEFF0061>/UF 3 0 R/EF<</F 5 0 R>>>>endobj 3 0 obj(b.js)endobj\n"
                    "7 0 obj<</S/Launch/F<</F(x)>>/Next[7 0 R<</S/URI/URI(http://e/)>>]>>endobj\n");
    add_stream(4, "/Type/ObjStm/N 1/First 4/Filter[/AHx/Fl]/DecodeParms[null<</Predictor 12>>]",
               SLICE("780101170 0e8ff 00 39 00 20 0030 0020 003c 003c 002f 0053 003e"));
    add_stream(5, "/Type/EmbeddedFile/Filter[/A85/LZW]/DecodeParms[null<</EarlyChange 0>>]",
               SLICE("J..)6T`?p&<!J9%_[umg\"B7/Z7KNXbN'S+,*Q/&\"OLT'F~>"));
    add_stream(6, "/Filter 8 0 R/Length 9 0 R", flate(SLICE("<script/>")));
    buf_cstr(&file, "8 0 obj/Fl endobj 9 0 obj 20 endobj trailer<</Encrypt<</Filter/Standard/V 4"
                    "/R 4/P -4/O<00>/U<00>/CF<</S<</CFM/AESV2>>>>/StmF/S/StrF/S>>/ID[(a)(b)]>>");
}

/* A copy that ends with its memory, so that what is read behind it is seen. */
static void open_exactly(struct slice data)
{
    char *exact = malloc(data.len + (data.len == 0));
    assert_non_null(exact);
    memcpy(exact, data.ptr, data.len);
    struct pdf *cut = pdf_open((struct slice){exact, data.len}, UNPACKED_MAX);
    assert_non_null(cut);
    for (size_t i = 0; i < pdf_findings(cut)->file_count; i++) {
        struct buf out = buf_init(1 << 16);
        pdf_read(cut, &pdf_findings(cut)->files[i], &out);
        buf_release(&out);
    }
    pdf_close(&cut);
    free(exact);
}

TEST(test_every_cut_is_survived)
{
    make_all();
    for (size_t len = 0; len <= buf_len(&file); len++)
        open_exactly(slice_sub(buf_slice(&file), 0, len));
    forget();
}

TEST(test_flips_are_survived)
{
    make_all();
    for (size_t bit = 0; bit < 8 * buf_len(&file); bit += 3) {
        file.data[bit / 8] ^= (char)(1 << bit % 8);
        open_exactly(buf_slice(&file));
        file.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    forget();
}
