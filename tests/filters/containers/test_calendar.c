/* SPDX-License-Identifier: ISC
 * Calendars and cards: the files that are written into them, and what an inspection makes of those. */
#include "filters/containers/calendar.h"
#include "filters/containers/data_uri.h"
#include "filters/files/inspect.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

#define PROGRAM SLICE("MZ\x90\0\3\0\0\0")
#define PROGRAM_TEXT "TVqQAAMAAAA="
#define CALENDAR(lines) "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" lines "END:VCALENDAR\r\n"
#define CARD(lines) "BEGIN:VCARD\r\nVERSION:2.1\r\n" lines "END:VCARD\r\n"

ARENA_TESTS(16 << 20);

static struct calendar calendar;

static struct calendar_file first_of(const char *text)
{
    struct calendar_file file = {.n_names = 0};
    assert_true(calendar_open(arena, slice_of(text), &calendar));
    assert_true(calendar_next(&calendar, &file));
    return file;
}

static void assert_program(const char *text, const char *name)
{
    struct calendar_file file = first_of(text), more;
    assert_true(slice_eq(file.names[0], slice_of(name)));
    assert_true(slice_eq(file.content, PROGRAM));
    assert_false(calendar_next(&calendar, &more));
    assert_false(calendar.unclosed);
}

static void assert_none(const char *text)
{
    struct calendar_file file;
    assert_true(calendar_open(arena, slice_of(text), &calendar));
    assert_false(calendar_next(&calendar, &file));
}

TEST(test_they_are_known_by_how_they_begin)
{
    assert_true(calendar_is(SLICE("BEGIN:VCALENDAR\r\n")));
    assert_true(calendar_is(SLICE("\xef\xbb\xbf\r\nbegin:vcard\r")));
    assert_true(calendar_is(SLICE("X\rY\r BEGIN:VCARD\r")));
    assert_false(calendar_is(SLICE("BEGIN:VEVENT\r\n")));
    assert_false(calendar_is(SLICE("write BEGIN:VCARD first")));
    assert_false(calendar_is(SLICE("")));
}

TEST(test_an_attachment_bears_its_name)
{
    assert_program(
        CALENDAR(
            "ATTACH;FMTTYPE=a/b;ENCODING=BASE64;VALUE=BINARY;X-FILENAME=\"a;b:.exe\":" PROGRAM_TEXT
            "\r\n"),
        "a;b:.exe");
    assert_program(CALENDAR("attach;filename=run.exe;value=binary:" PROGRAM_TEXT "\n"), "run.exe");
    assert_program(
        CALENDAR("ATTACH;X-APPLE-FILENAME=run.exe;ENCODING=\"base64\":\r\n " PROGRAM_TEXT "\r\n"),
        "run.exe");
}

TEST(test_one_without_a_name_is_called_as_its_property)
{
    assert_program(CALENDAR("ATTACH;ENCODING=BASE64;VALUE=BINARY:" PROGRAM_TEXT "\r\n"), "attach");
    assert_program(CARD("item1.PHOTO;ENCODING=b;TYPE=JPEG:" PROGRAM_TEXT "\r\n"), "photo");
    assert_program(CARD("X-ANY;BASE64:" PROGRAM_TEXT "\r\n"), "x-any");
}

TEST(test_all_names_are_told)
{
    struct calendar_file file = first_of(CALENDAR(
        "ATTACH;X-LABEL=b;ENCODING=BASE64;FILENAME=a.exe;X-FILENAME=b:" PROGRAM_TEXT "\n"));
    assert_int_equal(file.n_names, 2);
    assert_true(slice_eq(file.names[0], SLICE("b")));
    assert_true(slice_eq(file.names[1], SLICE("a.exe")));
}

TEST(test_lines_are_unfolded)
{
    assert_program(
        CALENDAR("ATTACH;ENCODING=BASE64;X-FILE\r\n NAME=r\n un.ex\r\te:TVqQ\r\n AAMA\r\n"
                 "\tAAA=\r\n"),
        "run.exe");
}

TEST(test_base64_goes_on_in_lines_that_are_not_folded)
{
    assert_program(CARD("PHOTO;ENCODING=BASE64:\r\nTVqQ\r\n  AAMA\r\n\r\nAAA=\r\n\r\n"), "photo");
    assert_program(CARD("PHOTO;BASE64:TVqQ\rAAMA\rAAA=\rREV:1\r"), "photo");
}

TEST(test_quoted_printable_is_decoded)
{
    assert_program(CARD("KEY;QUOTED-PRINTABLE:MZ=90=00=\r\n=03=00=00=00\r\n"), "key");
    assert_program(CARD("KEY;ENCODING=QUOTED-PRINTABLE:MZ=90=00=\n=03=00=00=00\n"), "key");
    assert_none(CARD("NOTE;ENCODING=QUOTED-PRINTABLE:words=20and=\r\n=20words\r\n"));
}

TEST(test_quoted_printable_hides_no_file)
{
    assert_program(CARD("NOTE;QUOTED-PRINTABLE:words=\r\nKEY;BASE64:" PROGRAM_TEXT "\r\n"), "key");
}

TEST(test_data_uris_are_files)
{
    assert_program(CARD("PHOTO:data:image/jpeg;base64," PROGRAM_TEXT "\r\n"), "photo");
    assert_program(CARD("PHOTO:data:image/jpeg\\;base64\\," PROGRAM_TEXT "\r\n"), "photo");
    assert_program(CARD("KEY:DATA:a/b,MZ%90%00%03%00%00%00\r\n"), "key");
    assert_program(CARD("X-ANY:data:;base64," PROGRAM_TEXT "\r\n"), "x-any");
    assert_none(CARD("NOTE:data:words, and words\r\nNOTE:data:a/b,words\r\n"));
}

TEST(test_what_is_no_file_is_left_alone)
{
    assert_none(CALENDAR("ATTACH:https://example.com/a.exe\r\nATTACH;VALUE=URI:CID:a@b\r\n"
                         "DESCRIPTION:ENCODING=BASE64:TVqQ\r\nno colon\r\n;;\r\n:\r\n"));
    assert_none("");
}

TEST(test_quotes_that_do_not_end_hide_nothing)
{
    assert_program(CALENDAR("ATTACH;ENCODING=BASE64;X=\":" PROGRAM_TEXT "\r\n"), "attach");
}

static const char whole[] =
    CALENDAR("ATTACH;FMTTYPE=a/b;ENCODING=BASE64;VALUE=BINARY;X-FILENAME=\"run.exe\":TVqQ\r\n"
             " AAMAAAA=\r\nATTACH:data:a/b;base64,AAAA\r\nKEY;QUOTED-PRINTABLE:=\r\nMZ=90\r\n");

static struct inspection inspect(const char *name, struct slice content)
{
    struct inspection in = inspection_of(arena, archive_default_limits());
    struct slice names = slice_of(name);
    assert_true(inspect_file(&in, &names, 1, content));
    return in;
}

static bool holds(const struct inspection *in, const char *path)
{
    for (const struct inspected_file *f = in->first; f; f = f->next)
        if (slice_eq(f->path, slice_of(path)))
            return true;
    return false;
}

static bool told(const struct inspection *in)
{
    for (const struct inspected_file *f = in->first; f; f = f->next)
        if (f->unscannable)
            return true;
    return false;
}

TEST(test_files_are_members)
{
    struct inspection in = inspect("a.dat", slice_of(whole));
    assert_int_equal(in.count, 4);
    assert_true(holds(&in, "a.dat/run.exe") && holds(&in, "a.dat/attach") &&
                holds(&in, "a.dat/key"));
    assert_true(in.first->archive && in.first->written && !told(&in));
    assert_true(slice_eq(in.first->next->type, SLICE("application/x-dosexec")));
}

TEST(test_an_invitation_is_no_archive)
{
    struct inspection in = inspect("a.ics", SLICE(CALENDAR("ATTACH:https://example.com/\r\n")));
    assert_int_equal(in.count, 1);
    assert_true(!in.first->archive && !told(&in));
}

TEST(test_a_name_makes_a_calendar)
{
    struct inspection in =
        inspect("a.vcf", SLICE("junk\r\nKEY;BASE64:" PROGRAM_TEXT "\r\nEND:X\r\n"));
    assert_true(holds(&in, "a.vcf/key"));
    in = inspect("a.txt", SLICE("junk\r\nKEY;BASE64:" PROGRAM_TEXT "\r\nEND:X\r\n"));
    assert_int_equal(in.count, 1);
}

static void inspect_exactly(struct slice data)
{
    char *exact = malloc(data.len + (data.len == 0));
    assert_non_null(exact);
    memcpy(exact, data.ptr, data.len);
    inspect("a.ics", (struct slice){exact, data.len});
    arena_reset(arena);
    free(exact);
}

TEST(test_every_cut_is_told)
{
    struct slice all = slice_of(whole);
    size_t colon = slice_search(all, SLICE(":TVqQ"));
    for (size_t len = 0; len + 2 < all.len; len++) {
        struct inspection in = inspect("a.ics", slice_sub(all, 0, len));
        if (len > colon && len < all.len - strlen("VCALENDAR\r\n"))
            assert_true(told(&in));
        arena_reset(arena);
        inspect_exactly(slice_sub(all, 0, len));
    }
}

TEST(test_flips_are_survived)
{
    char copy[sizeof whole];
    memcpy(copy, whole, sizeof whole);
    for (size_t bit = 0; bit < 8 * (sizeof whole - 1); bit++) {
        copy[bit / 8] ^= (char)(1 << bit % 8);
        inspect_exactly((struct slice){copy, sizeof whole - 1});
        copy[bit / 8] ^= (char)(1 << bit % 8);
    }
}

static const char *const tiresome[] = {"\r",           "\"",   ";",       "\";",  "KEY;BASE64:A\n",
                                       "KEY;Q:=\n",    ":\n ", "A:data:", "\n A", "=\n",
                                       "BEGIN:VCARD\r"};

TEST(test_what_is_long_takes_its_time_but_no_more)
{
    enum { LONG = 1 << 20 };
    char *text = malloc(LONG);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof tiresome / sizeof *tiresome; i++) {
        struct slice piece = slice_of(tiresome[i]);
        for (size_t at = 0; at < LONG; at++)
            text[at] = piece.ptr[at % piece.len];
        struct calendar_file file;
        assert_true(calendar_open(arena, (struct slice){text, LONG}, &calendar));
        while (calendar_next(&calendar, &file))
            assert_true(file.content.len <= LONG);
        arena_reset(arena);
    }
    free(text);
}
