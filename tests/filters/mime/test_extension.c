/* SPDX-License-Identifier: ISC */
#include "filters/mime/extension.h"
#include "tests/harness/makers.h"
#include "tests/harness/unit.h"

ARENA_TESTS(1 << 20);

static void expect(struct slice name, const char *wanted)
{
    struct slice got = extension_of(arena, name);
    if (!slice_eq(got, slice_of(wanted)))
        fail_msg("%.*s: \"%.*s\" instead of \"%s\"", SLICE_ARGS(name), SLICE_ARGS(got), wanted);
}

TEST(test_the_last_dot_decides)
{
    expect(SLICE("setup.exe"), "exe");
    expect(SLICE("SETUP.EXE"), "exe");
    expect(SLICE("invoice.pdf                 .exe"), "exe");
    expect(SLICE("archive.tar.gz"), "gz");
    expect(SLICE("README"), "");
    expect(SLICE(""), "");
    expect(SLICE("..."), "");
    expect(SLICE(".js"), "js");
}

TEST(test_what_windows_strips_is_stripped)
{
    expect(SLICE("setup.exe."), "exe");
    expect(SLICE("setup.exe "), "exe");
    expect(SLICE("setup.exe . ."), "exe");
    expect(SLICE("setup.exe\t\r\n"), "exe");
    expect(SLICE("setup.exe\xc2\xa0"), "exe");
    expect(SLICE("setup.exe\""), "exe");
}

TEST(test_streams_are_the_files_own)
{
    expect(SLICE("setup.exe::$DATA"), "exe");
    expect(SLICE("setup.exe:hidden.txt"), "exe");
    expect(SLICE("C:setup.exe"), "exe");
    expect(SLICE("C:\\dir\\setup.exe:x:$DATA"), "exe");
}

TEST(test_class_ids_are_their_extension)
{
    expect(SLICE("doc.txt.{3050f4d8-98B5-11CF-BB82-00AA00BDCE0B}"), "hta");
    expect(SLICE("x.{00000000-0000-0000-0000-000000000001}"),
           "{00000000-0000-0000-0000-000000000001}");
}

TEST(test_paths_of_both_kinds)
{
    expect(SLICE("..\\..\\evil.exe"), "exe");
    expect(SLICE("/etc/cron.d/evil.sh"), "sh");
    expect(SLICE("a.dir/README"), "");
    expect(SLICE("dir.exe/"), "exe");
}

TEST(test_nul_ends_the_name)
{
    expect(SLICE("setup.exe\0.txt"), "exe");
}

TEST(test_invisible_characters_are_gone)
{
    expect(SLICE("setup.e\xe2\x80\x8bxe"), "exe");
    expect(SLICE("cod\xe2\x80\xae"
                 "fdp.exe"),
           "exe");
    expect(SLICE("setup.ex\xef\xbb\xbf"
                 "e"),
           "exe");
    expect(SLICE("setup.exe\xe2\x80\x8e"), "exe");
}

TEST(test_compatibility_forms_are_folded)
{
    expect(SLICE("setup\xef\xbc\x8e"
                 "exe"),
           "exe");
    expect(SLICE("setup.\xef\xbd\x85\xef\xbd\x98\xef\xbd\x85"), "exe");
    expect(SLICE("setup\xe3\x80\x82"
                 "exe"),
           "exe");
    expect(SLICE("a\xef\xbc\x8f"
                 "b.txt\xef\xbc\x8f"
                 "c"),
           "");
}

TEST(test_bytes_that_are_no_utf8_stay)
{
    expect(SLICE("\xe1\xe7\xa5\xe2.exe"), "exe");
    expect(SLICE("a.\xff\xfe"), "\xff\xfe");
}

TEST(test_long_names_keep_their_end)
{
    struct buf b = buf_init(1 << 20);
    for (int i = 0; i < 100000; i++)
        buf_cstr(&b, "\xd0\x96");
    buf_cstr(&b, ".exe");
    expect(buf_slice(&b), "exe");
    buf_release(&b);
}
