/* SPDX-License-Identifier: ISC
 * The readers of RAR, cabinet and disk image headers, and of .Z files. */
#include "filters/archive/cab_headers.h"
#include "filters/archive/lzw.h"
#include "filters/archive/rar_headers.h"
#include "tests/harness/makers.h"
#include "tests/harness/unit.h"

ARENA_TESTS(256 << 20);

/* A version 5 block: checksum (not looked at), its header's length, the header. */
static void put_block5(struct buf *b, struct slice header)
{
    put(b, 0, 4);
    put(b, header.len, 1);
    buf_append(b, header);
}

static struct buf rar5(struct slice file_header)
{
    struct buf b = buf_init(4096);
    buf_append(&b, SLICE("Rar!\x1a\x07\1\0"));
    put_block5(&b, SLICE("\1\0\0"));
    put_block5(&b, file_header);
    put_block5(&b, SLICE("\5\0\0"));
    return b;
}

/* type, flags; file flags, size, attributes, method, system, name */
#define FILE5 "\2\0\0\x05\0\0\0\7run.exe"
/* type, flags, extra size; the same; extra: size, type 1 */
#define CRYPTED5 "\2\1\2\0\x05\0\0\0\7run.exe\1\1"

TEST(test_version_5_names_are_read)
{
    struct buf b = rar5(SLICE(FILE5));
    struct rar_headers h;
    assert_true(rar_headers_read(arena, buf_slice(&b), 10, &h));
    assert_int_equal(h.version, 5);
    assert_int_equal(h.count, 1);
    assert_true(slice_eq(h.members[0].name, SLICE("run.exe")));
    assert_int_equal(h.members[0].size, 5);
    assert_false(h.encrypted || h.broken || h.volume);
    buf_release(&b);
}

TEST(test_version_5_file_encryption_is_seen)
{
    struct buf b = rar5(SLICE(CRYPTED5));
    struct rar_headers h;
    assert_true(rar_headers_read(arena, buf_slice(&b), 10, &h));
    assert_true(h.encrypted && h.members[0].encrypted);
    assert_false(h.headers_encrypted);
    assert_true(slice_eq(h.members[0].name, SLICE("run.exe")));
    buf_release(&b);
}

TEST(test_version_5_header_encryption_is_seen)
{
    struct buf b = buf_init(100);
    buf_append(&b, SLICE("Rar!\x1a\x07\1\0"));
    put_block5(&b, SLICE("\4\0\0\0\x0f"));
    buf_append(&b, SLICE("enciphered"));
    struct rar_headers h;
    assert_true(rar_headers_read(arena, buf_slice(&b), 10, &h));
    assert_true(h.headers_encrypted && h.encrypted);
    assert_int_equal(h.count, 0);
    buf_release(&b);
}

static struct buf rar4(uint16_t main_flags, uint16_t file_flags)
{
    struct buf b = buf_init(4096);
    buf_append(&b, SLICE("Rar!\x1a\x07\0"));
    put(&b, 0, 2);
    put(&b, 0x73, 1);
    put(&b, main_flags, 2);
    put(&b, 13, 2);
    put_zeros(&b, 6);
    put(&b, 0, 2);
    put(&b, 0x74, 1);
    put(&b, file_flags, 2);
    put(&b, 32 + 7, 2);
    put(&b, 0, 4); /* packed */
    put(&b, 9, 4); /* unpacked */
    put_zeros(&b, 1 + 4 + 4 + 1 + 1);
    put(&b, 7, 2);
    put_zeros(&b, 4);
    buf_append(&b, SLICE("run.exe"));
    return b;
}

TEST(test_version_4_names_and_flags)
{
    struct buf b = rar4(0, 4);
    struct rar_headers h;
    assert_true(rar_headers_read(arena, buf_slice(&b), 10, &h));
    assert_int_equal(h.version, 4);
    assert_int_equal(h.count, 1);
    assert_int_equal(h.members[0].size, 9);
    assert_true(slice_eq(h.members[0].name, SLICE("run.exe")));
    assert_true(h.members[0].encrypted);
    buf_release(&b);
    b = rar4(0x80, 0);
    assert_true(rar_headers_read(arena, buf_slice(&b), 10, &h));
    assert_true(h.headers_encrypted && h.encrypted);
    buf_release(&b);
}

TEST(test_rar_cuts_are_survived)
{
    struct buf five = rar5(SLICE(CRYPTED5)), four = rar4(0, 0x104);
    struct rar_headers h;
    for (size_t cut = 0; cut < buf_len(&five); cut++)
        rar_headers_read(arena, slice_sub(buf_slice(&five), 0, cut), 10, &h);
    for (size_t cut = 0; cut < buf_len(&four); cut++)
        rar_headers_read(arena, slice_sub(buf_slice(&four), 0, cut), 10, &h);
    buf_release(&five);
    buf_release(&four);
}

static struct buf cab(uint16_t compression)
{
    struct buf b = buf_init(4096);
    buf_append(&b, SLICE("MSCF"));
    put_zeros(&b, 12);
    put(&b, 36 + 8, 4); /* files */
    put_zeros(&b, 6);
    put(&b, 1, 2); /* folders */
    put(&b, 2, 2); /* files */
    put_zeros(&b, 6);
    put_zeros(&b, 6);
    put(&b, compression, 2);
    for (unsigned i = 0; i < 2; i++) {
        put(&b, 7, 4);
        put_zeros(&b, 12);
        buf_append(&b, i ? SLICE("b.exe\0") : SLICE("a.txt\0"));
    }
    return b;
}

TEST(test_cabinets_are_listed)
{
    struct buf b = cab(1);
    struct cab_headers h;
    assert_true(cab_headers_read(arena, buf_slice(&b), 10, &h));
    assert_int_equal(h.count, 2);
    assert_true(slice_eq(h.members[1].name, SLICE("b.exe")));
    assert_int_equal(h.members[1].size, 7);
    assert_true(h.unpackable);
    assert_false(h.broken);
    for (size_t cut = 0; cut < buf_len(&b); cut++)
        cab_headers_read(arena, slice_sub(buf_slice(&b), 0, cut), 10, &h);
    buf_release(&b);
}

TEST(test_lzx_cabinets_are_never_unpacked)
{
    struct buf b = cab(0x1503);
    struct cab_headers h;
    assert_true(cab_headers_read(arena, buf_slice(&b), 10, &h));
    assert_false(h.unpackable);
    assert_int_equal(h.count, 2);
    buf_release(&b);
}

/* Codes of nine bits: "a", "b", then the text of code 257 ("ab") twice. */
TEST(test_lzw_unpacks)
{
    static const unsigned codes[] = {'a', 'b', 257, 257};
    struct buf b = buf_init(100), out = buf_init(100);
    buf_append(&b, SLICE("\x1f\x9d\x90"));
    uint64_t bits = 0;
    for (unsigned i = 0; i < 4; i++)
        bits |= (uint64_t)codes[i] << (9 * i);
    put(&b, bits, 5);
    assert_true(lzw_unpack(buf_slice(&b), &out));
    assert_true(slice_eq(buf_slice(&out), SLICE("ababab")));
    buf_release(&b);
    buf_release(&out);
}

TEST(test_lzw_refuses_codes_that_are_not_yet)
{
    struct buf out = buf_init(100);
    assert_false(lzw_unpack(SLICE("\x1f\x9d\x90\xff\xff\xff"), &out));
    assert_false(lzw_unpack(SLICE("\x1f\x9d\x9f"
                                  "abc"),
                            &out));
    buf_release(&out);
}

TEST(test_lzw_stops_at_the_maximum)
{
    struct buf b = buf_init(1000), out = buf_init(10);
    buf_append(&b, SLICE("\x1f\x9d\x90"));
    put_zeros(&b, 900);
    assert_false(lzw_unpack(buf_slice(&b), &out));
    assert_true(out.failed);
    buf_release(&b);
    buf_release(&out);
}
