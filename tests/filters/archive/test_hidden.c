/* SPDX-License-Identifier: ISC
 * Archives behind something else: what begins like one and is none uses nothing up, and what may be
 * one is never passed over in silence. */
#include "filters/archive/signs.h"
#include "filters/files/inspect.h"
#include "tests/harness/makers.h"

#include <stdlib.h>

ARENA_TESTS(32 << 20);

#define PICTURE SLICE("\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0")

static struct inspection inspect(struct slice content)
{
    struct inspection in = inspection_of(arena, archive_default_limits());
    assert_true(inspect_file(&in, &SLICE("a.jpg"), 1, content));
    return in;
}

static struct buf begin(void)
{
    struct buf b = buf_init(64 << 20);
    buf_append(&b, PICTURE);
    return b;
}

/* The start of a 7z, whose own header is `next` octets behind it. */
static void put_7z(struct buf *b, uint64_t next)
{
    struct buf fields = buf_init(100);
    put(&fields, next, 8);
    put(&fields, next ? 100 : 0, 8);
    put(&fields, 0, 4);
    buf_append(b, SLICE("7z\xbc\xaf\x27\x1c\0\4"));
    put(b, crc32_of(buf_slice(&fields)), 4);
    buf_append(b, buf_slice(&fields));
    buf_release(&fields);
}

TEST(test_a_signature_alone_leaves_no_trace)
{
    struct buf b = begin();
    for (unsigned i = 0; i < 100; i++) {
        put_zeros(&b, 40);
        for (size_t k = 0; k < SIGNS_COUNT; k++) {
            buf_append(&b, signs[k].signature);
            buf_append(&b, SLICE(" is followed by words, and by other words than an archive has"));
        }
        buf_append(&b, SLICE("BZh91AY&SY begins a block of bzip2"));
    }
    struct inspection in = inspect(buf_slice(&b));
    assert_int_equal(in.count, 1);
    assert_null(in.first->why);
    assert_false(in.first->archive);
    buf_release(&b);
}

TEST(test_a_damaged_7z_is_told)
{
    struct buf b = begin();
    put_7z(&b, 1000);
    struct inspection in = inspect(buf_slice(&b));
    assert_true(in.first->unscannable);
    buf_release(&b);
}

TEST(test_a_7z_whose_start_was_never_written_is_told)
{
    struct buf b = begin();
    buf_append(&b, SLICE("7z\xbc\xaf\x27\x1c\0\4"));
    put_zeros(&b, 100);
    assert_true(inspect(buf_slice(&b)).first->unscannable);
    buf_release(&b);
}

TEST(test_an_empty_7z_in_front_is_told)
{
    struct buf b = begin();
    put_7z(&b, 0);
    put_zeros(&b, 100);
    assert_true(inspect(buf_slice(&b)).first->unscannable);
    buf_release(&b);
}

TEST(test_too_many_to_try_are_told)
{
    struct buf b = begin();
    for (unsigned i = 0; i < 100; i++)
        buf_append(&b, SLICE("Rar!\x1a\x07\1\0....\3\1\0\0....\3\5\0\0"));
    struct inspection in = inspect(buf_slice(&b));
    assert_true(in.first->limit && in.first->unscannable);
    buf_release(&b);
}

TEST(test_a_stream_is_listed_once)
{
    struct buf b = begin();
    for (unsigned i = 0; i < 100; i++) /* the gzip of nothing */
        buf_append(&b, SLICE("\x1f\x8b\x08\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0 words "));
    struct inspection in = inspect(buf_slice(&b));
    assert_int_equal(in.count, 2);
    assert_null(in.first->why);
    buf_release(&b);
}

TEST(test_a_rar_with_a_wrong_checksum_is_found)
{
    struct buf b = begin();
    buf_append(&b,
               SLICE("Rar!\x1a\x07\1\0....\3\1\0\0....\x0f\2\0\0\5\0\0\0\7run.exe....\3\5\0\0"));
    struct inspection in = inspect(buf_slice(&b));
    assert_int_equal(in.count, 2);
    assert_true(slice_eq(in.first->next->path, SLICE("a.jpg/run.exe")));
    buf_release(&b);
}

TEST(test_what_nothing_opens_is_told)
{
    struct buf b = begin();
    buf_append(&b, SLICE("MSWIM\0\0\0\xd0\0\0\0"));
    struct inspection in = inspect(buf_slice(&b));
    assert_true(in.first->unscannable && in.first->archive);
    assert_string_equal(in.first->why, "unsupported");
    buf_release(&b);
}

TEST(test_parts_of_documents_are_not_sought_for_streams)
{
    struct made_member m = {.local_name = SLICE("image1.emz"),
                            .central_name = SLICE("image1.emz"),
                            .data = SLICE("\x1f\x8b\x08\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0")};
    struct buf b = make_zip(SLICE(""), &m, 1);
    struct inspection in = inspect(buf_slice(&b));
    for (const struct inspected_file *f = in.first; f; f = f->next)
        assert_true(f->depth != 1 || slice_eq(f->name, SLICE("image1.emz")));
    buf_release(&b);
}

/* Each sign, and what fits it, at the end of the memory. */
TEST(test_cuts_are_survived)
{
    char room[2048];
    for (size_t i = 0; i < SIGNS_COUNT; i++)
        for (unsigned fill = 0; fill < 256; fill += 51)
            for (size_t len = signs[i].signature.len; len < sizeof room; len += 1 + len / 8) {
                memset(room, (int)fill, sizeof room);
                if (signs[i].at + signs[i].signature.len <= len)
                    memcpy(room + signs[i].at, signs[i].signature.ptr, signs[i].signature.len);
                char *exact = malloc(len);
                assert_non_null(exact);
                memcpy(exact, room, len);
                signs[i].fits((struct slice){exact, len});
                free(exact);
            }
}
