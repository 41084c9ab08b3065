/* SPDX-License-Identifier: ISC */
#include "filters/files/filetype.h"
#include "tests/harness/makers.h"
#include "tests/harness/unit.h"

ARENA_TESTS(16 << 20);

static void expect(struct slice content, const char *type)
{
    struct slice got = filetype_of(arena, content);
    if (!slice_eq(got, slice_of(type)))
        fail_msg("%.*s instead of %s", SLICE_ARGS(got), type);
}

TEST(test_programs)
{
    expect(SLICE("MZ\x90\0\3\0\0\0"), "application/x-dosexec");
    expect(SLICE("\x7f"
                 "ELF\2\1\1"),
           "application/x-executable");
    expect(SLICE("\xcf\xfa\xed\xfe\7\0\0\1"), "application/x-mach-binary");
    expect(SLICE("\xca\xfe\xba\xbe\0\0\0\2\1"), "application/x-mach-binary");
    expect(SLICE("\xca\xfe\xba\xbe\0\0\0\x34\1"), "application/java-vm");
    expect(SLICE("\x4c\0\0\0\1\x14\2\0\0\0"), "application/x-ms-shortcut");
}

TEST(test_texts_that_windows_runs)
{
    expect(SLICE("[{000214A0-0000-0000-C000-000000000046}]\r\nProp3=19,2\r\n[InternetShortcut]"
                 "\r\nURL=x"),
           "application/internet-shortcut");
    expect(SLICE("\xff\xfe[\0I\0n\0t\0e\0r\0n\0e\0t\0S\0h\0o\0r\0t\0c\0u\0t\0]\0\n\0"),
           "application/internet-shortcut");
    expect(SLICE("<?xml version=\"1.0\"?>\n<package><job id=\"a\"><script language=\"JScript\">"),
           "application/x-ms-wsf");
    expect(SLICE("<!-- a --><job><script src='b.js'/></job>"), "application/x-ms-wsf");
    expect(SLICE("<?XML version=\"1.0\"?><scriptlet><registration/><script>"),
           "application/x-ms-wsc");
    expect(SLICE("<?xml version='1.0'?><libraryDescription xmlns=\"http://a\">"),
           "application/windows-library+xml");
    expect(SLICE("<PCSettings><SearchableContent/></PCSettings>"),
           "application/x-ms-settingcontent");
    expect(SLICE("<?xml version='1.0'?>\r\n<MMC_ConsoleFile ConsoleVersion='3.0'>"),
           "application/x-ms-msc");
    expect(SLICE("<asmv1:assembly xmlns:asmv1='urn:schemas-microsoft-com:asm.v1'><deployment "
                 "install='1'/>"),
           "application/x-ms-application");
    expect(SLICE("screen mode id:i:2\r\nfull address:s:203.0.113.9\r\n"), "application/x-rdp");
    expect(SLICE("[Shell]\r\nCommand=2\r\n"), "application/x-ms-scf");
    expect(SLICE("ITSF\3\0\0\0"), "application/vnd.ms-htmlhelp");
}

TEST(test_texts_that_nobody_runs)
{
    expect(SLICE("<?xml version='1.0'?><job><title>Smith wanted</title></job>"), "text/xml");
    expect(SLICE("Write [Shell] on the first line.\n"), "text/plain");
    expect(SLICE("the full address:s:x\n"), "text/plain");
}

TEST(test_text_that_begins_like_a_program)
{
    expect(SLICE("MZ was the designer of a file format for programs, and this is about him.\n"),
           "text/plain");
}

TEST(test_scripts)
{
    expect(SLICE("#!/bin/sh\nrm -rf /\n"), "text/x-shellscript");
    expect(SLICE("#!/usr/bin/env python3\n"), "text/x-script.python");
    expect(SLICE("<html><head><HTA:APPLICATION id=x>"), "application/hta");
    expect(SLICE("\xef\xbb\xbf[InternetShortcut]\r\nURL=file://x"),
           "application/internet-shortcut");
    expect(SLICE("REGEDIT4\r\n\r\n[HKEY_"), "text/x-ms-regedit");
}

TEST(test_archives)
{
    expect(SLICE("Rar!\x1a\x07\1\0"), "application/x-rar");
    expect(SLICE("7z\xbc\xaf\x27\x1c\0\4"), "application/x-7z-compressed");
    expect(SLICE("\x1f\x8b\x08\0"), "application/gzip");
    expect(SLICE("BZh91AY"), "application/x-bzip2");
    expect(SLICE("]\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\1"), "application/x-lzma");
    expect(SLICE("MSCF\0\0\0\0"), "application/vnd.ms-cab-compressed");
    expect(SLICE("\x60\xea\x29\0"), "application/x-arj");
    expect(SLICE("ITSF\3\0\0\0"), "application/vnd.ms-htmlhelp");
}

TEST(test_disk_images_by_their_far_signatures)
{
    struct buf b = buf_init(1 << 20);
    put_zeros(&b, 0x8001);
    buf_append(&b, SLICE("CD001"));
    put_zeros(&b, 2048);
    expect(buf_slice(&b), "application/x-iso9660-image");
    buf_clear(&b);
    put_zeros(&b, 4096);
    buf_append(&b, SLICE("conectix"));
    put_zeros(&b, 504);
    expect(buf_slice(&b), "application/x-vhd");
    buf_release(&b);
}

static void expect_zip(struct slice first, struct slice second, const char *type)
{
    struct made_member m[] = {{.local_name = first, .central_name = first, .data = SLICE("x")},
                              {.local_name = second, .central_name = second, .data = SLICE("x")}};
    struct buf b = make_zip(SLICE(""), m, 2);
    expect(buf_slice(&b), type);
    buf_release(&b);
}

TEST(test_zips_by_their_members)
{
    expect_zip(SLICE("a.txt"), SLICE("b.txt"), "application/zip");
    expect_zip(SLICE("[Content_Types].xml"), SLICE("word/document.xml"),
               "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
    expect_zip(SLICE("xl/workbook.xml"), SLICE("[Content_Types].xml"),
               "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    expect_zip(SLICE("META-INF/MANIFEST.MF"), SLICE("A.class"), "application/java-archive");
    expect_zip(SLICE("AndroidManifest.xml"), SLICE("META-INF/MANIFEST.MF"),
               "application/vnd.android.package-archive");
}

TEST(test_opendocument_says_so_itself)
{
    struct made_member m = {.local_name = SLICE("mimetype"),
                            .central_name = SLICE("mimetype"),
                            .data = SLICE("application/vnd.oasis.opendocument.text")};
    struct buf b = make_zip(SLICE(""), &m, 1);
    expect(buf_slice(&b), "application/vnd.oasis.opendocument.text");
    buf_release(&b);
}

TEST(test_ole_by_its_streams)
{
    struct made_stream word = {"WordDocument", SLICE("x"), 2},
                       sealed = {"EncryptedPackage", SLICE("x"), 2};
    struct buf b = make_ole(&word, 1);
    expect(buf_slice(&b), "application/msword");
    buf_release(&b);
    b = make_ole(&sealed, 1);
    expect(buf_slice(&b), "application/encrypted");
    /* The root's class id makes it an installer. */
    memcpy(b.data + 1024 + 80, "\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", 16);
    expect(buf_slice(&b), "application/x-msi");
    buf_release(&b);
}

TEST(test_libmagic_knows_the_rest)
{
    expect(SLICE("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0"), "image/png");
    expect(SLICE("plain words\n"), "text/plain");
    expect(SLICE(""), "inode/x-empty");
    expect(SLICE("\0\1\2\3"), "application/octet-stream");
}

TEST(test_the_quick_way_still_knows_what_is_dangerous)
{
    assert_true(slice_eq(filetype_quick(arena, SLICE("MZ\x90\0")), SLICE("application/x-dosexec")));
    assert_true(slice_eq(filetype_quick(arena, SLICE("<?xml version='1.0'?>")), SLICE("text/xml")));
    assert_true(slice_eq(filetype_quick(arena, SLICE("plain words\n")), SLICE("text/plain")));
    assert_true(slice_eq(filetype_quick(arena, SLICE("\0\1")), SLICE("application/octet-stream")));
}

static void warm_up(void)
{
    assert_true(filetype_warm_up());
}

ALL_TESTS(warm_up, NULL);
