/* SPDX-License-Identifier: ISC
 * Signed and compressed files in an inspection: their members, names and limits. */
#include "filters/files/inspect.h"
#include "tests/harness/cms_maker.h"
#include "tests/harness/makers.h"
#include "tests/harness/unit.h"

#define ENTITY                                                                                     \
    "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhello\r\n--x\r\n"                 \
    "Content-Type: application/octet-stream; name=\"run.exe\"\r\n\r\nMZ\x90\3\4\5\r\n--x--\r\n"
#define BEFORE_COMPRESSED                                                                          \
    SLICE("\x02\1\0\x30\x0d\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x08")

ARENA_TESTS(16 << 20);

static struct inspection inspect(const char *name, struct slice content)
{
    struct inspection in = inspection_of(arena, archive_default_limits());
    struct slice names = slice_of(name);
    assert_true(inspect_file(&in, &names, 1, content));
    return in;
}

static struct inspection inspect_made(const char *name, struct buf *made)
{
    struct inspection in = inspect(name, buf_slice(made));
    buf_release(made);
    return in;
}

static struct inspection inspect_signed(const char *name, struct slice content)
{
    struct buf b = make_signed(content, false);
    return inspect_made(name, &b);
}

static const struct inspected_file *find(const struct inspection *in, const char *path)
{
    for (const struct inspected_file *f = in->first; f; f = f->next)
        if (slice_eq(f->path, slice_of(path)))
            return f;
    return NULL;
}

/* zlib (RFC 1950) with one stored block. */
static struct buf make_zlib(struct slice content)
{
    struct buf b = buf_init(1 << 20);
    buf_append(&b, SLICE("\x78\x01\x01"));
    put(&b, content.len, 2);
    put(&b, ~content.len, 2);
    buf_append(&b, content);
    put(&b, 0, 4);
    return b;
}

static struct buf make_compressed(struct slice content)
{
    struct buf zlib = make_zlib(content), octets = buf_init(1 << 20);
    put_element(&octets, 0x04, buf_slice(&zlib));
    struct slice element = buf_slice(&octets);
    struct buf b = make_cms(OID_COMPRESSED, BEFORE_COMPRESSED, OID_DATA, &element, true);
    buf_release(&zlib);
    buf_release(&octets);
    return b;
}

TEST(test_the_files_of_signed_mail_are_members)
{
    struct inspection in = inspect_signed("smime.p7m", SLICE(ENTITY));
    const struct inspected_file *f = find(&in, "smime.p7m/run.exe");
    assert_non_null(f);
    assert_int_equal(f->depth, 1);
    assert_int_equal(in.count, 2);
    assert_true(slice_eq(in.first->type, SLICE("application/pkcs7-mime")));
    assert_true(in.first->archive && !in.first->unscannable && !in.first->encrypted);
}

TEST(test_a_signed_text_is_clean)
{
    struct inspection in =
        inspect_signed("smime.p7m", SLICE("Content-Type: text/plain\r\n\r\nhello\r\n"));
    assert_int_equal(in.count, 1);
    assert_null(in.first->why);
}

TEST(test_a_signed_file_has_its_name)
{
    struct inspection in = inspect_signed("invoice.pdf.p7m", SLICE("%PDF-1.7\n"));
    assert_true(slice_eq(find(&in, "invoice.pdf.p7m/invoice.pdf")->type, SLICE("application/pdf")));
    in = inspect_signed("a.exe.P7M. ", SLICE("MZ\x90\0\3\0\0\0"));
    assert_true(slice_eq(find(&in, "a.exe.P7M. /a.exe")->extension, SLICE("exe")));
    in = inspect_signed("smime.p7m", SLICE("MZ\x90\0\3\0\0\0"));
    assert_true(slice_eq(find(&in, "smime.p7m/content")->type, SLICE("application/x-dosexec")));
    in = inspect_signed("a.xml.p7m", SLICE(ENTITY));
    assert_non_null(find(&in, "a.xml.p7m/a.xml/run.exe"));
}

TEST(test_an_archive_in_pieces_is_whole)
{
    struct made_member m = {.local_name = SLICE("run.exe"),
                            .central_name = SLICE("run.exe"),
                            .data = SLICE("MZ\x90\0\3\0\0\0")};
    struct buf zip = make_zip(SLICE(""), &m, 1), pieces = buf_init(1 << 20);
    for (size_t at = 0; at < buf_len(&zip); at += 7)
        put_element(&pieces, 0x04, slice_sub(buf_slice(&zip), at, at + 7));
    wrap_in(&pieces, 0x24, true, SLICE(""));
    struct slice element = buf_slice(&pieces);
    struct buf b = make_cms(OID_SIGNED, SLICE("\x02\1\1\x31\0"), OID_DATA, &element, true);
    struct inspection in = inspect_made("a.zip.p7m", &b);
    assert_int_equal(in.count, 3);
    assert_non_null(find(&in, "a.zip.p7m/a.zip/run.exe"));
    assert_null(in.first->why);
    buf_release(&zip);
    buf_release(&pieces);
}

TEST(test_signed_in_compressed_in_signed_is_opened)
{
    struct buf inner = make_signed(SLICE(ENTITY), true);
    struct buf middle = make_compressed(buf_slice(&inner));
    struct inspection in = inspect_signed("a.p7m", buf_slice(&middle));
    assert_non_null(find(&in, "a.p7m/content/content/run.exe"));
    buf_release(&inner);
    buf_release(&middle);
}

/* RFC 5652 5.2: with the type signed-data, the content is a SignedData without its ContentInfo. */
TEST(test_a_message_without_its_head_is_opened)
{
    struct buf whole = make_signed(SLICE(ENTITY), false), octets = buf_init(1 << 20);
    put_element(&octets, 0x04, slice_from(buf_slice(&whole), 5 + 11 + 5));
    struct slice element = buf_slice(&octets);
    struct buf b = make_cms(OID_SIGNED, SLICE("\x02\1\1\x31\0"), OID_SIGNED, &element, false);
    struct inspection in = inspect_made("a.p7m", &b);
    assert_non_null(find(&in, "a.p7m/smime.p7m/run.exe"));
    buf_release(&whole);
    buf_release(&octets);
}

TEST(test_compression_that_breaks_off_is_unscannable)
{
    struct buf whole = make_compressed(SLICE(ENTITY)), octets = buf_init(1 << 20);
    struct inspection in = inspect_made("a.p7z", &whole);
    assert_non_null(find(&in, "a.p7z/run.exe"));
    assert_null(in.first->why);
    struct buf zlib = make_zlib(SLICE(ENTITY));
    put_element(&octets, 0x04, slice_sub(buf_slice(&zlib), 0, 100));
    struct slice element = buf_slice(&octets);
    struct buf b = make_cms(OID_COMPRESSED, BEFORE_COMPRESSED, OID_DATA, &element, false);
    in = inspect_made("a.p7z", &b);
    assert_true(in.first->unscannable);
    assert_string_equal(in.first->why, "corrupt");
    buf_release(&zlib);
    buf_release(&octets);
}

TEST(test_what_is_enveloped_is_encrypted)
{
    struct buf b = make_cms(OID_AUTH_ENVELOPED, SLICE(""), OID_DATA, NULL, false);
    struct inspection in = inspect_made("smime.p7m", &b);
    assert_true(in.first->encrypted && !in.first->unscannable);
    assert_true(slice_eq(in.first->type, SLICE("application/pkcs7-mime")));
}

TEST(test_a_locked_archive_behind_such_a_beginning_is_none)
{
    struct made_member m = {
        .local_name = SLICE("a"), .central_name = SLICE("a"), .data = SLICE("cipher"), .flags = 1};
    struct buf b = make_cms(OID_ENVELOPED, SLICE(""), OID_DATA, NULL, true);
    struct buf zip = make_zip(buf_slice(&b), &m, 1);
    struct inspection in = inspect_made("a.p7m", &zip);
    assert_true(in.first->encrypted);
    assert_true(slice_eq(in.first->type, SLICE("application/octet-stream")));
    buf_release(&b);
}

TEST(test_a_signature_beside_its_content_is_clean)
{
    struct buf b = make_cms(OID_SIGNED, SLICE("\x02\1\1\x31\0"), OID_DATA, NULL, false);
    struct inspection in = inspect_made("smime.p7s", &b);
    assert_int_equal(in.count, 1);
    assert_null(in.first->why);
    assert_true(slice_eq(in.first->type, SLICE("application/pkcs7-signature")));
}

TEST(test_a_name_that_promises_what_is_not_there_is_unscannable)
{
    struct inspection in = inspect("smime.p7m", SLICE("\x31\0 no message"));
    assert_true(in.first->unscannable);
    in = inspect("smime.p7s", SLICE("\x31\0 no message"));
    assert_null(in.first->why);
}

TEST(test_signatures_within_each_other_end_at_the_depth)
{
    struct buf b = make_signed(SLICE(ENTITY), true);
    for (int i = 0; i < 40; i++) {
        struct buf outer = make_signed(buf_slice(&b), i % 2);
        buf_release(&b);
        b = outer;
    }
    struct inspection in = inspect_made("a.p7m", &b);
    const struct inspected_file *last = in.first;
    while (last->next)
        last = last->next;
    assert_int_equal(in.count, 13);
    assert_true(last->limit && last->unscannable);
}

static void count_octets(void *ctx, const struct inspected_file *file, struct slice content)
{
    if (file->depth > 0)
        *(size_t *)ctx += content.len;
}

TEST(test_the_words_of_signed_mail_are_scanned)
{
    struct slice words = SLICE("Content-Type: text/plain\r\n\r\nhello\r\n");
    struct buf b = make_signed(words, false);
    struct inspection in = inspection_of(arena, archive_default_limits());
    size_t octets = 0;
    in.content = count_octets;
    in.ctx = &octets;
    assert_true(inspect_file(&in, &SLICE("smime.p7m"), 1, buf_slice(&b)));
    assert_int_equal(octets, words.len);
    buf_release(&b);
}
