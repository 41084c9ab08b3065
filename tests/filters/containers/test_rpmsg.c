/* SPDX-License-Identifier: ISC
 * Messages under a server's rights: which are encrypted, and what is said of all others. */
#include "filters/containers/rpmsg.h"
#include "filters/files/inspect.h"
#include "tests/harness/msg_maker.h"

#define SIGNATURE "\x76\xe8\x04\x60\xc4\x11\xe3\x86"

enum { BLOCK_MAX = 4096 };

ARENA_TESTS(16 << 20);

/* A zlib stream that stores what it holds (RFC 1950, RFC 1951 3.2.4). */
static void put_stored(struct buf *out, struct slice data)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < data.len; i++) {
        a = (a + (unsigned char)data.ptr[i]) % 65521;
        b = (b + a) % 65521;
    }
    buf_append(out, SLICE("\x78\1\1"));
    put(out, data.len, 2);
    put(out, ~data.len & 0xffff, 2);
    buf_append(out, data);
    for (unsigned shift = 32; shift > 0; shift -= 8)
        put(out, (b << 16 | a) >> (shift - 8) & 255, 1);
}

static struct buf make(const char *stream)
{
    static const char secret[5000] = "secret";
    struct made_msg m = {0};
    msg_add(&m, 0, 2, stream, (struct slice){secret, sizeof secret});
    struct buf plain = msg_make(&m), out = buf_init(1 << 20);
    buf_append(&out, SLICE(SIGNATURE));
    for (struct slice rest = buf_slice(&plain); rest.len; rest = slice_from(rest, BLOCK_MAX)) {
        struct slice piece = slice_sub(rest, 0, BLOCK_MAX);
        put(&out, 0xfa0, 4);
        put(&out, piece.len, 4);
        put(&out, piece.len + 11, 4);
        put_stored(&out, piece);
    }
    buf_release(&plain);
    return out;
}

static struct inspection inspect(struct slice content)
{
    struct inspection in = inspection_of(arena, archive_default_limits());
    assert_true(inspect_file(&in, &SLICE("a"), 1, content));
    return in;
}

TEST(test_blocks_are_cut_off)
{
    struct rpmsg rpmsg;
    struct slice zlib;
    assert_true(rpmsg_open(
        SLICE(SIGNATURE "\xa0\x0f\0\0\1\0\0\0\2\0\0\0xy\xa0\x0f\0\0\1\0\0\0\3\0\0\0z"), &rpmsg));
    assert_true(rpmsg_next(&rpmsg, &zlib));
    assert_true(slice_eq(zlib, SLICE("xy")));
    assert_false(rpmsg_next(&rpmsg, &zlib));
    assert_int_equal(rpmsg.rest.len, 13);
    assert_false(rpmsg_open(SLICE("\x76\xe8\x04"), &rpmsg) || rpmsg_open(SLICE(""), &rpmsg));
}

TEST(test_one_is_encrypted)
{
    struct buf b = make("\tDRMContent");
    struct inspection in = inspect(buf_slice(&b));
    assert_int_equal(in.count, 1);
    assert_true(in.first->encrypted && !in.first->unscannable);
    assert_true(slice_eq(in.first->type, SLICE("application/x-microsoft-rpmsg-message")));
    buf_release(&b);
}

TEST(test_what_is_none_in_truth_is_opened_and_told)
{
    struct buf b = make("Words");
    struct inspection in = inspect(buf_slice(&b));
    assert_int_equal(in.count, 2);
    assert_true(in.first->unscannable && !in.first->encrypted);
    assert_true(slice_eq(in.first->next->path, SLICE("a/content")));
    buf_release(&b);
}

TEST(test_every_cut_is_told)
{
    struct buf b = make("\tDRMContent");
    for (size_t len = 8; len < buf_len(&b); len += len < 64 ? 1 : 97) {
        struct inspection in = inspect(slice_sub(buf_slice(&b), 0, len));
        assert_true(in.first->unscannable && !in.first->encrypted);
        arena_reset(arena);
    }
    buf_release(&b);
}

TEST(test_flips_are_survived)
{
    struct buf b = make("\tDRMContent");
    for (size_t bit = 0; bit < 8 * buf_len(&b); bit += bit < 8 * 64 ? 1 : 997) {
        b.data[b.head + bit / 8] ^= (char)(1 << bit % 8);
        inspect(buf_slice(&b));
        arena_reset(arena);
        b.data[b.head + bit / 8] ^= (char)(1 << bit % 8);
    }
    buf_release(&b);
}
