/* SPDX-License-Identifier: ISC */
#include "filters/extension.h"
#include "tests/unit/makers.h"

static struct arena *arena;

static void expect(struct slice name, const char *wanted)
{
    struct slice got = extension_of(arena, name);
    if (!slice_eq(got, slice_of(wanted)))
        fail_msg("%.*s: \"%.*s\" instead of \"%s\"", SLICE_ARGS(name), SLICE_ARGS(got), wanted);
}

static void test_the_last_dot_decides(void **state)
{
    (void)state;
    expect(SLICE("setup.exe"), "exe");
    expect(SLICE("SETUP.EXE"), "exe");
    expect(SLICE("invoice.pdf                 .exe"), "exe");
    expect(SLICE("archive.tar.gz"), "gz");
    expect(SLICE("README"), "");
    expect(SLICE(""), "");
    expect(SLICE("..."), "");
    expect(SLICE(".js"), "js");
}

static void test_what_windows_strips_is_stripped(void **state)
{
    (void)state;
    expect(SLICE("setup.exe."), "exe");
    expect(SLICE("setup.exe "), "exe");
    expect(SLICE("setup.exe . ."), "exe");
    expect(SLICE("setup.exe\t\r\n"), "exe");
    expect(SLICE("setup.exe\xc2\xa0"), "exe");
    expect(SLICE("setup.exe\""), "exe");
}

static void test_streams_are_the_files_own(void **state)
{
    (void)state;
    expect(SLICE("setup.exe::$DATA"), "exe");
    expect(SLICE("setup.exe:hidden.txt"), "exe");
    expect(SLICE("C:setup.exe"), "exe");
    expect(SLICE("C:\\dir\\setup.exe:x:$DATA"), "exe");
}

static void test_class_ids_are_their_extension(void **state)
{
    (void)state;
    expect(SLICE("doc.txt.{3050f4d8-98B5-11CF-BB82-00AA00BDCE0B}"), "hta");
    expect(SLICE("x.{00000000-0000-0000-0000-000000000001}"),
           "{00000000-0000-0000-0000-000000000001}");
}

static void test_paths_of_both_kinds(void **state)
{
    (void)state;
    expect(SLICE("..\\..\\evil.exe"), "exe");
    expect(SLICE("/etc/cron.d/evil.sh"), "sh");
    expect(SLICE("a.dir/README"), "");
    expect(SLICE("dir.exe/"), "exe");
}

static void test_nul_ends_the_name(void **state)
{
    (void)state;
    expect(SLICE("setup.exe\0.txt"), "exe");
}

static void test_invisible_characters_are_gone(void **state)
{
    (void)state;
    expect(SLICE("setup.e\xe2\x80\x8bxe"), "exe");
    expect(SLICE("cod\xe2\x80\xae"
                 "fdp.exe"),
           "exe");
    expect(SLICE("setup.ex\xef\xbb\xbf"
                 "e"),
           "exe");
    expect(SLICE("setup.exe\xe2\x80\x8e"), "exe");
}

static void test_compatibility_forms_are_folded(void **state)
{
    (void)state;
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

static void test_bytes_that_are_no_utf8_stay(void **state)
{
    (void)state;
    expect(SLICE("\xe1\xe7\xa5\xe2.exe"), "exe");
    expect(SLICE("a.\xff\xfe"), "\xff\xfe");
}

static void test_long_names_keep_their_end(void **state)
{
    (void)state;
    struct buf b = buf_init(1 << 20);
    for (int i = 0; i < 100000; i++)
        buf_cstr(&b, "\xd0\x96");
    buf_cstr(&b, ".exe");
    expect(buf_slice(&b), "exe");
    buf_release(&b);
}

static int set_up(void **state)
{
    (void)state;
    arena = arena_new(1 << 20);
    return arena ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_dot_decides),
        cmocka_unit_test(test_what_windows_strips_is_stripped),
        cmocka_unit_test(test_streams_are_the_files_own),
        cmocka_unit_test(test_class_ids_are_their_extension),
        cmocka_unit_test(test_paths_of_both_kinds),
        cmocka_unit_test(test_nul_ends_the_name),
        cmocka_unit_test(test_invisible_characters_are_gone),
        cmocka_unit_test(test_compatibility_forms_are_folded),
        cmocka_unit_test(test_bytes_that_are_no_utf8_stay),
        cmocka_unit_test(test_long_names_keep_their_end),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
